"""The certificate: errors within the bound, and a gradient as short as was asked for."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from hotpapers.dpopt.losses import Huber, Logistic, Multinomial, SmoothHinge
from hotpapers.dpopt.minimiser import PerturbedObjective, minimise
from hotpapers.dpopt.precise_minimiser import precise_minimiser
from hotpapers.dpopt.rows import RowBound, prepare_rows

LOSSES = [Logistic(), Huber(delta=0.3, target_bound=1.0), SmoothHinge(0.5), Multinomial(3)]


def problem(loss, n=300, d=4, *, regularisation=0.7, slope=None, seed=0, noise=3.0):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, n) if loss.outputs > 1 else rng.normal(size=n)
    rows = prepare_rows(rng.normal(size=(n, d)), loss.encode(targets), RowBound(1.0), exact=True)
    shape = (d,) if loss.outputs == 1 else (d, loss.outputs)
    steepest = loss.derivative_bound if slope is None else slope
    return PerturbedObjective(rows, loss, steepest, regularisation, noise * rng.normal(size=shape))


def exact_huber_gradient(objective, theta):
    """In rational numbers."""
    delta = Fraction(objective.slope)
    parameters = [value if isinstance(value, Fraction) else Fraction(float(value)) for value in theta]
    total = [Fraction(float(b)) + Fraction(objective.regularisation) * t
             for b, t in zip(objective.linear, parameters, strict=True)]  # fmt: skip
    for row, target in zip(objective.rows.features, objective.rows.targets, strict=True):
        values = [Fraction(float(value)) for value in row]
        residual = sum(x * t for x, t in zip(values, parameters, strict=True)) - Fraction(float(target))
        phi = max(-delta, min(delta, residual))
        total = [s + phi * x for s, x in zip(total, values, strict=True)]
    return total


@pytest.mark.parametrize("n", [1, 64, 4096, 4231])
def test_the_gradient_is_within_its_error_of_the_rational_one(n) -> None:
    objective = problem(Huber(delta=0.3, target_bound=1.0), n, slope=0.2)
    theta = np.array([0.3, -2.0, 17.0, 1e-3])
    computed = objective.gradient(theta)
    exact = exact_huber_gradient(objective, theta)
    off = [float(Fraction(float(c)) - e) for c, e in zip(computed, exact, strict=True)]
    assert math.hypot(*off) <= objective.error(theta) <= 1e-10


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_that_of_the_value(loss) -> None:
    objective = problem(loss)
    theta = np.random.default_rng(1).normal(size=objective.linear.shape)
    step = 1e-6 * np.random.default_rng(2).normal(size=theta.shape)
    rise = (objective.value(theta + step) - objective.value(theta - step)) / 2
    assert rise == pytest.approx(float((objective.gradient(theta) * step).sum()), rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("regularisation", [50.0, 0.05])
def test_the_minimiser_is_certified(loss, regularisation) -> None:
    objective = problem(loss, regularisation=regularisation)
    theta = minimise(objective, 1e-8)
    assert np.linalg.norm(objective.gradient(theta)) + objective.error(theta) <= 1e-8
    from scipy.optimize import minimize

    other = minimize(
        lambda t: objective.value(t.reshape(theta.shape)),
        theta.reshape(-1) + 0.1,
        method="BFGS",
        jac=lambda t: objective.gradient(t.reshape(theta.shape)).reshape(-1),
        options={"gtol": 1e-7},
    )
    assert theta.reshape(-1) == pytest.approx(other.x, abs=1e-4)


def test_a_clipped_slope_is_another_convex_loss() -> None:
    objective = problem(Logistic(), slope=0.25)
    theta = minimise(objective, 1e-8)
    margins = objective.rows.features.astype(float) @ theta
    phi = np.clip(Logistic().derivative(margins, objective.rows.targets.astype(float)), -0.25, 0.25)
    rest = objective.rows.features.T.astype(float) @ phi + 0.7 * theta + objective.linear
    assert np.linalg.norm(rest) <= 2e-8


def test_nesterov_s_method_finishes_what_newton_s_can_t(monkeypatch) -> None:
    """Whatever the search does, the loop whose length is proved ends with the certificate."""
    monkeypatch.setattr("hotpapers.dpopt.minimiser._newton", lambda objective, theta, tolerance: theta)
    objective = problem(SmoothHinge(0.1), regularisation=0.5)
    theta = minimise(objective, 1e-8)
    assert np.linalg.norm(objective.gradient(theta)) + objective.error(theta) <= 1e-8


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("tolerance", [1e-15, 1e-30])
def test_what_floating_point_cannot_certify_is_certified_in_integers(loss, tolerance) -> None:
    objective = problem(loss, n=40, slope=0.2 if isinstance(loss, Huber) else None)
    theta = minimise(objective, tolerance)
    assert theta.dtype == object
    near = minimise(objective, 1e-9)
    assert np.allclose(theta.astype(float), near, atol=1e-8)
    if isinstance(loss, Huber):
        gradient = exact_huber_gradient(objective, theta.reshape(-1))
        assert sum(value**2 for value in gradient) <= Fraction(tolerance) ** 2


def test_integers_get_there_from_anywhere_without_newton(monkeypatch) -> None:
    """The gradient step alone, whose factor is proved, ends with the certificate as well."""
    monkeypatch.setattr("hotpapers.dpopt.precise_minimiser._newton", lambda *given: np.zeros(4))
    objective = problem(Huber(delta=0.3, target_bound=1.0), n=30, regularisation=9.0)
    theta = precise_minimiser(objective, np.full(4, 7.0), 1e-18)
    assert sum(value**2 for value in exact_huber_gradient(objective, theta)) <= Fraction(1e-18) ** 2
