"""The check of the installation passes here, and sees what is broken."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from typer.testing import CliRunner  # noqa: E402

from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield.cli import app  # noqa: E402
from hotpapers.hopfield.convergence import update  # noqa: E402
from hotpapers.hopfield.verifying import verify  # noqa: E402


def test_everything_holds_and_each_check_has_its_line() -> None:
    found = CliRunner().invoke(app, ["verify"])
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert len(lines) == 8
    assert all(line.startswith("ok    ") for line in lines)
    assert "ok    k: 3, 9, 461, 1" in lines


def test_the_references_values_hold(shared_data) -> None:
    found = CliRunner().invoke(app, ["verify", "--golden", str(shared_data / "hopfield"), "--json"])
    assert found.exit_code == 0, found.output
    checks = {one["name"]: one for one in json.loads(found.stdout)}
    assert checks["reference's layers"]["measured"].startswith("40 of 40 cases agree")
    assert checks["reference's theory"]["measured"].startswith("70 patterns")
    assert all(one["holds"] for one in checks.values())


def test_what_is_broken_fails_and_the_rest_still_runs(monkeypatch) -> None:
    where = "hotpapers.hopfield.verifying.checks."
    monkeypatch.setattr(where + "update", lambda state, x, beta: -update(state, x, 1.01 * beta))

    def broken(*_: object) -> None:
        raise RuntimeError("no\nkernel")

    monkeypatch.setattr(where + "k_mass", broken)
    found = CliRunner().invoke(app, ["verify"])
    assert found.exit_code == 1
    lines = found.stdout.splitlines()
    assert len(lines) == 8
    assert [line.split(":")[0] for line in lines if line.startswith("FAIL")] == [
        "FAIL  three patterns in the plane",
        "FAIL  energy",
        "FAIL  k",
    ]
    assert "FAIL  k: RuntimeError: no kernel" in lines


def test_one_wrong_value_of_the_reference_is_seen(shared_data, tmp_path) -> None:
    for name in ("golden_layers.npz", "golden_theory.npz"):
        with np.load(shared_data / "hopfield" / name) as stored:
            arrays = dict(stored)
        if name == "golden_layers.npz":
            arrays["steps3/out"] = arrays["steps3/out"] + 1e-3
            key = next(key for key in arrays if key.startswith("pool_default/grad/") and arrays[key].size)
            arrays[key] = arrays[key] + 1e-2
        else:
            arrays["b/table"] = arrays["b/table"] * (1 + 1e-7)
        np.savez(tmp_path / name, **arrays)
    checks = {one.name: one for one in verify(golden=tmp_path)}
    told = checks["reference's layers"].measured
    assert told.startswith("38 of 40 cases agree")
    assert set(told.rpartition("not ")[2].split(", ")) == {"steps3", "pool_default"}
    assert not checks["reference's layers"].holds
    assert not checks["reference's theory"].holds


def test_golden_files_that_are_not_there_are_named(tmp_path) -> None:
    with pytest.raises(InputError, match=r"has no golden_layers\.npz"):
        next(verify(golden=tmp_path))


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="--device 'nowhere' can't be used here"):
        next(verify(device="nowhere"))
