"""What the digest talks about: papers, who mentioned them, how much attention they drew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

__all__ = ["COMBINED", "Attention", "Entry", "Mention", "Paper", "Post"]

COMBINED = "combined"  # source of an attention that sums readings of several networks


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One arXiv paper, as its listing describes it.

    Parameters
    ----------
    arxiv_id
        Canonical identifier without version: ``"2008.02217"`` or ``"hep-th/9901001"``.
    title, abstract
        Raw text on one line (arXiv's double spaces are kept).
    authors
        Names in the paper's order.
    categories
        arXiv categories, the primary one first.
    published, updated
        First and latest submission, UTC, where known.
    summary
        A paragraph in the digest's own words, shown where there is no abstract.
    """

    arxiv_id: str
    title: str
    authors: tuple[str, ...]
    abstract: str = ""
    categories: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    summary: str = ""

    @property
    def url(self) -> str:
        """Address of the abstract page."""
        return f"https://arxiv.org/abs/{self.arxiv_id}"

    @property
    def pdf_url(self) -> str:
        """Address of the PDF."""
        return f"https://arxiv.org/pdf/{self.arxiv_id}"


@dataclass(frozen=True, kw_only=True)
class Mention:
    """One public message that points at one or more papers.

    Parameters
    ----------
    source
        Slug of the network: ``"twitter"``, ``"bluesky"``, ``"hackernews"`` ...
    id
        The network's own identifier, unique within the source.
    arxiv_ids
        Canonical ids of the papers that the message points at.
    url, author, text
        Address, author's handle or name, and plain text of the message ("" where unknown).
    html
        The network's embed markup, verbatim; never shown without being re-made or sanitised.
    created
        When it was posted, UTC; None where the network did not say.
    counts
        Running totals of reactions, such as ``{"likes": 12, "reposts": 3}``; all >= 0.
    """

    source: str
    id: str
    arxiv_ids: tuple[str, ...]
    url: str = ""
    author: str = ""
    text: str = ""
    html: str = ""
    created: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Attention:
    """One reading of the attention that a paper had drawn on one network by one moment.

    Counts are running totals, as networks report them, so a later reading replaces an earlier one
    in a ranking and the difference of two is what was gained between them.

    Parameters
    ----------
    arxiv_id, source
        The paper and the network (`COMBINED` in a post that was ranked from several).
    read_at
        When the counts were read, UTC.
    counts
        Such as ``{"retweets": 435, "favorites": 1918}``; all >= 0.
    day
        The digest day that the reading belongs to; the day of `read_at` where not given. (A post
        about 6 August is read on the morning of the 7th.)
    """

    arxiv_id: str
    source: str
    read_at: datetime
    counts: Mapping[str, int]
    day: date | None = None

    @property
    def digest_day(self) -> date:
        """The day that this reading is filed under."""
        return self.day or self.read_at.date()

    @property
    def total(self) -> int:
        """Sum of all counts: the archive's ranking rule (retweets + favorites)."""
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One ranked paper of a post: the paper, its counts, and the messages embedded under it."""

    paper: Paper
    attention: Attention
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Post:
    """One day's digest.

    Parameters
    ----------
    date
        The day that the post is about.
    made_at
        When it was made, UTC (normally the next morning).
    entries
        Ranked papers, most attention first.
    lead
        Empty lines between the front matter and the first entry: 1 in all archived posts but one
        (2), and 0 in the one without entries. Kept so that a post renders to its own bytes.
    """

    date: date
    made_at: datetime
    entries: tuple[Entry, ...] = ()
    lead: int = 1
