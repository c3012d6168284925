"""arXiv's metadata in bulk, through OAI-PMH: all records changed between two days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Self
from xml.etree.ElementTree import Element

from hotpapers.common.arxiv_ids import normalise_arxiv_id
from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.records import Paper
from hotpapers.digest.sources.arxiv import SECONDS_APART
from hotpapers.digest.sources.json_fields import clean, moment
from hotpapers.digest.sources.pacing import SYSTEM_CLOCK, Clock, Pace
from hotpapers.digest.sources.replies import excerpt
from hotpapers.digest.sources.settings import Settings
from hotpapers.digest.sources.web_source import connect
from hotpapers.digest.sources.xml_text import abstract_line, child_text, parse_xml, title_line

__all__ = ["Harvest", "Oai"]

DEFAULT_URL = "https://oaipmh.arxiv.org/oai"
OAI = "http://www.openarchives.org/OAI/2.0/"
FORMATS = ("arXiv", "arXivRaw")
NAMESPACES = {
    "oai": OAI,
    "arXiv": "http://arxiv.org/OAI/arXiv/",
    "arXivRaw": "http://arxiv.org/OAI/arXivRaw/",
}


@dataclass(frozen=True, kw_only=True)
class Harvest:
    """What one answer brought.

    Parameters
    ----------
    papers
        New or changed records.
    deleted
        Ids of records that arXiv has withdrawn from the list.
    token
        What to pass to `Oai.records` to go on after this part; None after the last.
    """

    papers: tuple[Paper, ...]
    deleted: tuple[str, ...] = ()
    token: str | None = None


class Oai:
    """arXiv's OAI-PMH interface, one request in three seconds.

    Parameters
    ----------
    settings
        Address and patience, under ``[sources.oai]``.
    metadata_prefix
        ``"arXiv"`` (names in parts; days only) or ``"arXivRaw"`` (the time of every version; names in
        one string, which is taken apart at commas and "and").
    clock
        Where time comes from.
    """

    def __init__(
        self, settings: Settings, *, metadata_prefix: str = "arXiv", clock: Clock = SYSTEM_CLOCK
    ) -> None:
        if metadata_prefix not in FORMATS:
            raise InputError(f"metadata prefix {metadata_prefix!r}: accepted are {' and '.join(FORMATS)}")
        own = settings.of("oai")
        pace = Pace(SECONDS_APART if own.interval is None else own.interval, clock=clock)
        self._client = connect("oai", own, base_url=own.url or DEFAULT_URL, pace=pace, clock=clock)
        self._prefix = metadata_prefix

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def records(
        self,
        first: date | None = None,
        last: date | None = None,
        *,
        set_spec: str | None = None,
        token: str | None = None,
    ) -> Iterator[Harvest]:
        """Records changed from `first` to `last`, both days included.

        Parameters
        ----------
        first, last
            Days; None for the beginning of time and for today.
        set_spec
            An OAI set such as ``"cs"`` or ``"physics:hep-th"``.
        token
            The token of the last part that was kept, to go on after it; arXiv's tokens live about a
            day. Days and set are in it already.

        Raises
        ------
        FailureError
            If arXiv can't be reached, reports an error, does not know the token (any more), or gives
            the same token twice.
        """
        asked = {"verb": "ListRecords", "metadataPrefix": self._prefix}
        given = {"from": first and first.isoformat(), "until": last and last.isoformat(), "set": set_spec}
        asked |= {key: value for key, value in given.items() if value}
        tokens = {token}
        while True:
            params = {"verb": "ListRecords", "resumptionToken": token} if token else asked
            part = self._client.get("", params, parse=self._read)
            token = part.token
            if token in tokens and token is not None:
                raise FailureError("oai goes in circles: it gave the same resumption token twice")
            tokens.add(token)
            yield part
            if token is None:
                return

    def _read(self, body: bytes) -> Harvest:
        document = parse_xml(body, f"{{{OAI}}}OAI-PMH")
        error = document.find("oai:error", NAMESPACES)
        if error is not None:
            return _nothing_or_raise(error)
        papers, deleted = [], []
        for record in document.iterfind("oai:ListRecords/oai:record", NAMESPACES):
            header = record.find("oai:header", NAMESPACES)
            if header is not None and header.get("status") == "deleted":
                named = child_text(header, "oai:identifier", NAMESPACES).rpartition("arXiv.org:")[2]
                deleted.append(named.strip())
            elif paper := self._paper(record):
                papers.append(paper)
        token = child_text(document, "oai:ListRecords/oai:resumptionToken", NAMESPACES).strip()
        return Harvest(papers=tuple(papers), deleted=tuple(filter(None, deleted)), token=token or None)

    def _paper(self, record: Element) -> Paper | None:
        about = record.find(f"oai:metadata/{self._prefix}:{self._prefix}", NAMESPACES)
        if about is None:
            return None
        told = {name: child_text(about, f"{self._prefix}:{name}", NAMESPACES) for name in _FIELDS}
        title = title_line(told["title"])
        try:
            arxiv_id = normalise_arxiv_id(told["id"])
        except InputError:
            return None
        if not title:
            return None
        if self._prefix == "arXiv":
            authors = tuple(
                name
                for part in about.iterfind("arXiv:authors/arXiv:author", NAMESPACES)
                if (name := _name(part))
            )
            published = moment(told["created"].strip())
            updated = moment(told["updated"].strip()) or published
        else:
            authors = _names(told["authors"])
            dates = [
                _mail_date(clean(date.text or ""))
                for date in about.iterfind("arXivRaw:version/arXivRaw:date", NAMESPACES)
            ]
            published, updated = (dates[0], dates[-1]) if dates else (None, None)
        return Paper(
            arxiv_id=arxiv_id,
            title=title,
            authors=authors,
            abstract=abstract_line(told["abstract"]),
            categories=tuple(told["categories"].split()),
            published=published,
            updated=updated,
        )


_FIELDS = ("id", "title", "abstract", "categories", "created", "updated", "authors")


def _nothing_or_raise(error: Element) -> Harvest:
    code = error.get("code", "")
    if code == "noRecordsMatch":
        return Harvest(papers=())
    said = excerpt((error.text or "").encode())
    if code == "badResumptionToken":
        raise FailureError(f"oai does not know this resumption token (any more): start anew ({said})")
    raise FailureError(f"oai reports an error: {code} {said}".rstrip())


def _name(author: Element) -> str:
    parts = (child_text(author, f"arXiv:{key}", NAMESPACES) for key in ("forenames", "keyname", "suffix"))
    return " ".join(" ".join(parts).split())


def _names(authors: str) -> tuple[str, ...]:
    """The names in arXiv's author line: affiliations in (nested) parentheses are left out."""
    line, before = authors, ""
    while line != before:
        before, line = line, re.sub(r"\([^()]*\)", " ", line)
    names = (" ".join(name.split()) for name in re.split(r",|\band\b", line))
    return tuple(name for name in names if name)


def _mail_date(value: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(value)
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
