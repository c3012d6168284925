"""A ranked entry as a story on the page: headline, byline, attention, voices, and whether it runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hotpapers.common.figures import sparkline, stacked_bar
from hotpapers.digest.edition import Edition
from hotpapers.digest.embeds import Quotation, quote
from hotpapers.digest.records import COMBINED, Attention, Entry, Paper
from hotpapers.digest.site.rooms import RoomView
from hotpapers.digest.site.wording import category_name, count_name, network_name, number, utc

__all__ = [
    "Chip",
    "NetworkCounts",
    "Story",
    "anchor_of",
    "attention_of",
    "chips_of",
    "one_line",
    "stories_of",
]

_SHOWN_AUTHORS = 8
_MOST_CHIPS = 12
_OPENING = 320  # characters of an abstract that a brief shows at least
_WORTH_FOLDING = 240


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A category's filter: its place in the page's row (1, 2 ...), code, subject and how many papers."""

    key: int
    code: str
    name: str
    papers: int


@dataclass(frozen=True, kw_only=True)
class NetworkCounts:
    """The latest counts on one network, as (name, number), largest first."""

    network: str
    counts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """Their sum."""
        return sum(value for _, value in self.counts)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One ranked paper, ready to be shown; its texts are raw and escaped by the template.

    Parameters
    ----------
    rank, anchor
        Its place on the day's list, and its identifier in the page.
    title, summary
        On one line; `summary` is set only where there is no abstract.
    opening, rest
        The abstract's first sentences, and what a brief folds away ("" where that is little).
    authors, more_authors
        The first eight, and the others of a longer list.
    subject
        The primary category's subject, over the headline.
    categories
        (code, subject) of each.
    chips
        Keys of the filters that keep it.
    total, networks, chart
        Sum of all counts, the counts by network, and their figure.
    quotations
        The messages about it.
    room
        The box of the room that implements it; None where nothing here runs it.
    """

    rank: int
    anchor: str
    title: str
    authors: tuple[str, ...]
    more_authors: tuple[str, ...]
    subject: str
    categories: tuple[tuple[str, str], ...]
    chips: tuple[int, ...]
    opening: str
    rest: str
    summary: str
    url: str
    pdf_url: str
    total: int
    networks: tuple[NetworkCounts, ...]
    chart: Markup
    quotations: tuple[Quotation, ...]
    room: RoomView | None


def one_line(text: str) -> str:
    """`text` with runs of white space, which arXiv's line ends leave, as one blank."""
    return " ".join(text.split())


def anchor_of(paper: Paper) -> str:
    """Identifier of the paper's card within a day's page, the same on every build."""
    return "paper-" + re.sub(r"[^A-Za-z0-9.]+", "-", paper.arxiv_id)[:60]


def chips_of(entries: Sequence[Entry]) -> tuple[Chip, ...]:
    """A filter for each of the day's commonest categories, most papers first."""
    counts = Counter(code for entry in entries for code in dict.fromkeys(entry.paper.categories))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CHIPS]
    return tuple(
        Chip(key=key, code=code, name=category_name(code), papers=papers)
        for key, (code, papers) in enumerate(ordered, start=1)
    )


def observed(entry: Entry, readings: Sequence[Attention]) -> list[Attention]:
    """What was read of the entry's paper; a sum of several networks says nothing that they do not."""
    if entry.attention.source == COMBINED and readings:
        return list(readings)
    return [*readings, entry.attention]


def attention_of(entry: Entry, readings: Sequence[Attention]) -> tuple[NetworkCounts, ...]:
    """The latest counts by network, most first: the entry's own, and what else was read up to then."""
    latest: dict[str, Attention] = {}
    for reading in observed(entry, readings):
        known = latest.get(reading.source)
        if known is None or utc(reading.read_at) >= utc(known.read_at):
            latest[reading.source] = reading
    networks = [
        NetworkCounts(
            network=network_name(source),
            counts=tuple(
                (count_name(name), value)
                for name, value in sorted(reading.counts.items(), key=lambda item: -item[1])
            ),
        )
        for source, reading in latest.items()
    ]
    return tuple(sorted(networks, key=lambda counts: (-counts.total, counts.network)))


