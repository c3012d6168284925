"""Ranking: the archive's figures, and the laws that any ranking must obey."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.common.errors import InputError
from hotpapers.digest import Attention, Paper, Store, rank
from hotpapers.digest.importing import import_path
from hotpapers.digest.ranking import parse_weights

START = date(2020, 1, 1)
reading = st.builds(
    lambda paper, source, day, hour, likes, shares: Attention(
        arxiv_id=f"2001.{paper:05d}",
        source=source,
        day=START + timedelta(days=day),
        read_at=datetime(2020, 1, 1, hour, tzinfo=UTC) + timedelta(days=day + 1),
        counts={"likes": likes, "shares": shares},
    ),
    st.integers(1, 6),
    st.sampled_from(["bluesky", "hackernews"]),
    st.integers(0, 9),
    st.integers(0, 23),
    st.integers(0, 50),
    st.integers(0, 50),
)
readings = st.lists(reading, max_size=40, unique_by=lambda item: (item.arxiv_id, item.source, item.read_at))
windows = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted)


def filled(items) -> Store:
    store = Store(":memory:")
    papers = {item.arxiv_id for item in items}
    fields = ("cs.LG", "cs.CV", "math.PR")
    store.put_papers(
        [
            Paper(arxiv_id=name, title=name, authors=(), categories=(fields[int(name[-1]) % 3],))
            for name in papers
        ],
        seen_at=datetime(2020, 2, 1, tzinfo=UTC),
    )
    store.put_readings(items)
    return store


def expected(items, since, until, weights=None) -> dict[str, float]:
    """The definition, spelled out: the latest reading of each paper and source in the window."""
    latest = {}
    for item in sorted(items, key=lambda item: item.read_at):
        if since <= item.digest_day <= until:
            latest[item.arxiv_id, item.source] = item
    scores: dict[str, float] = {}
    for (paper, source), item in latest.items():
        weighted = sum(
            value * (weights or {}).get(f"{source}.{kind}", 1) for kind, value in item.counts.items()
        )
        scores[paper] = scores.get(paper, 0) + weighted * (weights or {}).get(source, 1)
    return {paper: score for paper, score in scores.items() if score > 0}


@given(readings, windows)
@settings(max_examples=20, deadline=None)
def test_a_ranking_is_the_definition_in_a_total_order(items, window):
    since, until = (START + timedelta(days=at) for at in window)
    with filled(items) as store:
        ranked = rank(store, since=since, until=until, top=None)
        assert {line.paper.arxiv_id: line.attention for line in ranked} == expected(items, since, until)
        keys = [(-line.score, line.paper.arxiv_id) for line in ranked]
        assert keys == sorted(keys)
        assert [line.rank for line in ranked] == list(range(1, len(ranked) + 1))
        assert all(sum(line.sources.values()) == line.attention for line in ranked)
        assert rank(store, since=since, until=until, top=2) == ranked[:2]


@given(readings, windows)
@settings(max_examples=20, deadline=None)
def test_a_smaller_window_holds_no_other_papers(items, window):
    since, until = (START + timedelta(days=at) for at in window)
    with filled(items) as store:
        inner = {line.paper.arxiv_id for line in rank(store, since=since, until=until, top=None)}
        # Attention in the window but none left at its end is the one way to fall out of a larger one.
        fallen = {item.arxiv_id for item in items if item.total == 0}
        whole = {line.paper.arxiv_id for line in rank(store, top=None)}
        assert inner - fallen <= whole | fallen
        assert rank(store, top=None) == rank(store, since=START, until=START + timedelta(days=9), top=None)


@given(readings, st.floats(0, 5), st.floats(0, 5))
@settings(max_examples=20, deadline=None)
def test_weights_scale_a_source_or_one_of_its_counts(items, source_weight, kind_weight):
    weights = {"bluesky": source_weight, "bluesky.likes": kind_weight, "hackernews.shares": 0.0}
    with filled(items) as store:
        ranked = rank(store, weights=weights, top=None)
    wanted = expected(items, START, START + timedelta(days=9), weights)
    assert {line.paper.arxiv_id: pytest.approx(line.attention) for line in ranked} == wanted


@given(readings, st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_gained_is_the_total_now_less_the_total_before(items, day):
    since, end = START + timedelta(days=day), START + timedelta(days=9)
    with filled(items) as store:
        gained = {
            line.paper.arxiv_id: line.attention for line in rank(store, since=since, by="gained", top=None)
        }
    now: dict[str, int] = {}
    for source in ("bluesky", "hackernews"):
        mine = [item for item in items if item.source == source]
        for paper, total in expected_totals(mine, since, end).items():
            before = expected_totals(mine, START, since - timedelta(days=1)).get(paper, 0)
            now[paper] = now.get(paper, 0) + total - before
    assert gained == {paper: total for paper, total in now.items() if total > 0}


def expected_totals(items, since, until) -> dict[str, int]:
    latest = {}
    for item in sorted(items, key=lambda item: item.read_at):
        if since <= item.digest_day <= until:
            latest[item.arxiv_id] = item.total
    return latest


@given(readings, st.integers(1, 11))
@settings(max_examples=20, deadline=None)
def test_as_of_a_time_is_the_ranking_that_stood_then(items, day):
    moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day)
    with filled(items) as whole, filled([item for item in items if item.read_at <= moment]) as then:
        ours = [(line.paper.arxiv_id, line.attention) for line in rank(whole, as_of=moment, top=None)]
        assert ours == [(line.paper.arxiv_id, line.attention) for line in rank(then, top=None)]


@given(readings)
@settings(max_examples=20, deadline=None)
def test_within_a_category_the_score_is_the_middle_percentile(items):
    with filled(items) as store:
        fair = rank(store, within_category=True, top=None)
    for line in fair:
        peers = [other.attention for other in fair if other.paper.categories == line.paper.categories]
        below = sum(peer < line.attention for peer in peers)
        equal = sum(peer == line.attention for peer in peers)
        assert line.score == pytest.approx((below + equal / 2) / len(peers))
        assert 0 < line.score < 1
    keys = [(-line.score, -line.attention, line.paper.arxiv_id) for line in fair]
    assert keys == sorted(keys)


def test_a_category_or_a_whole_archive_can_be_chosen(store):
    assert len(rank(store, category="stat.ML", top=None)) == 24
    assert len(rank(store, category="cs", top=None)) == 24
    assert rank(store, category="math.PR") == []
    assert rank(store, category="cs.L") == []  # not a prefix of the text, but of the name


def test_ties_go_to_the_smaller_id():
    when = datetime(2020, 1, 2, tzinfo=UTC)
    names = ["2001.00003", "2001.00001", "2001.00002"]
    with filled(
        [Attention(arxiv_id=name, source="x", read_at=when, counts={"likes": 7}) for name in names]
    ) as store:
        assert [line.paper.arxiv_id for line in rank(store)] == sorted(names)


def test_the_archives_top_three(shared_data):
    with Store(":memory:") as store:
        import_path(store, shared_data / "digest" / "posts-2020.zip")
        ranked = rank(store, since=date(2020, 1, 1), until=date(2020, 12, 31), top=3)
        assert [(line.paper.arxiv_id, line.attention) for line in ranked] == [
            ("2010.03759", 25400),
            ("2009.09808", 20494),
            ("2010.09337", 20484),
        ]
        day = store.post(date(2020, 8, 6))
        of_the_day = rank(store, since=day.date, until=day.date, top=None)
        assert [line.paper.arxiv_id for line in of_the_day] == [entry.paper.arxiv_id for entry in day.entries]


def test_weights_are_read_or_refused():
    assert parse_weights(["hackernews=2", "bluesky.replies=0.5"]) == {
        "hackernews": 2.0,
        "bluesky.replies": 0.5,
    }
    for wrong in ("hackernews", "=2", "a=-1", "a=nan", "a=inf", "a=1e999", "a b=1", "a=1.2.3"):
        with pytest.raises(InputError, match="expected SOURCE=NUMBER"):
            parse_weights([wrong])


def test_a_window_that_ends_before_it_begins_is_refused(store):
    with pytest.raises(InputError, match=r"ends .* before it begins"):
        rank(store, since=date(2020, 8, 2), until=date(2020, 8, 1))
