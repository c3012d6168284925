"""The commands of bags from file to file."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pd = pytest.importorskip("pandas")
from typer.testing import CliRunner  # noqa: E402

from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield.cli import app  # noqa: E402


@pytest.fixture
def csv(tmp_path):
    rng = np.random.default_rng(0)
    bag = np.repeat(np.arange(30), 3)
    table = pd.DataFrame(rng.normal(size=(90, 3)) + 2.5 * (bag % 2)[:, None], columns=["u", "v", "w"])
    table["bag"], table["kind"] = [f"b{i}" for i in bag], np.where(bag % 2, "sick", "well")
    path = tmp_path / "bags.csv"
    table.sample(frac=1, random_state=0).to_csv(path, index=False)
    return path


def call(*words: object) -> str:
    found = CliRunner().invoke(app, ["mil", *map(str, words)])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def test_fit_predict_explain(tmp_path, csv) -> None:
    model, out, weights = tmp_path / "model", tmp_path / "out.csv", tmp_path / "rows.csv"
    said = json.loads(
        call(
            "fit",
            csv,
            "--bag",
            "bag",
            "--label",
            "kind",
            "-o",
            model,
            "--epochs",
            10,
            "--networks",
            2,
            "--json",
        )
    )
    assert (said["bags"], said["rows"], said["features"]) == (30, 90, 3)
    assert said["classes"] == "sick (15), well (15)"
    call("predict", model, csv, "-o", out, "--attention", weights)
    table = pd.read_csv(out)
    truth = pd.read_csv(csv).groupby("bag")["kind"].first()
    assert (truth[table["bag"]].to_numpy() == table["predicted"]).mean() > 0.8
    rows = pd.read_csv(weights)
    assert rows["row"].tolist() == list(range(90))  # one line a row, in the file's order
    assert rows["bag"].tolist() == pd.read_csv(csv)["bag"].tolist()
    assert rows.groupby("bag")["weight"].sum().to_numpy() == pytest.approx(np.ones(30))
    explained = json.loads(call("explain", model, csv, "--top", 1, "--json"))
    assert len(explained) == 30
    assert set(explained[0]) == {"bag", "probability", "row", "weight", "rank", "effect"}


def test_columns_that_are_no_features_are_dropped_at_both_ends(tmp_path, csv) -> None:
    table = pd.read_csv(csv)
    table["note"] = "text"
    table.to_csv(csv, index=False)
    with pytest.raises(InputError, match="column 'note': the value in row 1 is 'text'"):
        call("fit", csv, "--bag", "bag", "--label", "kind", "-o", tmp_path / "m")
    call("fit", csv, "--bag", "bag", "--label", "kind", "--drop", "note", "-o", tmp_path / "m", "--epochs", 1)
    with pytest.raises(InputError, match="column 'note' is new to the model"):
        call("predict", tmp_path / "m", csv)
    call("predict", tmp_path / "m", csv, "--drop", "note")


@pytest.mark.slow
def test_cv_uses_the_files_folds_and_writes_its_report(tmp_path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    rows = rng.normal(size=(72, 3)) + 2 * np.repeat(y, 3)[:, None]
    folds = np.stack([(np.arange(24) // 2) % 3, (np.arange(24) // 4) % 3])
    np.savez(tmp_path / "set.npz", X=rows, offsets=np.arange(0, 73, 3), y=y, fold_test=folds)
    out = call("cv", tmp_path / "set.npz", "--inner", 2, "-o", tmp_path / "cv", "--resume", tmp_path / "done")
    assert "repetition 2" in out
    assert "set: " in out
    written = json.loads((tmp_path / "cv" / "cv.json").read_text())
    assert [(fold["repetition"], fold["fold"]) for fold in written["folds"]] == [
        (r, f) for r in (0, 1) for f in range(3)
    ]
    assert len(list((tmp_path / "done").iterdir())) == 6
    one = json.loads(call("cv", tmp_path / "set.npz", "--folds", 2, "--inner", 2, "--json", "--jobs", 2))
    assert len(one["folds"]) == 2


def test_more_folds_than_bags_are_refused_in_one_line(csv) -> None:
    with pytest.raises(InputError, match="16 folds need 16 bags of each class") as raised:
        call("cv", csv, "--bag", "bag", "--label", "kind", "--folds", 16)
    assert "\n" not in str(raised.value)
