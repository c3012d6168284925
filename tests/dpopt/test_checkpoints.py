"""Killed at any instant, a fit's ledger knows of every noisy value, and the fit goes on within its budget."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from hotpapers.dpopt.accountant import Accountant
from hotpapers.dpopt.accounting import Budget, read_durable
from hotpapers.dpopt.checkpoints import Checkpoint
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Logistic
from hotpapers.dpopt.randomness import Randomness
from hotpapers.dpopt.training import Request, train

STEPS, EPSILON, DELTA = 12, 1.0, 1e-6

# The child notes every draw on disk before anybody could use it, and dies at one of them.
CHILD = """
    import os, signal, sys
    from pathlib import Path
    from dpopt_fit import fit
    from hotpapers.dpopt.releases import LatticeNoise

    folder, last, when = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    seen, original = 0, LatticeNoise.added

    def added(self, total, scale, spacing):
        global seen
        if seen == last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        value = original(self, total, scale, spacing)
        with (folder / "draws").open("ab", 0) as notes:
            notes.write(b"x")
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        return value

    LatticeNoise.added = added
    fit(folder / "kept")
"""

FIT = """
    import numpy as np
    from hotpapers.dpopt.accounting import Budget
    from hotpapers.dpopt.checkpoints import Checkpoint
    from hotpapers.dpopt.losses import Logistic
    from hotpapers.dpopt.training import Request, train

    def fit(folder, **changes):
        rng = np.random.default_rng(0)
        features = rng.normal(size=(500, 3))
        budget = Budget(epsilon=1.0, delta=1e-6)
        request = Request(loss=Logistic(), budget=budget, data_norm=2.0, iterations=12, **changes)
        with Checkpoint(folder, budget, {"steps": 12, **changes}) as kept:
            return train(features, Logistic().encode(features[:, 0]), request, checkpoint=kept)
"""


@pytest.fixture
def fit(tmp_path, monkeypatch):
    (tmp_path / "dpopt_fit.py").write_text(textwrap.dedent(FIT))
    namespace: dict = {}
    exec(compile(textwrap.dedent(FIT), "dpopt_fit.py", "exec"), namespace)
    return namespace["fit"]


def killed(tmp_path, last, when):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path), str(last), when],
        env=environment,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    notes = tmp_path / "draws"
    return len(notes.read_bytes()) if notes.exists() else 0


@pytest.mark.parametrize(
    ("last", "when"), [(0, "before"), (0, "after"), (1, "after"), (2, "before"), (7, "after"), (12, "after")]
)
def test_kill_minus_nine_and_resume(tmp_path, fit, last, when) -> None:
    """Draws 0 and 1 buy the number of rows and the eigenvalue, 2 to 13 are the gradients."""
    draws = killed(tmp_path, last, when)
    spent = read_durable(tmp_path / "kept" / "ledger.jsonl")
    assert draws == last + (when == "after")
    assert draws <= len(spent) <= draws + 1
    found = fit(tmp_path / "kept")
    assert found.ledger.events[: len(spent)] == spent.events  # nothing is forgotten
    # The purchases again, if they were not saved; else the iterations that were left, one of them again.
    assert len(found.ledger) == (STEPS + 2 + len(spent) if last < 2 else STEPS + 3)
    assert 0.999 * EPSILON <= found.ledger.epsilon(DELTA) <= EPSILON
    assert np.all(np.isfinite(found.theta))
    assert len(found.history.scale) == STEPS


def test_killed_at_the_last_iteration_the_model_before_it_is_returned(tmp_path, fit) -> None:
    """All the budget was announced; the iteration whose noise may have been seen is not given away again."""
    draws = killed(tmp_path, 13, "after")
    spent = read_durable(tmp_path / "kept" / "ledger.jsonl")
    found = fit(tmp_path / "kept")
    assert draws == len(spent) == STEPS + 2
    assert found.ledger.events == spent.events
    assert found.iterations == len(found.history.scale) == STEPS - 1


def test_a_finished_fit_costs_nothing_more_and_is_the_same_model(tmp_path, fit) -> None:
    first = fit(tmp_path / "kept")
    again = fit(tmp_path / "kept")
    assert np.array_equal(first.theta, again.theta)
    assert first.ledger.events == again.ledger.events
    assert 0.999 * EPSILON <= first.ledger.epsilon(DELTA) <= EPSILON


def test_other_settings_are_refused_and_no_row_is_in_the_folder(tmp_path, fit) -> None:
    fit(tmp_path / "kept")
    with pytest.raises(PrivacyError, match="belongs to a fit with other settings"):
        fit(tmp_path / "kept", lam=0.5)
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"ledger.jsonl", "state.json"}
    (tmp_path / "kept" / "state.json").write_text("{")
    with pytest.raises(PrivacyError, match="not a readable checkpoint"):
        fit(tmp_path / "kept")


def test_only_descents_with_gaussian_noise_can_be_resumed(tmp_path) -> None:
    budget = Budget(epsilon=1.0)
    request = Request(loss=Logistic(), budget=budget, data_norm=1.0)
    with (
        Checkpoint(tmp_path / "kept", budget, {}) as kept,
        pytest.raises(PrivacyError, match="makes its releases at once"),
    ):
        train(np.zeros((3, 1)), np.ones(3), request, checkpoint=kept)
    gaussian = Budget(epsilon=1.0, delta=1e-6)
    with (
        Checkpoint(tmp_path / "other", gaussian, {}) as kept,
        pytest.raises(PrivacyError, match="accountant with a path"),
    ):
        train(
            np.zeros((3, 1)), np.ones(3), Request(loss=Logistic(), budget=gaussian, data_norm=1.0),
            checkpoint=kept, accountant=Accountant(gaussian), randomness=Randomness(),
        )  # fmt: skip
