"""The room's commands, its demo and its claims, as a user meets them."""

from __future__ import annotations

import json

import pytest

from hotpapers.cli import main
from hotpapers.common.claims import check_claims
from hotpapers.common.papers import find_paper
from hotpapers.wordshift.demo import demo


@pytest.fixture
def run(capsys):
    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["wordshift", *map(str, arguments)])
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return call


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "a.txt").write_text("the sea and the ship and the whale\n" * 5)
    (tmp_path / "b.txt").write_text("the land and the road and the house\n" * 5)
    return tmp_path / "a.txt", tmp_path / "b.txt"


def test_two_texts_become_bars_a_page_a_figure_and_tables(run, texts, tmp_path):
    outputs = [tmp_path / f"out.{kind}" for kind in ("svg", "html", "csv", "json", "txt")]
    named = [word for path in outputs for word in ("-o", path)]
    code, out, _ = run("graph", *texts, "--names", "Sea", "Land", *named)
    assert code == 0
    assert all(path.stat().st_size > 200 for path in outputs)
    assert "whale" in out
    found = json.loads((tmp_path / "out.json").read_text())
    assert "whale" in json.dumps(found)
    assert "<script src" not in (tmp_path / "out.html").read_text()


def test_a_count_table_gives_the_same_graph_as_its_text(run, texts, tmp_path):
    a, b = texts
    assert run("count", a, "-o", tmp_path / "a.tsv")[0] == 0
    assert (tmp_path / "a.tsv").read_text().splitlines()[0] == "and\t10"
    from_text = run("graph", a, b, "--names", "A", "B")[1]
    assert run("graph", tmp_path / "a.tsv", b, "--names", "A", "B")[1] == from_text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("graph", "nowhere.txt", "b.txt"), "nowhere.txt"),
        (("graph", "a.txt", "b.txt", "-o", "out.docx"), "accepted are .txt"),
        (("graph", "a.txt", "b.txt", "--top", "0"), "--top takes"),
        (("graph", "a.txt", "b.txt", "--alpha", "-1"), "alpha"),
        (("graph", "a.txt", "b.txt", "--measure", "sentiment"), "lexicon"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(run, texts, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(*arguments)
    assert code == 2
    assert err.count("\n") == 1, err
    assert says in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def test_the_demo_draws_what_its_card_says(tmp_path):
    card = demo(tmp_path)
    assert card.picture.stat().st_size > 5_000
    assert card.page.stat().st_size < 1_000_000
    assert card.facts["Jensen-Shannon divergence"] == "0.1684 bits"
    assert "applause" in card.text


def test_the_claims_hold():
    assert {result.id: result.verdict for result in check_claims(find_paper("wordshift"))} == {
        "C6": "holds",
        "C7": "holds",
    }
