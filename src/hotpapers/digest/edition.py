"""What a page, a feed or a newsletter is made from: one day, its neighbours, the rooms that run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from hotpapers.common.claims import Ledger
from hotpapers.common.papers import Card
from hotpapers.common.papers import Paper as Room
from hotpapers.digest.records import Attention, Post

__all__ = ["DaySummary", "Edition", "RisingWord", "RoomStatus", "ShiftFigure", "ShiftRow", "Trends"]


@dataclass(frozen=True, kw_only=True)
class DaySummary:
    """One line of the archive: a day, how many papers it ranked, its top title and attention."""

    date: date
    papers: int
    total: int
    top_title: str = ""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One day as it is shown: the ranked post, the days beside it, the papers' earlier readings.

    Parameters
    ----------
    post
        The day's entries in rank order.
    previous, following
        The nearest days that have a post, for the page's navigation.
    readings
        arXiv id -> its readings of the last 30 days up to this one, oldest first (for the chart).
    """

    post: Post
    previous: date | None = None
    following: date | None = None
    readings: Mapping[str, tuple[Attention, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RoomStatus:
    """What the house can say of one installed paper.

    Parameters
    ----------
    room
        The paper's declaration.
    card
        What its demo left here; None where it has none or has not run.
    ledger
        Its measured claims; None where they were never checked.
    missing
        Requirements of its extra that are not installed; empty when it can run.
    trouble
        Why the demo did not finish, in one line; "" when it did.
    """

    room: Room
    card: Card | None = None
    ledger: Ledger | None = None
    missing: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class RisingWord:
    """A word of titles and abstracts that more papers use in this window than in the one before.

    Parameters
    ----------
    word
        Lower case.
    now, before
        Share of the window's papers that use it, in [0, 1].
    papers
        How many papers of this window use it.
    score
        z-score of the difference (larger: more surely rising).
    q
        Share of chance, in [0, 1], among all words as sure as this one (false discovery rate); 1 where
        too few papers use the word to tell.
    """

    word: str
    now: float
    before: float
    papers: int
    score: float
    q: float


@dataclass(frozen=True, kw_only=True)
class Trends:
    """Rising words of one window against the window of the same length before it (days inclusive).

    Parameters
    ----------
    since, until, before_since, before_until
        First and last days of the later and of the earlier window.
    papers, papers_before
        Papers of the windows that are known by title.
    words
        The surest risers, first the surest.
    clear
        Every word, rising or falling, whose change is more than chance: at most a twentieth of them
        are false finds.
    """

    since: date
    until: date
    before_since: date
    before_until: date
    papers: int
    papers_before: int
    words: tuple[RisingWord, ...] = ()
    clear: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ShiftRow:
    """A word of a word shift graph between two windows.

    Parameters
    ----------
    before, now
        Papers of the earlier and of the later window that use it.
    share
        Its share of the difference between the windows, in per cent.
    low, high
        95 % interval of `share`, by resampling papers.
    clear
        Its change is more than chance.
    """

    word: str
    before: int
    now: int
    share: float
    low: float
    high: float
    clear: bool


@dataclass(frozen=True, kw_only=True)
class ShiftFigure:
    """A word shift graph as the site shows it: pictures for wide and narrow pages, numbers, own page.

    Parameters
    ----------
    wide, narrow
        ``<svg>`` elements, escaped where they are made.
    rows
        The words shown, largest share first.
    movers, verdict, notes
        Which words rise and fall clearly; whether the windows differ as wholes; what the reader must
        know of bars and intervals.
    page
        The interactive graph, a whole page.
    """

    wide: str
    narrow: str
    rows: tuple[ShiftRow, ...]
    movers: str
    verdict: str
    notes: tuple[str, ...]
    page: str
