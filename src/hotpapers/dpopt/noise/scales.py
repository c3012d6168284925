"""How much noise a release needs: scale from sensitivity and budget, for each mechanism.

Every scale is rounded up by 2^-40 of itself (1e-12), so that the account made from it, in floating point,
cannot come out above the budget it was made for.
"""

from __future__ import annotations

import math
from typing import Literal

from hotpapers.dpopt.accounting.subsampling import sample_epsilon
from hotpapers.dpopt.errors import PrivacyError

__all__ = [
    "gaussian_scale",
    "gaussian_scale_zcdp",
    "knorm_scale",
    "knorm_variance",
    "laplace_scale",
    "laplace_variance",
    "quieter_pure_noise",
    "subsampled_laplace_scale",
]

_UPWARD = 1 + 2.0**-40


def laplace_scale(sensitivity_l1: float, epsilon: float) -> float:
    """``b = S_1 / epsilon``: Laplace(b) on each coordinate of a sum of L1 sensitivity S_1 is epsilon-DP.

    The density ratio at z of two means that differ by v is at most ``exp(|v|_1 / b)`` (Dwork et al. 2006).
    """
    _check(sensitivity_l1, epsilon, "epsilon")
    return sensitivity_l1 / epsilon * _UPWARD


def subsampled_laplace_scale(sensitivity_l1: float, rows: int, sampled: int, epsilon: float) -> float:
    """Scale for the *mean* gradient of `sampled` of `rows` rows without replacement (paper, section 5).

    ``b = S_1 / (m ln(1 + (n/m)(e^epsilon - 1)))`` under replace_one, S_1 the sensitivity of the sum; with
    m = n it is ``S_1 / (n epsilon)``.

    Examples
    --------
    >>> round(subsampled_laplace_scale(40, 100_000, 1000, 1 / 1000), 10)
    0.4194822293
    """
    _check(sensitivity_l1, epsilon, "epsilon")
    if not 1 <= sampled <= rows:
        raise PrivacyError(f"a sample has at least 1 row and at most all: got {sampled} of {rows}")
    return sensitivity_l1 / (sampled * sample_epsilon(epsilon, sampled / rows)) * _UPWARD


def knorm_scale(sensitivity_l2: float, epsilon: float) -> float:
    """``S_2 / epsilon``: noise of density proportional to ``exp(-|z|_2 epsilon / S_2)`` is epsilon-DP.

    The ratio of the densities of two means that differ by v is ``exp((|z| - |z - v|) epsilon/S_2)``, at most
    ``exp(|v|_2 epsilon / S_2)`` (Hardt, Talwar 2010, with the Euclidean ball).
    """
    _check(sensitivity_l2, epsilon, "epsilon")
    return sensitivity_l2 / epsilon * _UPWARD


def gaussian_scale(sensitivity_l2: float, mu: float) -> float:
    """``sigma = S_2 / mu`` for mu-GDP."""
    _check(sensitivity_l2, mu, "mu")
    return sensitivity_l2 / mu * _UPWARD


def gaussian_scale_zcdp(sensitivity_l2: float, rho: float) -> float:
    """``sigma = S_2 / sqrt(2 rho)`` for rho-zCDP (Bun, Steinke 2016, proposition 1.6)."""
    _check(sensitivity_l2, rho, "rho")
    return sensitivity_l2 / math.sqrt(2 * rho) * _UPWARD


def laplace_variance(scale: float) -> float:
    """Variance of one coordinate, ``2 b^2`` (its standard deviation is ``sqrt(2) b``, not b)."""
    return 2 * scale * scale


def knorm_variance(scale: float, dimension: int) -> float:
    """Variance of one coordinate, ``(d + 1) scale^2``: E r^2 = d (d + 1) scale^2 for r ~ Gamma(d), over d."""
    return (dimension + 1) * scale * scale


def quieter_pure_noise(
    sensitivity_l1: float, sensitivity_l2: float, dimension: int
) -> Literal["laplace", "knorm"]:
    """Which pure noise has the smaller variance per coordinate: Laplace if ``2 S_1^2 <= (d + 1) S_2^2``."""
    laplace = laplace_variance(sensitivity_l1)
    return "laplace" if laplace <= knorm_variance(sensitivity_l2, dimension) else "knorm"


def _check(sensitivity: float, amount: float, name: str) -> None:
    if not (math.isfinite(sensitivity) and sensitivity > 0):
        raise PrivacyError(f"sensitivity must be positive and finite: got {sensitivity!r}")
    if not (math.isfinite(amount) and amount > 0):
        raise PrivacyError(f"{name} must be positive and finite: got {amount!r}")
