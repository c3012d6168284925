"""What a page, a feed or a newsletter is made from: one day, its neighbours, the rooms that run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from hotpapers.common.claims import Ledger
from hotpapers.common.papers import Card
from hotpapers.common.papers import Paper as Room
from hotpapers.digest.records import Attention, Post

__all__ = ["DaySummary", "Edition", "RisingWord", "RoomStatus", "Trends"]


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
    """

    word: str
    now: float
    before: float
    papers: int
    score: float


@dataclass(frozen=True, kw_only=True)
class Trends:
    """Rising words of one window against the window of the same length before it (days inclusive)."""

    since: date
    until: date
    before_since: date
    before_until: date
    papers: int
    papers_before: int
    words: tuple[RisingWord, ...] = ()
