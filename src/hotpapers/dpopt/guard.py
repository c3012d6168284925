r"""The step-size guard: a noisy count and a noisy top eigenvalue, each paid for out of the budget.

The worst case over all rows of norm R gives L = B R^2 + lam and the step 1/L. Most tables are far from it: no
Hessian of F exceeds ``B Lambda + lam`` with ``Lambda`` the top eigenvalue of X'X/n, and on Adult Lambda is
0.39 R^2. That number is the rows', so it is bought:

**One number, not a matrix.** ``f = lambda_max(sum_i x_i x_i')`` has sensitivity R^2 under *both* relations.
Adding a row adds a positive semidefinite matrix of top eigenvalue ``|x|^2 <= R^2``, so by Weyl's inequality
``f(A) <= f(A + x x') <= f(A) + R^2``: that is add_remove. Under replace_one two tables A + x x'
and A + z z' share A, and both values lie in ``[f(A), f(A) + R^2]``, so they differ by at most R^2, not 2 R^2.
(The whole matrix under replace_one: ``|x x' - z z'|_F^2 = |x|^4 + |z|^4 - 2 (x.z)^2 <= 2 R^4``, so sqrt(2)
R^2, again not 2 R^2; noise on all entries would then raise the top eigenvalue by about ``sigma sqrt(2 d)``.)
One Gaussian number with 2 % of rho is off by ``R^2 / (0.14 mu n)``: on Adult by 0.007 at epsilon 0.1.

**Floating point.** X'X is summed exactly; its eigenvalue is computed with an error below ``32 d u |A|``
(u = 2^-53), at most ``d 2^-48 2^26 R^2 <= 2^-10 R^2`` for d <= 2000, as it is cut at 2^26 R^2 (a projection,
which more than 2^26 rows alone can reach), and rounded to a lattice of 2^-20 R^2. So the computed number moves
by at most ``(1 + 2^-8) R^2``, which is the sensitivity that is charged.

**From the number to the step.** The bound used is the noisy value plus two standard deviations, at most n
R^2: it fails to be an upper bound with probability 2.3 %, which costs accuracy, never privacy. With it the
step is ``1 / (B Lambda + lam)``, for which gradient descent and Nesterov's method converge on every convex
function of that smoothness. `divergence_radius` watches the noisy iterates all the same (post-processing):
should they leave it, `descend` forgets the momentum and halves the step.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.relations import Relation
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.exact_sums import MOST_ROWS
from hotpapers.dpopt.losses import Huber, Loss, SmoothHinge
from hotpapers.dpopt.noise.scales import gaussian_scale
from hotpapers.dpopt.releases import Noise, Spend, release
from hotpapers.dpopt.rows import PreparedRows
from hotpapers.dpopt.second_moments import second_moments

__all__ = [
    "MOST_COLUMNS",
    "divergence_radius",
    "noisy_count",
    "noisy_top_eigenvalue",
]

MOST_COLUMNS = 2000
_EIGENVALUE_SLACK = 1.0 + 2.0**-8
_LATTICE = 2.0**-20


def noisy_count(rows: PreparedRows, mu: float, relation: Relation, noise: Noise, spend: Spend) -> float:
    """The number of rows for mu-GDP, at least 1: sensitivity 1 under add_remove.

    Raises
    ------
    PrivacyError
        Under replace_one, where n is the same for all neighbours: state it instead of paying for it.
    """
    if relation != "add_remove":
        raise PrivacyError("under replace_one the number of rows is public: give n_public")
    total = np.array([len(rows.features)], dtype=np.int64)
    value = release(
        total << 20,
        spacing=2.0**-20,
        sensitivity=1.0,
        scale=gaussian_scale(1.0, mu),
        relation=relation,
        noise=noise,
        spend=spend,
        purpose="number of rows",
    )
    return max(1.0, float(value[0]))


def noisy_top_eigenvalue(
    rows: PreparedRows, mu: float, relation: Relation, noise: Noise, spend: Spend, *, deviations: float = 2.0
) -> float:
    """An upper bound of the top eigenvalue of the *sum* X'X for mu-GDP, right with probability 97.7 %.

    Parameters
    ----------
    rows
        Prepared; with noise on a lattice, exactly.
    mu
        What may be spent.
    relation
        Either: the sensitivity is R^2 under both.
    noise, spend
        As of `release`.
    deviations
        Standard deviations of the noise that are added.

    Raises
    ------
    PrivacyError
        For more than 2000 columns, for which the rounding of the eigenvalue is not bounded here.
    """
    if rows.width > MOST_COLUMNS:
        raise PrivacyError(f"the step-size guard takes at most {MOST_COLUMNS} columns: got {rows.width}")
    square = rows.bound.total**2
    unit = 2.0 ** math.floor(math.log2(square * _LATTICE))
    top = float(np.linalg.eigvalsh(second_moments(rows))[-1])
    sensitivity = square * _EIGENVALUE_SLACK
    scale = gaussian_scale(sensitivity, mu)
    value = release(
        np.array([round(min(max(top, 0.0), MOST_ROWS * square) / unit)], dtype=np.int64),
        spacing=unit,
        sensitivity=sensitivity,
        scale=scale,
        relation=relation,
        noise=noise,
        spend=spend,
        purpose="top eigenvalue of the rows' second moments, for the step size",
    )
    return max(float(value[0]), 0.0) + deviations * scale


def divergence_radius(
    loss: Loss,
    lam: float,
    *,
    steps: NDArray[np.float64],
    momenta: NDArray[np.float64],
    deviations: NDArray[np.float64],
    size: int,
) -> NDArray[np.float64]:
    """How long an iterate may be before it counts as diverged, ``(T,)``, from public numbers only.

    Twice the longest minimiser, ``(lam / 2) |theta*|^2 <= l(0)``, plus six standard deviations of the noise
    that can have gathered: a kick of iteration s moves later iterates by at most ``alpha_s / (1 - beta_s)``
    of it.

    Parameters
    ----------
    loss, lam
        Decide the longest minimiser; infinite where lam is 0 or the loss at 0 has no bound.
    steps, momenta
        alpha and beta of each iteration.
    deviations
        Standard deviation of each coordinate of the mean gradient's noise, ``(T,)``.
    size
        Number of coordinates.
    """
    at_zero = _largest_loss_at_zero(loss)
    longest = math.sqrt(2.0 * at_zero / lam) if lam > 0 else math.inf
    gathered = np.sqrt(size * np.cumsum(np.square(steps * deviations / (1.0 - momenta))))
    return np.asarray(2.0 * longest + 6.0 * gathered)


def _largest_loss_at_zero(loss: Loss) -> float:
    if loss.outputs > 1:
        return math.log(loss.outputs)
    target: Any = np.array([loss.target_bound if isinstance(loss, Huber) else 1.0])
    if not np.isfinite(target).all():
        return math.inf
    shift = loss.smoothing if isinstance(loss, SmoothHinge) else 0.0
    return float(loss.value(np.zeros(1), target)[0]) + shift
