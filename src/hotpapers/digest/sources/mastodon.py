"""Mastodon: posts that link to arXiv, through one server's search or its tag timelines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import quote

from hotpapers.common.errors import InputError
from hotpapers.digest.records import Mention
from hotpapers.digest.sources.base import Page
from hotpapers.digest.sources.bearer import StaticBearer
from hotpapers.digest.sources.http import Client
from hotpapers.digest.sources.json_fields import (
    JsonObject,
    arxiv_ids_in,
    clean,
    count,
    identifier,
    items,
    moment,
    nested,
    text,
    web_address,
)
from hotpapers.digest.sources.pacing import SYSTEM_CLOCK, Clock
from hotpapers.digest.sources.paging import follow
from hotpapers.digest.sources.replies import json_list, object_with_list
from hotpapers.digest.sources.settings import Settings
from hotpapers.digest.sources.web_source import WebSource

__all__ = ["Mastodon", "plain_text"]

STATUSES = 40


class Mastodon(WebSource):
    """Posts that a Mastodon server knows of and that link to arXiv.

    By default the server's full-text search is asked (``HOTPAPERS_MASTODON_TOKEN`` must allow
    ``read:search``); not every server has one. With ``HOTPAPERS_MASTODON_TAGS`` (``"arxiv,
    machinelearning"``) the timelines of these tags are read instead, newest first.

    The cursor is the offset into the search, or the tag and the last status read.
    """

    name = "mastodon"
    needs = ("HOTPAPERS_MASTODON_URL", "HOTPAPERS_MASTODON_TOKEN")
    default_url = ""
    credential_keys = ("token",)

    def __init__(self, settings: Settings, *, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, clock=clock)
        given = self._settings.options.get("tags", "").split(",")
        self._tags = tuple(dict.fromkeys(tag for word in given if (tag := word.strip().lstrip("#"))))
        odd = [tag for tag in self._tags if not re.fullmatch(r"\w+", tag)]
        if odd:
            raise InputError(f"HOTPAPERS_MASTODON_TAGS: {odd[0]!r} is no tag: letters, digits and _ only")

    def _pages(self, since: datetime, until: datetime, cursor: str | None) -> Iterator[Page]:
        with self._connect(bearer=StaticBearer(self._settings.credentials["token"])) as client:
            if self._tags:
                yield from self._timelines(client, since, cursor)
            else:
                yield from self._search(client, cursor)

    def _search(self, client: Client, cursor: str | None) -> Iterator[Page]:
        if cursor is not None and not re.fullmatch(r"\d{1,9}", cursor):
            raise InputError(f"mastodon: cursor {cursor[:40]!r} does not belong to this search")

        def fetch(marker: str | None) -> tuple[list[Mention], str | None]:
            offset = int(marker or 0)
            params = {"q": "arxiv.org", "type": "statuses", "resolve": "false", "limit": str(STATUSES)}
            params |= {"offset": str(offset)} if offset else {}
            statuses = items(
                client.get("/api/v2/search", params, parse=object_with_list("statuses"))["statuses"]
            )
            return _mentions(statuses), str(offset + len(statuses)) if statuses else None

        for mentions, marker in follow(fetch, cursor, service=self.name):
            yield Page(mentions=tuple(mentions), cursor=marker)

    def _timelines(self, client: Client, since: datetime, cursor: str | None) -> Iterator[Page]:
        first, _, marker = (cursor or f"{self._tags[0]} ").partition(" ")
        if first not in self._tags:
            raise InputError(f"mastodon: cursor {first[:40]!r} is none of the tags {', '.join(self._tags)}")
        remaining = self._tags[self._tags.index(first) :]
        for tag, following in zip(remaining, (*remaining[1:], None), strict=True):
            for mentions, after in _timeline(client, tag, since, marker or None):
                resume = f"{following} " if following is not None else None
                yield Page(mentions=tuple(mentions), cursor=resume if after is None else f"{tag} {after}")
            marker = ""


def _timeline(
    client: Client, tag: str, since: datetime, marker: str | None
) -> Iterator[tuple[list[Mention], str | None]]:
    def fetch(marker: str | None) -> tuple[list[Mention], str | None]:
        params = {"limit": str(STATUSES)} | ({"max_id": marker} if marker else {})
        statuses = items(client.get(f"/api/v1/timelines/tag/{quote(tag)}", params, parse=json_list))
        times = [moment(status.get("created_at")) for status in statuses]
        over = bool(times) and all(time is not None and time < since for time in times)
        last = identifier(statuses[-1].get("id")) if statuses and not over else ""
        return _mentions(statuses), last or None

    return follow(fetch, marker, service="mastodon")


def _mentions(statuses: list[JsonObject]) -> list[Mention]:
    return [mention for status in statuses if (mention := _mention(status))]


def _mention(status: JsonObject) -> Mention | None:
    # The address of a status is the same on every server; its number is not.
    given = web_address(status.get("uri")) or identifier(status.get("id"))
    created = moment(status.get("created_at"))
    if not given or created is None:
        return None
    said, links = plain_text(text(status.get("content")))
    links = [*links, web_address(nested(status, "card").get("url"))]
    return Mention(
        source="mastodon",
        id=given,
        arxiv_ids=arxiv_ids_in(said, links),
        url=web_address(status.get("url")) or web_address(status.get("uri")),
        author=text(nested(status, "account").get("acct")),
        text=said,
        created=created,
        counts={
            "likes": count(status.get("favourites_count")),
            "reposts": count(status.get("reblogs_count")),
            "replies": count(status.get("replies_count")),
        },
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.links: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self._hidden += 1
        elif tag == "br":
            self.words.append("\n")
        elif tag == "a" and (address := web_address(dict(attrs).get("href"))):
            self.links.append(address)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._hidden = max(0, self._hidden - 1)
        elif tag in {"p", "li", "blockquote", "pre"}:
            self.words.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def plain_text(html: str) -> tuple[str, list[str]]:
    r"""The text and the links of a status's HTML.

    Returns
    -------
    text : str
        Paragraphs parted by an empty line.
    links : list of str
        Where its links lead, in order (http and https only).

    Examples
    --------
    >>> plain_text('<p>New:<br><a href="https://arxiv.org/abs/2008.02217">the paper</a></p>')
    ('New:\nthe paper', ['https://arxiv.org/abs/2008.02217'])
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", clean("".join(reader.words))).strip(), reader.links
