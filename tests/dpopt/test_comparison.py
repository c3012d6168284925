"""The table of methods: risks that are right, peers run elsewhere, bars on Adult."""

from __future__ import annotations

import json
import math
import os
import sys

import numpy as np
import pytest
from dpopt.adult import adult
from sklearn.linear_model import LogisticRegression

from hotpapers.cli import main
from hotpapers.dpopt import comparison_peers
from hotpapers.dpopt.comparison import OURS, Problem, compare, peer_rows
from hotpapers.dpopt.errors import PrivacyError

N, D = 400, 3
PEER = """
import json, sys
import numpy as np
with np.load(sys.argv[1]) as given:
    assert given["X"].shape == (400, 3) and set(given["y"]) == {0, 1}
    assert float(given["epsilon"]) == 0.5 and int(given["repeats"]) == 2
    runs = [
        {"settings": f"{one:g}", "coefficients": [[one, 0.0, 0.0]] * 2, "cpu_seconds": 3.0}
        for one in given["settings"].tolist()
    ]
open(sys.argv[2], "w").write(json.dumps({"version": "9", "runs": runs}))
"""


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(N, D))
    features /= np.maximum(1.0, np.linalg.norm(features, axis=1))[:, None]
    targets = np.where(features[:, 0] + 0.1 * rng.normal(size=N) > 0, 1.0, -1.0)
    return Problem(features, targets, features, targets, lam=1e-2)


def test_the_least_risk_is_the_least(problem) -> None:
    usual = LogisticRegression(C=1 / (N * 1e-2), fit_intercept=False, tol=1e-12, max_iter=1000)
    theta = usual.fit(problem.features, problem.targets).coef_[0]
    assert problem.least_risk() == pytest.approx(problem.risk(theta), abs=1e-10)
    assert problem.accuracy(theta) == usual.score(problem.features, problem.targets)
    assert problem.risk(np.zeros(D)) == pytest.approx(math.log(2))


def test_every_method_at_every_epsilon(problem) -> None:
    found = compare(problem, [1.0, 1e3], repeats=2)
    assert [(row.method, row.epsilon) for row in found.rows] == [
        (c.name, e) for c in OURS for e in (1.0, 1e3)
    ]
    assert all(row.excess > 0 and row.repeats == 2 for row in found.rows)
    assert all(row.excess < 5e-3 for row in found.rows if row.epsilon == 1e3)
    assert {row.method for row in found.rows if not row.charged} == {"DP-GD, best T"}
    record = json.loads(json.dumps(found.record(), allow_nan=False))
    assert record["rows"][0]["method"] == "DP-NAG, planner"
    assert {"commit", "command", "date", "machine"} <= set(record["provenance"])


def test_a_peer_gets_the_rows_and_the_best_of_its_settings_is_shown(problem, tmp_path, monkeypatch) -> None:
    (tmp_path / "diffprivlib_peer.py").write_text(PEER)
    monkeypatch.setattr(comparison_peers, "_PROGRAMS", tmp_path)
    (row,) = peer_rows(problem, "diffprivlib", sys.executable, [0.5], repeats=2)
    # Coefficient of the first column: the Lambdas tried, .04 to 1.2; the largest is the best here.
    assert row.settings == f"{3e-3 * N:g}"
    assert row.excess == pytest.approx(problem.risk(np.array([3e-3 * N, 0, 0])) - problem.least_risk())
    assert (row.method, row.guarantee, row.charged) == ("diffprivlib 9", "epsilon, replace_one", False)
    assert row.cpu_seconds == 1.5


def test_a_python_without_the_library_is_named(problem, tmp_path, monkeypatch) -> None:
    (tmp_path / "opacus_peer.py").write_text("raise ImportError('no opacus here')")
    monkeypatch.setattr(comparison_peers, "_PROGRAMS", tmp_path)
    with pytest.raises(PrivacyError, match="could not run opacus: ImportError: no opacus here"):
        peer_rows(problem, "opacus", sys.executable, [1.0])
    with pytest.raises(PrivacyError, match="cannot run no-such-python"):
        peer_rows(problem, "opacus", "no-such-python", [1.0])


@pytest.mark.parametrize(("library", "variable"), [("diffprivlib", "DIFFPRIVLIB"), ("opacus", "OPACUS")])
def test_the_peer_itself(problem, library, variable) -> None:
    python = os.environ.get(f"HOTPAPERS_{variable}_PYTHON")
    if python is None:
        pytest.skip(f"set HOTPAPERS_{variable}_PYTHON to a Python that has {library}")
    (row,) = peer_rows(problem, library, python, [50.0], repeats=1)
    assert 0 < row.excess < 0.2
    assert row.accuracy > 0.8


def run(*words):
    with pytest.raises(SystemExit) as ended:
        main(["dpopt", "compare", *map(str, words)])
    return ended.value.code


def test_the_command(tmp_path, capsys) -> None:
    rng = np.random.default_rng(1)
    rows = [f"{x:.3f},{'yes' if x > 0.5 else 'no'}" for x in rng.random(60)]
    (tmp_path / "a.csv").write_text("\n".join(["x,buys", *rows]) + "\n")
    schema = tmp_path / "a.toml"
    schema.write_text(
        '[columns.x]\nkind = "numeric"\nlow = 0\nhigh = 1\n[target]\ncolumn = "buys"\nvalues = ["no", "yes"]\n'
    )
    words = [tmp_path / "a.csv", "--schema", schema]
    assert run(*words) == 2
    assert "say --public-data" in capsys.readouterr().err
    out = tmp_path / "table.json"
    more = ["--public-data", "--epsilons", "1", "--repeats", "1", "--test", tmp_path / "a.csv", "-o", out]
    assert run(*words, *more) == 0
    shown = capsys.readouterr().out
    assert all(contender.name in shown for contender in OURS)
    assert len(json.loads(out.read_text())["rows"]) == len(OURS)
    assert run(*words, "--public-data", "--epsilons", "1;2") == 2
    assert "epsilons are numbers separated by commas: got '1;2'" in capsys.readouterr().err


@pytest.mark.slow
def test_adult_pure_epsilon_within_the_bars(shared_data) -> None:
    """Mean of 20 unseeded secure runs of objective perturbation under replace_one; everything charged."""
    features, targets = adult(shared_data / "dpopt")
    table = Problem(features, targets, data_norm_l1=math.sqrt(13), lam=1e-4)
    pure = [contender for contender in OURS if contender.guarantee == "epsilon, replace_one"]
    found = compare(table, [0.1, 0.5, 1.0, 2.0, 4.0], contenders=pure)
    assert found.least_risk == pytest.approx(0.3577622091, abs=1e-9)
    bars = [0.087, 0.031, 0.0125, 0.0089, 0.0021]
    assert all(row.excess <= bar for row, bar in zip(found.rows, bars, strict=True))
