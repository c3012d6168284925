"""Privacy amplification by subsampling: what looking at a random part of the rows saves.

Two kinds of sample are accounted, and they are different mechanisms:

- *Poisson*: every row enters by itself with probability q. Neighbours add or remove a row.
- *without replacement*: a uniformly random set of m of the n rows. Neighbours replace a row, so n is public.

Going through a shuffled data set batch by batch is neither: nothing here accounts for it.
"""

from __future__ import annotations

import math

from scipy.optimize import brentq

from hotpapers.dpopt.accounting.composition import epsilon_of
from hotpapers.dpopt.accounting.events import Event, Sampling
from hotpapers.dpopt.errors import PrivacyError

__all__ = ["amplified_epsilon", "poisson_epsilon", "poisson_noise_multiplier", "sample_epsilon"]


def amplified_epsilon(epsilon: float, rate: float) -> float:
    """Epsilon of an epsilon-DP mechanism that sees a sampled fraction: ``ln(1 + q (e^epsilon - 1))``.

    For Poisson rate q under add_remove and for q = m/n without replacement under replace_one (Balle, Barthe,
    Gaboardi 2018, theorems 8 and 9). The proof in one line: the output's law is the mixture
    ``(1-q) P_0 + q P_1`` of the samples without and with the row that differs; only P_1 changes, to a law
    within e^epsilon of itself *and* of P_0, and the ratio of two such mixtures is at most 1 + q (e^epsilon - 1).
    """
    _check_rate(rate)
    return Event(
        mechanism="pure",
        sensitivity=epsilon,
        norm="none",
        scale=1.0,
        sampling=Sampling("poisson", rate),
    ).pure_epsilon()


def sample_epsilon(epsilon: float, rate: float) -> float:
    """The epsilon a mechanism may have on its sample for `epsilon` in all: ``ln(1 + (e^epsilon - 1) / q)``.

    The paper's ``eps'_t = ln(1 + (n/m)(e^{eps_t} - 1))`` with q = m/n; the inverse of `amplified_epsilon`.

    Examples
    --------
    >>> round(40 / (1000 * sample_epsilon(0.01, 0.01)), 10)  # scale of the mean, S=40, m=1000 of n=1e5
    0.0574999818
    """
    _check_rate(rate)
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise PrivacyError(f"epsilon must be positive and finite: got {epsilon!r}")
    if epsilon > 600:  # e^epsilon over a rate as small as 2^-64 is still a float below
        return epsilon - math.log(rate) + math.log1p(-(1 - rate) * math.exp(-epsilon))
    return math.log1p(math.expm1(epsilon) / rate)


def poisson_epsilon(noise_multiplier: float, rate: float, releases: int, delta: float) -> float:
    """Epsilon of `releases` Poisson-sampled Gaussian sums (add_remove), by privacy loss distributions.

    Examples
    --------
    >>> round(poisson_epsilon(1.0, 0.01, 1000, 1e-5), 3)
    1.828
    """
    _check_rate(rate)
    event = Event(
        mechanism="gaussian",
        sensitivity=1.0,
        norm="l2",
        scale=noise_multiplier,
        count=releases,
        sampling=Sampling("poisson", rate) if rate < 1 else Sampling(),
    )
    return epsilon_of([event], delta)


def poisson_noise_multiplier(epsilon: float, delta: float, rate: float, releases: int) -> float:
    """The least noise multiplier, to 1e-5 of itself, with which `poisson_epsilon` is at most `epsilon`.

    Raises
    ------
    PrivacyError
        If epsilon is not positive or delta not in (0, 1).
    """
    if not (math.isfinite(epsilon) and epsilon > 0 and 0 < delta < 1):
        raise PrivacyError(f"epsilon must be positive and delta in (0, 1): got {epsilon!r}, {delta!r}")

    def excess(noise_multiplier: float) -> float:
        return poisson_epsilon(noise_multiplier, rate, releases, delta) - epsilon

    low = high = 1.0
    while excess(high) > 0:
        low, high = high, 2 * high
    while excess(low) <= 0:
        low, high = low / 2, low
    found = float(brentq(excess, low, high, rtol=1e-5, xtol=1e-12))
    while excess(found) > 0:
        found *= 1 + 5e-6
    return found


def _check_rate(rate: float) -> None:
    if not 0 < rate <= 1:
        raise PrivacyError(f"the sampling rate must be in (0, 1]: got {rate!r}")
