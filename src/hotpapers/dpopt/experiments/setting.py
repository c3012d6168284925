"""The paper's experiment as a problem: uniform rows, labels of a linear rule, a start far away (its section 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.clipped_sums import ClippedSums
from hotpapers.dpopt.losses import Logistic, smoothness
from hotpapers.dpopt.methods import Iterate, advance, nesterov, nesterov_momentum, query_point
from hotpapers.dpopt.rows import PreparedRows, RowBound, prepare_rows

__all__ = ["Setting", "paper_setting"]

_START = 10.0


@dataclass(frozen=True)
class Setting:
    """Rows and public constants.

    Attributes
    ----------
    rows
        n rows of d values in [0, 1], |x|_1 <= d.
    lam
        ``2 lam_p``: the paper's regulariser is ``lam_p |theta|^2`` without a half.
    smooth
        L that the methods are told.
    start
        theta_0, ``(d,)``.
    optimum
        F*.
    """

    rows: PreparedRows
    lam: float
    smooth: float
    start: NDArray[np.float64]
    optimum: float

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.rows.features)

    @property
    def sensitivity(self) -> float:
        """L1 sensitivity of the sum of gradients when a row is replaced: 2 d, as |x|_1 <= d."""
        return 2.0 * self.rows.bound.total

    def excess(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """F(theta) - F* of every column of `theta`, ``(R,)``."""
        value = np.asarray(ClippedSums(self.rows, Logistic()).value(theta)) / self.count
        return np.asarray(value + self.lam / 2.0 * np.square(theta).sum(axis=0) - self.optimum)


def paper_setting(
    n: int = 100_000, d: int = 20, *, lam_p: float = 0.01, seed: int = 1, smoothness_from_rows: bool = False
) -> Setting:
    """Rows uniform in the cube, ``y = sign(x . w)`` with w standard normal, ``theta_0 = 10``.

    Parameters
    ----------
    n, d
        Size; the paper's is 100,000 x 20.
    lam_p
        The paper's weight of the regulariser.
    seed
        Of numpy's default generator.
    smoothness_from_rows
        As published, L is the top eigenvalue of X'X/n plus ``2 lam_p``: it reads the private rows, and lacks
        the logistic loss's 1/4. By default L is the public ``d/4 + 2 lam_p``, from |x|_2^2 <= d.
    """
    generator = np.random.default_rng(seed)
    features = generator.random((n, d))
    weights = generator.standard_normal(d)
    targets = np.where(features @ weights >= 0, 1.0, -1.0)
    rows = prepare_rows(features, targets, RowBound(float(d), order=1))
    lam = 2.0 * lam_p
    smooth = smoothness(Logistic(), math.sqrt(d), lam)
    if smoothness_from_rows:
        smooth = float(np.linalg.eigvalsh(features.T @ features / n)[-1]) + lam
    start = np.full(d, _START)
    unsolved = Setting(rows, lam, smooth, start, 0.0)
    return Setting(rows, lam, smooth, start, _least(unsolved))


def _least(setting: Setting) -> float:
    """F*, from 1000 exact Nesterov steps as in the paper, in float64."""
    sums = ClippedSums(_in_double(setting.rows), Logistic())
    schedule = nesterov(1000, 1.0 / setting.smooth, nesterov_momentum(1.0 / setting.smooth, setting.lam))
    iterate = Iterate.start(np.zeros(setting.rows.width))
    for t in range(len(schedule)):
        point = query_point(schedule, t, iterate)
        gradient = sums(point) / setting.count + setting.lam * point
        iterate = advance(schedule, t, iterate, gradient)
        if float(np.abs(gradient).max()) < 1e-10:
            break
    return float(setting.excess(iterate.current))


def _in_double(rows: PreparedRows) -> PreparedRows:
    return PreparedRows(
        rows.features.astype(np.float64), rows.targets.astype(np.float64), rows.norms, rows.bound, rows.exact
    )
