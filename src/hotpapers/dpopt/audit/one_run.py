"""Audit of a training algorithm by one run with many canaries (Steinke, Nasr, Jagielski 2023).

m canary rows are each put into the data or left out by a fair coin. Afterwards r of them are guessed "in" or
"out" by their scores, the others passed over, and v guesses are right. If training is (epsilon, delta)-DP with
respect to adding or removing one row, v is stochastically at most Bin(r, q) with ``q = 1/(1 + e^-epsilon)``, up to
what delta allows, and

    p(epsilon) = P[Bin(r, q) >= v] + 2 m delta max_{1 <= i <= v} (1/i) sum_{j=1..i} P[Bin(r, q) = v - j]

bounds the probability of doing as well. The greatest epsilon with ``p < 1 - confidence`` is a lower bound.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binom

from hotpapers.dpopt.audit.verdicts import AuditResult, check_claim
from hotpapers.dpopt.errors import PrivacyError

__all__ = ["audit_one_run", "one_run_epsilon", "one_run_p_value"]


def one_run_p_value(canaries: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """``p(epsilon)`` of the module's description, at most 1."""
    if not 0 <= right <= guesses <= canaries:
        raise PrivacyError(f"need right <= guesses <= canaries: got {right}, {guesses}, {canaries}")
    q = 1 / (1 + np.exp(-epsilon))
    p = float(binom.sf(right - 1, guesses, q))
    if delta > 0 and right > 0:
        below = np.cumsum(binom.pmf(right - np.arange(1, right + 1), guesses, q))
        p += 2 * canaries * delta * float(np.max(below / np.arange(1, right + 1)))
    return min(1.0, p)


def one_run_epsilon(
    canaries: int, guesses: int, right: int, delta: float = 0.0, confidence: float = 0.95
) -> float:
    """Lower bound on epsilon from one run's guesses; 0 where they show nothing.

    Examples
    --------
    >>> round(one_run_epsilon(1000, 100, 95, delta=1e-5), 4)
    2.1652
    """
    check_claim(0.0, delta, confidence)
    alpha = 1 - confidence

    def excess(epsilon: float) -> float:
        return one_run_p_value(canaries, guesses, right, epsilon, delta) - alpha

    if excess(0.0) >= 0:
        return 0.0
    high = 1.0
    while excess(high) < 0:
        high *= 2
        if high > 64:
            return high
    return float(brentq(excess, 0.0, high, xtol=1e-12))


def audit_one_run(
    score: Callable[[NDArray[np.bool_], int], NDArray[np.float64]],
    *,
    canaries: int,
    guesses: int,
    claim: float,
    delta: float,
    confidence: float = 0.95,
    seed: int = 0,
) -> AuditResult:
    """Train once with random canaries and guess which were there.

    Parameters
    ----------
    score
        Called with ``included [canaries]`` and a seed: trains on the data and the included canaries, and gives
        each canary a score, ``[canaries]``, higher where it looks included. It must not use `included` in any
        other way.
    canaries, guesses
        m, and r <= m, even: the r/2 highest scores are guessed in, the r/2 lowest out.
    claim, delta
        The privacy that is claimed, under add_remove.
    confidence
        Of the bound.
    seed
        Of the coins, and handed to `score`.

    Raises
    ------
    PrivacyError
        If the numbers do not fit or a score is missing.
    """
    check_claim(claim, delta, confidence)
    if not 2 <= guesses <= canaries or guesses % 2:
        raise PrivacyError(
            f"guesses must be even, at least 2 and at most the canaries: got {guesses}, {canaries}"
        )
    included = np.random.default_rng(seed).random(canaries) < 0.5
    scores = np.asarray(score(included.copy(), seed), dtype=np.float64)
    if scores.shape != (canaries,) or not np.all(np.isfinite(scores)):
        raise PrivacyError("the audited training must give one finite score for each canary")
    order = np.argsort(scores, kind="stable")
    half = guesses // 2
    right = int(np.count_nonzero(~included[order[:half]]) + np.count_nonzero(included[order[-half:]]))
    lower = one_run_epsilon(canaries, guesses, right, delta, confidence)
    return AuditResult(eps_lower=lower, confidence=confidence, claim=claim, delta=delta)
