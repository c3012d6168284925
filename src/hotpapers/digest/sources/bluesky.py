"""Bluesky: posts that link to arXiv, through the network's search."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from hotpapers.common.errors import InputError
from hotpapers.digest.records import Mention
from hotpapers.digest.sources.base import Page
from hotpapers.digest.sources.bearer import BearerAuth
from hotpapers.digest.sources.http import Client, RefusedError
from hotpapers.digest.sources.json_fields import (
    JsonObject,
    arxiv_ids_in,
    count,
    items,
    moment,
    nested,
    text,
    web_address,
)
from hotpapers.digest.sources.pacing import SYSTEM_CLOCK, Clock
from hotpapers.digest.sources.paging import follow
from hotpapers.digest.sources.replies import BrokenReplyError, json_object, object_with_list
from hotpapers.digest.sources.secret import Secret
from hotpapers.digest.sources.settings import Settings
from hotpapers.digest.sources.web_source import WebSource

__all__ = ["Bluesky"]

PUBLIC_API = "https://public.api.bsky.app"
SIGNED_IN = "https://bsky.social"
# The search's own cursor reaches some 10,000 posts deep: windows are searched a day at a time.
SLICE = timedelta(days=1)
_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]{1,512})")
_HANDLE = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Bluesky(WebSource):
    """Posts on Bluesky that link to arXiv, newest first.

    Without credentials the public API is asked, whose search is often closed to guests. With a
    handle and an app password (never the account's password) the user's own server is asked.

    The cursor names the end of the day's slice being searched and the service's own cursor in it.
    """

    name = "bluesky"
    default_url = PUBLIC_API
    default_interval = 0.5
    credential_keys = ("handle", "app_password")

    def __init__(self, settings: Settings, *, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, clock=clock)
        self._given = [key for key in self.credential_keys if key in self._settings.credentials]
        if len(self._given) == 1:
            raise InputError(
                "bluesky needs both HOTPAPERS_BLUESKY_HANDLE and HOTPAPERS_BLUESKY_APP_PASSWORD, or neither"
            )

    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        end, marker = _resumed(cursor, since, until) if cursor is not None else (until, None)
        base_url = self._settings.url or (SIGNED_IN if self._given else PUBLIC_API)
        with self._connect(base_url) as open_client:
            session = _Session(open_client, self._settings.credentials) if self._given else None
            with self._connect(base_url, bearer=session) as client:
                while end > since:
                    begin = max(since, end - SLICE)
                    for mentions, following in _search(client, begin, end, marker):
                        resume = f"{_iso(end)} {following}" if following is not None else None
                        if resume is None and begin > since:
                            resume = f"{_iso(begin)} "
                        yield Page(mentions=tuple(mentions), cursor=resume)
                    end, marker = begin, None


class _Session:
    """Signs in with an app password, and goes on with a fresh token when the old one has expired."""

    def __init__(self, client: Client, credentials: Mapping[str, Secret]) -> None:
        self._client = client
        self._credentials = credentials
        self._access: Secret | None = None
        self._refresh: Secret | None = None

    def token(self) -> Secret:
        return self._access or self._sign_in()

    def renew(self) -> bool:
        refresh, self._access, self._refresh = self._refresh, None, None
        if refresh is not None:
            try:
                path = "/xrpc/com.atproto.server.refreshSession"
                self._keep(self._client.post(path, auth=BearerAuth(refresh), parse=_tokens))
            except (RefusedError, InputError):
                self._sign_in()  # the refresh token has expired too
        return self._access is not None

    def _sign_in(self) -> Secret:
        return self._keep(
            self._client.post(
                "/xrpc/com.atproto.server.createSession",
                json={
                    "identifier": self._credentials["handle"],
                    "password": self._credentials["app_password"],
                },
                parse=_tokens,
            )
        )

    def _keep(self, tokens: tuple[Secret, Secret]) -> Secret:
        self._access, self._refresh = tokens
        return tokens[0]


def _tokens(body: bytes) -> tuple[Secret, Secret]:
    reply = json_object(body)
    access, refresh = reply.get("accessJwt"), reply.get("refreshJwt")
    if not isinstance(access, str) or not isinstance(refresh, str):
        raise BrokenReplyError("a session without tokens")
    return Secret(access), Secret(refresh)


def _search(
    client: Client, since: datetime, until: datetime, marker: str | None
) -> Iterator[tuple[list[Mention], str | None]]:
    asked = {
        "q": "*",
        "domain": "arxiv.org",
        "since": _iso(since),
        "until": _iso(until),
        "sort": "latest",
        "limit": "100",
    }

    def fetch(marker: str | None) -> tuple[list[Mention], str | None]:
        params = asked | ({"cursor": marker} if marker else {})
        reply = client.get("/xrpc/app.bsky.feed.searchPosts", params, parse=object_with_list("posts"))
        found = [mention for post in items(reply["posts"]) if (mention := _mention(post))]
        return found, text(reply.get("cursor")) or None

    return follow(fetch, marker, service="bluesky")


def _mention(post: JsonObject) -> Mention | None:
    uri = text(post.get("uri"))
    place = _URI.fullmatch(uri)
    record = nested(post, "record")
    created = moment(record.get("createdAt")) or moment(post.get("indexedAt"))
    if place is None or created is None:
        return None
    handle = text(nested(post, "author").get("handle"))
    if not _HANDLE.fullmatch(handle) or handle == "handle.invalid":
        handle = place[1]  # the account's permanent id works in addresses too
    said = text(record.get("text"))
    reactions = {"likes": "like", "reposts": "repost", "replies": "reply", "quotes": "quote"}
    return Mention(
        source="bluesky",
        id=uri,
        arxiv_ids=arxiv_ids_in(said, _links(post)),
        url=f"https://bsky.app/profile/{handle}/post/{place[2]}",
        author=handle,
        text=said,
        created=created,
        counts={name: count(post.get(f"{key}Count")) for name, key in reactions.items()},
    )


def _links(post: JsonObject) -> list[str]:
    record = nested(post, "record")
    features = [feature for facet in items(record.get("facets")) for feature in items(facet.get("features"))]
    cards = [nested(record, "embed", "external"), nested(record, "embed", "media", "external")]
    cards += [nested(post, "embed", "external"), nested(post, "embed", "media", "external")]
    return [address for place in (*features, *cards) if (address := web_address(place.get("uri")))]


def _resumed(cursor: str, since: datetime, until: datetime) -> tuple[datetime, str | None]:
    end, _, marker = cursor.partition(" ")
    slice_end = moment(end)
    if slice_end is None or not since < slice_end <= until:
        raise InputError(f"bluesky: cursor {cursor[:40]!r} does not belong to this window")
    return slice_end, marker or None


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
