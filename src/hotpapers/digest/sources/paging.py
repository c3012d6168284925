"""Following a service's own page markers without being led in circles."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from hotpapers.common.errors import FailureError
from hotpapers.digest.records import Mention
from hotpapers.digest.sources.http import RefusedError

__all__ = ["follow"]

IDLE_PAGES = 20
logger = logging.getLogger(__name__)

Fetch = Callable[[str | None], tuple[list[Mention], str | None]]


def follow(fetch: Fetch, marker: str | None, *, service: str) -> Iterator[tuple[list[Mention], str | None]]:
    """Pages of a service that says itself where the next page begins.

    A marker that an earlier run kept may have expired: when the service refuses it, the pages are
    read from the beginning, and the store's idempotence takes care of what comes twice.

    Parameters
    ----------
    fetch
        Takes a page marker (None for the first page) and gives the page's mentions and the next
        page's marker, or None after the last page.
    marker
        Where to begin.
    service
        Name for messages.

    Yields
    ------
    tuple
        Mentions of a page, and the marker of the next.

    Raises
    ------
    FailureError
        If a marker comes twice, or `IDLE_PAGES` pages in a row bring nothing that was not seen.
    """
    markers: set[str] = set()
    seen: set[str] = set()
    idle = 0
    try:
        mentions, following = fetch(marker)
        if marker is not None:
            markers.add(marker)
    except RefusedError as refused:
        if marker is None:
            raise
        logger.info("%s: the page marker of the last run is no good any more: %s", service, refused)
        mentions, following = fetch(None)
    while True:
        marker = following
        if marker is not None and marker in markers:
            raise FailureError(f"{service} goes in circles: it gave the same page marker twice")
        fresh = {mention.id for mention in mentions} - seen
        seen |= fresh
        idle = 0 if fresh else idle + 1
        if idle >= IDLE_PAGES and marker is not None:
            raise FailureError(f"{service} goes in circles: {idle} pages in a row brought nothing new")
        yield mentions, marker
        if marker is None:
            return
        markers.add(marker)
        mentions, following = fetch(marker)
