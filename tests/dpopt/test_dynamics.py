"""Rates, stationary variances and error bounds (G3)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hotpapers.dpopt.dynamics import (
    heavy_ball_error_bound,
    log_heavy_ball_error_bound,
    rate,
    stationary_excess,
    stationary_variance,
    transition_matrix,
)
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import nesterov_momentum

# alpha, beta, published rho, ln E(50), ln E(250)
G3 = [
    (0.1, 0.0, 0.99, 9.134097, 8.594111),
    (0.1, nesterov_momentum(0.1, 0.1), 0.90, 0.354171, 2.944557),
    (0.5, 0.0, 0.95, 5.064022, 2.896408),
    (0.5, 0.7, 0.81547532, 0.858117, 4.076978),
    (0.5, nesterov_momentum(0.5, 0.1), 0.77639320, 0.661908, 3.880783),
    (1.0, 0.0, 0.90, 0.840358, 3.667266),
    (1.0, 0.3, 0.85374709, 0.765947, 3.983097),
    (1.0, nesterov_momentum(1.0, 0.1), 0.68377223, 1.124171, 4.343047),
]


@pytest.mark.parametrize(("alpha", "beta", "rho", "early", "late"), G3)
def test_published_figure_1_is_reproduced_with_its_fault(alpha, beta, rho, early, late) -> None:
    assert rate("nag", alpha, beta, [0.1, 1.0]) == pytest.approx(rho, abs=2e-8)
    found = log_heavy_ball_error_bound(
        [50, 250], alpha=alpha, beta=beta, spectrum=[0.1, 1.0], noise_constant=0.01, as_published=True
    )
    assert found == pytest.approx([early, late], abs=1e-6)


def test_the_published_rate_is_not_heavy_ball_s() -> None:
    beta = nesterov_momentum(0.1, 0.1)
    settings = {"alpha": 0.1, "beta": beta, "spectrum": [0.1, 1.0], "noise_constant": 0.01}
    right = heavy_ball_error_bound(50, **settings)
    assert right > 1.2 * heavy_ball_error_bound(50, as_published=True, **settings)
    assert rate("hb", 0.1, beta, [0.1, 1.0]) == pytest.approx(math.sqrt(beta))


@pytest.mark.parametrize(
    ("alpha", "goldens"),
    [
        (0.5, {"gd": (0.294872, 0.95), "hb": (0.751085, 0.79656262), "nag": (0.545650, 0.77639320)}),
        (0.1, {"gd": (0.051441, 0.99), "hb": (0.279267, 0.90453403), "nag": (0.229583, 0.9)}),
        (1.0, {"gd": (0.763158, 0.9), "hb": (1.313440, 0.72075922), "nag": (0.986084, 0.68377223)}),
    ],
)
def test_stationary_excess_and_rate(alpha, goldens) -> None:
    beta = nesterov_momentum(alpha, 0.1)
    for method, (excess, rho) in goldens.items():
        momentum = 0.0 if method == "gd" else beta
        assert stationary_excess(method, alpha, momentum, [0.1, 1.0]) == pytest.approx(excess, abs=1e-6)
        assert rate(method, alpha, momentum, [0.1, 1.0]) == pytest.approx(rho, abs=3e-8)


@pytest.mark.parametrize("method", ["gd", "hb", "nag"])
def test_stationary_variance_is_that_of_the_recursion(method) -> None:
    """The covariance P = A P A' + alpha^2 e e' solved as a linear system."""
    alpha, beta, value = 0.8, 0.55, 0.7
    a = transition_matrix(method, alpha, 0.0 if method == "gd" else beta, value)
    noise = np.array([alpha**2, 0.0, 0.0, 0.0])
    covariance = np.linalg.solve(np.eye(4) - np.kron(a, a), noise)
    assert stationary_variance(method, alpha, beta, value) == pytest.approx(covariance[0], rel=1e-12)


@pytest.mark.parametrize(("method", "limit"), [("gd", 2.0), ("hb", 3.0), ("nag", 1.5)])
def test_unstable_exactly_where_the_rate_reaches_one(method, limit) -> None:
    beta = 0.5
    for alpha, stable in ((limit * 0.999, True), (limit * 1.001, False)):
        assert (rate(method, alpha, beta if method != "gd" else 0.0, [1.0]) < 1) is stable
        assert bool(np.isfinite(stationary_variance(method, alpha, beta, 1.0))) is stable


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(PrivacyError, match="'gd', 'hb' or 'nag': got 'adam'"):
        transition_matrix("adam", 0.1, 0.1, 1.0)
    with pytest.raises(PrivacyError, match="'gd', 'hb' or 'nag': got 'adam'"):
        stationary_variance("adam", 0.1, 0.1, 1.0)
