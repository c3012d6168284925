"""What a source of mentions is: one method that all have, and resumable pages for those that can."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import ClassVar, Protocol

from hotpapers.common.errors import InputError
from hotpapers.digest.records import Mention, Paper

__all__ = ["Page", "PagedSource", "Source", "pages_of"]

PAGE_SIZE = 500
START_AGAIN = "start"


class Source(Protocol):
    """A network, archive or file that says which papers people talk about.

    This is all that a plug-in must offer. One that can go on in the middle also offers
    ``pages(since, until, cursor)``: see `PagedSource`, which gives both.
    """

    @property
    def name(self) -> str:
        """Slug: ``"bluesky"``."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Environment variables with the credentials that it can't do without; empty if none."""
        ...

    def mentions(self, since: datetime, until: datetime) -> Iterator[Mention]:
        """Mentions made in the half-open window [since, until), both with a time zone."""
        ...


@dataclass(frozen=True, kw_only=True)
class Page:
    """What one answer of a service brought.

    Parameters
    ----------
    mentions
        Messages that point at papers.
    papers
        What the service told about those papers, where it did.
    cursor
        What to pass to ``pages`` to go on after this page; None after the last one. Whoever commits
        a page together with its cursor loses nothing when the run is killed.
    """

    mentions: tuple[Mention, ...]
    papers: tuple[Paper, ...] = ()
    cursor: str | None = None


class PagedSource(ABC):
    """A source that is read page by page and goes on from any page's cursor.

    Subclasses write `_pages` and may leave to this class what all sources have in common: mentions
    outside the window, without a time, without a paper, or seen before in this run are dropped.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        """Pages as the service gives them; `since` and `until` are UTC."""

    def pages(self, since: datetime, until: datetime, cursor: str | None = None) -> Iterator[Page]:
        """Pages of mentions made in [since, until).

        Parameters
        ----------
        since, until
            The half-open window; both need a time zone.
        cursor
            The cursor of the last page that was kept by an earlier run over the same window; None
            to begin.

        Raises
        ------
        InputError
            If the window is upside down or has no time zone, the cursor belongs to another window,
            or a credential is missing or wrong.
        FailureError
            If the service can't be reached, refuses, or does not answer as documented.
        """
        since, until = _window(since, until)
        return _screened(self._pages(since, until, cursor), since, until)

    def mentions(self, since: datetime, until: datetime) -> Iterator[Mention]:
        """Mentions made in [since, until), from all pages."""
        return (mention for page in self.pages(since, until) for mention in page.mentions)


def pages_of(source: Source, since: datetime, until: datetime, cursor: str | None = None) -> Iterator[Page]:
    """Pages of any source: its own where it has them, else its mentions, cut into pages.

    A source without ``pages`` can't go on in the middle: with any cursor it starts again, and the
    store's idempotence takes care of what comes twice.
    """
    paged = getattr(source, "pages", None)
    if paged is not None:
        own: Iterator[Page] = paged(since, until, cursor)
        return own
    since, until = _window(since, until)
    return _screened(_cut(source.mentions(since, until)), since, until)


def _cut(mentions: Iterator[Mention]) -> Iterator[Page]:
    page = tuple(islice(mentions, PAGE_SIZE))
    while page:
        following = tuple(islice(mentions, PAGE_SIZE))
        yield Page(mentions=page, cursor=START_AGAIN if following else None)
        page = following


def _screened(pages: Iterable[Page], since: datetime, until: datetime) -> Iterator[Page]:
    seen: set[tuple[str, str]] = set()
    for page in pages:
        kept = []
        for mention in page.mentions:
            key = (mention.source, mention.id)
            inside = mention.created is not None and since <= mention.created < until
            if inside and mention.arxiv_ids and key not in seen:
                seen.add(key)
                kept.append(mention)
        named = {arxiv_id for mention in kept for arxiv_id in mention.arxiv_ids}
        papers = tuple(paper for paper in page.papers if paper.arxiv_id in named)
        yield Page(mentions=tuple(kept), papers=papers, cursor=page.cursor)


def _window(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    if since.tzinfo is None or until.tzinfo is None:
        raise InputError("since and until need a time zone, such as 2026-11-20T00:00:00+00:00")
    if since > until:
        raise InputError(f"since ({since.isoformat()}) is later than until ({until.isoformat()})")
    return since.astimezone(UTC), until.astimezone(UTC)
