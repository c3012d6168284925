"""A file of mentions, one JSON object a line: for any network, exported by any tool."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NoReturn

from hotpapers.common.arxiv_ids import normalise_arxiv_id
from hotpapers.common.errors import InputError
from hotpapers.digest.records import Mention, Paper
from hotpapers.digest.sources.base import Page, PagedSource
from hotpapers.digest.sources.json_fields import LARGEST_COUNT, arxiv_ids_in, clean, moment, web_address
from hotpapers.digest.sources.settings import Settings

__all__ = ["Jsonl", "read_mentions"]

LONGEST_LINE = 16 * 2**20
PAGE_SIZE = 500
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

Line = tuple[Mention, tuple[Paper, ...]]


def read_mentions(path: Path) -> Iterator[Line]:
    """Mentions in a JSONL file, in its order, each with what the line says about its paper.

    A line holds the fields of `Mention`: ``source`` and ``id`` are needed; ``arxiv_ids`` may be left
    out where ``text`` or ``url`` name papers (a line that names none is passed over); ``counts`` are
    whole numbers from 0; ``created`` is ISO 8601, UTC where it has no zone. ``paper`` may hold
    ``title`` (needed then), ``authors``, ``abstract``, ``categories``, ``published``, ``updated`` and,
    where the mention names several papers, ``arxiv_id``. Empty lines are passed over. The file is
    read line by line: memory does not grow with its size.

    Raises
    ------
    InputError
        If the file can't be read, or a line is wrong; the message has the file, the line's number,
        the key, and what is accepted.
    """
    for _, found in _numbered(path, 1):
        if found is not None:
            yield found


class Jsonl(PagedSource):
    """The mentions in a JSONL file (``HOTPAPERS_JSONL_PATH``); the cursor is the next line's number.

    Parameters
    ----------
    settings
        Holds the path under ``[sources.jsonl] path``.
    """

    name = "jsonl"
    needs = ("HOTPAPERS_JSONL_PATH",)

    def __init__(self, settings: Settings) -> None:
        path = settings.of(self.name).options.get("path")
        if not path:
            raise InputError("jsonl needs a file: set HOTPAPERS_JSONL_PATH")
        self._path = Path(path)

    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        if cursor is not None and not re.fullmatch(r"[1-9]\d{0,11}", cursor):
            raise InputError(f"jsonl: cursor {cursor[:40]!r} is no line number")
        gathered: list[Line] = []
        for number, found in _numbered(self._path, int(cursor or 1)):
            if len(gathered) == PAGE_SIZE:
                yield _page(gathered, str(number))
                gathered = []
            if found is not None:
                gathered.append(found)
        yield _page(gathered, None)


def _page(gathered: list[Line], cursor: str | None) -> Page:
    papers = {paper.arxiv_id: paper for _, found in gathered for paper in found}
    mentions = tuple(mention for mention, _ in gathered)
    return Page(mentions=mentions, papers=tuple(papers.values()), cursor=cursor)


def _numbered(path: Path, first: int) -> Iterator[tuple[int, Line | None]]:
    """Line numbers from `first`, each with what the line holds (None for one without papers)."""
    try:
        with path.open("rb") as stream:
            for number, raw in _lines(stream, path):
                if number >= first:
                    yield number, _Reader(f"{path}, line {number}").read(raw) if raw.strip() else None
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from error


def _lines(stream: IO[bytes], path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            raise InputError(f"{path}, line {number}: longer than {LONGEST_LINE:,} bytes")
        yield number, raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw


class _Reader:
    """Reads one line; every complaint begins with where the line stands."""

    def __init__(self, place: str) -> None:
        self._place = place

    def read(self, raw: bytes) -> Line | None:
        document = self._document(raw)
        self._check_keys(document, MENTION_KEYS, "")
        values = {
            key: MENTION_KEYS[key](self, key, value) for key, value in document.items() if value is not None
        }
        for key in ("source", "id"):
            if not values.get(key):
                self._wrong(key, "is missing: a text is needed")
        paper = values.pop("paper", None)
        ids = values.pop("arxiv_ids", ()) or arxiv_ids_in(values.get("text", ""), [values.get("url", "")])
        if not ids:
            return None
        mention = Mention(arxiv_ids=ids, **values)
        return mention, (self._described(paper, ids),) if paper is not None else ()

    def _document(self, raw: bytes) -> dict[str, object]:
        try:
            document = json.loads(raw.decode("utf-8"), parse_constant=self._constant)
        except UnicodeDecodeError:
            reason = "is not UTF-8"
        except (ValueError, RecursionError):
            reason = "is not JSON: one object a line is accepted"
        else:
            if isinstance(document, dict):
                return document
            reason = 'is no JSON object such as {"source": "mastodon", "id": "1", "text": "..."}'
        raise InputError(f"{self._place}: {reason}")

    def _constant(self, name: str) -> NoReturn:
        raise ValueError(name)

    def _check_keys(
        self, document: Mapping[str, object], accepted: Mapping[str, object], within: str
    ) -> None:
        for key in document:
            if key not in accepted:
                self._wrong(within + key[:60], f"is unknown: accepted are {', '.join(accepted)}")

    def _described(self, document: dict[str, object], ids: tuple[str, ...]) -> Paper:
        self._check_keys(document, PAPER_KEYS, "paper.")
        given = {key: value for key, value in document.items() if value is not None}
        values = {key: PAPER_KEYS[key](self, f"paper.{key}", value) for key, value in given.items()}
        if not values.get("title"):
            self._wrong("paper.title", "is missing: a text is needed")
        if "arxiv_id" not in values and len(ids) > 1:
            self._wrong("paper.arxiv_id", f"is missing: one of {', '.join(ids)} is needed")
        if values.setdefault("arxiv_id", ids[0]) not in ids:
            self._wrong("paper.arxiv_id", f"must be one of {', '.join(ids)}")
        return Paper(**{"authors": (), **values})

    def _wrong(self, key: str, complaint: str) -> NoReturn:
        raise InputError(f"{self._place}: {key!r} {complaint}")

    def text(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            self._wrong(key, "must be a text")
        return clean(value)

    def one_line(self, key: str, value: object) -> str:
        return " ".join(self.text(key, value).splitlines()).strip()

    def slug(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not _SLUG.fullmatch(value):
            self._wrong(key, "must be a short name of a-z, 0-9, - and _, such as 'mastodon'")
        return value

    def identifier(self, key: str, value: object) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.one_line(key, value)

    def address(self, key: str, value: object) -> str:
        given = self.text(key, value)
        if given and not web_address(given):
            self._wrong(key, "must be an address that begins with https:// or http://")
        return given.strip()

    def time(self, key: str, value: object) -> datetime:
        read = moment(value)
        if read is None:
            self._wrong(key, "must be an ISO 8601 time such as 2026-11-20T09:30:00Z")
        return read

    def arxiv_id(self, key: str, value: object) -> str:
        try:
            return normalise_arxiv_id(value if isinstance(value, str) else "")
        except InputError:
            self._wrong(key, "must be an arXiv id such as 2008.02217")

    def arxiv_ids(self, key: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            self._wrong(key, 'must be a list of arXiv ids such as ["2008.02217"]')
        return tuple(dict.fromkeys(self.arxiv_id(key, item) for item in value))

    def texts(self, key: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            self._wrong(key, "must be a list of texts")
        return tuple(self.one_line(key, item) for item in value)

    def counts(self, key: str, value: object) -> dict[str, int]:
        if not isinstance(value, dict):
            self._wrong(key, 'must be an object such as {"likes": 12}')
        for name, number in value.items():
            whole = isinstance(number, int) and not isinstance(number, bool)
            if not whole or not 0 <= number <= LARGEST_COUNT:
                self._wrong(f"{key}.{name[:60]}", f"must be a whole number from 0 to {LARGEST_COUNT}")
        return {clean(name): number for name, number in value.items()}

    def object(self, key: str, value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            self._wrong(key, 'must be an object such as {"title": "..."}')
        return value


MENTION_KEYS: Mapping[str, Callable[..., Any]] = {
    "source": _Reader.slug,
    "id": _Reader.identifier,
    "arxiv_ids": _Reader.arxiv_ids,
    "url": _Reader.address,
    "author": _Reader.one_line,
    "text": _Reader.text,
    "html": _Reader.text,
    "created": _Reader.time,
    "counts": _Reader.counts,
    "paper": _Reader.object,
}
PAPER_KEYS: Mapping[str, Callable[..., Any]] = {
    "arxiv_id": _Reader.arxiv_id,
    "title": _Reader.one_line,
    "authors": _Reader.texts,
    "abstract": _Reader.one_line,
    "categories": _Reader.texts,
    "published": _Reader.time,
    "updated": _Reader.time,
}
