"""Hacker News: stories, and windows with more of them than one query reaches."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.records import Mention
from hotpapers.digest.sources.hackernews import HackerNews

from .misbehaving import FakeTime, Server, json_reply
from .worlds import SINCE, UNTIL, hackernews_hit, hackernews_search, maker, service

SEARCH = "/search_by_date"
WHEN = SINCE + timedelta(hours=30)
FIRST, END = int(SINCE.timestamp()), int(UNTIL.timestamp())


def found(server: Server, time: FakeTime, *hits: dict[str, object], reach: int = 1000) -> list[Mention]:
    server.routes[SEARCH] = hackernews_search(list(hits), reach=reach)
    return list(maker(HackerNews, service(server))(time.clock).mentions(SINCE, UNTIL))


def test_a_hit_becomes_a_mention(server: Server, time: FakeTime) -> None:
    assert found(server, time, hackernews_hit(7, WHEN)) == [
        Mention(
            source="hackernews",
            id="4007",
            arxiv_ids=("2011.00007",),
            url="https://news.ycombinator.com/item?id=4007",
            author="user7",
            text="Story 7",
            created=WHEN,
            counts={"points": 17, "comments": 7},
        )
    ]
    assert server.asked(SEARCH) == [
        {
            "query": "arxiv.org",
            "restrictSearchableAttributes": "url",
            "tags": "story",
            "numericFilters": f"created_at_i>={FIRST},created_at_i<{END}",
            "hitsPerPage": "200",
            "page": "0",
        }
    ]


def test_more_stories_than_a_query_reaches_are_all_found(server: Server, time: FakeTime) -> None:
    # 2,500 stories, three of them in each second at the edge of a page, 200 a page.
    times = [END - 1 - number // 3 * 50 for number in range(2500)]
    hits = [
        hackernews_hit(number, WHEN, created_at_i=instant, url=f"https://arxiv.org/abs/2011.{number:05d}")
        for number, instant in enumerate(times)
    ]
    mentions = found(server, time, *hits)
    assert [mention.id for mention in mentions] == [str(4000 + number) for number in range(2500)]
    assert len(server.requests) == 13


def test_odd_hits_are_skipped_or_mended(server: Server, time: FakeTime) -> None:
    hits = [
        hackernews_hit(1, WHEN, points=None, num_comments=None),
        hackernews_hit(2, WHEN, points=-4),
        hackernews_hit(3, WHEN, objectID=None),
        hackernews_hit(4, WHEN, objectID="../../etc"),
        hackernews_hit(5, WHEN, url=None),
        hackernews_hit(6, WHEN, url=None, story_text="see https://arxiv.org/abs/2011.00006"),
        hackernews_hit(7, WHEN, url="https://example.org/arxiv.org/"),
        hackernews_hit(8, WHEN, title=None, author=None),
        hackernews_hit(9, UNTIL + timedelta(days=9)),
    ]
    server.routes[SEARCH] = lambda _: json_reply({"hits": [*hits, None, 3, "x"], "nbHits": 9})
    mentions = list(maker(HackerNews, service(server))(time.clock).mentions(SINCE, UNTIL))
    assert [(mention.id, mention.counts["points"], mention.text) for mention in mentions] == [
        ("4001", 0, "Story 1"),
        ("4002", 0, "Story 2"),
        ("4006", 16, "Story 6"),
        ("4008", 18, ""),
    ]


def test_a_service_that_heeds_no_filter_ends(server: Server, time: FakeTime) -> None:
    hits = [hackernews_hit(number, WHEN) for number in range(5)]
    server.routes[SEARCH] = lambda _: json_reply({"hits": hits, "nbHits": 10_000})
    with pytest.raises(FailureError, match="hackernews goes in circles: 20 pages in a row"):
        list(maker(HackerNews, service(server))(time.clock).mentions(SINCE, UNTIL))
    assert len(server.requests) == 21


@pytest.mark.parametrize("cursor", ["", "x", "-1", str(FIRST - 1), str(END + 1), "\u0663"])
def test_a_cursor_of_another_window_is_refused(server: Server, time: FakeTime, cursor: str) -> None:
    with pytest.raises(InputError, match=r"hackernews: cursor .* does not belong to this window"):
        list(maker(HackerNews, service(server))(time.clock).pages(SINCE, UNTIL, cursor))
