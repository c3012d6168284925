"""Losses: values, derivatives, bounds, and the form of secure mode."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Huber, Logistic, Multinomial, SmoothHinge, Squared, smoothness

SCALAR = [
    Logistic(),
    Huber(delta=0.7, target_bound=2.0),
    Squared(),
    Squared(residual_clip=0.5),
    SmoothHinge(0.3),
]
NAMES = ["logistic", "huber", "squared", "clipped", "hinge"]


@pytest.mark.parametrize("loss", SCALAR, ids=NAMES)
def test_derivative_is_that_of_the_value_and_bounds_hold(loss) -> None:
    rng = np.random.default_rng(1)
    margin = rng.normal(scale=3.0, size=4000)
    target = loss.encode(rng.normal(size=4000))
    step = 1e-5
    difference = (loss.value(margin + step, target) - loss.value(margin - step, target)) / (2 * step)
    phi = loss.derivative(margin, target)
    kinks = np.abs(difference - phi) > 1e-6
    assert kinks.mean() < 1e-3  # a step across a corner of the derivative
    assert np.abs(phi).max() <= loss.derivative_bound
    slope = (loss.derivative(margin + step, target) - loss.derivative(margin - step, target)) / (2 * step)
    assert slope.max() <= loss.curvature_bound * (1 + 1e-6)
    assert slope.max() >= 0.95 * loss.curvature_bound
    assert slope.min() >= -1e-9


def test_multinomial_is_that_of_the_value_and_bounds_hold() -> None:
    rng = np.random.default_rng(2)
    loss = Multinomial(4)
    margin, target = rng.normal(scale=4.0, size=(500, 4)), loss.encode(rng.integers(0, 4, 500))
    phi = loss.derivative(margin, target)
    for k in range(4):
        shift = np.eye(4)[k] * 1e-5
        difference = (loss.value(margin + shift, target) - loss.value(margin - shift, target)) / 2e-5
        assert np.allclose(difference, phi[:, k], atol=1e-6)
    norms = np.linalg.norm(phi, axis=1)
    assert 1.3 < norms.max() <= loss.derivative_bound
    assert np.abs(phi).sum(axis=1).max() <= 2 + 1e-12
    p = phi + np.eye(4)[target.astype(int)]
    hessians = [np.diag(row) - np.outer(row, row) for row in p]
    assert max(np.linalg.eigvalsh(h)[-1] for h in hessians) <= loss.curvature_bound


def test_extreme_margins_are_stable() -> None:
    margin, target = np.array([1e4, -1e4, 800.0, -800.0]), np.array([1.0, 1.0, -1.0, -1.0])
    assert np.array_equal(Logistic().value(margin, target), [0.0, 1e4, 800.0, 0.0])
    assert np.array_equal(Logistic().derivative(margin, target), [-0.0, -1.0, 1.0, 0.0])
    multinomial = Multinomial(2)
    assert np.isfinite(multinomial.derivative(np.array([[1e4, -1e4]]), np.array([0.0]))).all()


@pytest.mark.parametrize("loss", SCALAR, ids=NAMES)
def test_secure_form_is_the_same_derivative(loss) -> None:
    margin = np.linspace(-40, 40, 5001)
    for sign in (-1.0, 1.0):
        target = loss.encode(np.full(5001, sign))
        assert np.allclose(loss.row_derivative(margin, target), loss.derivative(margin, target), atol=1e-6)


def test_secure_form_of_multinomial() -> None:
    rng = np.random.default_rng(3)
    loss = Multinomial(5)
    margin, target = rng.normal(scale=10, size=(2000, 5)), rng.integers(0, 5, 2000).astype(float)
    assert np.allclose(loss.row_derivative(margin, target), loss.derivative(margin, target), atol=2e-6)


@pytest.mark.parametrize("loss", [Logistic(), Multinomial(3)], ids=["logistic", "multinomial"])
def test_secure_form_of_a_row_does_not_depend_on_its_place(loss) -> None:
    rng = np.random.default_rng(4)
    shape = (1003,) if loss.outputs == 1 else (1003, 3)
    margin, target = rng.normal(scale=5, size=shape), loss.encode(rng.integers(0, 3, 1003))
    together = loss.row_derivative(margin, target)
    for start, stop in ((0, 1), (5, 9), (17, 900), (1002, 1003)):
        assert np.array_equal(
            loss.row_derivative(margin[start:stop], target[start:stop]), together[start:stop]
        )


def test_targets_are_encoded_each_by_itself_and_never_refused() -> None:
    odd = [math.nan, math.inf, -math.inf, 0, 1, -7]
    assert list(Logistic().encode(odd)) == [-1, 1, -1, -1, 1, -1]
    assert list(Huber(target_bound=2.0).encode(odd)) == [0, 2, -2, 0, 1, -2]
    assert list(Multinomial(3).encode(odd)) == [0, 2, 0, 0, 1, 0]


def test_huber_is_half_the_square_near_and_linear_far() -> None:
    loss = Huber(delta=2.0)
    assert np.allclose(loss.value(np.array([1.0, -2.0, 5.0]), np.zeros(3)), [0.5, 2.0, 8.0])
    clipped = Squared(residual_clip=2.0)
    assert np.array_equal(
        clipped.derivative(np.array([1.0, 9.0]), np.zeros(2)),
        loss.derivative(np.array([1.0, 9.0]), np.zeros(2)),
    )
    assert Squared().derivative_bound == math.inf


def test_smoothness_comes_from_public_constants() -> None:
    assert smoothness(Logistic(), 1.0, 1e-4) == 0.2501
    assert smoothness(Multinomial(3), 2.0, 0.0) == 2.0
    assert smoothness(SmoothHinge(0.5), 1.0, 0.5) == 1.5
    assert smoothness(Squared(), 3.0, 0.0) == 9.0
    with pytest.raises(PrivacyError, match="row bound > 0"):
        smoothness(Squared(), 0.0, 0.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Huber(delta=0.0), "delta must be a positive number: got 0.0"),
        (lambda: SmoothHinge(-1.0), "smoothing must be a positive number"),
        (lambda: Multinomial(1), "2 or more declared classes: got 1"),
        (lambda: Squared(residual_clip=0.0), "residual_clip and target_bound must be positive"),
    ],
)
def test_what_makes_no_loss_is_refused(make, message) -> None:
    with pytest.raises(PrivacyError, match=message):
        make()
