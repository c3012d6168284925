"""The report of a fitted estimator says what its ledger and its settings say."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.dpopt import DPLogisticRegression, DPRidge
from hotpapers.dpopt.report.sections import STAMP


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, (300, 3))
    return x, (x[:, 0] > x[:, 1]).astype(int), 5 + x[:, 2]


def test_a_classifiers_report(rows, tmp_path) -> None:
    x, y, _ = rows
    model = DPLogisticRegression(epsilon=2.0, delta=1e-5, data_norm=2.0, classes=[0, 1], n_public=300).fit(
        x, y
    )
    report = model.privacy_report_
    assert report.ledger is model.ledger_
    assert report.private
    assert report.assumptions["number of rows"] == "300, declared as public"
    assert report.coefficients.names == ("x1", "x2", "x3")
    assert report.coefficients.values[0] == pytest.approx(model.coef_[0])
    assert report.coefficients.deviation > 0
    assert len(report.iterations.shares) == model.n_iter_
    report.save(tmp_path / "report.html")
    assert STAMP not in (tmp_path / "report.html").read_text()


def test_a_seeded_regressors_report(rows) -> None:
    x, _, y = rows
    model = DPRidge(epsilon=1.0, delta=1e-5, bounds=(-1, 1), target_bounds=(0, 10), random_state=3).fit(x, y)
    text = model.privacy_report_.to_markdown()
    assert STAMP in text
    assert "not public: a noisy one was bought" in text
    assert model.privacy_report_.coefficients.deviation is None


def test_one_declared_class_costs_nothing(rows) -> None:
    x, y, _ = rows
    model = DPLogisticRegression(epsilon=1.0, data_norm=2.0, classes=[1]).fit(x, y)
    assert "at most 50.0 % of the time" in model.privacy_report_.to_markdown()
    assert len(model.privacy_report_.ledger) == 0
