"""The exact curve of Gaussian DP against published numbers, mpmath and dp-accounting."""

import math

import mpmath
import pytest
from dp_accounting import get_epsilon_gaussian, get_sigma_gaussian
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.dpopt.accounting.gaussian_dp import (
    gaussian_delta,
    gaussian_epsilon,
    gaussian_log_delta,
    gaussian_mu,
    pure_mu,
)
from hotpapers.dpopt.errors import PrivacyError


def _exact_log_delta(mu: float, epsilon: float) -> mpmath.mpf:
    with mpmath.workdps(400):
        mu, epsilon = mpmath.mpf(mu), mpmath.mpf(epsilon)
        first = mpmath.ncdf(mu / 2 - epsilon / mu)
        return mpmath.log(first - mpmath.exp(epsilon) * mpmath.ncdf(-mu / 2 - epsilon / mu))


@pytest.mark.parametrize(
    ("epsilon", "mu"), [(0.1, 0.032521), (0.5, 0.142211), (1, 0.268051), (2, 0.501552), (4, 0.924931)]
)
def test_mu_of_the_specification(epsilon, mu):
    assert gaussian_mu(epsilon, 1e-5) == pytest.approx(mu, abs=1e-6)


def test_epsilon_of_mu_one():
    assert gaussian_epsilon(1.0, 1e-5) == pytest.approx(4.37718, abs=5e-6)


@pytest.mark.parametrize("mu", [1e-6, 1e-4, 0.01, 0.04, 0.06, 0.3, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("sigmas", [0.0, 0.5, 3.0, 8.0, 30.0])
def test_log_delta_equals_mpmath_at_400_digits(mu, sigmas):
    epsilon = mu * mu / 2 + sigmas * mu
    exact = float(_exact_log_delta(mu, epsilon))
    # An error of 1e-9 in ln(delta) is 1e-9 of delta.
    assert gaussian_log_delta(mu, epsilon) == pytest.approx(exact, rel=1e-9, abs=1e-9)


def test_log_delta_at_an_epsilon_that_overflows():
    assert gaussian_log_delta(40.0, 2000.0) == pytest.approx(float(_exact_log_delta(40.0, 2000.0)), rel=1e-12)
    assert gaussian_delta(40.0, 0.0) == pytest.approx(1.0)


@pytest.mark.parametrize("delta", [1e-3, 1e-5, 1e-9])
@pytest.mark.parametrize("mu", [0.05, 0.3, 1.0, 3.0])
def test_parity_with_dp_accounting(mu, delta):
    assert gaussian_epsilon(mu, delta) == pytest.approx(
        get_epsilon_gaussian(1 / mu, delta), rel=1e-9, abs=1e-9
    )
    epsilon = get_epsilon_gaussian(1 / mu, delta)
    assert gaussian_mu(epsilon, delta) == pytest.approx(1 / get_sigma_gaussian(epsilon, delta), rel=1e-9)


@settings(deadline=None)
@given(mu=st.floats(1e-4, 20), exponent=st.floats(-14, -1))
def test_the_inverses_err_on_the_safe_side(mu, exponent):
    delta = 10**exponent
    epsilon = gaussian_epsilon(mu, delta)
    assert gaussian_delta(mu, epsilon) <= delta * (1 + 1e-12)
    if epsilon > 0:
        back = gaussian_mu(epsilon, delta)
        assert back == pytest.approx(mu, rel=1e-8)
        assert gaussian_log_delta(back, epsilon) <= math.log(delta)


def test_pure_epsilon_as_mu_touches_the_curve_at_one_point():
    mu = pure_mu(1.0)
    alpha = 1 / (1 + math.e)
    # The trade-off G_mu at alpha is beta = Phi(Phi^-1(1 - alpha) - mu): it passes through the corner (alpha, alpha).
    beta = float(mpmath.ncdf(mpmath.sqrt(2) * mpmath.erfinv(1 - 2 * alpha) - mu))
    assert beta == pytest.approx(alpha, rel=1e-12)


@pytest.mark.parametrize(
    "call", [lambda: gaussian_mu(1.0, 0.0), lambda: gaussian_mu(-1, 1e-5), lambda: gaussian_epsilon(1.0, 1.0)]
)
def test_what_has_no_answer_is_refused(call):
    with pytest.raises(PrivacyError):
        call()


def test_delta_zero_has_no_finite_epsilon():
    assert gaussian_epsilon(1.0, 0.0) == math.inf
