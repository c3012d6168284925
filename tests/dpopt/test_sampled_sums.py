"""Samples with the law that their account is about."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from hotpapers.dpopt.accounting import Sampling
from hotpapers.dpopt.clipped_sums import ClippedSums
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Logistic
from hotpapers.dpopt.noise import SeededEntropy
from hotpapers.dpopt.rows import RowBound, prepare_rows
from hotpapers.dpopt.sampled_sums import SampledSums, exact_rate, poisson_sample, sample_without_replacement


def test_rates_are_what_coins_can_have() -> None:
    for rate in (0.1, 1 / 3, 2**-40, 1 - 2**-53):
        found = exact_rate(rate)
        assert found <= rate < found + 2**-64 + 2**-53 * rate
        assert int(found * 2**64) / 2**64 == found


def test_every_set_of_rows_has_its_probability() -> None:
    """Four rows at rate 0.3: chi-square over the 16 sets, error rate 1e-4."""
    source, sets = SeededEntropy(0), list(itertools.product([0, 1], repeat=4))
    counts = dict.fromkeys(sets, 0)
    for _ in range(20_000):
        chosen = np.zeros(4, dtype=int)
        chosen[poisson_sample(4, 0.3, source)] = 1
        counts[tuple(chosen.tolist())] += 1
    expected = [20_000 * 0.3 ** sum(one) * 0.7 ** (4 - sum(one)) for one in sets]
    assert stats.chisquare(list(counts.values()), expected).pvalue > 1e-4


def test_every_set_of_two_of_five_is_equally_likely() -> None:
    source = SeededEntropy(1)
    counts = dict.fromkeys(itertools.combinations(range(5), 2), 0)
    for _ in range(20_000):
        counts[tuple(sample_without_replacement(5, 2, source).tolist())] += 1
    assert len(counts) == 10
    assert stats.chisquare(list(counts.values())).pvalue > 1e-4


def test_ties_are_drawn_again() -> None:
    class Words:
        private, given = False, [np.array([7, 7, 9], dtype=np.uint64), np.array([5, 3, 4], dtype=np.uint64)]

        def words(self, count):
            return self.given.pop(0)

    assert sample_without_replacement(3, 2, Words()).tolist() == [1, 2]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("kind", ["poisson", "without_replacement"])
def test_the_sum_is_that_of_the_rows_drawn(exact, kind) -> None:
    rng = np.random.default_rng(0)
    rows = prepare_rows(rng.normal(size=(50, 3)), rng.choice([-1.0, 1.0], 50), RowBound(1.0), exact=exact)
    sums = SampledSums(rows, Logistic(), 0.4, Sampling(kind, 0.5), SeededEntropy(4))
    draw = poisson_sample if kind == "poisson" else sample_without_replacement
    chosen = draw(50, 0.5 if kind == "poisson" else 25, SeededEntropy(4))
    part = type(rows)(rows.features[chosen], rows.targets[chosen], rows.norms[chosen], rows.bound, False)
    theta = np.array([1.0, -2.0, 0.5])
    found = sums(theta) * (sums.spacing or 1.0)
    assert found == pytest.approx(ClippedSums(part, Logistic(), 0.4)(theta), abs=1e-3)
    assert sums.sensitivity("add_remove") == 0.4
    assert not np.array_equal(sums(theta), sums(theta))  # a new sample each time


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: exact_rate(1.0), "below 1: got 1.0"),
        (lambda: exact_rate(0.0), "above 0"),
        (lambda: sample_without_replacement(5, 6, SeededEntropy(0)), "at least one row and at most all"),
    ],
)
def test_impossible_samples_are_refused(make, message) -> None:
    with pytest.raises(PrivacyError, match=message):
        make()
