"""Reddit: submissions that link to arXiv, through its OAuth API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

import httpx

from hotpapers.digest.records import Mention
from hotpapers.digest.sources.base import Page
from hotpapers.digest.sources.http import Client
from hotpapers.digest.sources.json_fields import (
    JsonObject,
    arxiv_ids_in,
    count,
    identifier,
    items,
    moment_of_epoch,
    nested,
    text,
    web_address,
)
from hotpapers.digest.sources.paging import follow
from hotpapers.digest.sources.replies import BrokenReplyError, json_object
from hotpapers.digest.sources.secret import Secret
from hotpapers.digest.sources.web_source import WebSource

__all__ = ["Reddit"]

SIGN_IN = "https://www.reddit.com"


class Reddit(WebSource):
    """Submissions to Reddit whose link leads to arXiv, newest first.

    Reddit's search can't be told a time and lists some 250 to 1,000 submissions at most, so a window
    that lies far back comes out short. The cursor is Reddit's own ``after``.
    """

    name = "reddit"
    needs = ("HOTPAPERS_REDDIT_CLIENT_ID", "HOTPAPERS_REDDIT_CLIENT_SECRET")
    default_url = "https://oauth.reddit.com"
    credential_keys = ("client_id", "client_secret")

    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        with self._connect(self._settings.url or SIGN_IN) as open_client:
            application = _Application(open_client, self._settings.credentials)
            with self._connect(bearer=application) as client:

                def fetch(marker: str | None) -> tuple[list[Mention], str | None]:
                    return _search(client, since, marker)

                for mentions, marker in follow(fetch, cursor, service=self.name):
                    yield Page(mentions=tuple(mentions), cursor=marker)


class _Application:
    """Signs in as an application (OAuth 2 client credentials); tokens last an hour."""

    def __init__(self, client: Client, credentials: Mapping[str, Secret]) -> None:
        self._client = client
        self._credentials = credentials
        self._token: Secret | None = None

    def token(self) -> Secret:
        if self._token is None:
            application, secret = self._credentials["client_id"], self._credentials["client_secret"]
            self._token = self._client.post(
                "/api/v1/access_token",
                form={"grant_type": "client_credentials"},
                auth=httpx.BasicAuth(application.reveal(), secret.reveal()),
                parse=_access_token,
            )
        return self._token

    def renew(self) -> bool:
        self._token = None
        return bool(self.token())


def _access_token(body: bytes) -> Secret:
    token = json_object(body).get("access_token")
    if not isinstance(token, str) or not token:
        raise BrokenReplyError("a sign-in without a token")
    return Secret(token)


def _search(client: Client, since: datetime, marker: str | None) -> tuple[list[Mention], str | None]:
    params = {
        "q": "url:arxiv.org",
        "sort": "new",
        "t": "all",
        "type": "link",
        "limit": "100",
        "raw_json": "1",
    } | ({"after": marker} if marker else {})
    listing = client.get("/search", params, parse=_listing)
    submissions = [nested(child, "data") for child in items(listing["children"])]
    mentions = [mention for submission in submissions if (mention := _mention(submission))]
    older = [mention for mention in mentions if mention.created and mention.created < since]
    if mentions and len(older) == len(mentions):
        return mentions, None
    return mentions, identifier(listing.get("after")) or None


def _listing(body: bytes) -> JsonObject:
    listing = nested(json_object(body), "data")
    if not isinstance(listing.get("children"), list):
        raise BrokenReplyError("JSON without a listing")
    return listing


def _mention(submission: JsonObject) -> Mention | None:
    given = identifier(submission.get("id"))
    created = moment_of_epoch(submission.get("created_utc"))
    if not re.fullmatch(r"[a-z0-9]{1,16}", given) or created is None:
        return None
    permalink = text(submission.get("permalink"))
    if not re.fullmatch(r"/[\w/%.~-]{1,512}", permalink):
        permalink = f"/comments/{given}/"
    title = text(submission.get("title"))
    links = [web_address(submission.get("url")), text(submission.get("selftext"))]
    return Mention(
        source="reddit",
        id=given,
        arxiv_ids=arxiv_ids_in(title, links),
        url=f"https://www.reddit.com{permalink}",
        author=text(submission.get("author")),
        text=title,
        created=created,
        counts={"score": count(submission.get("score")), "comments": count(submission.get("num_comments"))},
    )
