"""Bluesky: post views, sessions, slices."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.records import Mention
from hotpapers.digest.sources.bluesky import Bluesky
from hotpapers.digest.sources.secret import Secret
from hotpapers.digest.sources.settings import ServiceSettings, Settings

from .misbehaving import FakeTime, Reply, Request, Server, json_reply
from .worlds import (
    PASSWORD,
    SINCE,
    UNTIL,
    bluesky_post,
    bluesky_search,
    bluesky_world,
    maker,
    moments,
    service,
)

SEARCH = "/xrpc/app.bsky.feed.searchPosts"
CREATE = "/xrpc/com.atproto.server.createSession"
REFRESH = "/xrpc/com.atproto.server.refreshSession"
WHEN = SINCE + timedelta(hours=30)


def found(server: Server, time: FakeTime, *posts: dict[str, object]) -> list[Mention]:
    server.routes[SEARCH] = bluesky_search(list(posts), page=100)
    return list(maker(Bluesky, service(server))(time.clock).mentions(SINCE, UNTIL))


def test_a_post_view_becomes_a_mention(server: Server, time: FakeTime) -> None:
    (mention,) = found(server, time, bluesky_post(7, WHEN))
    assert mention == Mention(
        source="bluesky",
        id="at://did:plc:abc7/app.bsky.feed.post/3k7",
        arxiv_ids=("2011.00007",),
        url="https://bsky.app/profile/user7.bsky.social/post/3k7",
        author="user7.bsky.social",
        text="Paper 7: arxiv.org/abs/2011.0...",
        created=WHEN,
        counts={"likes": 7, "reposts": 2, "replies": 3, "quotes": 4},
    )


def test_the_public_search_is_asked_as_documented(server: Server, time: FakeTime) -> None:
    found(server, time, bluesky_post(7, WHEN))
    assert server.asked(SEARCH) == [
        {
            "q": "*",
            "domain": "arxiv.org",
            "since": f"2026-11-{day}T00:00:00Z",
            "until": f"2026-11-{day + 1}T00:00:00Z",
            "sort": "latest",
            "limit": "100",
        }
        for day in (21, 20)
    ]
    assert all("authorization" not in request.headers for request in server.requests)


def test_links_are_found_wherever_they_stand(server: Server, time: FakeTime) -> None:
    card = {"external": {"uri": "https://arxiv.org/pdf/2011.11111v2"}}
    record = {"text": "no link", "createdAt": "2026-11-21T06:00:00+00:00"}
    cases = [
        {"record": record | {"embed": {"$type": "app.bsky.embed.external", **card}}},
        {"record": record | {"embed": {"$type": "app.bsky.embed.recordWithMedia", "media": card}}},
        {"record": record, "embed": card},
        {"record": record | {"text": "https://arxiv.org/abs/2011.11111 is nice"}},
        {"record": record | {"text": "arXiv:2011.11111"}},
        {
            "record": record | {"text": "cut arxiv.org/abs/2011.1111\u2026 and arxiv.org/abs/2011.2222..."},
            "embed": card,
        },
    ]
    posts = [bluesky_post(number, WHEN, **case) for number, case in enumerate(cases)]
    assert [mention.arxiv_ids for mention in found(server, time, *posts)] == [("2011.11111",)] * len(cases)


def test_odd_posts_are_skipped_or_mended(server: Server, time: FakeTime) -> None:
    good = bluesky_post(1, WHEN)
    record = dict(good["record"])  # type: ignore[call-overload]
    posts = [
        good,
        bluesky_post(1, WHEN),
        bluesky_post(2, WHEN, uri="at://did:plc:abc/app.bsky.feed.repost/3k2"),
        bluesky_post(3, WHEN, uri="javascript:alert(1)"),
        bluesky_post(4, WHEN, likeCount=None, repostCount=-3, replyCount="7", quoteCount=2.9),
        bluesky_post(5, WHEN, author={"handle": "handle.invalid"}),
        bluesky_post(6, WHEN, author={"handle": 'evil"><script>'}),
        bluesky_post(7, WHEN, record=record | {"createdAt": "2031-01-01T00:00:00Z"}),
        bluesky_post(8, WHEN, record=record | {"createdAt": None}),
        bluesky_post(9, WHEN, record=record | {"text": "no paper", "facets": None}),
        bluesky_post(10, WHEN, record=record | {"createdAt": "yesterday"}, author=None),
    ]
    mentions = {mention.id.rpartition("/3k")[2]: mention for mention in found(server, time, *posts)}
    assert sorted(mentions, key=int) == ["1", "4", "5", "6", "8", "10"]
    assert mentions["4"].counts == {"likes": 0, "reposts": 0, "replies": 0, "quotes": 2}
    assert mentions["5"].url == "https://bsky.app/profile/did:plc:abc5/post/3k5"
    assert mentions["6"].author == "did:plc:abc6"
    assert mentions["8"].created == WHEN


def test_signing_in_comes_first_and_once(server: Server, time: FakeTime) -> None:
    source = bluesky_world(server).make(time.clock)
    list(source.mentions(SINCE, UNTIL))
    assert [request.path for request in server.requests].count(CREATE) == 1
    assert server.requests[0].path == CREATE
    assert json.loads(server.requests[0].body) == {"identifier": "me.bsky.social", "password": PASSWORD}


def expiring(server: Server, *, refreshed: Reply) -> list[str]:
    """A server whose first token is good for two searches; gives the log of what it saw."""
    search = bluesky_search([bluesky_post(number, at) for number, at in enumerate(moments())])
    log: list[str] = []

    def guarded(request: Request) -> Reply:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        log.append(token)
        if token == "old" and log.count("old") > 2:
            return json_reply({"error": "ExpiredToken", "message": "Token has expired"}, 400)
        return search(request)

    def refresh(request: Request) -> Reply:
        log.append(f"refresh with {request.headers['authorization']}")
        return refreshed

    def create(_: Request) -> Reply:
        log.append("create")
        access = "old" if log.count("create") == 1 else "newest"
        return json_reply({"accessJwt": access, "refreshJwt": "again"})

    server.routes |= {SEARCH: guarded, REFRESH: refresh, CREATE: create}
    return log


def test_an_expired_token_is_refreshed(server: Server, time: FakeTime) -> None:
    log = expiring(server, refreshed=json_reply({"accessJwt": "new", "refreshJwt": "again"}))
    source = maker(Bluesky, service(server, handle="me.bsky.social", app_password=PASSWORD))(time.clock)
    assert len(list(source.mentions(SINCE, UNTIL))) == 10
    assert log == ["create", "old", "old", "old", "refresh with Bearer again", "new", "new"]
    assert time.slept == []


def test_an_expired_refresh_token_means_signing_in_again(server: Server, time: FakeTime) -> None:
    log = expiring(server, refreshed=json_reply({"error": "ExpiredToken"}, 400))
    source = maker(Bluesky, service(server, handle="me.bsky.social", app_password=PASSWORD))(time.clock)
    assert len(list(source.mentions(SINCE, UNTIL))) == 10
    assert log[:7] == ["create", "old", "old", "old", "refresh with Bearer again", "create", "newest"]


def test_a_closed_search_says_what_to_set(server: Server, time: FakeTime) -> None:
    server.routes[SEARCH] = lambda _: Reply(
        status=403, body=b"<html><body><h1>403 Forbidden</h1></body></html>"
    )
    names = "set or correct HOTPAPERS_BLUESKY_HANDLE and HOTPAPERS_BLUESKY_APP_PASSWORD$"
    with pytest.raises(InputError, match=names):
        list(maker(Bluesky, service(server))(time.clock).mentions(SINCE, UNTIL))


def test_half_a_credential_is_refused() -> None:
    half = ServiceSettings(credentials={"handle": Secret("me.bsky.social")})
    with pytest.raises(
        InputError, match="needs both HOTPAPERS_BLUESKY_HANDLE and HOTPAPERS_BLUESKY_APP_PASSWORD"
    ):
        Bluesky(Settings(services={"bluesky": half}))


def test_the_same_cursor_twice_is_a_circle(server: Server, time: FakeTime) -> None:
    server.routes[SEARCH] = lambda _: json_reply({"posts": [bluesky_post(1, WHEN)], "cursor": "7"})
    with pytest.raises(FailureError, match=r"^bluesky goes in circles: it gave the same page marker twice$"):
        list(maker(Bluesky, service(server))(time.clock).mentions(SINCE, UNTIL))
    assert len(server.requests) == 2


def test_ever_new_cursors_with_nothing_new_are_a_circle(server: Server, time: FakeTime) -> None:
    server.routes[SEARCH] = lambda request: json_reply(
        {"posts": [bluesky_post(1, WHEN)], "cursor": str(int(request.query.get("cursor", 0)) + 1)}
    )
    with pytest.raises(
        FailureError, match=r"^bluesky goes in circles: 20 pages in a row brought nothing new$"
    ):
        list(maker(Bluesky, service(server))(time.clock).mentions(SINCE, UNTIL))
    assert len(server.requests) == 21


@pytest.mark.parametrize("cursor", ["", "7", "2026-11-23T00:00:00Z 3", "2026-11-20T00:00:00Z ", "x" * 999])
def test_a_cursor_of_another_window_is_refused(server: Server, time: FakeTime, cursor: str) -> None:
    with pytest.raises(InputError, match=r"bluesky: cursor '.{0,40}' does not belong to this window"):
        list(maker(Bluesky, service(server))(time.clock).pages(SINCE, UNTIL, cursor))
