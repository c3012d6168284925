"""Audit by many runs on two neighbouring data sets: how well they can be told apart.

A mu-GDP mechanism allows no test with ``Phi^{-1}(1 - FPR) - Phi^{-1}(FNR) > mu`` (Dong, Roth, Su 2022). With
Clopper-Pearson upper bounds on both error rates, each at half the error, the left side is a lower bound on mu;
through the exact curve it becomes one on epsilon at delta. The threshold is chosen on one half of the runs and its
errors are counted on the other, so the choice does not bias them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from hotpapers.dpopt.accounting.gaussian_dp import gaussian_epsilon
from hotpapers.dpopt.audit.verdicts import AuditResult, check_claim, rate_bounds
from hotpapers.dpopt.errors import PrivacyError

__all__ = ["audit_two_worlds", "mu_lower_bound", "scores_mu"]


def mu_lower_bound(
    false_positives: int, false_negatives: int, trials: int, *, confidence: float = 0.95
) -> float:
    """Lower bound on mu from a test's errors in `trials` runs of each world; 0 where they show nothing."""
    error = (1 - confidence) / 2
    _, false_positive_rate = rate_bounds(false_positives, trials, error)
    _, false_negative_rate = rate_bounds(false_negatives, trials, error)
    if false_positive_rate >= 1 or false_negative_rate >= 1:
        return 0.0
    return max(0.0, float(ndtri(1 - false_positive_rate) - ndtri(false_negative_rate)))


def scores_mu(
    null_scores: NDArray[np.float64], other_scores: NDArray[np.float64], *, confidence: float = 0.95
) -> float:
    """Lower bound on mu from scores that are higher in the other world.

    Parameters
    ----------
    null_scores, other_scores
        ``[runs]`` each, the same number, at least 4, in the order of the runs.
    confidence
        Of the bound.
    """
    if null_scores.shape != other_scores.shape or null_scores.ndim != 1 or len(null_scores) < 4:
        raise PrivacyError("an audit of two worlds needs the same number of scores of each, at least 4")
    half = len(null_scores) // 2
    threshold = _best_threshold(null_scores[:half], other_scores[:half], confidence)
    null, other = null_scores[half:], other_scores[half:]
    errors = int(np.count_nonzero(null > threshold)), int(np.count_nonzero(other <= threshold))
    return mu_lower_bound(*errors, len(null), confidence=confidence)


def audit_two_worlds(
    fit: Callable[[Any, int], Any],
    data: Any,
    neighbour: Any,
    score: Callable[[Any], float],
    *,
    runs: int,
    claim: float,
    delta: float,
    confidence: float = 0.95,
    seed: int = 0,
) -> AuditResult:
    """Train `runs` times on each of two neighbouring data sets and bound epsilon from below.

    Parameters
    ----------
    fit
        ``fit(data, seed)`` trains with its own randomness, a different seed each time, and gives what is released.
    data, neighbour
        Two data sets that differ as the claimed relation says.
    score
        A number from what was released, higher where it looks like `neighbour`.
    runs
        Trainings on each data set, at least 4; half of them choose the threshold.
    claim, delta
        The privacy that is claimed: epsilon at delta > 0.
    confidence
        Of the bound.
    seed
        The seeds are ``seed, seed + 1, ...``.
    """
    check_claim(claim, delta, confidence)
    if delta == 0:
        raise PrivacyError("an audit of Gaussian noise states epsilon at a delta above 0")
    null = np.array([score(fit(data, seed + 2 * run)) for run in range(runs)], dtype=np.float64)
    other = np.array([score(fit(neighbour, seed + 2 * run + 1)) for run in range(runs)], dtype=np.float64)
    mu = scores_mu(null, other, confidence=confidence)
    return AuditResult(
        eps_lower=gaussian_epsilon(mu, delta), confidence=confidence, claim=claim, delta=delta, mu_lower=mu
    )


def _best_threshold(null: NDArray[np.float64], other: NDArray[np.float64], confidence: float) -> float:
    """Of 33 quantiles of the scores, the one whose bound on mu is greatest."""
    candidates = np.quantile(np.concatenate([null, other]), np.linspace(0.02, 0.98, 33))
    bounds = [
        mu_lower_bound(
            int(np.count_nonzero(null > one)),
            int(np.count_nonzero(other <= one)),
            len(null),
            confidence=confidence,
        )
        for one in candidates
    ]
    return float(candidates[int(np.argmax(bounds))])
