"""Atom, RSS and JSON feeds of the newest days, and the sitemap; the same input gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from xml.sax.saxutils import escape

from hotpapers.common.html import clean_text
from hotpapers.digest.edition import Edition
from hotpapers.digest.records import Entry
from hotpapers.digest.site.stories import anchor_of, attention_of, one_line
from hotpapers.digest.site.templating import templates
from hotpapers.digest.site.wording import number, short_day, utc

__all__ = ["Brief", "briefs_of", "make_feeds", "make_sitemap"]

_MOST_DAYS = 30
_SHOWN_AUTHORS = 5


@dataclass(frozen=True, kw_only=True)
class Brief:
    """An entry in a few lines, for feeds and letters: all plain text, on one line each."""

    rank: int
    title: str
    authors: str
    attention: str
    categories: str
    text: str
    url: str
    pdf_url: str
    page: str


@dataclass(frozen=True, kw_only=True)
class _Item:
    """One day of a feed."""

    url: str
    title: str
    summary: str
    html: str
    made: datetime
    categories: tuple[str, ...]


def briefs_of(edition: Edition, *, url: str) -> list[Brief]:
    """The day's entries in rank order; `url` is the site's address."""
    return [_brief(rank, entry, edition, url) for rank, entry in enumerate(edition.post.entries, start=1)]


def _brief(rank: int, entry: Entry, edition: Edition, url: str) -> Brief:
    paper = entry.paper
    authors = [_plain(name) for name in paper.authors]
    names = ", ".join(authors[:_SHOWN_AUTHORS])
    if len(authors) > _SHOWN_AUTHORS:
        names += f" and {len(authors) - _SHOWN_AUTHORS} more"
    networks = attention_of(entry, edition.readings.get(paper.arxiv_id, ()))
    parts = [f"{number(value)} {name}" for counts in networks for name, value in counts.counts]
    return Brief(
        rank=rank,
        title=_plain(paper.title) or _plain(paper.arxiv_id),
        authors=names,
        attention=_plain(", ".join(parts)),
        categories=_plain(", ".join(paper.categories)),
        text=_plain(paper.abstract or paper.summary),
        url=paper.url,
        pdf_url=paper.pdf_url,
        page=f"{url}days/{edition.post.date.isoformat()}.html#{anchor_of(paper)}",
    )


def _plain(text: str) -> str:
    return one_line(clean_text(text))


def _item(edition: Edition, *, url: str, title: str) -> _Item:
    briefs = briefs_of(edition, url=url)
    template = templates().get_template("feed_item.html.j2")
    codes = dict.fromkeys(_plain(code) for entry in edition.post.entries for code in entry.paper.categories)
    count = "1 paper" if len(briefs) == 1 else f"{len(briefs)} papers"
    return _Item(
        url=f"{url}days/{edition.post.date.isoformat()}.html",
        title=f"{title}, {short_day(edition.post.date)}",
        summary=f"{count}, led by “{briefs[0].title}”."
        if briefs
        else "No paper drew enough attention on this day.",
        html=template.render(briefs=briefs),
        made=utc(edition.post.made_at),
        categories=tuple(code for code in codes if code),
    )


def make_feeds(editions: Sequence[Edition], *, url: str, title: str, tagline: str) -> dict[str, bytes]:
    """File name -> content of the three feeds, one item a day, the newest 30 days, newest first."""
    newest = sorted(editions, key=lambda edition: edition.post.date, reverse=True)[:_MOST_DAYS]
    items = [_item(edition, url=url, title=title) for edition in newest]
    atom = _feedgen(items, url=url, title=title, tagline=tagline, name="atom.xml")
    rss = _feedgen(items, url=url, title=title, tagline=tagline, name="rss.xml")
    return {
        "atom.xml": atom.atom_str(pretty=True),
        "rss.xml": rss.rss_str(pretty=True),
        "feed.json": _json_feed(items, url=url, title=title, tagline=tagline),
    }


def _feedgen(items: Sequence[_Item], *, url: str, title: str, tagline: str, name: str) -> Any:
    from feedgen.feed import FeedGenerator

    feed = FeedGenerator()
    feed.id(url)
    feed.title(title)
    feed.subtitle(tagline)
    feed.description(tagline)
    feed.author(name=title)
    feed.language("en")
    feed.link(href=url, rel="alternate")
    feed.link(href=url + name, rel="self")
    feed.generator("hotpapers")
    # feedgen would write the moment of the call.
    feed.updated(max((item.made for item in items), default=datetime(1970, 1, 1, tzinfo=UTC)))
    for item in items:
        entry = feed.add_entry(order="append")
        entry.id(item.url)
        entry.guid(item.url, permalink=True)
        entry.title(item.title)
        entry.link(href=item.url)
        entry.summary(escape(item.summary), type="html")  # readers of RSS take it as HTML
        entry.content(item.html, type="html")
        entry.published(item.made)
        entry.updated(item.made)
        for code in item.categories:
            entry.category(term=code)
    return feed


def _json_feed(items: Sequence[_Item], *, url: str, title: str, tagline: str) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "description": tagline,
        "home_page_url": url,
        "feed_url": f"{url}feed.json",
        "language": "en",
        "authors": [{"name": title}],
        "items": [
            {
                "id": item.url,
                "url": item.url,
                "title": item.title,
                "summary": item.summary,
                "content_html": item.html,
                "date_published": item.made.isoformat(timespec="seconds"),
                "tags": list(item.categories),
            }
            for item in items
        ],
    }
    return (json.dumps(feed, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def make_sitemap(days: Iterable[date], *, url: str, pages: Iterable[str] = ()) -> bytes:
    """The sitemap of the front page, the other `pages` and each day's, newest first."""
    listed = ["", *pages, *(f"days/{day.isoformat()}.html" for day in sorted(set(days), reverse=True))]
    lines = "".join(f"  <url><loc>{escape(url + page)}</loc></url>\n" for page in listed)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{lines}</urlset>\n'
    )
    return text.encode("utf-8")
