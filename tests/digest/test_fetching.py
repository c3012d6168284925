"""A day fetched from services on this machine: what lands, what is resumed, what a fault costs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest import Store, fetching, rank, render_post
from hotpapers.digest.composing import compose_post, open_edition
from hotpapers.digest.fetching import fetch_day
from hotpapers.digest.post import parse_post
from hotpapers.digest.sources.settings import ServiceSettings, Settings

from .conftest import dump
from .sources.conftest import server  # noqa: F401 - a fixture
from .sources.misbehaving import Reply, Server, json_reply
from .sources.worlds import bluesky_post, bluesky_search, hackernews_hit

DAY = date(2020, 11, 20)
NOON = datetime(2020, 11, 20, 12, tzinfo=UTC)
FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">{}</feed>"""
ENTRY = """<entry><id>http://arxiv.org/abs/{id}v1</id><title>About {id}</title><summary>The abstract of {id}.</summary>
<published>2020-11-18T10:00:00Z</published><updated>2020-11-18T10:00:00Z</updated>
<author><name>Ada Example</name></author>
<arxiv:primary_category term="cs.LG"/><category term="cs.LG"/><category term="stat.ML"/></entry>"""


@pytest.fixture
def world(server: Server) -> Server:  # noqa: F811
    """Bluesky with seven posts about six papers, Hacker News with one story, arXiv with all of them."""
    posts = [bluesky_post(number, NOON - timedelta(hours=number)) for number in range(1, 7)]
    posts.append(bluesky_post(6, NOON - timedelta(hours=9), uri="at://did:plc:abc6/app.bsky.feed.post/again"))
    server.routes["/xrpc/app.bsky.feed.searchPosts"] = bluesky_search(posts)
    server.routes["/search_by_date"] = lambda _: json_reply(
        {
            "hits": [hackernews_hit(6, NOON, points=200)],
            "nbHits": 1,
            "nbPages": 1,
            "page": 0,
            "hitsPerPage": 100,
        }
    )
    server.routes["/api/query"] = lambda request: Reply(
        body=FEED.format(
            "".join(ENTRY.format(id=name) for name in request.query["id_list"].split(","))
        ).encode(),
        headers={"Content-Type": "application/atom+xml"},
    )
    return server


@pytest.fixture
def settings(server: Server) -> Settings:  # noqa: F811
    here = ServiceSettings(url=server.url, timeout=10.0, interval=0.0, attempts=2)
    arxiv = ServiceSettings(url=server.url, timeout=10.0, interval=0.0, attempts=2)
    return Settings(services={"bluesky": here, "hackernews": here, "huggingface": here, "arxiv": arxiv})


def fetch(store: Store, settings: Settings, *sources: str, **options) -> fetching.Fetched:
    return fetch_day(store, DAY, sources=sources or ("bluesky", "hackernews"), settings=settings, **options)


