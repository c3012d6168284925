"""Reddit, Mastodon and X: what they are asked, what becomes of their answers, what they need."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.records import Mention
from hotpapers.digest.sources.base import PagedSource
from hotpapers.digest.sources.mastodon import Mastodon, plain_text
from hotpapers.digest.sources.reddit import Reddit
from hotpapers.digest.sources.secret import Secret
from hotpapers.digest.sources.settings import ServiceSettings, Settings
from hotpapers.digest.sources.x import X

from .misbehaving import FakeTime, Reply, Request, Server, json_reply
from .worlds import (
    SINCE,
    UNTIL,
    mastodon_status,
    mastodon_world,
    moments,
    reddit_child,
    reddit_search,
    reddit_world,
    x_search,
    x_tweet,
    x_world,
)

WHEN = SINCE + timedelta(hours=30)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Reddit, "HOTPAPERS_REDDIT_CLIENT_ID and HOTPAPERS_REDDIT_CLIENT_SECRET"),
        (Mastodon, "HOTPAPERS_MASTODON_URL and HOTPAPERS_MASTODON_TOKEN"),
        (X, "HOTPAPERS_X_BEARER_TOKEN"),
    ],
)
def test_without_credentials_it_says_what_to_set(kind: type[PagedSource], names: str) -> None:
    with pytest.raises(InputError) as caught:
        kind(Settings())  # type: ignore[call-arg]
    assert str(caught.value) == f"{kind.name} needs credentials: set {names}"
    assert kind.needs == tuple(names.split(" and "))


def test_what_is_set_is_not_asked_for_again() -> None:
    half = ServiceSettings(credentials={"token": Secret("t")})
    with pytest.raises(InputError, match=r"^mastodon needs credentials: set HOTPAPERS_MASTODON_URL$"):
        Mastodon(Settings(services={"mastodon": half}))


# Reddit


def test_a_submission_becomes_a_mention(server: Server, time: FakeTime) -> None:
    source = reddit_world(server).make(time.clock)
    server.routes["/search"] = reddit_search([reddit_child(7, WHEN)])
    assert list(source.mentions(SINCE, UNTIL)) == [
        Mention(
            source="reddit",
            id="1abc7",
            arxiv_ids=("2011.00007",),
            url="https://www.reddit.com/r/MachineLearning/comments/1abc7/a_paper/",
            author="user7",
            text="[R] Paper 7",
            created=WHEN,
            counts={"score": 12, "comments": 7},
        )
    ]
    sign_in, search = server.requests
    assert sign_in.headers["authorization"].startswith("Basic ")
    assert sign_in.body == b"grant_type=client_credentials"
    assert search.query == {
        "q": "url:arxiv.org",
        "sort": "new",
        "t": "all",
        "type": "link",
        "limit": "100",
        "raw_json": "1",
    }


def test_odd_submissions_are_skipped_or_mended(server: Server, time: FakeTime) -> None:
    source = reddit_world(server).make(time.clock)
    children = [
        reddit_child(1, WHEN, score=-7, num_comments=None),
        reddit_child(2, WHEN, created_utc=None),
        reddit_child(3, WHEN, id="../x"),
        reddit_child(4, WHEN, permalink="javascript:alert(1)", author=None),
        reddit_child(5, WHEN, url="https://example.org"),
        reddit_child(6, WHEN, url="https://example.org", selftext="https://arxiv.org/abs/2011.00006"),
    ]
    listing = {"data": {"children": [*children, None, {"data": 3}], "after": None}}
    server.routes["/search"] = lambda _: json_reply(listing)
    found = list(source.mentions(SINCE, UNTIL))
    assert [(mention.id, mention.url.removeprefix("https://www.reddit.com")) for mention in found] == [
        ("1abc1", "/r/MachineLearning/comments/1abc1/a_paper/"),
        ("1abc4", "/comments/1abc4/"),
        ("1abc6", "/r/MachineLearning/comments/1abc6/a_paper/"),
    ]
    assert found[0].counts == {"score": 0, "comments": 0}


def test_the_search_stops_where_the_window_begins(server: Server, time: FakeTime) -> None:
    source = reddit_world(server).make(time.clock)
    old = [reddit_child(20 + number, SINCE - timedelta(days=number)) for number in range(1, 30)]
    server.routes["/search"] = reddit_search([*(reddit_child(n, at) for n, at in enumerate(moments())), *old])
    assert len(list(source.mentions(SINCE, UNTIL))) == 10
    assert [query.get("after") for query in server.asked("/search")] == [
        None,
        "t3_1abc2",
        "t3_1abc5",
        "t3_1abc8",
        "t3_1abc22",
    ]


def test_an_old_token_is_replaced_once(server: Server, time: FakeTime) -> None:
    source = reddit_world(server).make(time.clock)
    server.faults.extend([None, None, json_reply({"message": "Unauthorized"}, 401)])
    assert len(list(source.mentions(SINCE, UNTIL))) == 10
    assert len(server.asked("/api/v1/access_token")) == 2


# Mastodon


def test_a_status_becomes_a_mention(server: Server, time: FakeTime) -> None:
    source = mastodon_world(server).make(time.clock)
    assert list(source.mentions(SINCE, UNTIL))[7] == Mention(
        source="mastodon",
        id="https://social.example/users/u7/statuses/8993",
        arxiv_ids=("2011.00007",),
        url="https://social.example/@u7/8993",
        author="u7@social.example",
        text="Paper 7 & more\nhttps://arxiv.org",
        created=moments()[7],
        counts={"likes": 7, "reposts": 2, "replies": 3},
    )
    common = {"q": "arxiv.org", "type": "statuses", "resolve": "false", "limit": "40"}
    assert server.asked("/api/v2/search") == [
        common,
        common | {"offset": "4"},
        common | {"offset": "8"},
        common | {"offset": "10"},
    ]


def test_tag_timelines_are_read_one_after_the_other(server: Server, time: FakeTime) -> None:
    statuses = {
        "arxiv": [mastodon_status(number, at) for number, at in enumerate(moments())],
        "ml": [mastodon_status(number, at) for number, at in enumerate(moments(12))],
    }
    statuses["ml"] += [mastodon_status(50 + day, SINCE - timedelta(days=day)) for day in range(1, 60)]

    def timeline(request: Request) -> Reply:
        below = int(request.query.get("max_id", 10**6))
        listed = statuses[request.path.rpartition("/")[2]]
        return json_reply([status for status in listed if int(str(status["id"])) < below][:5])

    for tag in statuses:
        server.routes[f"/api/v1/timelines/tag/{tag}"] = timeline
    own = ServiceSettings(
        url=server.url, interval=0, credentials={"token": Secret("t")}, options={"tags": "#arxiv, ml, arxiv"}
    )
    settings = Settings(services={"mastodon": own})
    pages = list(Mastodon(settings, clock=time.clock).pages(SINCE, UNTIL))
    ids = [mention.id for page in pages for mention in page.mentions]
    assert len(ids) == len(set(ids)) == 12
    assert [page.cursor for page in pages] == [
        "arxiv 8996",
        "arxiv 8991",
        "ml ",
        "ml 8996",
        "ml 8991",
        "ml 8947",
        None,
    ]
    resumed = list(Mastodon(settings, clock=time.clock).pages(SINCE, UNTIL, "ml 8996"))
    assert [page.cursor for page in resumed] == ["ml 8991", "ml 8947", None]
    with pytest.raises(InputError, match="cursor 'physics' is none of the tags arxiv, ml"):
        list(Mastodon(settings, clock=time.clock).pages(SINCE, UNTIL, "physics 3"))


def test_a_tag_that_is_a_path_is_refused() -> None:
    own = ServiceSettings(
        url="https://social.example", credentials={"token": Secret("t")}, options={"tags": "a,../b"}
    )
    with pytest.raises(InputError, match=r"HOTPAPERS_MASTODON_TAGS: '\.\./b' is no tag"):
        Mastodon(Settings(services={"mastodon": own}))


def test_a_search_that_ignores_the_offset_ends(server: Server, time: FakeTime) -> None:
    source = mastodon_world(server).make(time.clock)
    server.routes["/api/v2/search"] = lambda _: json_reply({"statuses": [mastodon_status(1, WHEN)]})
    with pytest.raises(FailureError, match="mastodon goes in circles: 20 pages in a row"):
        list(source.mentions(SINCE, UNTIL))


@pytest.mark.parametrize(
    ("html", "text", "links"),
    [
        ("<p>One</p><p>Two<br/>Three</p>", "One\n\nTwo\nThree", []),
        ("a &lt;b&gt; &amp; &#x41;", "a <b> & A", []),
        ('<a href="javascript:alert(1)">x</a>', "x", []),
        ('<a href="https://arxiv.org/abs/2008.02217">x</a>', "x", ["https://arxiv.org/abs/2008.02217"]),
        ("<script>alert(1)</script><style>p{}</style>ok", "ok", []),
        ("<p>unclosed <b>tag", "unclosed tag", []),
        ("<a href>x</a><", "x<", []),
        ("", "", []),
    ],
)
def test_html_becomes_plain_text(html: str, text: str, links: list[str]) -> None:
    assert plain_text(html) == (text, links)


# X


def test_a_tweet_becomes_a_mention(server: Server, time: FakeTime) -> None:
    source = x_world(server).make(time.clock)
    server.routes["/2/tweets/search/recent"] = x_search([x_tweet(7, WHEN)])
    assert list(source.mentions(SINCE, UNTIL)) == [
        Mention(
            source="x",
            id="1799993",
            arxiv_ids=("2011.00007",),
            url="https://x.com/user_77/status/1799993",
            author="user_77",
            text="Paper 7 https://t.co/abc",
            created=WHEN,
            counts={"retweets": 7, "likes": 2, "replies": 3, "quotes": 4},
        )
    ]
    assert server.asked("/2/tweets/search/recent") == [
        {
            "query": 'url:"arxiv.org" -is:retweet',
            "start_time": "2026-11-20T00:00:00Z",
            "end_time": "2026-11-22T00:00:00Z",
            "max_results": "100",
            "tweet.fields": "public_metrics,created_at,entities,author_id",
            "expansions": "author_id",
            "user.fields": "username",
        }
    ]


def test_the_window_is_cut_to_what_the_service_takes(server: Server, time: FakeTime) -> None:
    source = x_world(server).make(time.clock)
    list(source.mentions(SINCE - timedelta(days=30), UNTIL + timedelta(days=30)))
    query = server.asked("/2/tweets/search/recent")[0]
    assert (query["start_time"], query["end_time"]) == ("2026-11-15T06:01:00Z", "2026-11-22T05:59:45Z")
    with pytest.raises(InputError, match="x searches the last seven days only: 2026-11-10 00:00 UTC"):
        list(source.mentions(SINCE - timedelta(days=20), SINCE - timedelta(days=10)))
    assert list(source.mentions(UNTIL + timedelta(days=1), UNTIL + timedelta(days=2))) == []


def test_odd_tweets_are_skipped_or_mended(server: Server, time: FakeTime) -> None:
    source = x_world(server).make(time.clock)
    tweets = [
        x_tweet(1, WHEN, author_id=[], public_metrics=None),
        x_tweet(2, WHEN, id="x/../y"),
        x_tweet(3, WHEN, entities=None),
        x_tweet(4, WHEN, created_at=None),
    ]
    users = [{"id": "74", "username": 'a"b'}, {"id": {}, "username": "x"}, None]
    server.routes["/2/tweets/search/recent"] = lambda _: json_reply(
        {"data": [*tweets, 7], "includes": {"users": users}, "meta": None}
    )
    (found,) = source.mentions(SINCE, UNTIL)
    assert found.url == "https://x.com/i/web/status/1799999"
    assert found.counts == {"retweets": 0, "likes": 0, "replies": 0, "quotes": 0}


def test_no_tweets_at_all(server: Server, time: FakeTime) -> None:
    source = x_world(server).make(time.clock)
    server.routes["/2/tweets/search/recent"] = lambda _: json_reply({"meta": {"result_count": 0}})
    assert list(source.mentions(SINCE, UNTIL)) == []
