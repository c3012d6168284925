"""The word shift of two windows: counts by hand, the shift of these counts, sentences, what may be chance."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from digest.two_windows import UNTIL, planted, store_of

from hotpapers import wordshift as ws
from hotpapers.common.errors import InputError
from hotpapers.digest import Store, compare_windows, rising_words
from hotpapers.digest.building import build_site
from hotpapers.digest.comparing import FORMATS, window_counts
from hotpapers.digest.presenting import bars, notes, shift_figure, write_comparison
from hotpapers.digest.site.wording import short_span

BEFORE = [
    ("The map", "A map of the sea: the sea, the sea!"),
    ("Sea songs", "We sing of the sea, and the sea sings."),
]
NOW = [
    ("Self-attention", "Attention to a map: self-attention."),
    ("GPT-3", "We ask GPT-3 of the SEA, don’t we?"),
    ("3D maps", "The sea in 3D"),
]
# How many papers use each word, counted by hand.
USED_BEFORE = {
    "a": 1, "and": 1, "map": 1, "of": 2, "sea": 2, "sing": 1, "sings": 1, "songs": 1, "the": 2, "we": 1,
}  # fmt: skip
USED_NOW = {
    "3d": 1, "a": 1, "ask": 1, "attention": 1, "don't": 1, "gpt-3": 1, "in": 1, "map": 1, "maps": 1, "of": 1,
    "sea": 2, "self-attention": 1, "the": 2, "to": 1, "we": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def small():
    with store_of(BEFORE, NOW) as store:
        trends = rising_words(store)
        yield store, trends, compare_windows(store, trends, contexts=5)


@pytest.fixture(scope="module")
def large():
    with store_of(*planted()) as store:
        trends = rising_words(store)
        yield store, trends, compare_windows(store, trends, top=40, contexts=5)


def side(store, trends, path, *, now):
    window = (
        {"since": trends.since, "until": trends.until}
        if now
        else {"since": trends.before_since, "until": trends.before_until}
    )
    return window_counts(store, window, path / "papers.parquet")


def test_papers_are_counted_as_by_hand(small, tmp_path):
    store, trends, _ = small
    before, now = (side(store, trends, tmp_path, now=later) for later in (False, True))
    assert before.as_dict() == USED_BEFORE
    assert now.as_dict() == USED_NOW
    assert (before.name, now.name) == ("6 Jul–2 Aug", "3–30 Aug")
    rows = now.documents
    assert np.diff(rows.indptr).tolist() == [5, 7, 5]
    assert {now.types[at] for at in rows.indices[:5]} == {"a", "attention", "map", "self-attention", "to"}
    assert set(rows.data.tolist()) == {1.0}


def test_the_list_and_the_graph_count_the_same_words(large, tmp_path):
    store, _, _ = large
    trends = rising_words(store, top=10_000)
    now = side(store, trends, tmp_path, now=True).as_dict()
    assert len(trends.words) > 100
    assert {word.word: word.papers for word in trends.words} == {
        word.word: now[word.word] for word in trends.words
    }


def test_the_shift_is_that_of_the_counts(small):
    _, _, found = small
    expected = ws.shift(USED_BEFORE, USED_NOW, measure="jsd")
    assert list(found.shift.types) == list(expected.types)
    np.testing.assert_array_equal(found.shift.f1, expected.f1)
    np.testing.assert_array_equal(found.shift.f2, expected.f2)
    np.testing.assert_array_equal(found.shift.contribution, expected.contribution)
    assert found.shift.difference == expected.difference
    assert found.shift.all_positive


def test_only_the_windows_papers_are_read(tmp_path):
    elsewhere = [("Elsewhere", "zzyzx")] * 3
    with (
        store_of(*planted(20)) as store,
        store_of(elsewhere, elsewhere, until=UNTIL.replace(year=2019)) as old,
    ):
        rows = old.rows("SELECT * FROM paper"), old.rows("SELECT * FROM reading")
        store.put_papers([old.paper(row["arxiv_id"]) for row in rows[0]], seen_at=rows[0][0]["seen_at"])
        store.put_readings(
            [one for row in rows[1] for one in old.readings([row["arxiv_id"]])[row["arxiv_id"]]]
        )
        assert len(store.rows("SELECT * FROM paper")) == 46
        counts = side(store, rising_words(store), tmp_path, now=True)
        assert len(counts.documents.names) == 20
        assert "zzyzx" not in counts.types


def test_what_rises_is_right_and_what_falls_is_left(large):
    _, trends, found = large
    assert trends.clear == {"transformers", "kernels"}
    assert found.movers == "Clearly rising: transformers. Clearly falling: kernels."
    shown = bars(found, top=5).splitlines()
    rows = {word: line for line in shown for word in ("transformers", "kernels") if word in line}
    assert re.search(r"│█+.? transformers", rows["transformers"])
    assert re.search(r"kernels .?█+│", rows["kernels"])
    pale = [line for line in shown if "word" in line and "░" in line]
    assert len(pale) == 3
    assert found.verdict.startswith(f"The windows differ by {found.shift.difference:.3f} bits, more than ")
    assert found.null.p_value == pytest.approx(1 / 200)
    assert found.intervals.method == "document"
    assert "The full bars, 2 of 40, are more than that" in notes(found)[0]


def test_windows_that_do_not_differ_are_said_to_be_alike():
    with store_of(planted(60, seed=3)[0], planted(60, seed=4)[0]) as store:
        trends = rising_words(store)
        found = compare_windows(store, trends, top=10)
        assert trends.clear == frozenset()
        assert found.movers == "No word rises or falls clearly."
        assert found.verdict.startswith("As wholes the windows differ by ")
        assert found.null.p_value > 0.05
        assert found.contexts == {}
        assert set(found.shift.types) == found.unclear


def test_contexts_are_sentences_named_by_their_papers(small, large):
    _, _, found = small
    before, now = found.contexts["sea"]
    assert [(one.document, one.left, one.word, one.right) for one in before] == [
        ("2007.00001", "A map of the ", "sea", ": the sea, the sea!"),
        ("2007.00002", "", "Sea", " songs."),
    ]
    assert {one.document for one in now} == {"2008.00002", "2008.00003"}
    whole = {f"{one.left}{one.word}{one.right}" for one in now}
    assert whole == {"We ask GPT-3 of the SEA, don’t we?", "The sea in 3D"}
    assert [one.word for one in found.contexts["don't"][1]] == ["don’t"]
    _, _, found = large
    for word, (before, now) in found.contexts.items():
        assert len(before) <= 5
        assert len({one.document for one in now}) == len(now) <= 5
        assert all(word in f"{one.left}{one.word}{one.right}" for one in now)
        assert all(one.document.startswith("2008.") for one in now)
        assert all(one.document.startswith("2007.") for one in before)


def test_few_papers_have_token_intervals_and_say_so(small):
    _, _, found = small
    assert found.intervals.method == "token"
    assert notes(found)[1].startswith("Intervals are too narrow: 2 and 3 documents")


def test_papers_without_words_are_refused():
    with store_of([("…", "")] * 6, NOW) as store, pytest.raises(InputError, match="no words in 6 Jul–2 Aug"):
        compare_windows(store, rising_words(store))
    with store_of(BEFORE, NOW) as store, pytest.raises(InputError, match="--top takes"):
        compare_windows(store, rising_words(store), top=0)


def test_every_format_has_the_shift(large, tmp_path):
    _, _, found = large
    write_comparison(found, [tmp_path / f"shift.{kind}" for kind in FORMATS], top=10)
    rows = list(csv.DictReader((tmp_path / "shift.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(found.shift.types)
    first = found.shift.order[0]
    assert rows[0]["type"] == found.shift.types[first]
    assert float(rows[0]["contribution"]) == found.shift.contribution[first]
    kept = json.loads((tmp_path / "shift.json").read_text(encoding="utf-8"))
    assert kept["meta"]["clear"] == ["kernels", "transformers"]
    assert kept["meta"]["made"]["later window"] == "2020-08-03 to 2020-08-30, 120 papers"
    assert "Clearly rising: transformers." in (tmp_path / "shift.txt").read_text(encoding="utf-8")
    page = (tmp_path / "shift.html").read_text(encoding="utf-8")
    assert "<h1>Words of papers, 3–30 Aug 2020 against 6 Jul–2 Aug 2020</h1>" in page
    assert "2008.00001" in page
    drawing = (tmp_path / "shift.svg").read_text(encoding="utf-8")
    assert "transformers" in drawing
    assert "120 papers against 120" in drawing
    assert (tmp_path / "shift.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "shift.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "shift.parquet").read_bytes().startswith(b"PAR1")
    with pytest.raises(InputError, match=r"shift\.gif: accepted are \.svg"):
        write_comparison(found, [tmp_path / "shift.gif"], top=10)


def test_the_site_s_rows_are_the_shift_s(large):
    _, trends, found = large
    figure = shift_figure(found, top=40)
    assert [row.word for row in figure.rows] == [found.shift.types[at] for at in found.shift.order[:40]]
    first = figure.rows[0]
    at = found.shift.order[0]
    assert (first.before, first.now) == (found.shift.f1[at], found.shift.f2[at])
    assert first.share == pytest.approx(100 * found.shift.score[at])
    assert first.low < first.share < first.high
    assert {row.word for row in figure.rows if row.clear} == set(trends.clear)
    assert figure.wide.count('opacity="0.35"/>') == figure.narrow.count('opacity="0.35"/>') == 38


def test_the_same_windows_give_the_same_bytes(large):
    store, trends, found = large
    again = compare_windows(store, trends, top=40, contexts=5)
    assert shift_figure(again, top=40) == shift_figure(found, top=40)


@pytest.mark.parametrize(
    ("since", "until", "years", "said"),
    [
        (date(2020, 12, 2), date(2020, 12, 29), False, "2–29 Dec"),
        (date(2020, 11, 30), date(2020, 12, 27), False, "30 Nov–27 Dec"),
        (date(2020, 11, 30), date(2020, 12, 27), True, "30 Nov–27 Dec 2020"),
        (date(2019, 12, 30), date(2020, 12, 27), True, "30 Dec 2019–27 Dec 2020"),
        (date(2019, 12, 30), date(2020, 1, 26), False, "30 Dec–26 Jan"),
        (date(2019, 12, 2), date(2020, 12, 29), True, "2 Dec 2019–29 Dec 2020"),
    ],
)
def test_windows_are_named_by_their_days(since, until, years, said):
    assert short_span(since, until, years=years) == said


# The command


@pytest.fixture
def filled(tmp_path) -> Path:
    """A store on disk with the planted papers."""
    path = tmp_path / "digest.duckdb"
    with store_of(*planted()) as made, Store(path) as opened:
        ids = [row["arxiv_id"] for row in made.rows("SELECT arxiv_id FROM paper ORDER BY arxiv_id")]
        opened.put_papers(
            made.papers(ids).values(), seen_at=made.rows("SELECT seen_at FROM paper")[0]["seen_at"]
        )
        opened.put_readings([one for readings in made.readings(ids).values() for one in readings])
    return path


@pytest.fixture
def without_wordshift(monkeypatch):
    """An environment in which matplotlib is not installed."""
    from hotpapers.common import papers

    known = papers.version

    def version(name: str) -> str:
        if name == "matplotlib":
            raise PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(papers, "version", version)


def test_the_command_prints_list_and_bars_and_writes_files(filled, tmp_path, run):
    made = run(
        "digest", "trends", "--store", filled, "--top", 5, "-o", tmp_path / "a.svg", "-o", tmp_path / "a.csv"
    )
    assert (made.code, made.err) == (0, "")
    listed = next(line.split() for line in made.out.splitlines() if line.startswith(" transformers"))
    in_now, in_before = float(listed[1]), float(listed[2])
    assert 40 < in_now < 60
    assert 4 < in_before < 16
    assert "JSD = " in made.out
    assert re.search(r"kernels .?█+│", made.out)
    assert "Clearly rising: transformers. Clearly falling: kernels." in made.out
    assert made.out.splitlines()[-2:] == [str(tmp_path / "a.svg"), str(tmp_path / "a.csv")]
    listed = run(
        "digest", "trends", "--store", filled, "--top", 3, "--format", "json", "-o", tmp_path / "b.txt"
    )
    first = json.loads(listed.out)[0]
    assert first["word"] == "transformers"
    assert first["q"] <= 0.05
    assert listed.err == f"{tmp_path / 'b.txt'}\n"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["-o", "x.gif"], "x.gif: accepted are .svg"),
        (["--until", "2020-01-01"], "no paper in the window 2019-12-05 to 2020-01-01"),
        (["--weeks", "3", "--until", "2020-07-20"], "no paper in the window 2020-06-09 to 2020-06-29"),
        (["--top", "0"], "--top takes a number of words >= 1"),
    ],
)
def test_what_can_not_be_shown_is_one_line(filled, run, options, complaint):
    refused = run("digest", "trends", "--store", filled, *options)
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert complaint in refused.err


def test_without_the_extra_there_is_a_list_and_what_to_install(filled, tmp_path, run, without_wordshift):
    made = run("digest", "trends", "--store", filled)
    assert made.code == 0
    assert "transformers" in made.out
    assert "│" not in made.out
    assert made.err.count("\n") == 1
    assert 'pip install "hotpapers[wordshift]"' in made.err
    assert run("digest", "trends", "--store", filled, "--format", "csv").err == ""
    refused = run("digest", "trends", "--store", filled, "-o", tmp_path / "a.svg")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert 'pip install "hotpapers[wordshift]"' in refused.err


def test_without_the_extra_the_site_has_its_list(filled, tmp_path, capsys, without_wordshift, posts):
    with Store(filled) as store:
        store.put_post(replace(posts[0], date=UNTIL), observed=False)
        build_site(store, tmp_path / "site", url="https://example.org/", rooms=())
    page = (tmp_path / "site" / "trends.html").read_text(encoding="utf-8")
    assert "transformers" in page
    assert "trends-shift.html" not in page
    assert not (tmp_path / "site" / "trends-shift.html").exists()
    assert "without its word shift graph: pip install" in capsys.readouterr().err


def test_the_site_has_the_graph_and_its_page(filled, tmp_path, posts, capsys):
    with Store(filled) as store:
        store.put_post(replace(posts[0], date=UNTIL), observed=False)
        build_site(store, tmp_path / "site", url="https://example.org/", rooms=())
    page = (tmp_path / "site" / "trends.html").read_text(encoding="utf-8")
    assert page.count('<svg class="graph"') == 2
    assert 'href="trends-shift.html"' in page
    assert "Clearly rising: transformers." in page
    assert "Word shift graph" in (tmp_path / "site" / "trends-shift.html").read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""


def test_a_terminal_with_few_letters_gets_what_it_has(filled, run_apart):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    made = run_apart("digest", "trends", "--store", filled, "--top", 3, env=environment)
    assert (made.returncode, made.stderr) == (0, "")
    assert "<- more in 6 Jul-2 Aug|more in 3-30 Aug ->" in made.stdout


def test_the_list_needs_none_of_the_extra_s_packages(filled):
    code = f"""
import importlib.metadata, sys
absent = {{"numpy", "matplotlib", "polars", "pyarrow", "regex"}}
known = importlib.metadata.version
def version(name):
    if name in absent:
        raise importlib.metadata.PackageNotFoundError(name)
    return known(name)
importlib.metadata.version = version
for name in absent:
    sys.modules[name] = None
from hotpapers.cli import main
main(["digest", "trends", "--store", {str(filled)!r}])
"""
    made = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert made.returncode == 0, made.stderr
    assert "transformers" in made.stdout
    assert "hotpapers[wordshift]" in made.stderr
