"""Pages from the store: one day cheaply, or the whole site."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hotpapers.common.claims import read_ledger
from hotpapers.common.console import progress
from hotpapers.common.errors import InputError
from hotpapers.common.files import write_text
from hotpapers.common.papers import Card, installed_papers, missing_requirements
from hotpapers.digest.comparing import compare_windows, missing_extra
from hotpapers.digest.edition import Edition, RoomStatus, ShiftFigure, Trends
from hotpapers.digest.post import render_post
from hotpapers.digest.presenting import SENTENCES, shift_figure
from hotpapers.digest.site import Site
from hotpapers.digest.site.search import MOST_PAPERS
from hotpapers.digest.trends import rising_words

if TYPE_CHECKING:
    from hotpapers.digest.records import Paper
    from hotpapers.digest.store import Store

__all__ = ["build_day", "build_site", "house"]

_FEED_DAYS = 10
_TOP = 30  # words of the trends' graph


def house(results: Path, cards: Mapping[str, Card | str] | None = None) -> tuple[RoomStatus, ...]:
    """What can be said of every installed paper.

    Parameters
    ----------
    results
        Folder of the claims ledgers (``SLUG/claims.json``); a missing one is no error.
    cards
        slug -> the card that a demo left, or why it left none.
    """
    known = cards or {}
    rooms = []
    for room in installed_papers():
        ledger = results / room.slug / "claims.json"
        left = known.get(room.slug)
        rooms.append(
            RoomStatus(
                room=room,
                card=left if isinstance(left, Card) else None,
                ledger=read_ledger(ledger) if ledger.is_file() else None,
                missing=missing_requirements(room),
                trouble=left if isinstance(left, str) else "",
            )
        )
    return tuple(rooms)


def build_day(store: Store, edition: Edition, out: Path, *, url: str, rooms: Sequence[RoomStatus]) -> Path:
    """Write one day: its page, its Markdown post, and the index and feeds that lead to it.

    The work does not grow with the archive: nothing but the list of days reads beyond this day and
    the feeds' ten. Search and trends pages, which do, are `build_site`'s.

    Returns
    -------
    Path
        The day's page.
    """
    days = store.days()
    present = [name for name in ("search.html", "trends.html") if (out / name).is_file()]
    site = Site(out, url=url, rooms=rooms, pages=[*present, "claims.html"])
    page = _write_day(site, edition)
    newest = edition if not days or days[0].date <= edition.post.date else store.edition(days[0].date)
    site.write_index(days, newest)
    site.write_claims()
    in_feeds = store.posts([summary.date for summary in days[:_FEED_DAYS]]) or [edition.post]
    site.write_feeds([Edition(post=post) for post in in_feeds])
    site.write_sitemap(days)
    return page


def build_site(store: Store, out: Path, *, url: str, rooms: Sequence[RoomStatus], weeks: int = 4) -> Path:
    """Write every day of the store, and all pages beside them; returns the path of ``index.html``.

    Raises
    ------
    InputError
        If the store has no post.
    """
    days = store.days()
    if not days:
        raise InputError("the store has no day yet: `hotpapers digest import` or `build` brings one")
    try:
        trends = rising_words(store, weeks=weeks)
    except InputError:
        trends = None  # a young archive has no window before this one: there is no trend to tell
    pages = ["search.html", "claims.html", *(["trends.html"] if trends else [])]
    site = Site(out, url=url, rooms=rooms, pages=pages)
    editions: list[Edition] = []
    papers: list[tuple[date, Paper]] = []
    for summary in progress(days, "writing pages"):
        edition = store.edition(summary.date)
        _write_day(site, edition)
        if len(editions) < _FEED_DAYS:
            editions.append(edition)
        if len(papers) < MOST_PAPERS:
            papers += [(summary.date, entry.paper) for entry in edition.post.entries]
    site.write_search(papers)
    if trends:
        site.write_trends(trends, _shift_of(store, trends))
    site.write_claims()
    site.write_feeds(editions)
    site.write_sitemap(days)
    return site.write_index(days, editions[0])


def _shift_of(store: Store, trends: Trends) -> ShiftFigure | None:
    """The word shift graph of the windows; None where it can't be drawn, and why on stderr."""
    missing = missing_extra()
    try:
        if not missing:
            return shift_figure(compare_windows(store, trends, top=_TOP, contexts=SENTENCES), top=_TOP)
        trouble = missing
    except InputError as error:  # papers without a word
        trouble = str(error)
    print(f"hotpapers: trends.html is without its word shift graph: {trouble}", file=sys.stderr)
    return None


def _write_day(site: Site, edition: Edition) -> Path:
    day = edition.post.date
    write_text(site.out / "posts" / f"{day}---Hot-Papers.md", render_post(edition.post))
    return site.write_day(edition)
