"""The room's commands, its demo and its claims, as a user meets them."""

from __future__ import annotations

import csv
import json
from xml.etree import ElementTree as ET

import pytest

from hotpapers import wordshift as ws
from hotpapers.common.claims import check_claims
from hotpapers.common.papers import find_paper
from hotpapers.wordshift.demo import demo

ROWS = [
    {"text": "free trade and free roads", "party": "R", "date": "2001-05-01"},
    {"text": "schools and roads and trade", "party": "D", "date": "2001-06-01"},
    {"text": "free schools for all", "party": "D", "date": "2002-05-01"},
    {"text": "trade and war and roads", "party": "R", "date": "2003-05-01"},
]


@pytest.fixture
def rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def read_csv(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_two_texts_become_bars_a_page_a_figure_and_tables(run, texts, tmp_path):
    outputs = [tmp_path / f"out.{kind}" for kind in ("svg", "html", "csv", "json", "txt", "tsv", "parquet")]
    named = [word for path in outputs for word in ("-o", path)]
    code, out, _ = run("graph", *texts, "--names", "Sea", "Land", *named)
    assert code == 0
    assert all(path.stat().st_size > 200 for path in outputs)
    assert "whale" in out
    assert "Sea: 40 words; Land: 40 words; 8 different" in out
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["meta"]["command"] == {"a": str(texts[0]), "b": str(texts[1]), "names": ["Sea", "Land"]}
    assert [one["name"] for one in found["meta"]["inputs"]] == [str(path) for path in texts]
    assert "<script src" not in (tmp_path / "out.html").read_text()


def test_a_folder_takes_every_kind_that_is_asked_for(run, texts, tmp_path):
    assert run("graph", "a.txt", "b.txt", "-o", "made", "--format", "svg,csv,txt").code == 0
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "shift.csv",
        "shift.svg",
        "shift.txt",
    ]


def test_the_page_has_the_contexts_of_both_texts(run, texts, tmp_path):
    assert run("graph", "a.txt", "b.txt", "-o", "with.html", "--context", "3").code == 0
    assert run("graph", "a.txt", "b.txt", "-o", "without.html", "--context", "0").code == 0
    assert "the sea and the ship and the " in (tmp_path / "with.html").read_text()
    assert "the sea and the ship and the " not in (tmp_path / "without.html").read_text()


def test_a_count_table_gives_the_same_graph_as_its_text(run, texts, tmp_path):
    a, b = texts
    assert run("count", a, "-o", tmp_path / "a.tsv").code == 0
    assert (tmp_path / "a.tsv").read_text().splitlines()[0] == "and\t10"
    from_text = run("graph", a, b, "--names", "A", "B").out
    assert run("graph", tmp_path / "a.tsv", b, "--names", "A", "B").out == from_text
    assert run("count", a).out.splitlines()[:2] == ["the\t15", "and\t10"]


def test_rows_of_a_table_are_two_texts(run, rows):
    options = ("--text-col", "text", "--group-col", "party")
    out = run("graph", rows, *options, "--groups", "D", "R").out
    assert "more in D" in out
    assert out == run("graph", rows, *options).out
    refused = run("graph", rows, *options, "--groups", "D", "L")
    assert (refused.code, refused.err) == (2, "hotpapers: no group 'L': there are D, R\n")


