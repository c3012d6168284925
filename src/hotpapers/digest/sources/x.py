"""X (Twitter): posts that link to arXiv, through API v2's recent search."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from hotpapers.common.errors import InputError
from hotpapers.digest.records import Mention
from hotpapers.digest.sources.base import Page
from hotpapers.digest.sources.bearer import StaticBearer
from hotpapers.digest.sources.json_fields import (
    JsonObject,
    arxiv_ids_in,
    count,
    identifier,
    items,
    moment,
    nested,
    text,
    web_address,
)
from hotpapers.digest.sources.paging import follow
from hotpapers.digest.sources.replies import json_object
from hotpapers.digest.sources.web_source import WebSource

__all__ = ["X"]

# Recent search answers 400 outside of these.
FURTHEST_BACK = timedelta(days=7) - timedelta(minutes=1)
LATEST = timedelta(seconds=15)
COUNTS = {
    "retweets": "retweet_count",
    "likes": "like_count",
    "replies": "reply_count",
    "quotes": "quote_count",
}


class X(WebSource):
    """Posts on X that link to arXiv, of the last seven days, newest first.

    Reposts are left out: they carry the counts of the post that they repeat. The cursor is the
    service's own ``next_token``.
    """

    name = "x"
    needs = ("HOTPAPERS_X_BEARER_TOKEN",)
    default_url = "https://api.x.com"
    default_interval = 2.0
    credential_keys = ("bearer_token",)

    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        now = self._clock.now()
        begin, end = max(since, now - FURTHEST_BACK), min(until, now - LATEST)
        end += timedelta(microseconds=-end.microsecond % 1_000_000)
        if until <= now - FURTHEST_BACK:
            raise InputError(
                f"x searches the last seven days only: {until:%Y-%m-%d %H:%M} UTC is too far back"
            )
        if begin >= end:
            return
        asked = {
            "query": 'url:"arxiv.org" -is:retweet',
            "start_time": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
            "end_time": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "max_results": "100",
            "tweet.fields": "public_metrics,created_at,entities,author_id",
            "expansions": "author_id",
            "user.fields": "username",
        }
        with self._connect(bearer=StaticBearer(self._settings.credentials["bearer_token"])) as client:

            def fetch(marker: str | None) -> tuple[list[Mention], str | None]:
                params = asked | ({"next_token": marker} if marker else {})
                reply = client.get("/2/tweets/search/recent", params, parse=json_object)
                users = {
                    identifier(user.get("id")): user for user in items(nested(reply, "includes").get("users"))
                }
                found = [mention for tweet in items(reply.get("data")) if (mention := _mention(tweet, users))]
                return found, identifier(nested(reply, "meta").get("next_token")) or None

            for mentions, marker in follow(fetch, cursor, service=self.name):
                yield Page(mentions=tuple(mentions), cursor=marker)


def _mention(tweet: JsonObject, users: dict[str, JsonObject]) -> Mention | None:
    given = identifier(tweet.get("id"))
    created = moment(tweet.get("created_at"))
    if not given.isdecimal() or created is None:
        return None
    writer = identifier(tweet.get("author_id"))
    author = text(users.get(writer, {}).get("username")) if writer else ""
    author = author if re.fullmatch(r"\w{1,20}", author, re.ASCII) else ""
    said = text(tweet.get("text"))
    urls = items(nested(tweet, "entities").get("urls"))
    links = [web_address(url.get(key)) for url in urls for key in ("unwound_url", "expanded_url")]
    metrics = nested(tweet, "public_metrics")
    return Mention(
        source="x",
        id=given,
        arxiv_ids=arxiv_ids_in(said, links),
        url=f"https://x.com/{author or 'i/web'}/status/{given}",
        author=author,
        text=said,
        created=created,
        counts={name: count(metrics.get(key)) for name, key in COUNTS.items()},
    )
