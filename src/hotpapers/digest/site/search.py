"""What the search page carries: a line for each of the newest papers, and the data its script reads."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from hotpapers.common.html import clean_text
from hotpapers.digest.records import Paper
from hotpapers.digest.site.stories import anchor_of, one_line
from hotpapers.digest.site.wording import short_day

__all__ = ["MOST_PAPERS", "SearchDay", "newest", "search_data", "search_days"]

MOST_PAPERS = 5_000
"""The page carries no more papers than this, so that a browser stays quick."""


@dataclass(frozen=True, kw_only=True)
class SearchDay:
    """A day of the plain list: its name and (address, title) of its papers."""

    name: str
    papers: tuple[tuple[str, str], ...]


def newest(papers: Iterable[tuple[date, Paper]]) -> list[tuple[date, Paper]]:
    """The newest `MOST_PAPERS` of them, newest day first, in the given order within a day."""
    return heapq.nlargest(MOST_PAPERS, papers, key=lambda pair: pair[0])


def search_days(papers: Iterable[tuple[date, Paper]]) -> Iterator[SearchDay]:
    """The plain list by day that is there without JavaScript."""
    for day, group in groupby(papers, key=lambda pair: pair[0]):
        lines = tuple((_address(day, paper), one_line(paper.title) or paper.arxiv_id) for _, paper in group)
        yield SearchDay(name=short_day(day), papers=lines)


def search_data(papers: Iterable[tuple[date, Paper]]) -> list[list[str]]:
    """Rows of address, day, title, authors, categories, abstract for the page's script."""
    return [
        [
            _address(day, paper),
            short_day(day),
            _text(paper.title) or paper.arxiv_id,
            _text(", ".join(paper.authors)),
            _text(" ".join(paper.categories)),
            _text(paper.abstract or paper.summary),
        ]
        for day, paper in papers
    ]


def _address(day: date, paper: Paper) -> str:
    return f"days/{day.isoformat()}.html#{anchor_of(paper)}"


def _text(text: str) -> str:
    return one_line(clean_text(text))