def test_every_option_of_a_shift_reaches_it(run, texts, tmp_path):
    (tmp_path / "stop.txt").write_text("The\n\nand\n")
    (tmp_path / "scores.csv").write_text("word,score\nsea,1\nship,9\nland,8\nroad,2\nhouse,5\n")
    code, _, err = run(
        "graph", "a.txt", "b.txt", "--measure", "sentiment", "--lexicon", "scores.csv", "--ref", "average",
        "--stop-lens", "4", "6", "--stop-words", "stop.txt", "--norm", "none", "--case", "lower", "-o", "x.json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    found = json.loads((tmp_path / "x.json").read_text())
    expected = ws.shift(
        ws.count("a.txt"), ws.count("b.txt"), measure="sentiment", stop_words=("the", "and"), stop_lenses=[(4, 6)],
        lexicon={"sea": 1, "ship": 9, "land": 8, "road": 2, "house": 5}, reference="average", normalization="none",
    )  # fmt: skip
    assert found["meta"]["difference"] == expected.difference
    assert found["meta"]["reference"] == 5.0
    assert found["table"]["type"] == [expected.types[at] for at in expected.order]


def test_intervals_and_the_null_test_are_told(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for side, word in (("a", "sea"), ("b", "land")):
        (tmp_path / side).mkdir()
        for number in range(6):
            (tmp_path / side / f"{number}.txt").write_text(f"the {word} and the {word} or {number}\n" * 4)
    out = run("graph", "a", "b", "--ci", "document", "--null", "document", "--reps", "99", "-o", "x.csv").out
    assert "standard error" in out
    assert "(documents)" in out
    assert "p = 0.0101 (98 shuffles)" in out or "p = " in out
    assert float(read_csv(tmp_path / "x.csv")[0]["ci_low"]) > 0
    short = run("graph", "a", "b/0.txt", "--ci", "document")
    assert short.err.startswith("hotpapers: note: 6 and 1 documents, document intervals need 5 a side")
    assert short.err.count("\n") == 1


def test_rerun_makes_the_same_bytes_and_refuses_changed_texts(run, texts, tmp_path):
    options = ("--measure", "entropy", "--ref", "average", "--top", "5", "--names", "A", "B", "--ci", "token")
    assert run("graph", "a.txt", "b.txt", *options, "-o", "x.svg", "-o", "x.html", "-o", "x.json").code == 0
    for source in ("x.svg", "x.html", "x.json"):
        for kind in ("svg", "html", "json"):
            assert run("rerun", source, "-o", f"again.{kind}").code == 0
            assert (tmp_path / f"again.{kind}").read_bytes() == (tmp_path / f"x.{kind}").read_bytes()
    texts[0].write_text("another text\n")
    refused = run("rerun", "x.svg", "-o", "new.svg")
    assert refused.code == 2
    assert "a.txt is not what it was" in refused.err
    assert not (tmp_path / "new.svg").exists()
    assert run("rerun", "a.txt").err.startswith("hotpapers: a.txt has no record of how it was made")


def test_a_series_compares_step_by_step(run, rows, tmp_path):
    options = ("--text-col", "text", "--time-col", "date", "--by", "year")
    done = run("series", rows, *options, "-o", "s.csv", "-o", "s.html", "-o", "s.svg")
    assert done.code == 0
    assert "2001 → 2002" in done.out
    table = read_csv(tmp_path / "s.csv")
    groups = ws.count_groups(rows, text_col="text", time_col="date", by="year")
    for label, step in ws.series(groups):
        mine = [row for row in table if row["text_2"] == label]
        assert [row["type"] for row in mine] == [step.types[at] for at in step.order]
        assert [float(row["score"]) for row in mine] == step.score[step.order].tolist()
    assert sorted(path.name for path in tmp_path.glob("s*.html")) == ["s-01.html", "s-02.html", "s.html"]
    assert 'href="s-02.html"' in (tmp_path / "s.html").read_text()
    assert len(ET.parse(tmp_path / "s.svg").findall(".//*[@id='graph']")) == 1
    backwards = run("series", rows, *options, "--group", "2003", "--group", "2001")
    assert "2003 → 2001" in backwards.out


def test_words_are_followed_through_a_series(run, rows, tmp_path):
    done = run(
        "series", rows, "--text-col", "text", "--time-col", "date", "--by", "year", "--track", "Roads",
        "--track", "nowhere", "-o", "t.csv", "-o", "t.svg",
    )  # fmt: skip
    assert done.err == "hotpapers: note: in no text: nowhere\n"
    shares = {
        row["text"]: float(row["share"]) for row in read_csv(tmp_path / "t.csv") if row["type"] == "roads"
    }
    assert shares == pytest.approx({"2001": 2 / 10, "2002": 0, "2003": 1 / 5})
    assert "roads" in (tmp_path / "t.svg").read_text()


def test_a_matrix_of_all_pairs(run, rows, tmp_path):
    options = ("--text-col", "text", "--time-col", "date", "--by", "year")
    done = run("matrix", rows, *options, "-o", "m.csv", "-o", "m.svg")
    assert done.code == 0
    found = ws.matrix(ws.count_groups(rows, text_col="text", time_col="date", by="year"))
    first = read_csv(tmp_path / "m.csv")[0]
    assert (first["text_1"], first["text_2"]) == ("2001", "2002")
    assert float(first["divergence"]) == found.values[0, 1]
    assert first["more_in_text_2"].split(" ")[0] in {"all", "for"}
    assert f"{found.values[0, 1]:.3f}" in (tmp_path / "m.svg").read_text()
    assert "2003" in done.out


def test_words_in_context(run, texts, tmp_path):
    done = run("context", "a.txt", "Whale", "-k", "2", "-o", "c.csv")
    assert done.out.splitlines()[0] == "whale: 2"
    assert "and the [whale]" in done.out
    assert [row["word"] for row in read_csv(tmp_path / "c.csv")] == ["whale", "whale"]
    assert run("context", "a.txt", "elephant").code == 2


def test_keyness_by_every_method(run, texts, tmp_path):
    for method in ("log-odds", "g2", "percent-diff", "log-ratio", "rank-turbulence"):
        done = run("keyness", "a.txt", "b.txt", "--method", method, "--top", "3", "-o", "k.csv")
        assert done.code == 0, done.err
        table = read_csv(tmp_path / "k.csv")
        assert len(table) == 8
        assert {row["type"] for row in table if float(row["score"]) > 0} == {"house", "land", "road"}
    assert run("keyness", "a.txt", "b.txt", "--method", "rank-turbulence", "-o", "k.svg").code == 0
    assert "whale" in (tmp_path / "k.svg").read_text()
    assert run("keyness", "a.txt", "b.txt", "-o", "k.svg").code == 2


def test_lexicons_are_listed(run):
    done = run("lexicons")
    assert "VADER" in done.out
    assert "shipped" in done.out


def test_coverage_is_simulated_and_recorded(run, tmp_path):
    done = run("coverage", "--samples", "2", "--reps", "50", "--results", tmp_path)
    assert "document percentile" in done.out
    found = json.loads((tmp_path / "wordshift" / "coverage.json").read_text())
    assert {row["model"] for row in found["rows"]} == {"iid", "bursty"}
    assert "commit" in found["made"]


def test_the_methods_of_a_shift_are_the_functions(tmp_path):
    texts = [
        ws.count({f"{n}": f"{word} or {word} {n}" for n in range(6)}, documents=True)
        for word in ("sea", "land")
    ]
    shift = ws.shift(*texts, names=("A", "B"))
    assert shift.table(3, ci="document").column_names == list(ws.table(shift, 3))
    assert shift.table(3, to="polars").shape == (3, 22)
    assert shift.intervals(reps=50).method == "document"
    assert ws.shift({"a": 1}, {"a": 2}).intervals(reps=50).method == "token"
    assert shift.to_text(width=80) == ws.to_text(shift, width=80)
    assert [one.word for one in shift.context("land", k=3)[1]] == ["land"] * 3
    assert set(shift.contexts(top=2)) == {"sea", "land"}
    assert "land" in shift.to_html(tmp_path / "x.html", k=2)
    assert shift.plot(tmp_path / "x.svg") is None
    assert "A: 24 words; B: 24 words" in shift.summary()
    assert shift.null_test(reps=19).p_value <= 0.1


def test_the_demo_draws_what_its_card_says(tmp_path):
    card = demo(tmp_path)
    assert card.picture.stat().st_size > 5_000
    assert card.page.stat().st_size < 1_000_000
    assert card.facts["Jensen-Shannon divergence"] == "0.1684 bits"
    assert "applause" in card.text


def test_the_claims_hold(shared_data):
    assert {result.id: result.verdict for result in check_claims(find_paper("wordshift"))} == {
        **dict.fromkeys(("C1", "C2", "C3", "C4", "C6", "C7"), "holds"),
        "C5": "not checked",
    }
