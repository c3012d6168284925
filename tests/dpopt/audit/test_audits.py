"""Audits catch the published fault every time and do not accuse correct mechanisms."""

import math

import numpy as np
import pytest

from hotpapers.dpopt.accounting import gaussian_epsilon
from hotpapers.dpopt.audit import (
    AuditResult,
    audit_mechanism,
    audit_one_run,
    audit_two_worlds,
    event_epsilon,
    one_run_epsilon,
    scores_mu,
)
from hotpapers.dpopt.audit.subjects import below_zero, correct_laplace, lattice_laplace, published_laplace
from hotpapers.dpopt.audit.verdicts import rate_bounds
from hotpapers.dpopt.errors import PrivacyError


def _audits(subject, runs, draws=100_000):
    return [
        audit_mechanism(subject(1.0, 0.0), subject(1.0, 1.0), below_zero, claim=1.0, draws=draws, seed=seed)
        for seed in range(runs)
    ]


def test_the_published_noise_is_flagged_in_20_of_20():
    results = _audits(published_laplace, 20)
    assert [one.verdict for one in results] == ["violated"] * 20
    bounds = np.array([one.eps_lower for one in results])
    # True epsilon sqrt(2); the bound's mean is 1.387 and its standard deviation .009.
    assert bounds.min() >= 1.35
    assert bounds.max() <= 1.425
    assert bounds.mean() == pytest.approx(1.387, abs=0.01)


@pytest.mark.parametrize("subject", [correct_laplace, lattice_laplace])
def test_correct_noise_is_nearly_fully_seen_and_not_flagged(subject):
    bounds = [one.eps_lower for one in _audits(subject, 20)]
    assert min(bounds) >= 0.955
    assert max(bounds) <= 1.0


def test_at_most_one_in_twenty_correct_mechanisms_is_accused():
    accused = sum(one.verdict == "violated" for one in _audits(lattice_laplace, 100, draws=20_000))
    assert accused <= 5


def test_clopper_pearson_covers_as_promised():
    # Exact: the upper bound at error e is the p at which the counts up to the observed have probability e.
    from scipy.stats import binom

    low, high = rate_bounds(7, 50, 0.025)
    assert binom.cdf(7, 50, high) == pytest.approx(0.025, rel=1e-9)
    assert binom.sf(6, 50, low) == pytest.approx(0.025, rel=1e-9)
    assert rate_bounds(0, 50, 0.025)[0] == 0
    assert rate_bounds(50, 50, 0.025)[1] == 1


def test_delta_is_taken_off_the_likely_side():
    assert event_epsilon(500, 100, 1000, delta=0.2) < event_epsilon(500, 100, 1000)
    assert event_epsilon(100, 500, 1000) == 0
    assert event_epsilon(500, 100, 1000, delta=0.6) == 0


@pytest.mark.parametrize(
    ("canaries", "guesses", "right", "delta", "epsilon"),
    [
        (1000, 1000, 600, 0, 0.2975),
        (1000, 1000, 600, 1e-5, 0.2972),
        (1000, 100, 80, 1e-5, 0.9553),
        (1000, 100, 95, 1e-5, 2.1652),
        (5000, 200, 195, 1e-5, 2.8709),
    ],
)
def test_one_run_goldens(canaries, guesses, right, delta, epsilon):
    assert one_run_epsilon(canaries, guesses, right, delta) == pytest.approx(epsilon, abs=5e-5)


def _noisy_membership(epsilon):
    """Each canary's presence by itself, through Laplace noise: epsilon-DP for adding or removing one."""

    def score(included, seed):
        return included + np.random.default_rng(seed + 10**6).laplace(0, 1 / epsilon, len(included))

    return score


def test_one_run_sees_a_loud_release_and_never_exceeds_a_true_claim():
    loud = audit_one_run(_noisy_membership(4.0), canaries=2000, guesses=400, claim=1.0, delta=1e-5)
    assert loud.verdict == "violated"
    assert 2.0 < loud.eps_lower <= 4.0
    true = [
        audit_one_run(_noisy_membership(1.0), canaries=500, guesses=100, claim=1.0, delta=0.0, seed=seed)
        for seed in range(100)
    ]
    assert sum(one.verdict == "violated" for one in true) <= 5
    assert max(one.eps_lower for one in true) > 0.3


def test_two_worlds_of_a_gaussian_come_within_15_percent_and_stay_below():
    bounds = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        bounds.append(scores_mu(generator.normal(size=20_000), 1.0 + generator.normal(size=20_000)))
    assert sum(bound > 1.0 for bound in bounds) <= 3
    assert np.median(bounds) >= 0.85


def _mean_released(data, seed):
    return np.sum(data) + np.random.default_rng(seed).normal(0, 0.5)


def test_paired_training_is_audited_in_epsilon():
    data = np.zeros(10)
    claim = gaussian_epsilon(2.0, 1e-5)
    arguments = {"runs": 600, "delta": 1e-5, "seed": 11}
    honest = audit_two_worlds(_mean_released, data, np.append(data, 1.0), float, claim=claim, **arguments)
    assert honest.verdict == "consistent"
    assert 1.2 < honest.mu_lower <= 2.0
    assert honest.eps_lower == pytest.approx(gaussian_epsilon(honest.mu_lower, 1e-5))
    false_claim = audit_two_worlds(_mean_released, data, np.append(data, 1.0), float, claim=3.0, **arguments)
    assert false_claim.verdict == "violated"


def test_a_verdict_in_words():
    assert str(AuditResult(1.4, 0.95, 1.0)).startswith(
        "violated: epsilon is at least 1.4000 at 95 % confidence"
    )
    assert AuditResult(1.0, 0.95, 1.0).verdict == "consistent"


def test_impossible_audits_are_refused():
    with pytest.raises(PrivacyError, match="even"):
        audit_one_run(_noisy_membership(1.0), canaries=10, guesses=3, claim=1.0, delta=0.0)
    with pytest.raises(PrivacyError, match="one finite score"):
        audit_one_run(
            lambda included, seed: np.full(9, math.nan), canaries=10, guesses=2, claim=1.0, delta=0.0
        )
    with pytest.raises(PrivacyError, match="confidence"):
        audit_mechanism(
            correct_laplace(1.0, 0.0), correct_laplace(1.0, 1.0), below_zero, claim=1.0, confidence=1.0
        )
    with pytest.raises(PrivacyError, match="above 0"):
        audit_two_worlds(_mean_released, [0.0], [1.0], float, runs=4, claim=1.0, delta=0.0)
