r"""The minimiser of a perturbed objective, found to a gradient norm that is certified, floating point included.

What is minimised is ``J(theta) = sum_i l_i(x_i' theta) + (Lambda/2) |theta|^2 + b' theta``. The privacy of its
minimiser (`hotpapers.dpopt.objective_noise`) needs a bound on the gradient *norm* at the point returned, on every
data set. So the search may use any direction it likes; only the certificate counts:

**Rounding.** With u = 2^-53, for one row the margin is off by at most ``(d + 2) u |x| |theta|``, the derivative by B
times that plus ``2^-48 G`` for its own evaluation (a few units in the last place). Rows are summed in runs of 64,
64 runs make a block and blocks are added with compensation (Neumaier), so the sum is off by at most
``136 u sum_i |phi_i x_i|``. Regulariser and b add a few u of their size. Hence

    error(theta) <= n R (B (d + 2) u R |theta| + 2^-48 G) + 136 u n G R + 4 u (Lambda |theta| + |b|).

**Termination.** J is Lambda-strongly convex and its gradient is ``n B R^2 + Lambda`` Lipschitz, so Nesterov's method
with these constants reaches every gradient norm in a number of steps that is known beforehand. Newton's method with
step halving, or L-BFGS where there are too many coefficients for a Hessian, gets there first. Where
rounding alone is above half of the tolerance, `hotpapers.dpopt.precise_minimiser` goes on in integers: no table is
refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.losses import Loss
from hotpapers.dpopt.precise_minimiser import precise_minimiser
from hotpapers.dpopt.rows import PreparedRows

__all__ = ["PerturbedObjective", "gradient_error", "minimise"]

Array = NDArray[np.float64]

_UNIT = 2.0**-53
_RUN = 64
_BLOCK = _RUN * _RUN
_LARGEST_HESSIAN = 1200
_DIFFERENCE = 2.0**-13


def gradient_error(
    rows: float, width: int, row_bound: float, loss_bounds: tuple[float, float], theta: float, linear: float
) -> float:
    """What the computed gradient of the sum of losses may be off by (see above), without Lambda's part.

    Parameters
    ----------
    rows, width, row_bound
        n, d, and R in L2.
    loss_bounds
        G and B of the loss.
    theta, linear
        Norms of theta and b.
    """
    slope, curvature = loss_bounds
    margin = curvature * (width + 2) * _UNIT * row_bound * theta
    each = row_bound * (margin + 2.0**-48 * slope) + 136 * _UNIT * slope * row_bound
    return rows * each + 4 * _UNIT * linear


@dataclass(frozen=True)
class PerturbedObjective:
    """J, its gradient with a bound on the error, and its Hessian.

    Attributes
    ----------
    rows
        Prepared.
    loss
        Of a margin and a target.
    slope
        Derivatives of a scalar margin are clipped to this size, which is the derivative of a convex loss again;
        for several outputs it only states the bound of the loss.
    regularisation
        Lambda.
    linear
        b, of the parameters' shape.
    """

    rows: PreparedRows
    loss: Loss
    slope: float
    regularisation: float
    linear: Array

    @property
    def smoothness(self) -> float:
        """Lipschitz constant of the gradient."""
        square = self.rows.bound.total**2
        return len(self.rows.features) * self.loss.curvature_bound * square + self.regularisation

    def gradient(self, theta: Array) -> Array:
        """Of J at `theta`."""
        total, lost = np.zeros(theta.shape), np.zeros(theta.shape)
        for start in range(0, len(self.rows.features), _BLOCK):
            block, targets = self._block(start)
            phi = self._derivative(block @ theta, targets)
            part = _summed_in_runs(block, phi)
            added = total + part
            lost += np.where(np.abs(total) >= np.abs(part), (total - added) + part, (part - added) + total)
            total = added
        return np.asarray(total + lost + self.regularisation * theta + self.linear)

    def error(self, theta: Array) -> float:
        """How far `gradient` may be off, in L2."""
        length = float(np.linalg.norm(theta))
        sums = gradient_error(
            len(self.rows.features),
            self.rows.width,
            self.rows.bound.total,
            (self.slope, self.loss.curvature_bound),
            length,
            float(np.linalg.norm(self.linear)),
        )
        return sums + 4 * _UNIT * self.regularisation * length

    def hessian(self, theta: Array) -> Array:
        """Of J at `theta` for a scalar margin; second derivatives by differences of the first, good for a direction."""
        total = np.zeros((len(theta), len(theta)))
        for start in range(0, len(self.rows.features), _BLOCK):
            block, targets = self._block(start)
            margin = block @ theta
            rise = self._derivative(margin + _DIFFERENCE, targets)
            rise -= self._derivative(margin - _DIFFERENCE, targets)
            total += (block * (rise / (2 * _DIFFERENCE))[:, None]).T @ block
        total[np.diag_indices_from(total)] += self.regularisation
        return total

    def value(self, theta: Array) -> float:
        """J at `theta` without a clip, for L-BFGS's line search."""
        total = 0.0
        for start in range(0, len(self.rows.features), _BLOCK):
            block, targets = self._block(start)
            total += float(self.loss.value(block @ theta, targets).sum())
        quadratic = 0.5 * self.regularisation * float(np.square(theta).sum())
        return total + quadratic + float((self.linear * theta).sum())

    def _block(self, start: int) -> tuple[Array, Array]:
        part = slice(start, start + _BLOCK)
        return (
            np.asarray(self.rows.features[part], dtype=np.float64),
            np.asarray(self.rows.targets[part], dtype=np.float64),
        )

    def _derivative(self, margin: Array, targets: Array) -> Array:
        phi = self.loss.derivative(margin, targets)
        if self.loss.outputs > 1:
            return np.asarray(phi)
        return np.clip(phi, -self.slope, self.slope)


