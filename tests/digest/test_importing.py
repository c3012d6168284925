"""Imports: idempotent, all or nothing on bad input, and equal to an undisturbed one after kill -9."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from hotpapers.common.errors import InputError
from hotpapers.digest import Store, rank, render_post
from hotpapers.digest.importing import import_path, read_post_of

from .conftest import dump, make_entry, make_post


def test_an_import_and_the_same_again(tmp_path, zip_of_posts, folder_of_posts, store_path):
    path = tmp_path / "new.duckdb"
    with Store(path) as store:
        done = import_path(store, zip_of_posts)
        assert (done.read, done.new, done.what) == (6, 6, "posts")
    before = dump(path)
    assert before == dump(store_path)
    with Store(path) as store:
        assert import_path(store, zip_of_posts).new == 0
        assert import_path(store, folder_of_posts).new == 0
    assert dump(path) == before


def test_one_bad_post_among_good_ones_changes_nothing(store_path, folder_of_posts):
    before = dump(store_path)
    (folder_of_posts / "2020-09-01.md").write_text("---\nnothing like a post\n")
    extra = make_post(date(2020, 8, 20), make_entry("2008.09999", 1, 1, day=date(2020, 8, 20)))
    (folder_of_posts / "2020-08-20.md").write_text(render_post(extra))
    with Store(store_path) as store, pytest.raises(InputError, match=r"2020-09-01\.md: line 2"):
        import_path(store, folder_of_posts)
    assert dump(store_path) == before
    with Store(store_path) as store:
        done = import_path(store, folder_of_posts, lenient=True)
    assert (done.read, done.new, len(done.problems)) == (7, 1, 1)


def test_two_different_posts_of_one_day_are_refused(folder_of_posts, posts, store):
    (folder_of_posts / "copy.md").write_text(render_post(make_post(posts[0].date)))
    with pytest.raises(InputError, match="two different posts of 2020-08-03"):
        import_path(store, folder_of_posts)


def test_the_post_of_one_day(zip_of_posts, posts):
    assert read_post_of(zip_of_posts, posts[4].date) == posts[4]
    with pytest.raises(InputError, match="has no post of 2020-08-20"):
        read_post_of(zip_of_posts, date(2020, 8, 20))


def jsonl(path, *rows) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_mentions_become_running_totals_by_day(tmp_path):
    base = {"source": "mynetwork", "url": "https://example.org/1", "author": "a"}
    rows = [
        base
        | {
            "id": "1",
            "text": "arxiv.org/abs/2008.02217",
            "created": "2020-08-06T10:00:00Z",
            "counts": {"likes": 5},
        },
        base
        | {
            "id": "2",
            "text": "arXiv:2008.02217v2",
            "created": "2020-08-06T12:00:00Z",
            "counts": {"likes": 2, "shares": 1},
        },
        base
        | {
            "id": "3",
            "text": "arxiv.org/pdf/2008.02217",
            "created": "2020-08-08T09:00:00Z",
            "counts": {"likes": 4},
        },
    ]
    jsonl(tmp_path / "m.jsonl", *rows)
    with Store(tmp_path / "s.duckdb") as store:
        done = import_path(store, tmp_path / "m.jsonl")
        assert (done.read, done.new, done.what) == (3, 3, "mentions")
        found = store.readings(["2008.02217"])["2008.02217"]
        assert [(item.digest_day, dict(item.counts)) for item in found] == [
            (date(2020, 8, 6), {"likes": 7, "shares": 1}),
            (date(2020, 8, 8), {"likes": 11, "shares": 1}),
        ]
        assert rank(store, since=date(2020, 8, 8), by="gained")[0].attention == 4
    before = dump(tmp_path / "s.duckdb")
    with Store(tmp_path / "s.duckdb") as store:
        assert import_path(store, tmp_path / "m.jsonl").new == 0
    assert dump(tmp_path / "s.duckdb") == before


def test_a_wrong_last_line_of_mentions_changes_nothing(tmp_path, store_path):
    good = {"source": "x", "id": "1", "text": "arxiv.org/abs/2008.02217", "created": "2020-08-06T10:00:00Z"}
    jsonl(tmp_path / "m.jsonl", good, good | {"id": "2", "counts": {"likes": -1}})
    before = dump(store_path)
    with Store(store_path) as store, pytest.raises(InputError, match=r"line 2.*likes"):
        import_path(store, tmp_path / "m.jsonl")
    assert dump(store_path) == before


@pytest.fixture(scope="module")
def year_of_posts(tmp_path_factory):
    """A generated archive large enough that its import takes a while."""
    folder = tmp_path_factory.mktemp("year")
    for at in range(330):
        day = date(2019, 1, 1) + timedelta(days=at)
        entries = [
            make_entry(
                f"19{day:%m}.{day.day * 100 + place:05d}", 500 - place, 9, day=day, abstract="word " * 300
            )
            for place in range(9)
        ]
        (folder / f"{day}.md").write_text(render_post(make_post(day, *entries)))
    return folder


def test_killed_at_ten_random_moments_and_run_again_is_as_if_undisturbed(tmp_path, year_of_posts):
    undisturbed = tmp_path / "undisturbed.duckdb"
    started = time.monotonic()
    command = [sys.executable, "-m", "hotpapers", "digest", "import", str(year_of_posts), "--store"]
    subprocess.run([*command, undisturbed], check=True, capture_output=True)
    whole = time.monotonic() - started
    wanted = dump(undisturbed)
    chance = random.Random(20200806)
    disturbed = tmp_path / "disturbed.duckdb"
    partial = 0
    for _ in range(10):
        victim = subprocess.Popen([*command, disturbed], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * chance.uniform(0.2, 1.0))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        if disturbed.exists():
            found = dump(disturbed)
            partial += 0 < len(found["post"]) < 330
            assert set(found["post"]) <= set(wanted["post"])  # whole posts or none
            if chance.random() < 0.5:  # from nothing, or on from what is there
                disturbed.unlink()
                disturbed.with_suffix(".duckdb.wal").unlink(missing_ok=True)
    subprocess.run([*command, disturbed], check=True, capture_output=True)
    assert dump(disturbed) == wanted


def test_interrupted_between_transactions_it_goes_on_where_it_stopped(tmp_path, year_of_posts, monkeypatch):
    undisturbed, stopped = tmp_path / "u.duckdb", tmp_path / "s.duckdb"
    with Store(undisturbed) as store:
        import_path(store, year_of_posts)
    original, calls = Store.put_posts, []

    def third_time_unlucky(self, posts, **options):
        calls.append(len(posts))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, posts, **options)

    monkeypatch.setattr(Store, "put_posts", third_time_unlucky)
    with Store(stopped) as store, pytest.raises(KeyboardInterrupt):
        import_path(store, year_of_posts)
    monkeypatch.undo()
    assert 0 < len(dump(stopped)["post"]) == sum(calls[:2]) < 330
    with Store(stopped) as store:
        assert import_path(store, year_of_posts).new == 330 - sum(calls[:2])
    assert dump(stopped) == dump(undisturbed)


def test_the_real_archive_twice(shared_data, tmp_path):
    path = tmp_path / "s.duckdb"
    with Store(path) as store:
        assert import_path(store, shared_data / "digest" / "posts-2020.zip").new == 126
    before = dump(path)
    assert {name: len(rows) for name, rows in before.items()} == {
        "paper": 1149, "post": 126, "post_entry": 1152, "mention": 1271, "reading": 1152, "standing": 1149,
        "fetch_state": 0,
    }  # fmt: skip
    with Store(path) as store:
        assert import_path(store, shared_data / "digest" / "posts-2020.zip").new == 0
    assert dump(path) == before


def test_posts_of_the_future_are_refused(tmp_path, store):
    day = datetime.now(UTC).date() + timedelta(days=30)
    (tmp_path / "post.md").write_text(render_post(make_post(day)))
    with pytest.raises(InputError, match="lies in the future"):
        import_path(store, tmp_path / "post.md")
