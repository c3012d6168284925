"""The pages of the site: what each template is given, and where it is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from hotpapers.common.errors import InputError
from hotpapers.common.figures import dumbbell, palette_css
from hotpapers.common.files import write_bytes, write_text
from hotpapers.common.html import json_block, render_page
from hotpapers.digest.edition import DaySummary, Edition, RoomStatus, ShiftFigure, Trends
from hotpapers.digest.records import Paper
from hotpapers.digest.site import feeds
from hotpapers.digest.site.archive import archive_of
from hotpapers.digest.site.rooms import RoomView, is_published, room_view
from hotpapers.digest.site.search import MOST_PAPERS, newest, search_data, search_days
from hotpapers.digest.site.stories import Chip, Story, chips_of, stories_of
from hotpapers.digest.site.templating import asset, templates
from hotpapers.digest.site.wording import day_of, number, short_day, utc

__all__ = ["TAGLINE", "TITLE", "Site"]

TITLE = "Hot Papers"
TAGLINE = "The day’s papers, and the ones that run"
SECTIONS = ("search.html", "trends.html", "claims.html")  # pages beside the days, in the menu's order
SHIFT_PAGE = "trends-shift.html"

_SECOND_TIER = 2  # stories that stand below the lead side by side
_BLOCK = 6  # stories that share a block of columns, so that a column is never longer than a few screens


@dataclass(frozen=True, kw_only=True)
class FrontPage:
    """One day as the templates show it: the lead, two below it, the others in blocks, other rooms."""

    day: date
    name: str
    chips: tuple[Chip, ...]
    lead: Story | None
    second: tuple[Story, ...]
    blocks: tuple[tuple[Story, ...], ...]
    papers: int
    running: int
    counted: str
    also: tuple[RoomView, ...]
    previous: tuple[str, str] | None
    following: tuple[str, str] | None


class Site:
    """A folder of static pages that need no server, no script and nothing from elsewhere.

    Every method writes whole files or none and may be called in any order and again; the same
    input gives the same bytes.

    Parameters
    ----------
    out
        The site's folder; made where it is not there.
    url
        Where the site will be published (http or https), for feeds and the sitemap.
    rooms
        The installed papers. Their cards' files are copied on the first page that shows them.
    pages
        Those of `SECTIONS` that the site has, or will have once it is written: no page links to others.

    Raises
    ------
    InputError
        If `url` is no http or https address.
    """

    def __init__(
        self,
        out: Path,
        *,
        url: str = "http://127.0.0.1:8000/",
        rooms: Sequence[RoomStatus] = (),
        pages: Collection[str] = SECTIONS,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise InputError(
                f"{url!r} is not a site's address: expected something like https://example.org/papers/"
            )
        self.out = Path(out)
        self.url = url if url.endswith("/") else f"{url}/"
        self.sections = tuple(name for name in SECTIONS if name in pages)
        self.rooms = tuple(rooms)
        self._views: tuple[RoomView, ...] | None = None

    def write_day(self, edition: Edition) -> Path:
        """Write ``days/YYYY-MM-DD.html``: the day's ranked papers and what else runs here."""
        front = self._front(edition)
        name = f"days/{front.day.isoformat()}.html"
        return self._write(name, "day.html.j2", title=front.name, styles=[_filters(front.chips)], front=front)

    def write_index(self, days: Sequence[DaySummary], edition: Edition | None) -> Path:
        """Write ``index.html``: the front page of `edition` (the newest day) over the archive of `days`."""
        front = self._front(edition) if edition else None
        return self._write(
            "index.html",
            "index.html.j2",
            title=front.name if front else "The archive",
            styles=[_filters(front.chips)] if front else [],
            front=front,
            archive=archive_of(days),
        )

    def write_search(self, papers: Iterable[tuple[date, Paper]]) -> Path:
        """Write ``search.html`` over the newest 5,000 of `papers` (day, paper)."""
        chosen = newest(papers)
        return self._write(
            "search.html",
            "search.html.j2",
            title="Search",
            scripts=[asset("search.js")],
            days=search_days(chosen),
            papers=number(len(chosen)),
            most=number(MOST_PAPERS) if len(chosen) == MOST_PAPERS else "",
            data=json_block(search_data(chosen)),
        )

    def write_trends(self, trends: Trends, shift: ShiftFigure | None = None) -> Path:
        """Write ``trends.html``: the words that more papers use in this window than in the one before.

        With the windows' word shift graph, where there is one, and its interactive page
        ``trends-shift.html``.
        """
        now, before = (
            f"{short_day(since)} to {short_day(until)}"
            for since, until in ((trends.since, trends.until), (trends.before_since, trends.before_until))
        )
        figure = dumbbell(
            [(word.word, word.before, word.now) for word in trends.words],
            names=("before", "now"),
            title=f"Share of papers that use each word, {before} and {now}; the table below has the values.",
        )
        if shift:
            write_text(self.out / SHIFT_PAGE, shift.page)
        return self._write(
            "trends.html",
            "trends.html.j2",
            title="Rising words",
            trends=trends,
            now=now,
            before=before,
            figure=Markup(figure),  # noqa: S704 - escaped where it is made
            shift=shift,
            shift_page=SHIFT_PAGE,
            pictures=[Markup(shift.wide), Markup(shift.narrow)] if shift else [],  # noqa: S704 - likewise
        )

    def write_claims(self) -> Path:
        """Write ``claims.html``: every room's claims with what was measured, failures as failures."""
        pairs = list(zip(self.rooms, self._room_views(), strict=True))
        return self._write("claims.html", "claims.html.j2", title="Claims ledger", rooms=pairs)

    def write_feeds(self, editions: Sequence[Edition]) -> tuple[Path, ...]:
        """Write ``atom.xml``, ``rss.xml`` and ``feed.json`` with the newest 30 of `editions`."""
        written = []
        for name, content in feeds.make_feeds(editions, url=self.url, title=TITLE, tagline=TAGLINE).items():
            write_bytes(self.out / name, content)
            written.append(self.out / name)
        return tuple(written)

    def write_sitemap(self, days: Sequence[DaySummary]) -> Path:
        """Write ``sitemap.xml`` with the site's pages and those of `days`."""
        path = self.out / "sitemap.xml"
        write_bytes(
            path, feeds.make_sitemap([summary.date for summary in days], url=self.url, pages=self.sections)
        )
        return path

    def _room_views(self) -> tuple[RoomView, ...]:
        if self._views is None:
            self._views = tuple(room_view(status, self.out) for status in self.rooms)
        return self._views

    def _front(self, edition: Edition) -> FrontPage:
        views = self._room_views()
        by_paper = {
            status.room.arxiv_id: view
            for status, view in zip(self.rooms, views, strict=True)
            if status.room.arxiv_id
        }
        stories = list(stories_of(edition, by_paper))
        shown = {story.room.slug for story in stories if story.room}
        rest = stories[1 + _SECOND_TIER :]
        day = edition.post.date
        return FrontPage(
            day=day,
            name=day_of(day),
            chips=chips_of(edition.post.entries),
            lead=stories[0] if stories else None,
            second=tuple(stories[1 : 1 + _SECOND_TIER]),
            blocks=tuple(tuple(rest[start : start + _BLOCK]) for start in range(0, len(rest), _BLOCK)),
            papers=len(stories),
            running=sum(story.room is not None and story.room.state == "runs" for story in stories),
            counted=short_day(utc(edition.post.made_at).date()),
            also=tuple(
                view
                for status, view in zip(self.rooms, views, strict=True)
                if is_published(status) and view.slug not in shown
            ),
            previous=_neighbour(edition.previous),
            following=_neighbour(edition.following),
        )

    def _write(
        self,
        name: str,
        template: str,
        *,
        styles: Sequence[str] = (),
        scripts: Sequence[str] = (),
        **context: Any,
    ) -> Path:
        page = render_page(
            templates(),
            template,
            styles=[palette_css(), asset("style.css"), *styles],
            scripts=scripts,
            page=name,
            root="../" * name.count("/"),
            masthead=TITLE,
            tagline=TAGLINE,
            sections=self.sections,
            **context,
        )
        write_text(self.out / name, page)
        return self.out / name


def _neighbour(day: date | None) -> tuple[str, str] | None:
    return (day.isoformat(), short_day(day)) if day else None


def _filters(chips: Sequence[Chip]) -> str:
    """CSS by which a chosen category hides the stories of others; keys are our own small numbers."""
    return "".join(
        f"body:has(#category-{chip.key}:checked) .story:not(.in-{chip.key}) {{ display: none; }}\n"
        for chip in chips
    )
