"""Hugging Face: daily lists, their papers, and the days that have none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.records import Mention, Paper
from hotpapers.digest.sources.huggingface import HuggingFace

from .misbehaving import FakeTime, Server, json_reply
from .worlds import SINCE, UNTIL, huggingface_days, huggingface_item, maker, service

LISTS = "/api/daily_papers"


def source(server: Server, time: FakeTime, days: dict[str, list[dict[str, object]]]) -> HuggingFace:
    server.routes[LISTS] = huggingface_days(days)
    opened = maker(HuggingFace, service(server))(time.clock)
    assert isinstance(opened, HuggingFace)
    return opened


def test_an_item_becomes_a_mention_and_a_paper(server: Server, time: FakeTime) -> None:
    listed = huggingface_item(
        7, submittedOnDailyAt="2026-11-21T04:30:00.000Z", submittedOnDailyBy={"name": "ada"}
    )
    pages = list(source(server, time, {"2026-11-20": [], "2026-11-21": [listed]}).pages(SINCE, UNTIL))
    assert [page.cursor for page in pages] == ["2026-11-21", None]
    assert pages[1].mentions == (
        Mention(
            source="huggingface",
            id="2011.00007",
            arxiv_ids=("2011.00007",),
            url="https://huggingface.co/papers/2011.00007",
            author="ada",
            text="Title 7",
            created=datetime(2026, 11, 21, 4, 30, tzinfo=UTC),
            counts={"upvotes": 7, "comments": 2},
        ),
    )
    assert pages[1].papers == (
        Paper(
            arxiv_id="2011.00007",
            title="Title 7",
            authors=("Ada Lovelace", "Alan Turing"),
            abstract="First line second line",
            published=datetime(2026, 11, 17, 18, tzinfo=UTC),
        ),
    )
    assert server.asked(LISTS) == [{"date": f"2026-11-{day}", "limit": "100"} for day in (20, 21)]


def test_a_long_list_has_pages(server: Server, time: FakeTime) -> None:
    items = [huggingface_item(number) for number in range(230)]
    found = list(source(server, time, {"2026-11-20": items, "2026-11-22": []}).mentions(SINCE, UNTIL))
    assert [mention.id for mention in found] == [f"2011.{number:05d}" for number in range(230)]
    assert {mention.created for mention in found} == {SINCE}
    assert [query.get("p") for query in server.asked(LISTS)] == [None, "1", "2", None]


def test_a_service_that_knows_no_pages_is_asked_once_more_only(server: Server, time: FakeTime) -> None:
    items = [huggingface_item(number) for number in range(120)]
    opened = source(server, time, {})
    server.routes[LISTS] = lambda request: json_reply(items if request.query["date"] == "2026-11-20" else [])
    assert len(list(opened.mentions(SINCE, UNTIL))) == 120
    assert len(server.requests) == 3


def test_days_that_have_not_begun_are_not_asked_for(server: Server, time: FakeTime) -> None:
    days = {"2026-11-21": [huggingface_item(1)]}
    found = list(source(server, time, days).mentions(UNTIL - timedelta(days=1), UNTIL + timedelta(days=30)))
    assert [mention.id for mention in found] == ["2011.00001"]
    # The 22nd is today: its list is not open yet, and that is no failure.
    assert [query["date"] for query in server.asked(LISTS)] == ["2026-11-21", "2026-11-22"]


def test_a_refusal_of_an_old_day_is_a_failure(server: Server, time: FakeTime) -> None:
    opened = source(server, time, {"2026-11-10": []})
    with pytest.raises(FailureError, match=r"refuses the request \(400 Bad Request: Invalid date\)"):
        list(opened.mentions(SINCE - timedelta(days=8), UNTIL))


def test_odd_items_are_skipped_or_mended(server: Server, time: FakeTime) -> None:
    items = [
        huggingface_item(1, upvotes=None, authors=None, summary=None, publishedAt=None),
        huggingface_item(2, id=None),
        huggingface_item(3, id="not-an-arxiv-id"),
        huggingface_item(4, id="2011.00004v2", upvotes=-1),
        {"paper": None},
        huggingface_item(1),
    ]
    (page, _) = source(server, time, {"2026-11-20": items, "2026-11-21": []}).pages(SINCE, UNTIL)
    assert [(mention.arxiv_ids, mention.counts) for mention in page.mentions] == [
        (("2011.00001",), {"upvotes": 0, "comments": 2}),
        (("2011.00004",), {"upvotes": 0, "comments": 2}),
    ]
    assert page.papers[0].authors == ()
    assert page.papers[0].published == datetime(2026, 11, 17, 18, tzinfo=UTC)


@pytest.mark.parametrize("cursor", ["", "2026-11-19", "2026-11-24", "20261120x", "1"])
def test_a_cursor_of_another_window_is_refused(server: Server, time: FakeTime, cursor: str) -> None:
    with pytest.raises(InputError, match=r"huggingface: cursor .* does not belong to this window"):
        list(source(server, time, {}).pages(SINCE, UNTIL, cursor))
