"""Published posts as a source: each ranked entry is one mention of its paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hotpapers.common.errors import InputError
from hotpapers.digest.archive import read_posts
from hotpapers.digest.records import Entry, Mention, Post
from hotpapers.digest.sources.base import Page, PagedSource

if TYPE_CHECKING:
    from hotpapers.digest.sources.settings import Settings

__all__ = ["Archive"]


class Archive(PagedSource):
    """Posts in a file, folder or zip (``HOTPAPERS_ARCHIVE_PATH``), a page a day; the cursor is a day.

    To keep the posts themselves, with their tweets and reading times, use ``hotpapers digest import``;
    this source is for ranking an archive among live networks.

    Parameters
    ----------
    settings
        Holds the path under ``[sources.archive] path``.
    """

    name = "archive"
    needs = ("HOTPAPERS_ARCHIVE_PATH",)

    def __init__(self, settings: Settings) -> None:
        path = settings.of(self.name).options.get("path")
        if not path:
            raise InputError("archive needs a file or folder of posts: set HOTPAPERS_ARCHIVE_PATH")
        self._path = Path(path)

    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        posts = {post.date.isoformat(): post for _, post, _ in read_posts(self._path) if post is not None}
        last = (until - timedelta(microseconds=1)).date().isoformat()
        days = [day for day in sorted(posts) if max(since.date().isoformat(), cursor or "") <= day <= last]
        for day, following in zip(days, [*days[1:], None], strict=False):
            yield _page(posts[day], following)
        if not days:
            yield Page(mentions=())


def _page(post: Post, cursor: str | None) -> Page:
    papers = tuple(entry.paper for entry in post.entries)
    return Page(mentions=tuple(_mention(post, entry) for entry in post.entries), papers=papers, cursor=cursor)


def _mention(post: Post, entry: Entry) -> Mention:
    arxiv_id = entry.paper.arxiv_id
    return Mention(
        source="archive",
        id=f"{post.date}/{arxiv_id}",
        arxiv_ids=(arxiv_id,),
        url=entry.paper.url,
        created=datetime.combine(post.date, time.min, tzinfo=UTC),
        counts=entry.attention.counts,
    )
