"""Amplification by sampling: goldens, inverses, an exhaustive check of the theorem."""

import math
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hotpapers.dpopt.accounting import (
    amplified_epsilon,
    poisson_epsilon,
    poisson_noise_multiplier,
    sample_epsilon,
)
from hotpapers.dpopt.errors import PrivacyError


@settings(deadline=None)
@given(epsilon=st.floats(1e-9, 1e3), rate=st.floats(1e-6, 1))
@example(696.0, 1e-6)
def test_the_two_directions_are_inverse(epsilon, rate):
    assert amplified_epsilon(sample_epsilon(epsilon, rate), rate) == pytest.approx(epsilon, rel=1e-9)


@pytest.mark.parametrize("rate", [0.0, 1.1, -0.5])
def test_rates_out_of_range_are_refused(rate):
    with pytest.raises(PrivacyError):
        sample_epsilon(1.0, rate)


def _randomised_sum(rows: tuple[int, ...], sampled: int, epsilon: float) -> dict[int, float]:
    """Exact law of a two-valued epsilon-DP answer about a sample without replacement: is any row 1?"""
    keep = math.exp(epsilon) / (1 + math.exp(epsilon))
    subsets = list(combinations(rows, sampled))
    yes = sum(keep if any(subset) else 1 - keep for subset in subsets) / len(subsets)
    return {1: yes, 0: 1 - yes}


@pytest.mark.parametrize("sampled", [1, 2, 4])
def test_randomised_response_on_a_sample_attains_the_bound(sampled):
    epsilon, rows = 1.3, (0, 0, 0, 0)
    without, holding = (_randomised_sum(one, sampled, epsilon) for one in (rows, (1, *rows[1:])))
    loss = max(abs(math.log(without[answer] / holding[answer])) for answer in (0, 1))
    bound = amplified_epsilon(epsilon, sampled / 4)
    assert loss <= bound + 1e-12
    assert loss == pytest.approx(bound, rel=1e-12)  # this mechanism is the worst case


@pytest.mark.slow
def test_noise_multiplier_beside_opacus():
    # Opacus 1.6.0, PRV accountant: batch 1024 of 32561, 10 epochs, eps=1, delta=1e-5 gives 2.324. It stops as soon as
    # its bound is within a tolerance of the target, so its noise is a little louder than needed.
    rate = 1024 / 32561
    releases = 10 * math.ceil(1 / rate)
    found = poisson_noise_multiplier(1.0, 1e-5, rate, releases)
    assert 0.98 * 2.324 <= found <= 2.324
    assert 0.999 <= poisson_epsilon(found, rate, releases, 1e-5) <= 1.0
    assert 0.98 <= poisson_epsilon(2.324, rate, releases, 1e-5) <= 1.0
