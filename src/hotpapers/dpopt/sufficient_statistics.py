r"""Ridge regression from noisy sufficient statistics: X'X and X'y are all that least squares asks of the rows.

**Release.** With rows |x| <= R and targets scaled so that |y| <= R too, the symmetric matrix of ``v v'``, v = (x, y), is summed
over rows and its upper triangle released with Gaussian noise in two parts, each with its own sensitivity:

* X'X: adding a row adds x x'. Its upper triangle has norm ``sqrt(sum_i x_i^4 + sum_{i<j} x_i^2 x_j^2) <= |x|^2 <= R^2``:
  add_remove. Replacing one moves it by at most ``sqrt(2) R^2``: in the inner product of upper triangles, that of x x' and
  z z' is ``(1/2)(sum_i x_i^2 z_i^2 + (x.z)^2) >= 0``, so ``|a - b|^2 <= |a|^2 + |b|^2``.
* X'y: adding a row adds y x, of norm at most ``R R = R^2``; replacing moves it by at most ``2 R^2`` (opposite vectors attain it).

**Use.** The noisy matrix is made positive semidefinite and a ridge is added that is public but for one bought number:
AdaSSP (Wang 2018) as we re-derived it. With noise of standard deviation sigma on the entries of X'X, its spectral norm is at
most about ``sigma sqrt(d)`` (Gaussian orthogonal ensemble: 2 sigma sqrt(d) for unit off-diagonal variance, here
with a high-probability margin); the smallest eigenvalue is bought with a third of the budget, its sensitivity R^2 under both
relations by the argument of `hotpapers.dpopt.guard`, and the ridge raises it to the noise's level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.relations import Relation, check_relation
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise.scales import gaussian_scale
from hotpapers.dpopt.releases import Noise, Spend, release
from hotpapers.dpopt.rows import PreparedRows
from hotpapers.dpopt.second_moments import second_moments

__all__ = ["SufficientStatistics", "noisy_statistics", "ridge_from_statistics"]
