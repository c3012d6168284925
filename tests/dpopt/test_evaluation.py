"""Scores on test rows: exact where public, and with noise of the right scale where not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from dpopt.examples import model_with

from hotpapers.dpopt.accounting import Ledger
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.evaluation import _sums, exact_score, private_score
from hotpapers.dpopt.noise import SeededEntropy
from hotpapers.dpopt.releases import LatticeNoise

ROWS = [
    f"{age},{job},{age * 7},{label}"
    for age in range(0, 100, 3)
    for job in ("baker", "?")
    for label in ("no", "yes")
]


def table_of(folder, rows, name="test.csv"):
    path = folder / name
    path.write_text("\n".join(["age,job,gain,label", *rows]) + "\n")
    return path


def test_the_exact_score_counts(tmp_path) -> None:
    model = model_with("logistic")
    score = exact_score(model, table_of(tmp_path, ROWS))
    assert score.value == pytest.approx(0.5)  # every row stands there with both labels
    assert (score.name, score.epsilon, score.margin) == ("accuracy", 0.0, 0.0)


def test_one_row_moves_the_two_sums_by_one_in_l1(tmp_path) -> None:
    for loss in ("logistic", "ridge"):
        model = model_with(loss)
        rows = [row.replace("no", "12").replace("yes", "27.5") for row in ROWS] if loss == "ridge" else ROWS
        before = _sums(model, table_of(tmp_path, rows))
        for row in (
            rows[3],
            "nan,?,inf,1e308",
            "50,baker,1,unheard",
            "1,2",
            '7,"open,1,yes',
            rows[0].upper(),
        ):
            after = _sums(model, table_of(tmp_path, [*rows, row], "more.csv"))
            moved = sum(abs(int(a) - int(b)) for a, b in zip(after, before, strict=True))
            assert moved in {0, 2**20}


def test_the_noise_has_the_scale_that_is_charged(tmp_path) -> None:
    model, data, ledger = model_with("logistic"), table_of(tmp_path, ROWS), Ledger("add_remove")
    noise = LatticeNoise("laplace", SeededEntropy(4))
    found = [
        private_score(model, data, 5.0, "add_remove", spend=ledger.append, noise=noise) for _ in range(300)
    ]
    assert ledger.epsilon(0.0) == pytest.approx(300 * 5.0)
    assert ledger.events[0].sensitivity == 1.0
    # (wrong + z1) / (n + z1 + z2) with n = 136: standard deviation about sqrt(2) b / (n sqrt 2).
    deviation = np.std([one.value for one in found])
    assert deviation == pytest.approx(0.2 / len(ROWS), rel=0.25)
    inside = np.mean([abs(one.value - 0.5) <= one.margin for one in found])
    assert inside >= 0.95
    assert found[0].margin == pytest.approx(math.log(20) * 0.2 / len(ROWS), rel=0.05)


def test_a_replaced_row_needs_the_number_of_rows(tmp_path) -> None:
    model, ledger = model_with("ridge"), Ledger("replace_one")
    data = table_of(tmp_path, [row.replace("no", "12").replace("yes", "27.5") for row in ROWS])
    with pytest.raises(PrivacyError, match="public"):
        private_score(model, data, 1.0, "replace_one", spend=ledger.append)
    assert len(ledger) == 0
    score = private_score(model, data, 1e6, "replace_one", spend=ledger.append, rows=len(ROWS))
    assert score.value == pytest.approx(exact_score(model, data).value, rel=1e-3)
    assert score.name == "root mean squared error"
    with pytest.raises(PrivacyError, match="epsilon"):
        private_score(model, data, 0.0, "replace_one", spend=ledger.append, rows=9)
