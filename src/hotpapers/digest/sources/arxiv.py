"""arXiv's own description of papers, through its public query API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Self
from xml.etree.ElementTree import Element

from hotpapers.common.arxiv_ids import normalise_arxiv_id
from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.records import Paper
from hotpapers.digest.sources.json_fields import clean, moment
from hotpapers.digest.sources.pacing import SYSTEM_CLOCK, Clock, Pace
from hotpapers.digest.sources.replies import BrokenReplyError, excerpt
from hotpapers.digest.sources.settings import Settings
from hotpapers.digest.sources.web_source import connect
from hotpapers.digest.sources.xml_text import abstract_line, child_text, parse_xml, title_line

__all__ = ["ArXiv", "Batch"]

DEFAULT_URL = "https://export.arxiv.org"
SECONDS_APART = 3.0  # arXiv's terms of use: one request in three seconds, one connection
IDS_A_REQUEST = 100
ATOM = "http://www.w3.org/2005/Atom"
NAMESPACES = {
    "atom": ATOM,
    "arxiv": "http://arxiv.org/schemas/atom",
    "search": "http://a9.com/-/spec/opensearch/1.1/",
}


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one request to arXiv brought.

    Parameters
    ----------
    papers
        In the order in which they were asked for.
    missing
        Ids that were asked for and of which arXiv said nothing.
    """

    papers: tuple[Paper, ...]
    missing: tuple[str, ...] = ()


class ArXiv:
    """arXiv's query API, one request in three seconds.

    Parameters
    ----------
    settings
        Address and patience, under ``[sources.arxiv]``.
    clock
        Where time comes from.

    Examples
    --------
    >>> with ArXiv(Settings()) as arxiv:  # doctest: +SKIP
    ...     for batch in arxiv.papers(["2008.02217", "hep-th/9901001"]):
    ...         print([paper.title for paper in batch.papers], batch.missing)
    """

    def __init__(self, settings: Settings, *, clock: Clock = SYSTEM_CLOCK) -> None:
        own = settings.of("arxiv")
        pace = Pace(SECONDS_APART if own.interval is None else own.interval, clock=clock)
        self._client = connect("arxiv", own, base_url=own.url or DEFAULT_URL, pace=pace, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def papers(self, arxiv_ids: Iterable[str]) -> Iterator[Batch]:
        """Describe papers, a hundred a request.

        Parameters
        ----------
        arxiv_ids
            In any shape that `normalise_arxiv_id` reads; each paper is asked for once.

        Raises
        ------
        InputError
            If an id is none; before the first request of its batch.
        FailureError
            If arXiv can't be reached or reports an error.
        """
        fresh = _once(normalise_arxiv_id(given) for given in arxiv_ids)
        while asked := tuple(islice(fresh, IDS_A_REQUEST)):
            params = {"id_list": ",".join(asked), "start": "0", "max_results": str(IDS_A_REQUEST)}
            # arXiv answers a bad request with status 400 and a feed that says why.
            found = self._client.get("/api/query", params, parse=_read_feed, accept=(HTTPStatus.BAD_REQUEST,))
            papers = tuple(found[arxiv_id] for arxiv_id in asked if arxiv_id in found)
            yield Batch(papers=papers, missing=tuple(arxiv_id for arxiv_id in asked if arxiv_id not in found))


def _once(arxiv_ids: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for arxiv_id in arxiv_ids:
        if arxiv_id not in seen:
            seen.add(arxiv_id)
            yield arxiv_id


def _read_feed(body: bytes) -> dict[str, Paper]:
    feed = parse_xml(body, f"{{{ATOM}}}feed")
    entries = feed.findall("atom:entry", NAMESPACES)
    for entry in entries:
        if re.match(r"https?://(export\.)?arxiv\.org/api/errors", child_text(entry, "atom:id", NAMESPACES)):
            said = child_text(entry, "atom:summary", NAMESPACES) or "an error without a word"
            raise FailureError(f"arxiv reports an error: {excerpt(said.encode())}")
    total = child_text(feed, "search:totalResults", NAMESPACES).strip()
    if not entries and total.isdecimal() and int(total) > 0:
        raise BrokenReplyError("an empty page where papers were announced")
    return {paper.arxiv_id: paper for entry in entries if (paper := _paper(entry))}


def _paper(entry: Element) -> Paper | None:
    title = title_line(child_text(entry, "atom:title", NAMESPACES))
    try:
        arxiv_id = normalise_arxiv_id(child_text(entry, "atom:id", NAMESPACES))
    except InputError:
        return None
    if not title:
        return None
    names = (clean(name.text or "") for name in entry.findall("atom:author/atom:name", NAMESPACES))
    primary = entry.find("arxiv:primary_category", NAMESPACES)
    places = [*([primary] if primary is not None else []), *entry.findall("atom:category", NAMESPACES)]
    return Paper(
        arxiv_id=arxiv_id,
        title=title,
        authors=tuple(line for name in names if (line := " ".join(name.split()))),
        abstract=abstract_line(child_text(entry, "atom:summary", NAMESPACES)),
        categories=tuple(dict.fromkeys(term for place in places if (term := place.get("term", "")))),
        published=moment(child_text(entry, "atom:published", NAMESPACES)),
        updated=moment(child_text(entry, "atom:updated", NAMESPACES)),
    )
