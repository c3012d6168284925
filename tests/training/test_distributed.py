"""Two processes on the CPU (gloo) do what one does."""

from __future__ import annotations

import pytest
import torch
from training.equality import assert_same
from training.toys import Calm, Regression, settings

from hotpapers.training import train


def weights(folder, kind: str) -> dict[str, torch.Tensor]:
    """All tensors of a kind of module, by name."""
    content = torch.load(folder / "last.ckpt", weights_only=True)
    modules = content["modules"] if kind == "trained" else content["average"]["modules"]
    return {f"{name}/{key}": value for name, state in modules.items() for key, value in state.items()}


@pytest.mark.parametrize(
    ("task", "name", "arguments"),
    [
        pytest.param(Calm(), "Calm", {}, id="two players"),
        pytest.param(
            Regression(plain=True), "Regression", {"plain": True}, id="one optimiser", marks=pytest.mark.slow
        ),
    ],
)
def test_halves_of_a_batch_in_two_processes_are_the_whole_in_one(
    tmp_path, run_toy, left, task, name, arguments
) -> None:
    changes = {"steps": 30, "validate_every": 10, "workers": 1}
    done = run_toy(name, arguments, tmp_path / "two", devices="cpu:2", **changes)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    train(task, settings(tmp_path / "one", **changes))
    for kind in ("trained", "averaged"):
        one, two = weights(tmp_path / "one", kind), weights(tmp_path / "two", kind)
        assert one.keys() == two.keys()
        for key, value in one.items():
            assert torch.allclose(two[key], value, atol=1e-6, rtol=0), f"{kind} {key}"
    rows_of_one, rows_of_two = left(tmp_path / "one")[1], left(tmp_path / "two")[1]
    assert [row["step"] for row in rows_of_two] == [row["step"] for row in rows_of_one]
    for one_row, two_row in zip(rows_of_one, rows_of_two, strict=True):
        assert one_row.keys() == two_row.keys()
        for key, value in one_row.items():
            assert (value == "") == (two_row[key] == "")
            assert float(two_row[key] or 0) == pytest.approx(float(value or 0), abs=1e-4), key


@pytest.mark.slow
def test_two_processes_choose_one_precision(tmp_path, run_toy, left) -> None:
    done = run_toy("Regression", {}, tmp_path, devices="cpu:2", precision="auto", accumulate=2)
    assert (done.returncode, done.stderr) == (0, "")
    assert left(tmp_path)[0]["precision"] in {"32", "bf16-mixed"}


@pytest.mark.slow
def test_two_processes_share_the_end_and_resume(tmp_path, run_toy, left) -> None:
    """A signal to one ends both after the same step; resumed, they end as undisturbed ones."""
    stopped = run_toy("Stopping", {"at": 9, "rank": 1}, tmp_path / "cut", devices="cpu:2")
    assert stopped.returncode == 1, stopped.stderr
    assert "after 10 steps" in stopped.stderr
    for folder, changes in (("cut", {"resume": True}), ("whole", {})):
        done = run_toy("Regression", {}, tmp_path / folder, devices="cpu:2", **changes)
        assert done.returncode == 0, done.stderr
    content, rows = left(tmp_path / "cut")
    undisturbed, undisturbed_rows = left(tmp_path / "whole")
    assert_same(content["modules"], undisturbed["modules"])
    assert rows == undisturbed_rows
