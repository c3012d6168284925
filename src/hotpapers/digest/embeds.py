"""Messages from networks as our own quotations: taken apart, checked, and never passed through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from hotpapers.common.html import clean_text, safe_url, text_of
from hotpapers.digest.records import Mention

__all__ = ["Piece", "Quotation", "quote"]

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_BYLINE = re.compile(r"\s*—\s*(?P<name>.*?)\s*\(@(?P<handle>\w{1,30})\)\s*", re.DOTALL)
_DATE = re.compile(rf"(?P<month>{'|'.join(_MONTHS)}) (?P<day>\d{{1,2}}), (?P<year>\d{{4}})")
_LINK = re.compile(r"https?://[^\s<>\"'`]+")
_LANGUAGE = re.compile(r"[a-z]{2}(?:-[A-Za-z]{2})?")
# Codes that the network still sends and that mean something else today, or nothing.
_OLD_LANGUAGES = {"in": "id", "iw": "he", "ji": "yi"}
_TRACKING = frozenset({"ref_src", "ref_url", "src"})


@dataclass(frozen=True)
class Piece:
    r"""A run of a quotation's text: a link where `url` is not "", a line break where text is ``"\n"``."""

    text: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Quotation:
    """A message ready to be shown; every text is plain and every address is http or https.

    Parameters
    ----------
    source
        Slug of the network.
    pieces
        The message, in order.
    author, handle
        The writer's name and, without ``@``, their name on the network; "" where unknown.
    url
        Address of the message; "" where there is none that may be linked.
    day
        When it was posted; None where unknown.
    lang, direction
        Language tag ("" where unknown) and ``"ltr"``, ``"rtl"`` or ``"auto"``.
    counts
        (name, number) of its reactions, as the network names them.
    """

    source: str
    pieces: tuple[Piece, ...]
    author: str = ""
    handle: str = ""
    url: str = ""
    day: date | None = None
    lang: str = ""
    direction: str = "auto"
    counts: tuple[tuple[str, int], ...] = ()

    @property
    def text(self) -> str:
        """The message as plain text."""
        return "".join(piece.text for piece in self.pieces)


def quote(mention: Mention) -> Quotation:
    """The quotation that `mention` is shown as.

    A tweet's embed markup is taken apart into text, links, author and date. Markup of any other
    shape, and messages of all other networks, are shown as plain text with their links.
    """
    parts = _read_tweet(mention.html) if mention.html else None
    if parts is None:
        text = mention.text or text_of(mention.html)
        handle = mention.author.strip()
        return Quotation(
            source=mention.source,
            pieces=tuple(_link_text(text)),
            author=_one_line(handle.removeprefix("@")),
            url=_address(mention.url),
            day=mention.created.date() if mention.created else None,
            counts=_counts(mention.counts),
        )
    return Quotation(
        source=mention.source,
        pieces=tuple(parts.pieces),
        author=parts.author,
        handle=parts.handle,
        url=parts.url,
        day=mention.created.date() if mention.created else parts.day,
        lang=parts.lang,
        direction=parts.direction,
        counts=_counts(mention.counts),
    )


