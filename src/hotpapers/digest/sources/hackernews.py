"""Hacker News: stories that link to arXiv, through Algolia's search."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime

from hotpapers.common.errors import InputError
from hotpapers.digest.records import Mention
from hotpapers.digest.sources.base import Page
from hotpapers.digest.sources.http import Client
from hotpapers.digest.sources.json_fields import (
    JsonObject,
    arxiv_ids_in,
    count,
    identifier,
    items,
    moment,
    moment_of_epoch,
    text,
    web_address,
)
from hotpapers.digest.sources.paging import follow
from hotpapers.digest.sources.replies import object_with_list
from hotpapers.digest.sources.web_source import WebSource

__all__ = ["HackerNews"]

HITS = 200


class HackerNews(WebSource):
    """Stories on Hacker News whose link leads to arXiv, newest first.

    Algolia serves at most 1,000 hits of one query, so that its page numbers can't reach the end of a
    long window. Instead each query ends where the last one stopped: the cursor is the Unix time
    before which the next page's stories were posted.
    """

    name = "hackernews"
    default_url = "https://hn.algolia.com/api/v1"

    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        first, end = math.floor(since.timestamp()), math.ceil(until.timestamp())
        if cursor is not None and not (cursor.isdecimal() and first <= int(cursor) <= end):
            raise InputError(f"hackernews: cursor {cursor[:40]!r} does not belong to this window")

        def fetch(marker: str | None) -> tuple[list[Mention], str | None]:
            return _stories(client, first, int(marker) if marker else end)

        with self._connect() as client:
            for mentions, marker in follow(fetch, cursor, service=self.name):
                yield Page(mentions=tuple(mentions), cursor=marker)


def _stories(client: Client, first: int, before: int) -> tuple[list[Mention], str | None]:
    if before <= first:
        return [], None
    params = {
        "query": "arxiv.org",
        "restrictSearchableAttributes": "url",
        "tags": "story",
        "numericFilters": f"created_at_i>={first},created_at_i<{before}",
        "hitsPerPage": str(HITS),
        "page": "0",
    }
    reply = client.get("/search_by_date", params, parse=object_with_list("hits"))
    hits = items(reply["hits"])
    mentions = [mention for hit in hits if (mention := _mention(hit))]
    total = reply.get("nbHits")
    is_last = len(hits) >= total if isinstance(total, int) else len(hits) < HITS
    times = [int(mention.created.timestamp()) for mention in mentions if mention.created]
    if is_last or not hits:
        return mentions, None
    # The oldest second may have more stories than this page held: it is asked for again.
    oldest = min(times, default=before) + 1
    return mentions, str(max(first, min(oldest, before - 1)))


def _mention(hit: JsonObject) -> Mention | None:
    story = identifier(hit.get("objectID"))
    created = moment_of_epoch(hit.get("created_at_i")) or moment(hit.get("created_at"))
    if not story.isdecimal() or created is None:
        return None
    title, link = text(hit.get("title")), web_address(hit.get("url"))
    return Mention(
        source="hackernews",
        id=story,
        arxiv_ids=arxiv_ids_in(title, [link, text(hit.get("story_text"))]),
        url=f"https://news.ycombinator.com/item?id={story}",
        author=text(hit.get("author")),
        text=title,
        created=created.astimezone(UTC),
        counts={"points": count(hit.get("points")), "comments": count(hit.get("num_comments"))},
    )