def minimise(objective: PerturbedObjective, tolerance: float) -> NDArray[Any]:
    """A point whose gradient has norm at most `tolerance`, rounding included, whatever the rows are.

    Parameters
    ----------
    objective
        Strongly convex.
    tolerance
        tau; well above `PerturbedObjective.error` for a table as large as was planned for.

    Returns
    -------
    NDArray
        Of the parameters' shape: floats, or fractions where float64 cannot certify so small a gradient.
    """
    theta = np.zeros(objective.linear.shape)
    if theta.ndim == 1 and theta.size <= _LARGEST_HESSIAN:
        theta = _newton(objective, theta, tolerance)
    else:
        theta = _quasi_newton(objective, theta, tolerance)
    found, certified = _nesterov(objective, theta, tolerance)
    return found if certified else precise_minimiser(objective, found, tolerance)


def _certified(objective: PerturbedObjective, theta: Array, gradient: Array, tolerance: float) -> bool:
    return float(np.linalg.norm(gradient)) * (1 + 2.0**-40) + objective.error(theta) <= tolerance


def _newton(objective: PerturbedObjective, theta: Array, tolerance: float) -> Array:
    """Newton's method; a step is halved until the gradient is shorter."""
    gradient = objective.gradient(theta)
    for _ in range(100):
        if _certified(objective, theta, gradient, tolerance):
            break
        direction, step = np.linalg.solve(objective.hessian(theta), gradient), 1.0
        length = np.linalg.norm(gradient)
        while step > 2.0**-20:
            moved = theta - step * direction
            after = objective.gradient(moved)
            if np.linalg.norm(after) < length:
                theta, gradient = moved, after
                break
            step /= 2
        else:
            break
    return theta


def _quasi_newton(objective: PerturbedObjective, theta: Array, tolerance: float) -> Array:
    from scipy.optimize import minimize

    shape = theta.shape

    def both(flat: Array) -> tuple[float, Array]:
        at = flat.reshape(shape)
        return objective.value(at), objective.gradient(at).reshape(-1)

    options: dict[str, Any] = {"maxiter": 1000, "gtol": tolerance / (4 * math.sqrt(theta.size)), "ftol": 0.0}
    found = minimize(both, theta.reshape(-1), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x, dtype=np.float64).reshape(shape)


def _nesterov(objective: PerturbedObjective, theta: Array, tolerance: float) -> tuple[Array, bool]:
    """Nesterov's method until the certificate holds; (point, whether it does)."""
    if _certified(objective, theta, objective.gradient(theta), tolerance):
        return theta, True
    if objective.error(theta) > tolerance / 2:
        return theta, False
    smooth, convex = objective.smoothness, objective.regularisation
    root = math.sqrt(convex / smooth)
    beta = (1 - root) / (1 + root)
    gradient = objective.gradient(theta)
    # J(0) - J* <= |grad|^2 / (2 Lambda) falls by 1 - root in each step; the gradient is at most sqrt(2 L gap).
    start = float(np.linalg.norm(gradient)) * math.sqrt(2 * smooth / convex)
    steps = math.ceil(4 / root * math.log(max(2.0, 4 * start / tolerance))) + 2
    before = theta
    for _ in range(steps):
        if _certified(objective, theta, gradient, tolerance):
            return theta, True
        point = theta + beta * (theta - before)
        before, theta = theta, point - objective.gradient(point) / smooth
        gradient = objective.gradient(theta)
    return theta, False


def _summed_in_runs(block: Array, phi: Array) -> Array:
    """``block' phi``, in runs of 64 rows."""
    whole = len(block) // _RUN * _RUN
    total = block[whole:].T @ phi[whole:]
    if whole:
        runs = block[:whole].reshape(-1, _RUN, block.shape[1]).transpose(0, 2, 1)
        weights = phi[:whole].reshape(-1, _RUN, *phi.shape[1:])
        weights = weights[:, :, None] if phi.ndim == 1 else weights
        total = total + np.matmul(runs, weights).sum(axis=0).reshape(total.shape)
    return np.asarray(total)
