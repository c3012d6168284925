r"""Ridge regression from noisy sufficient statistics: X'X and X'y are all that least squares asks of the rows.

**Release.** Rows have |x| <= R; targets are clipped to their bound and scaled so that |y| <= R as well. Two
Gaussian releases, each with its own part of the budget:

* X'X, as the vector of its diagonal and sqrt(2) times its upper triangle, whose length is the Frobenius norm.
Adding
  a row moves it by ``|x x'|_F = |x|^2 <= R^2``: add_remove. Replacing one moves it by at most ``sqrt(2)
  R^2``, as ``|x x' - z z'|_F^2 = |x|^4 + |z|^4 - 2 (x.z)^2``. So the diagonal gets noise sigma and each entry
  beside it ``sigma / sqrt(2)``, less than if the triangle were released with its own, hardly smaller,
  sensitivity.
* X'y. Adding a row moves it by ``|y| |x| <= R^2``, replacing by at most ``2 R^2``, which opposite vectors
attain.

**Use** (post-processing). The noise matrix is of the Gaussian orthogonal ensemble, of spectral norm about
``sigma sqrt(2 d)``. Directions in which X'X is weaker than a part of that are noise: its eigenvalues are
raised to that floor before the system is solved. (AdaSSP, Wang 2018, adds a ridge to all directions instead.
On white wine the floor was better than a ridge of the same size at every budget from 0.1 to 4.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotpapers.dpopt.accounting.relations import Relation, check_relation
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise.scales import gaussian_scale
from hotpapers.dpopt.releases import Noise, Spend, noise_event, release
from hotpapers.dpopt.rows import PreparedRows
from hotpapers.dpopt.second_moments import integer_moments, second_moments

__all__ = [
    "SufficientStatistics",
    "noisy_statistics",
    "ridge_from_statistics",
    "statistics_win",
]

_MOMENT_SHARE = 0.4
# Rows prepared within R may exceed it by the rounding of their norm.
_SLACK = 1.0 + 2.0**-28


@dataclass(frozen=True)
class SufficientStatistics:
    """Noisy sums over rows.

    Attributes
    ----------
    moments
        X'X, ``(d, d)``, symmetric; not always positive.
    products
        X'y, ``(d,)``, in the targets' own units.
    moment_deviation
        Standard deviation of the noise on the diagonal of `moments`.
    product_deviation
        Of each of `products`.
    """

    moments: NDArray[np.float64]
    products: NDArray[np.float64]
    moment_deviation: float
    product_deviation: float


def noisy_statistics(
    rows: PreparedRows,
    targets: ArrayLike,
    *,
    target_bound: float,
    mu: float,
    relation: Relation,
    noise: Noise,
    spend: Spend,
    moment_share: float = _MOMENT_SHARE,
) -> SufficientStatistics:
    """X'X and X'y for mu-GDP.

    Parameters
    ----------
    rows
        Prepared in the L2 norm; exactly, for noise on a lattice.
    targets
        ``(n,)``, clipped to ``[-target_bound, target_bound]``, each by itself; what is no number counts as 0.
    target_bound
        Declared.
    mu
        Budget of both releases.
    relation
        Neighbouring relation.
    noise, spend
        As of `release`.
    moment_share
        Part of ``mu^2`` for X'X.

    Raises
    ------
    PrivacyError
        If the bound is not positive, the noise not Gaussian, or the rows are bounded in L1 only.
    """
    check_relation(relation)
    if not 0 < target_bound < math.inf:
        raise PrivacyError(f"the targets' bound must be a positive number: got {target_bound!r}")
    if noise.kind != "gaussian" or rows.bound.order != 2:
        raise PrivacyError("sufficient statistics need Gaussian noise and rows bounded in L2")
    total, spacing, scale_back = _sums(rows, targets, target_bound)
    width, square = rows.width, rows.bound.total**2 * _SLACK
    sensitivity = square * (1.0 if relation == "add_remove" else math.sqrt(2.0))
    sigma = gaussian_scale(sensitivity, mu * math.sqrt(moment_share))
    spend(noise_event("gaussian", sensitivity, sigma, relation, "second moments, in Frobenius norm"))
    diagonal = noise.added(np.diagonal(total)[:width].copy(), sigma, spacing)
    beside = np.triu_indices(width, 1)
    upper = noise.added(total[beside], sigma / math.sqrt(2.0), spacing)
    moments = np.diag(diagonal)
    moments[beside] = upper
    moments.T[beside] = upper
    product_sensitivity = square * (1.0 if relation == "add_remove" else 2.0)
    product_sigma = gaussian_scale(product_sensitivity, mu * math.sqrt(1.0 - moment_share))
    products = release(
        total[:width, width],
        spacing=spacing,
        sensitivity=product_sensitivity,
        scale=product_sigma,
        relation=relation,
        noise=noise,
        spend=spend,
        purpose="products of rows and targets",
    )
    return SufficientStatistics(moments, products * scale_back, sigma, product_sigma * scale_back)


def ridge_from_statistics(
    statistics: SufficientStatistics, *, rows: float, lam: float, floor: float = 0.7
) -> NDArray[np.float64]:
    """Coefficients of ridge regression, ``(d,)``, from noisy statistics: post-processing.

    Parameters
    ----------
    statistics
        Noisy sums.
    rows
        Public or bought number of rows.
    lam
        Weight of ``(lam / 2) |theta|^2`` in the mean objective.
    floor
        Smallest eigenvalue kept, in units of the noise's spectral norm ``sigma sqrt(2 d)``; fitted on white
        wine.
    """
    if not (rows > 0 and lam >= 0 and floor >= 0):
        raise PrivacyError("ridge regression needs rows > 0, lam >= 0 and floor >= 0")
    values, vectors = np.linalg.eigh(statistics.moments)
    level = floor * statistics.moment_deviation * math.sqrt(2.0 * len(values))
    raised = np.maximum(values, max(level, 1e-300)) + lam * rows
    return np.asarray(vectors @ ((vectors.T @ statistics.products) / raised))


def statistics_win(signal: float) -> bool:
    """Whether sufficient statistics are expected to beat descent at this signal ``n mu / sqrt(d)`` (1 row changed).

    On white wine (d = 12) they did below about 300 and descent did above: a rule from one table, for choosing
    by public numbers.
    """
    return signal < 300.0


def _sums(rows: PreparedRows, targets: ArrayLike, bound: float) -> tuple[NDArray[Any], float | None, float]:
    """((x, y)'(x, y) summed, its lattice, factor that gives X'y its units back)."""
    unit = rows.bound.total / bound
    numbers = np.nan_to_num(np.asarray(targets, dtype=np.float64).reshape(-1), nan=0.0)
    scaled = np.clip(numbers, -bound, bound) * unit
    np.clip(scaled, -rows.bound.total, rows.bound.total, out=scaled)
    if not rows.exact:
        return second_moments(rows, scaled), None, 1.0 / unit
    spacing = rows.bound.spacing
    return integer_moments(rows, np.trunc(scaled / spacing) * spacing), spacing**2, 1.0 / unit
