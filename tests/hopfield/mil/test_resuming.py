"""Training that was killed goes on and ends with the same numbers, bit by bit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from safetensors.torch import load_file  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield.cli import app  # noqa: E402
from hotpapers.hopfield.errors import HopfieldError  # noqa: E402
from hotpapers.hopfield.mil.classifier import HopfieldMILClassifier  # noqa: E402

# Kills itself while it writes an epoch: when the whole new file lies beside the old one, not yet renamed.
KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from hotpapers.cli import main

torch.set_num_threads(1)
rename, written = Path.replace, 0

def replace(self, target):
    global written
    if str(target).endswith(".epoch"):
        written += 1
        if written == {at}:
            os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)

Path.replace = replace
main(sys.argv[1:])
"""


@pytest.fixture
def npz(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    rows = rng.normal(size=(72, 3)) + np.repeat(y, 3)[:, None]
    path = tmp_path / "set.npz"
    np.savez(path, X=rows, offsets=np.arange(0, 73, 3), y=y, patient=np.arange(24) // 2)
    return path


def words(npz, out, *more: object) -> list[str]:
    return [
        "hopfield",
        "mil",
        "fit",
        *map(str, (npz, "-o", out, "--epochs", 9, "--networks", 2, "--seed", 5, *more)),
    ]


def fit(npz, out, *more: object) -> dict:
    found = CliRunner().invoke(app, [*words(npz, out, *more, "--json")[1:]])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return json.loads(found.stdout)


def test_killed_while_an_epoch_is_written_it_goes_on_to_the_same_result(npz, tmp_path) -> None:
    said = fit(npz, tmp_path / "undisturbed")
    assert "resumed_after_epoch" not in said
    killed = subprocess.run(
        [sys.executable, "-c", KILLED.format(at=4), *words(npz, tmp_path / "model")],
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "model").exists()
    assert (tmp_path / "model.epoch").is_file()  # the third epoch's, whole
    said = fit(npz, tmp_path / "model", "--resume")
    assert (said["resumed_after_epoch"], said["epochs"]) == (3, 9)
    assert not (tmp_path / "model.epoch").exists()
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("undisturbed", "model"))
    assert set(one) == set(two)
    assert all(torch.equal(one[name], two[name]) for name in one)


class StoppedError(Exception):
    pass


@pytest.fixture
def stop_after(monkeypatch):
    """Interrupt training after so many epochs."""
    from hotpapers.hopfield.mil.training import Training

    epoch = Training.epoch

    def at(most: int) -> None:
        made = 0

        def counted(self):
            nonlocal made
            if made == most:
                raise StoppedError
            made += 1
            return epoch(self)

        monkeypatch.setattr(Training, "epoch", counted)

    yield at
    monkeypatch.setattr(Training, "epoch", epoch)


def data(count: int):
    rng = np.random.default_rng(1)
    y = np.arange(count) % 2
    return [rng.normal(size=(3, 2)) + label for label in y], y


@pytest.mark.parametrize("early_stopping", [True, False])
def test_every_way_of_training_goes_on(tmp_path, stop_after, early_stopping) -> None:
    options = {"max_epochs": 8, "n_ensembles": 2, "early_stopping": early_stopping, "random_state": 3}
    bags, y = data(20)
    whole = HopfieldMILClassifier(**options).fit(bags, y).predict_proba(bags)
    stop_after(5)
    with pytest.raises(StoppedError):
        HopfieldMILClassifier(**options).fit(bags, y, epoch_file=tmp_path / "e")
    stop_after(99)
    model = HopfieldMILClassifier(**options).fit(bags, y, epoch_file=tmp_path / "e", resume=True)
    assert model.resumed_after_ == 5
    assert np.array_equal(model.predict_proba(bags), whole)


def test_a_file_of_another_training_is_refused(tmp_path, stop_after) -> None:
    bags, y = data(20)
    stop_after(2)
    with pytest.raises(StoppedError):
        HopfieldMILClassifier(random_state=0, n_ensembles=1).fit(bags, y, epoch_file=tmp_path / "e")
    stop_after(99)
    for options, labels in (({"beta": 2.0}, y), ({}, 1 - y)):
        model = HopfieldMILClassifier(random_state=0, n_ensembles=1, max_epochs=3, **options)
        with pytest.raises(HopfieldError, match="is of another training"):
            model.fit(bags, labels, epoch_file=tmp_path / "e", resume=True)
    anew = HopfieldMILClassifier(random_state=0, n_ensembles=1, max_epochs=3)
    assert (
        anew.fit(bags, y, epoch_file=tmp_path / "e").resumed_after_ == 0
    )  # not asked to resume: overwritten
    (tmp_path / "e").write_bytes(b"no epoch")
    with pytest.raises(HopfieldError, match="is damaged"):
        anew.fit(bags, y, epoch_file=tmp_path / "e", resume=True)


def test_without_a_seed_nothing_could_go_on(tmp_path) -> None:
    bags, y = data(20)
    with pytest.raises(HopfieldError, match="needs a number as random_state"):
        HopfieldMILClassifier().fit(bags, y, epoch_file=tmp_path / "e")


def test_groups_of_a_column_never_straddle_folds(npz, tmp_path) -> None:
    from hotpapers.hopfield.mil.jobs import crossed, labelled

    given = labelled(npz, None, None, [], "patient")
    assert given.groups.tolist() == (np.arange(24) // 2).tolist()
    seen = []

    def watched(bags, positive, tests, protocol, *, groups, **options):
        seen.append((tests[0], groups))
        return iter(())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hotpapers.hopfield.mil.jobs.nested_cross_validation", watched)
        with pytest.raises(HopfieldError, match="two folds or more"):
            crossed(given, "set", folds=3)
    (test, groups), *_ = seen
    assert all(len(set(test[given.groups == group])) == 1 for group in range(12))
    assert np.array_equal(groups, given.groups)  # inner folds keep them together too
    with pytest.raises(InputError, match="no array 'clinic'"):
        fit(npz, tmp_path / "m", "--groups", "clinic")


def test_a_table_of_groups_is_no_feature_and_the_same_in_all_rows_of_a_bag(tmp_path) -> None:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 2)), columns=["u", "v"])
    table["bag"] = np.repeat(np.arange(20), 3)
    table["y"], table["patient"] = table["bag"] % 2, "p" + (table["bag"] // 2).astype(str)
    table.to_csv(tmp_path / "bags.csv", index=False)
    columns = ("--bag", "bag", "--label", "y", "--groups", "patient")
    assert fit(tmp_path / "bags.csv", tmp_path / "m", *columns)["features"] == 2
    table.loc[0, "patient"] = "other"
    table.to_csv(tmp_path / "bags.csv", index=False)
    with pytest.raises(InputError, match="column 'patient' must be the same in all rows of a bag"):
        fit(tmp_path / "bags.csv", tmp_path / "m", *columns)
