"""A day's post made from the store's readings, for days that nobody has published yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hotpapers.common.errors import InputError
from hotpapers.digest.importing import import_path, read_post_of
from hotpapers.digest.ranking import rank
from hotpapers.digest.records import COMBINED, Attention, Entry, Mention, Post

if TYPE_CHECKING:
    from hotpapers.digest.edition import Edition
    from hotpapers.digest.store import Store

__all__ = ["SHARES", "compose_post", "open_edition"]

# A post carries two counts; every network's counts fall into these two.
SHARES = frozenset({"retweets", "reposts", "reblogs", "quotes", "crossposts"})
LEAST = 50  # the archive's rule: a paper with fewer retweets + favorites was not listed
_MENTIONS = 3


def open_edition(
    store: Store,
    day: date,
    *,
    source: Path | None = None,
    lenient: bool = False,
    again: bool = False,
    least: int = LEAST,
    weights: Mapping[str, float] | None = None,
    within_category: bool = False,
) -> Edition:
    """The day to publish: its post from `source`, else the store's, else one ranked now (and stored).

    Parameters
    ----------
    store
        Where posts and readings are; what `source` holds of the day is put there too.
    day
        The digest day.
    source
        A post, folder or zip of posts, or a ``.jsonl`` of mentions.
    lenient
        Keep what can be kept of a damaged post.
    again
        Rank anew even if the store has the day's post.
    least, weights, within_category
        As in `compose_post`.

    Raises
    ------
    InputError
        If `source` or the store knows nothing of that day.
    """
    if source is not None and source.suffix.lower() in {".jsonl", ".ndjson"}:
        import_path(store, source)
    elif source is not None:
        store.put_post(read_post_of(source, day, lenient=lenient))
    if again or store.post(day) is None:
        post = compose_post(store, day, least=least, weights=weights, within_category=within_category)
        store.put_post(post, observed=False)
    return store.edition(day)


def compose_post(
    store: Store,
    day: date,
    *,
    least: int = LEAST,
    weights: Mapping[str, float] | None = None,
    within_category: bool = False,
    top: int | None = None,
) -> Post:
    """Rank what was read for `day` and write it as a post.

    Parameters
    ----------
    store
        Where the readings are.
    day
        The digest day.
    least
        Papers with less (weighted) attention are left out.
    weights, within_category, top
        As in `hotpapers.digest.ranking.rank`.

    Raises
    ------
    InputError
        If the store holds no reading for that day.
    """
    ranked = rank(store, since=day, until=day, weights=weights, within_category=within_category, top=None)
    if not ranked:
        raise InputError(
            f"the store holds no reading for {day}: `hotpapers digest fetch --date {day}` gets some"
        )
    listed = [line for line in ranked if line.attention >= least][:top]
    readings = store.readings([line.paper.arxiv_id for line in listed], since=day, until=day)
    entries, latest = [], datetime.combine(day, time.min, tzinfo=UTC) + timedelta(days=1)
    for line in listed:
        attention = _sum(readings[line.paper.arxiv_id])
        mentions = [mention for mention in store.mentions(line.paper.arxiv_id) if _on(mention, day)]
        latest = max(latest, attention.read_at)
        paper = line.paper if line.paper.title else replace(line.paper, title=f"arXiv:{line.paper.arxiv_id}")
        entries.append(Entry(paper=paper, attention=attention, mentions=tuple(mentions[:_MENTIONS])))
    return Post(date=day, made_at=latest, entries=tuple(entries))


def _on(mention: Mention, day: date) -> bool:
    return mention.created is None or mention.created.date() <= day


def _sum(readings: Iterable[Attention]) -> Attention:
    """The latest reading of each source as one: what spreads a paper, and every other reaction."""
    latest = {reading.source: reading for reading in readings}
    counts = {"retweets": 0, "favorites": 0}
    for reading in latest.values():
        for kind, value in reading.counts.items():
            counts["retweets" if kind in SHARES else "favorites"] += value
    newest = max(latest.values(), key=lambda reading: reading.read_at)
    return Attention(
        arxiv_id=newest.arxiv_id,
        source=COMBINED,
        read_at=newest.read_at,
        counts=counts,
        day=newest.digest_day,
    )
