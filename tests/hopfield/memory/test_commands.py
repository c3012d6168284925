"""The memory's commands, as a user meets them."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pd = pytest.importorskip("pandas")

from hotpapers.cli import main  # noqa: E402


@pytest.fixture
def run(capsys):
    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["hopfield", "memory", *map(str, arguments)])
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return call


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Fifty vectors in every kind of file, and where commands run."""
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(50, 6)).round(3)
    names = [f"row {at}" for at in range(50)]
    sheet = pd.DataFrame(x, columns=list("abcdef"))
    sheet.insert(0, "name", names)
    sheet["score"] = np.arange(50.0)
    sheet.to_csv("x.csv", index=False)
    sheet.to_csv("x.tsv", index=False, sep="\t")
    sheet.to_parquet("x.parquet")
    sheet.to_feather("x.feather")
    sheet[list("abcdef")].to_csv("bare.csv", index=False, header=False)
    np.save("x.npy", x)
    np.savez("x.npz", X=x, ids=np.array(names), values=np.arange(50.0))
    return tmp_path


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "feather", "npz"])
def test_every_kind_of_file_gives_the_same_answers(run, folder, kind) -> None:
    named = [] if kind == "npz" else ["--id", "name", "--values", "score"]
    code, out, _ = run("store", f"x.{kind}", "-o", "m.hop", *named)
    assert code == 0
    assert "50 patterns of 6 numbers" in out
    code, out, _ = run("retrieve", "m.hop", "x.npy", "--json")
    records = json.loads(out)
    assert [record["id"] for record in records] == [f"row {at}" for at in range(50)]
    assert records[7]["value"] == pytest.approx([7.0], abs=0.5)
    assert len(records[7]["state"]) == 6


def test_arrays_and_tables_without_names_are_numbered(run, folder) -> None:
    for source in ("x.npy", "bare.csv"):
        run("store", source, "-o", "m.hop")
        found = json.loads(run("retrieve", "m.hop", "x.npy", "--json")[1])
        assert [record["id"] for record in found] == list(range(50))


def test_missing_numbers_are_completed(run, folder) -> None:
    run("store", "x.csv", "--id", "name", "--values", "score", "-o", "m.hop")
    gaps = pd.read_csv("x.csv").drop(columns="score").head(5)
    full = gaps.copy()
    gaps.loc[[0, 3], ["b", "e"]] = np.nan
    gaps.to_csv("gaps.csv", index=False)
    code, _, err = run("retrieve", "m.hop", "gaps.csv", "--id", "name")
    assert code == 2
    assert "column 'b' has nan in row 1" in err
    assert "--complete" in err
    code, _, _ = run("retrieve", "m.hop", "gaps.csv", "--id", "name", "--complete", "-o", "full.csv")
    assert code == 0
    found = pd.read_csv("full.csv")
    assert found["id"].tolist() == full["name"].tolist()
    assert np.allclose(found[list("abcdef")], full[list("abcdef")], atol=0.05)


@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "npy"])
def test_answers_are_written(run, folder, kind) -> None:
    run("store", "x.npy", "-o", "m.hop")
    code, out, _ = run("retrieve", "m.hop", "x.npy", "-o", f"answers.{kind}")
    assert (code, out) == (0, f"answers.{kind}\n")
    path = folder / f"answers.{kind}"
    if kind == "npy":
        found = np.load(path)
    elif kind == "json":
        found = np.array([record["state"] for record in json.loads(path.read_text())])
    else:
        sheet = pd.read_csv(path) if kind == "csv" else pd.read_parquet(path)
        assert {"query", "id", "error_bound", "verdict", "energy_after", "k"} <= set(sheet.columns)
        found = sheet[list("012345")].to_numpy()
    assert np.allclose(found, np.load("x.npy"), atol=0.1)


def test_the_report_is_shown(run, folder) -> None:
    run("store", "x.csv", "--id", "name", "--values", "score", "-o", "m.hop", "--beta", "300")
    _, out, _ = run("retrieve", "m.hop", "x.npy", "--steps", "converge", "--report")
    lines = out.splitlines()
    for heading in ("verdict", "separation", "needed", "bound", "change", "energy", "updates"):
        assert heading in lines[1]
    assert any("guaranteed within" in line for line in lines)


def test_add_remove_and_info(run, folder) -> None:
    run("store", "x.npz", "-o", "m.hop")
    pd.DataFrame({"n": ["p", "q"], **{key: [0.5, -2.0] for key in "abcdef"}, "s": [1, 2]}).to_csv(
        "more.csv", index=False
    )
    assert run("add", "m.hop", "more.csv", "--id", "n", "--values", "s")[1] == "m.hop: 2 added, 52 patterns\n"
    assert run("remove", "m.hop", "p", "row 3", "--json")[1] == '{"removed": 2, "patterns": 50}\n'
    _, out, _ = run("info", "m.hop", "--json")
    facts = json.loads(out)
    assert (facts["patterns"], facts["dimension"], facts["values"]) == (50, 6, 1)
    assert facts["beta"] > 1
    assert facts["patterns with separation <= 0"] == 0
    assert facts["bytes of journal"] > 100
    assert "median separation" in run("info", "m.hop")[1]
    run("store", "x.npy", "-o", "n.hop")
    assert run("remove", "n.hop", "49")[1] == "n.hop: 1 removed, 49 patterns\n"