@pytest.fixture(autouse=True)
def frozen_clock(monkeypatch):
    """Readings are made at one moment, so that two fetches can be compared."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2020, 11, 21, 6, tzinfo=tz)

    monkeypatch.setattr(fetching, "datetime", Clock)


def test_a_day_is_fetched_described_and_ranked(world, settings):
    with Store(":memory:") as store:
        done = fetch(store, settings)
        assert done.mentions == {"bluesky": 7, "hackernews": 1}
        assert (done.readings, done.described, done.unknown, done.troubles) == (
            8,
            6,
            (),
            [],
        )  # one paper on two pages: read twice
        ranked = rank(store, since=DAY, until=DAY)
        # number n: n likes + 2 reposts + 3 replies + 4 quotes a post; the sixth has two and a story
        assert [(line.paper.arxiv_id, line.attention) for line in ranked[:2]] == [
            ("2011.00006", 2 * (6 + 9) + 206),
            ("2011.00005", 14),
        ]
        assert ranked[0].sources == {"bluesky": 30, "hackernews": 206}
        assert ranked[1].paper.title == "About 2011.00005"
        assert ranked[1].paper.categories == ("cs.LG", "stat.ML")
        weighted = rank(store, weights={"hackernews": 0.0, "bluesky.quotes": 0.0})
        assert weighted[0].attention == 2 * (6 + 5)


def test_fetching_the_same_again_changes_nothing(world, settings, tmp_path):
    path = tmp_path / "s.duckdb"
    with Store(path) as store:
        fetch(store, settings)
    before = dump(path)
    with Store(path) as store:
        again = fetch(store, settings)
        assert again.readings == 0
    assert dump(path) == before


def test_an_interrupted_fetch_goes_on_after_the_last_page_that_was_kept(
    world, settings, tmp_path, monkeypatch
):
    undisturbed, stopped = tmp_path / "u.duckdb", tmp_path / "s.duckdb"
    with Store(undisturbed) as store:
        fetch(store, settings, "bluesky")
    original, calls = Store.put_mentions, []

    def second_time_unlucky(self, mentions):
        calls.append(len(mentions))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self, mentions)

    monkeypatch.setattr(Store, "put_mentions", second_time_unlucky)
    with Store(stopped) as store, pytest.raises(KeyboardInterrupt):
        fetch(store, settings, "bluesky")
    monkeypatch.setattr(Store, "put_mentions", original)
    assert len(dump(stopped)["mention"]) == calls[0] == 3
    asked = len(world.requests)
    with Store(stopped) as store:
        done = fetch(store, settings, "bluesky")
    assert done.mentions == {"bluesky": 4}
    assert "cursor" in world.requests[asked].query
    ours, theirs = dump(stopped), dump(undisturbed)
    for table in ("mention", "standing", "fetch_state"):
        assert ours[table] == theirs[table]


def test_one_source_down_does_not_stop_the_others(world, settings):
    world.routes["/xrpc/app.bsky.feed.searchPosts"] = lambda _: Reply(status=404, body=b"{}")
    with Store(":memory:") as store:
        done = fetch(store, settings)
        assert done.mentions == {"hackernews": 1}
        assert len(done.troubles) == 1
        assert done.troubles[0].startswith("bluesky: ")
        world.routes["/search_by_date"] = lambda _: Reply(status=404, body=b"{}")
        with pytest.raises(FailureError, match=r"bluesky: .*; hackernews: "):
            fetch(store, settings)


def test_arxiv_down_keeps_the_mentions(world, settings):
    world.routes["/api/query"] = lambda _: Reply(status=404)
    with Store(":memory:") as store:
        done = fetch(store, settings)
        assert done.mentions["bluesky"] == 7
        assert [trouble.split(":")[0] for trouble in done.troubles] == ["arXiv"]
        assert store.paper("2011.00001").title == ""
        post = compose_post(store, DAY, least=0)
        assert post.entries[1].paper.title.startswith("arXiv:2011.")


def test_the_future_and_unknown_sources_are_refused(world, settings):
    with Store(":memory:") as store:
        with pytest.raises(InputError, match="lies in the future"):
            fetch_day(store, date(2031, 1, 1), settings=settings)
        with pytest.raises(InputError, match="no source called 'myspace'"):
            fetch(store, settings, "myspace")
        with pytest.raises(InputError, match="HOTPAPERS_X_BEARER_TOKEN"):
            fetch(store, settings, "x")


def test_a_post_composed_from_readings_is_a_post_of_the_archives_grammar(world, settings):
    with Store(":memory:") as store:
        fetch(store, settings)
        post = compose_post(store, DAY, least=14)
        assert [entry.paper.arxiv_id for entry in post.entries] == ["2011.00006", "2011.00005"]
        first = post.entries[0]
        # reposts 2 + quotes 4 of two posts; likes, replies, points and comments
        assert first.attention.counts == {"retweets": 12, "favorites": 2 * (6 + 3) + 206}
        assert first.attention.source == "combined"
        assert {mention.source for mention in first.mentions} == {"bluesky", "hackernews"}
        parsed = parse_post(render_post(post))
        assert [entry.attention.total for entry in parsed.entries] == [236, 14]
        with pytest.raises(InputError, match="fetch --date 2020-11-19"):
            compose_post(store, DAY - timedelta(days=1))


def test_an_edition_is_composed_once_and_again_when_asked(world, settings):
    with Store(":memory:") as store:
        fetch(store, settings)
        readings = store.rows("SELECT count(*) AS n FROM reading")
        first = open_edition(store, DAY, least=14)
        assert len(first.post.entries) == 2
        assert len(open_edition(store, DAY, least=0).post.entries) == 2
        assert len(open_edition(store, DAY, least=0, again=True).post.entries) == 6
        assert store.rows("SELECT count(*) AS n FROM reading") == readings
        assert {reading.source for reading in first.readings["2011.00006"]} == {"bluesky", "hackernews"}
