"""One day of attention from the live sources into the store, resumable at every page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from hotpapers.common.errors import FailureError, HotPapersError, InputError
from hotpapers.digest.importing import sum_counts
from hotpapers.digest.records import Attention, Paper

if TYPE_CHECKING:
    from hotpapers.digest.sources.base import Source
    from hotpapers.digest.sources.settings import Settings
    from hotpapers.digest.store import Store

__all__ = ["DEFAULT_SOURCES", "Fetched", "fetch_day"]

DEFAULT_SOURCES = ("bluesky", "hackernews", "huggingface")

_DESCRIBE_BACK = timedelta(days=7)  # a paper that arXiv does not know is asked for no longer


@dataclass(kw_only=True)
class Fetched:
    """What a fetch brought: mentions by source, papers described, and what went wrong where."""

    mentions: dict[str, int] = field(default_factory=dict)
    readings: int = 0
    described: int = 0
    unknown: tuple[str, ...] = ()
    troubles: list[str] = field(default_factory=list)


def fetch_day(
    store: Store,
    day: date,
    *,
    sources: Sequence[str] = DEFAULT_SOURCES,
    settings: Settings | None = None,
    metadata: bool = True,
    report: Callable[[str], None] | None = None,
) -> Fetched:
    """Fetch who talked about which papers on `day` (UTC), then what arXiv says of those papers.

    Each page of an answer is committed together with the place where it ends, so an interrupted
    fetch goes on there. A source that fails does not stop the others.

    Parameters
    ----------
    store
        Where it goes.
    day
        The digest day; today's is fetched as far as it has come.
    sources
        Names of installed sources.
    settings
        Addresses and credentials; None: environment and the user's file.
    metadata
        Also ask arXiv for papers that the store has not described yet.
    report
        Called with a line of progress now and then.

    Raises
    ------
    InputError
        If the day is in the future, or a source is unknown or lacks its credentials.
    FailureError
        If every source failed.
    """
    from hotpapers.digest.sources import open_source

    if day > datetime.now(UTC).date():
        raise InputError(f"{day} lies in the future: nobody has talked about it yet")
    opened = [open_source(name, settings) for name in dict.fromkeys(sources)]
    done = Fetched()
    for source in opened:
        try:
            done.mentions[source.name] = _fetch_source(store, source, day, done, report or _quiet)
        except HotPapersError as error:
            done.troubles.append(f"{source.name}: {error}")
    if done.troubles and len(done.troubles) == len(opened):
        raise FailureError("; ".join(done.troubles))
    if metadata:
        try:
            _describe(store, day, done, settings, report or _quiet)
        except HotPapersError as error:
            done.troubles.append(f"arXiv: {error}")
    return done


def _fetch_source(
    store: Store, source: Source, day: date, done: Fetched, report: Callable[[str], None]
) -> int:
    from hotpapers.digest.sources.base import pages_of

    since = datetime.combine(day, time.min, tzinfo=UTC)
    until = since + timedelta(days=1)
    read, papers = 0, set[str]()
    for page in pages_of(source, since, until, store.cursor(source.name, since, until)):
        touched = {(arxiv_id, mention.source) for mention in page.mentions for arxiv_id in mention.arxiv_ids}
        ids = {arxiv_id for arxiv_id, _ in touched}
        with store.transaction():
            store.put_mentions(page.mentions)
            told = {paper.arxiv_id: paper for paper in page.papers}
            bare = [Paper(arxiv_id=arxiv_id, title="", authors=()) for arxiv_id in sorted(ids - told.keys())]
            store.put_papers([*told.values(), *bare], seen_at=until)
            done.readings += _read_attention(store, touched, day)
            store.put_cursor(source.name, since, until, page.cursor)
        read += len(page.mentions)
        papers |= ids
        report(f"{source.name}: {read} mentions of {len(papers)} papers")
    return read


def _read_attention(store: Store, touched: set[tuple[str, str]], day: date) -> int:
    """Append the running totals of these papers on these networks, where they changed."""
    now = datetime.now(UTC).replace(microsecond=0)
    ids = sorted({arxiv_id for arxiv_id, _ in touched})
    sql = (
        "SELECT arxiv_id, source, day, counts FROM standing WHERE arxiv_id IN (SELECT unnest($1::VARCHAR[]))"
    )
    standing = {
        (row["arxiv_id"], row["source"]): (row["day"], row["counts"]) for row in store.rows(sql, [ids])
    }
    readings = []
    for at, mentions in store.mentions_by_paper(ids).items():
        counts = sum_counts(mentions)
        if at in touched and standing.get(at) != (day, counts):
            readings.append(Attention(arxiv_id=at[0], source=at[1], read_at=now, counts=counts, day=day))
    return store.put_readings(readings)


def _describe(
    store: Store, day: date, done: Fetched, settings: Settings | None, report: Callable[[str], None]
) -> None:
    """Ask arXiv for every recent paper that has no title, abstract or category yet."""
    from hotpapers.digest.sources.arxiv import ArXiv
    from hotpapers.digest.sources.settings import Settings

    sql = (
        "SELECT arxiv_id FROM paper WHERE (title = '' OR abstract = '' OR len(categories) = 0) "
        "AND arxiv_id IN (SELECT arxiv_id FROM standing WHERE day >= $1) ORDER BY arxiv_id DESC"
    )
    bare = [row["arxiv_id"] for row in store.rows(sql, [day - _DESCRIBE_BACK])]
    if not bare:
        return
    with ArXiv(Settings.load() if settings is None else settings) as arxiv:
        for batch in arxiv.papers(bare):
            done.described += store.put_papers(batch.papers, seen_at=datetime.now(UTC))
            done.unknown += tuple(batch.missing)
            report(f"arXiv: {done.described} of {len(bare)} papers described")


def _quiet(line: str) -> None:
    """Say nothing."""