def test_what_is_doubtful_is_said_on_stderr(run, folder) -> None:
    np.save("same.npy", np.ones((4, 3)) + np.eye(4, 3) * 1e-3)
    code, out, err = run("store", "same.npy", "-o", "m.hop", "--no-center", "--json")
    assert code == 0
    assert json.loads(out)["patterns"] == 4
    assert err.startswith("hotpapers: warning: ")
    assert "capped" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("store", "none.csv", "-o", "m.hop"), "none.csv: there is no such file"),
        (("store", "x.txt", "-o", "m.hop"), "vectors are read from .csv"),
        (("store", "x.csv", "-o", "m.hop"), "column 'name' has 'row 0' in row 1, which is no number"),
        (("store", "x.csv", "-o", "m.hop", "--id", "title"), "has no column 'title': it has name, a, b"),
        (("store", "infinite.npy", "-o", "m.hop"), "column '1' has inf in row 2"),
        (("store", "objects.npy", "-o", "m.hop"), "holds no plain array"),
        (("store", "words.npy", "-o", "m.hop"), "must hold numbers"),
        (("store", "cube.npy", "-o", "m.hop"), "must be rows [N, d]"),
        (("store", "two.npz", "-o", "m.hop"), "has no array 'X', but u, v"),
        (("store", "broken.npz", "-o", "m.hop"), "holds no plain array"),
        (("store", "broken.parquet", "-o", "m.hop"), "is no table"),
        (("store", "empty.csv", "-o", "m.hop"), "is no table"),
        (("store", "heading.csv", "-o", "m.hop"), "has no rows"),
        (("store", "x.npy", "-o", "m.hop", "--id", "a"), "name columns of a table"),
        (("store", "x.npy", "-o", "x.npy"), "is a file: a memory is a folder"),
        (("store", "x.npy", "-o", "m.hop", "--beta", "0"), "beta must be a positive number"),
        (("store", "x.npy", "-o", "m.hop", "--beta", "warm"), "a positive number or 'auto'"),
        (("store", "twice.csv", "-o", "m.hop", "--id", "n"), "id 'p' was given twice"),
        (("store", "huge.npy", "-o", "m.hop"), "too large for torch.float32"),
        (("retrieve", "none.hop", "x.npy"), "there is no such folder"),
        (("retrieve", "there.hop", "narrow.npy"), "have 3 numbers a row, but this memory holds 6"),
        (("retrieve", "there.hop", "x.npy", "--steps", "some"), "--steps 'some'"),
        (("retrieve", "there.hop", "x.npy", "-o", "out.docx"), "answers are written as .csv"),
        (("retrieve", "there.hop", "x.npy", "--device", "abacus"), "--device 'abacus'"),
        (("retrieve", "there.hop", "nothing.csv", "--complete"), "nothing is known of query 0"),
        (("add", "there.hop", "narrow.npy"), "have 3 numbers a row, but this memory holds 6"),
        (("remove", "there.hop", "777"), "no pattern is called 777"),
        (("info", "later.hop"), "version 9 of the format"),
    ],
)
def test_bad_inputs_end_in_one_line(run, folder, arguments, says) -> None:
    x = np.load("x.npy")
    run("store", "x.npy", "-o", "there.hop")
    run("store", "x.npy", "-o", "later.hop")
    data = folder / "later.hop" / "patterns.safetensors"
    data.write_bytes(data.read_bytes().replace(b'"version":"1"', b'"version":"9"'))
    (folder / "x.txt").write_text("1 2 3")
    np.save("infinite.npy", np.array([[1.0, 2.0], [1.0, np.inf]]))
    np.save("objects.npy", np.array([{}, None], dtype=object), allow_pickle=True)
    np.save("words.npy", np.array([["a", "b"]]))
    np.save("cube.npy", np.zeros((2, 2, 2)))
    np.save("narrow.npy", x[:, :3])
    np.save("huge.npy", np.array([[1e300, 1.0]]))
    np.savez("two.npz", u=x, v=x)
    (folder / "broken.npz").write_bytes(b"PK\x03\x04 nothing")
    (folder / "broken.parquet").write_bytes(b"PAR1 nothing PAR1")
    (folder / "empty.csv").write_text("")
    (folder / "heading.csv").write_text("a,b\n")
    (folder / "nothing.csv").write_text("a,b,c,d,e,f\n,,,,,\n")
    (folder / "twice.csv").write_text("n,a\np,1\np,2\n")
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert says in err
    assert err.startswith("hotpapers: ")
    assert err.count("\n") == 1
