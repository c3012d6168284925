"""Privacy of the last iterate: the linear recursion attains it, and its conditions are enforced."""

import math

import numpy as np
import pytest

from hotpapers.dpopt.accounting import last_iterate_mu
from hotpapers.dpopt.accounting.last_iterate import contraction
from hotpapers.dpopt.errors import PrivacyError

UNIT = {"sensitivity": 1.0, "noise_std": 1.0, "strong_convexity": 1.0, "smoothness": 1.0}


@pytest.mark.parametrize(
    ("slope", "steps", "mu"), [(0.9, 10, 3.0291468), (0.9, 50, 4.3364918), (0.5, 20, 1.7320492)]
)
def test_goldens_and_the_linear_recursion(slope, steps, mu):
    found = last_iterate_mu(**UNIT, step_size=1 - slope, steps=steps)
    powers = slope ** np.arange(steps)
    assert found == pytest.approx(mu, abs=1e-7)
    assert found == pytest.approx(powers.sum() / math.sqrt(powers @ powers), rel=1e-12)


def test_it_converges_and_is_never_above_composition():
    values = [last_iterate_mu(**UNIT, step_size=0.3, steps=steps) for steps in (1, 2, 5, 20, 100, 10_000)]
    assert values[0] == pytest.approx(1.0)
    assert values == sorted(values)
    assert values[-1] == pytest.approx(math.sqrt(1.7 / 0.3))
    assert all(
        mu <= math.sqrt(steps) + 1e-12 for mu, steps in zip(values, (1, 2, 5, 20, 100, 10_000), strict=True)
    )


def test_rounding_adds_twice_its_error():
    step = {"step_size": 0.1, "steps": 20}
    plain = last_iterate_mu(**UNIT, **step)
    assert last_iterate_mu(**UNIT, **step, rounding_error=0.005) == pytest.approx(plain * 1.1)


def test_rounded_iterates_stay_within_the_bound():
    # A neighbour whose every step moves s further and whose rounding is as bad as it can be: the extreme case.
    slope, step, error, sigma, steps = 0.9, 0.1, 0.01, 1.0, 30
    shift = sum((step * 1.0 + 2 * error) * slope**k for k in range(steps))
    spread = step * sigma * math.sqrt(sum(slope ** (2 * k) for k in range(steps)))
    found = last_iterate_mu(**UNIT, step_size=step, steps=steps, rounding_error=error)
    assert shift / spread == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(
    "condition",
    [
        {"method": "nag"},
        {"clipped": True},
        {"sampling": "poisson"},
        {"released": "all"},
        {"step_size": 2.5},
        {"strong_convexity": 0.0},
        {"steps": 0},
        {"noise_std": 0.0},
    ],
)
def test_outside_its_conditions_it_is_refused(condition):
    with pytest.raises(PrivacyError):
        last_iterate_mu(**{**UNIT, "step_size": 0.5, "steps": 3} | condition)


def test_contraction_of_a_long_step_is_that_of_the_steepest_direction():
    assert contraction(0.1, 1.0, 1.9) == pytest.approx(0.9)
    assert contraction(0.1, 1.0, 0.5) == pytest.approx(0.95)