def stories_of(edition: Edition, rooms: Mapping[str, RoomView]) -> Iterator[Story]:
    """The day's entries in rank order; `rooms` maps arXiv ids to what runs here."""
    entries = edition.post.entries
    keys = {chip.code: chip.key for chip in chips_of(entries)}
    attention = [attention_of(entry, edition.readings.get(entry.paper.arxiv_id, ())) for entry in entries]
    most = max((sum(counts.total for counts in networks) for networks in attention), default=0)
    anchors: Counter[str] = Counter()
    for rank, (entry, networks) in enumerate(zip(entries, attention, strict=True), start=1):
        paper = entry.paper
        anchor = anchor_of(paper)
        anchors[anchor] += 1
        readings = edition.readings.get(paper.arxiv_id, ())
        authors = tuple(one_line(name) for name in paper.authors)
        opening, rest = _folded(one_line(paper.abstract))
        yield Story(
            rank=rank,
            anchor=anchor if anchors[anchor] == 1 else f"{anchor}-{anchors[anchor]}",
            title=one_line(paper.title) or paper.arxiv_id,
            authors=authors[:_SHOWN_AUTHORS],
            more_authors=authors[_SHOWN_AUTHORS:],
            subject=category_name(paper.categories[0]) if paper.categories else "",
            categories=tuple((code, category_name(code)) for code in paper.categories),
            chips=tuple(keys[code] for code in dict.fromkeys(paper.categories) if code in keys),
            opening=opening,
            rest=rest,
            summary="" if paper.abstract.strip() else one_line(paper.summary),
            url=paper.url,
            pdf_url=paper.pdf_url,
            total=sum(counts.total for counts in networks),
            networks=networks,
            chart=_chart(networks, most, observed(entry, readings)),
            quotations=tuple(quote(mention) for mention in entry.mentions),
            room=rooms.get(paper.arxiv_id),
        )


def _folded(abstract: str) -> tuple[str, str]:
    """`abstract` cut at the first end of a sentence that leaves a fair opening, if it is long."""
    end = abstract.find(". ", _OPENING) + 1
    if end == 0 or len(abstract) - end < _WORTH_FOLDING:
        return abstract, ""
    return abstract[:end], abstract[end + 1 :]


def _chart(networks: Sequence[NetworkCounts], most: int, readings: Sequence[Attention]) -> Markup:
    """How attention grew where it was read more than once; else what it is made of."""
    moments, totals = _growth(readings)
    if len(moments) > 1:
        title = (
            f"Attention over time: {number(totals[0])} at the first of {len(totals)} readings, "
            f"{number(totals[-1])} at the last."
        )
        return Markup(sparkline(totals, positions=moments, title=title))  # noqa: S704 - escaped there
    parts = [
        (f"{number(value)} {name} on {counts.network}", float(value))
        for counts in networks
        for name, value in counts.counts
    ]
    title = f"Attention: {', '.join(label for label, _ in parts) or 'none was counted'}."
    return Markup(stacked_bar(parts, whole=float(most), title=title, height=6))  # noqa: S704 - escaped there


def _growth(readings: Sequence[Attention]) -> tuple[list[float], list[int]]:
    """Moments of reading and the networks' sum at each, from when every network has been read once."""
    networks = {reading.source for reading in readings}
    known: dict[str, int] = {}
    totals: dict[float, int] = {}
    for reading in sorted(readings, key=lambda reading: utc(reading.read_at)):
        known[reading.source] = reading.total
        if known.keys() == networks:
            totals[utc(reading.read_at).timestamp()] = sum(known.values())
    return list(totals), list(totals.values())