class _TweetReader(HTMLParser):
    """Reads ``<blockquote class="twitter-tweet"><p lang dir>TEXT</p>&mdash; NAME (@HANDLE) <a>DATE</a>``.

    `well_formed` becomes False at the first thing that does not belong there.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.well_formed = True
        self.place = "before"  # then "quote", "text", "byline", "after"
        self.link: str | None = None
        self.pieces: list[Piece] = []
        self.lang = self.direction = self.byline = self.date = self.url = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        match self.place, tag:
            case "before", "blockquote" if attributes.get("class") == "twitter-tweet":
                self.place = "quote"
            case "quote", "p":
                self.place = "text"
                self.lang, self.direction = attributes.get("lang") or "", attributes.get("dir") or ""
            case "text", "br":
                self.pieces.append(Piece("\n"))
            case "text", "a" if self.link is None:
                self.link = attributes.get("href") or ""
                # The network drops the blank before a link that stood at a line's end.
                if self.pieces and self.pieces[-1].text[-1:].strip(" \n([{@#\u201c\"'"):
                    self.pieces.append(Piece(" "))
            case "byline", "a" if self.link is None and not self.url:
                self.link = self.url = attributes.get("href") or ""
            case "after", "script":
                pass  # the widget loader that follows every embed; never kept
            case _:
                self.well_formed = False

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.well_formed = self.well_formed and tag == "br"

    def handle_endtag(self, tag: str) -> None:
        match self.place, tag:
            case "text", "p" if self.link is None:
                self.place = "byline"
            case (("text" | "byline"), "a") if self.link is not None:
                self.link = None
            case "byline", "blockquote" if self.link is None:
                self.place = "after"
            case "after", "script":
                pass
            case _:
                self.well_formed = False

    def handle_data(self, data: str) -> None:
        data = clean_text(data)
        if self.place == "text":
            text = re.sub(r"\s+", " ", data)
            self.pieces.append(Piece(text, _address(self.link) if self.link else ""))
        elif self.place == "byline":
            if self.link is None:
                self.byline += data
            else:
                self.date += data
        elif data.strip():
            self.well_formed = False

    def handle_comment(self, data: str) -> None:
        self.well_formed = False

    def handle_decl(self, decl: str) -> None:
        self.well_formed = False

    def handle_pi(self, data: str) -> None:
        self.well_formed = False

    def unknown_decl(self, data: str) -> None:
        self.well_formed = False


@dataclass(frozen=True, kw_only=True)
class _Tweet:
    pieces: list[Piece]
    author: str
    handle: str
    url: str
    day: date | None
    lang: str
    direction: str


def _read_tweet(markup: str) -> _Tweet | None:
    """The tweet in `markup`, or None if that is not exactly the shape of an embedded tweet."""
    reader = _TweetReader()
    reader.feed(markup)
    reader.close()
    byline = _BYLINE.fullmatch(reader.byline)
    url = _address(reader.url)
    if not reader.well_formed or reader.place != "after" or byline is None or not url:
        return None
    language = _OLD_LANGUAGES.get(reader.lang, reader.lang)
    return _Tweet(
        pieces=reader.pieces,
        author=_one_line(byline["name"]) or byline["handle"],
        handle=byline["handle"],
        url=url,
        day=_read_date(reader.date),
        lang=language if _LANGUAGE.fullmatch(language) else "",
        direction=reader.direction if reader.direction in {"ltr", "rtl"} else "auto",
    )


def _read_date(text: str) -> date | None:
    """The day in the embed's "August 6, 2020" (English whatever the locale)."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date(int(found["year"]), _MONTHS.index(found["month"]) + 1, int(found["day"]))
    except ValueError:
        return None


def _address(url: str) -> str:
    """`url` without its tracking parameters, or "" if it may not be linked."""
    checked = safe_url(url)
    if not checked.startswith(("http://", "https://")):
        return ""
    parts = urlsplit(checked)
    if not parts.query or (parts.hostname or "") not in {"twitter.com", "www.twitter.com", "x.com"}:
        return checked
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in _TRACKING]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _link_text(text: str) -> Iterator[Piece]:
    """`text` cut into lines and links."""
    for number, line in enumerate(clean_text(text).splitlines()):
        if number:
            yield Piece("\n")
        end = 0
        for found in _LINK.finditer(line):
            link = found[0].rstrip(".,;:!?)]}…")
            if url := _address(link):
                if line[end : found.start()]:
                    yield Piece(line[end : found.start()])
                yield Piece(link, url)
                end = found.start() + len(link)
        if line[end:]:
            yield Piece(line[end:])


def _counts(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple((_one_line(name).replace("_", " "), number) for name, number in counts.items() if number > 0)


def _one_line(text: str) -> str:
    return " ".join(clean_text(text).split())
