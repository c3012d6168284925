"""The store: what is put comes back, twice is once, history stays, versions are respected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest import Attention, Mention, Paper, Store, render_post, schema

from .conftest import dump, make_entry, make_post

NOON = datetime(2020, 8, 10, 12, tzinfo=UTC)


def test_posts_come_back_as_they_were_put(store, posts):
    for post in posts:
        assert store.post(post.date) == post
        assert render_post(store.post(post.date)) == render_post(post)
    assert store.post(date(2019, 1, 1)) is None
    assert [post.date for post in store.posts([posts[3].date, posts[0].date])] == [
        posts[3].date,
        posts[0].date,
    ]


def test_putting_the_same_again_changes_nothing(store_path, posts):
    before = dump(store_path)
    with Store(store_path) as store:
        assert store.put_posts(posts) == 0
    assert dump(store_path) == before


def test_one_by_one_and_all_at_once_give_the_same_rows(tmp_path, store_path, posts):
    with Store(tmp_path / "other.duckdb") as store:
        assert [store.put_post(post) for post in posts] == [True] * len(posts)
    ours, theirs = dump(tmp_path / "other.duckdb"), dump(store_path)
    assert len(ours.pop("paper")) == len(theirs.pop("paper"))  # their revisions differ
    assert ours == theirs


def test_a_changed_post_replaces_the_old_one_and_keeps_the_history_of_counts(store, posts):
    first = posts[0].entries[0]
    attention = replace(
        first.attention,
        read_at=first.attention.read_at + timedelta(hours=1),
        counts={"retweets": 999, "favorites": 1},
    )
    changed = replace(posts[0], entries=(replace(first, attention=attention), *posts[0].entries[1:]))
    assert store.put_post(changed)
    assert store.post(posts[0].date) == changed
    totals = [reading.total for reading in store.readings([first.paper.arxiv_id])[first.paper.arxiv_id]]
    assert totals == [550, 1000, 1050]
    assert len(store.days()) == len(posts)


def test_a_paper_is_what_was_last_seen_of_it_in_whatever_order_it_was_told():
    old = Paper(
        arxiv_id="2008.00001", title="Old", authors=("A",), abstract="told once", categories=("cs.LG",)
    )
    new = Paper(arxiv_id="2008.00001", title="New", authors=("A", "B"))
    merged = replace(new, abstract="told once", categories=("cs.LG",))
    for order in ([(old, 0), (new, 1)], [(new, 1), (old, 0)]):
        with Store(":memory:") as store:
            for paper, hours in order:
                store.put_papers([paper], seen_at=NOON + timedelta(hours=hours))
            assert store.paper("2008.00001") == merged
            assert store.put_papers([new], seen_at=NOON + timedelta(hours=1)) == 0


def test_a_paper_is_listed_once_and_its_revision_grows_with_every_change(store):
    assert store.rows("SELECT count(*) = count(DISTINCT arxiv_id) AS once FROM paper")[0]["once"]
    before = store.revision
    store.put_papers([Paper(arxiv_id="2008.00001", title="Another title", authors=())], seen_at=NOON)
    assert store.revision == before + 1


def test_readings_are_appended_corrected_and_never_doubled(store):
    reading = Attention(arxiv_id="2008.00001", source="bluesky", read_at=NOON, counts={"likes": 3})
    assert store.put_readings([reading]) == 1
    assert store.put_readings([reading]) == 0
    assert store.put_readings([replace(reading, counts={"likes": 4})]) == 1
    later = replace(reading, read_at=NOON + timedelta(days=1), counts={"likes": 9})
    assert store.put_readings([later, later]) == 1
    mine = [item for item in store.readings(["2008.00001"])["2008.00001"] if item.source == "bluesky"]
    assert mine == [
        replace(reading, counts={"likes": 4}, day=date(2020, 8, 10)),
        replace(later, day=date(2020, 8, 11)),
    ]


def test_standing_is_the_latest_reading_of_each_paper_and_source(store):
    wanted = store.rows(
        "SELECT arxiv_id, source, max(read_at) AS read_at, max_by(total, read_at) AS total "
        "FROM reading GROUP BY ALL ORDER BY ALL"
    )
    assert store.rows("SELECT arxiv_id, source, read_at, total FROM standing ORDER BY ALL") == wanted
    late = Attention(arxiv_id="2008.00001", source="twitter", read_at=NOON, counts={"retweets": 5})
    early = replace(late, read_at=datetime(2020, 1, 1, tzinfo=UTC), counts={"retweets": 1})
    store.put_readings([late])
    store.put_readings([early])
    assert store.rows("SELECT total FROM standing WHERE arxiv_id = '2008.00001'") == [{"total": 5}]


def test_mentions_keep_their_latest_counts_and_all_their_papers(store):
    mention = Mention(
        source="bluesky", id="at://x", arxiv_ids=("2008.00001",), created=NOON, counts={"likes": 1}
    )
    assert store.put_mentions([mention]) == 1
    assert store.put_mentions([mention]) == 0
    store.put_mentions([replace(mention, arxiv_ids=("2008.00002",), counts={"likes": 7})])
    (kept,) = [found for found in store.mentions("2008.00001") if found.source == "bluesky"]
    assert kept.counts == {"likes": 7}
    assert kept.arxiv_ids == ("2008.00001", "2008.00002")
    assert store.mentions_by_paper(["2008.00002"])["2008.00002", "bluesky"] == [kept]


def test_a_transaction_is_all_or_nothing(store_path, posts):
    before = dump(store_path)
    with Store(store_path) as store, pytest.raises(RuntimeError), store.transaction():
        store.put_post(make_post(date(2020, 9, 1), make_entry("2009.00001", 1, 1, day=date(2020, 9, 1))))
        raise RuntimeError
    assert dump(store_path) == before


def test_an_edition_knows_its_neighbours_and_charts(store, posts):
    edition = store.edition(posts[2].date)
    assert (edition.previous, edition.following) == (posts[1].date, posts[3].date)
    last = store.edition(posts[5].date)
    assert last.following is None
    assert [reading.total for reading in last.readings["2008.00001"]] == [550, 1050]
    first = store.edition(posts[0].date)
    assert [reading.total for reading in first.readings["2008.00001"]] == [550]  # nothing from the future
    with pytest.raises(InputError, match=r"no post of 2020-08-20 .*2020-08-08"):
        store.edition(date(2020, 8, 20))


def test_days_are_listed_newest_first_with_their_top(store, posts):
    days = store.days()
    assert [day.date for day in days] == [post.date for post in reversed(posts)]
    assert days[0].papers == 5
    assert days[0].total == sum(entry.attention.total for entry in posts[-1].entries)
    assert days[0].top_title == posts[-1].entries[0].paper.title
    assert len(store.days(limit=2)) == 2


def test_a_post_composed_here_adds_no_reading(store):
    before = store.rows("SELECT count(*) AS n FROM reading")
    store.put_post(
        make_post(date(2020, 9, 1), make_entry("2009.00001", 9, 9, day=date(2020, 9, 1))), observed=False
    )
    assert store.rows("SELECT count(*) AS n FROM reading") == before


def test_cursors_are_kept_until_a_fetch_has_finished(store):
    window = (datetime(2020, 8, 6, tzinfo=UTC), datetime(2020, 8, 7, tzinfo=UTC))
    assert store.cursor("bluesky", *window) is None
    store.put_cursor("bluesky", *window, "page 2")
    store.put_cursor("bluesky", *window, "page 3")
    assert store.cursor("bluesky", *window) == "page 3"
    store.put_cursor("bluesky", *window, None)
    assert store.cursor("bluesky", *window) is None


def test_an_older_store_is_brought_forward_and_keeps_its_rows(store_path, posts, monkeypatch):
    def add_column(connection) -> None:
        connection.execute("ALTER TABLE post ADD COLUMN editor VARCHAR DEFAULT 'nobody'")

    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, add_column])
    with Store(store_path, read_only=True) as store:
        assert store.post(posts[0].date) == posts[0]
        assert {row["editor"] for row in store.rows("SELECT editor FROM post")} == {"nobody"}
        assert store.rows("SELECT schema_version FROM hotpapers_store") == [{"schema_version": 2}]
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"newer hotpapers \(schema 2; this one knows up to 1\)"):
        Store(store_path)


def test_a_migration_that_fails_leaves_the_old_version(store_path, monkeypatch):
    def half(connection) -> None:
        connection.execute("DROP TABLE mention")
        raise RuntimeError("power cut")

    before = dump(store_path)
    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, half])
    with pytest.raises(RuntimeError, match="power cut"):
        Store(store_path)
    monkeypatch.undo()
    assert dump(store_path) == before


def test_readers_share_a_store_and_a_second_writer_is_told(store_path, run_apart):
    with Store(store_path, read_only=True):
        done = run_apart("digest", "days", "--store", store_path)
        assert done.returncode == 0, done.stderr
    with Store(store_path):
        done = run_apart("digest", "days", "--store", store_path)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"hotpapers: the store {store_path} is in use by another process: wait until it has finished\n"
    )


def test_a_full_disk_leaves_the_store_as_it_was(store_path, posts, monkeypatch):
    before = dump(store_path)
    big = make_post(date(2020, 9, 1), make_entry("2009.00001", 9, 9, day=date(2020, 9, 1)))
    import duckdb

    with Store(store_path) as store:

        class Full:
            def __init__(self, database):
                self.database = database

            def __getattr__(self, name):
                return getattr(self.database, name)

            def commit(self):
                self.database.rollback()
                raise duckdb.IOException("Could not write file: No space left on device")

        store._db = Full(store._db)
        with pytest.raises(FailureError, match=r"was left as it was: .*No space left on device"):
            store.put_post(big)
    assert dump(store_path) == before
