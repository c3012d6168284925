r"""The minimiser of a perturbed objective in integers of as many bits as it takes: for what float64 cannot certify.

`hotpapers.dpopt.minimiser` certifies a gradient norm of at most tau unless there are far more rows than the tau was
planned for, or b is longer than is ever to be expected. To refuse such a table would tell that it is large. So the
search goes on here, for any number of rows, and ends with the same certificate.

Parameters are integers times 2^-F. Rows are integers times their lattice's spacing, so a margin is exact. A row's
derivative is computed with mpmath and rounded to 2^-F, and the sum of integers is exact again. The gradient is off by
at most ``2^-F sqrt(size) (n R + 3)``; F is chosen to put that below tau/16. Each step is Newton's, with a Hessian in
float64, where that halves the gradient; else the gradient step 1/L, which shortens it by the factor ``1 - Lambda/L``.
So the search ends on every table. It takes tens of microseconds a row and pass.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.losses import Huber, Logistic, Loss, SmoothHinge
from hotpapers.dpopt.rows import PreparedRows

if TYPE_CHECKING:
    from hotpapers.dpopt.minimiser import PerturbedObjective

__all__ = ["precise_minimiser"]

_BLOCK = 1024
# Of rows that are in no lattice, which only modes without a guarantee have.
_FLOAT_SPACING = 2.0**-52
_LARGEST_HESSIAN = 1200


def precise_minimiser(
    objective: PerturbedObjective, start: NDArray[np.float64], tolerance: float
) -> NDArray[Any]:
    """A point whose gradient has norm at most `tolerance`, as exact fractions, of the parameters' shape.

    Parameters
    ----------
    objective
        Strongly convex.
    start
        Where float64 stopped.
    tolerance
        tau > 0.
    """
    count, bound = len(objective.rows.features), objective.rows.bound.total
    wanted = tolerance / (16 * math.sqrt(start.size) * (count * bound + 3))
    bits = max(64, 1 - math.floor(math.log2(wanted)))
    theta = _scaled(start, bits)
    gradient = _gradient(objective, theta, bits)
    smooth = _scaled(np.array([1.0 / (objective.smoothness * (1 + 2.0**-20))]), 200 + bits)[0]
    while (length := _length(gradient, bits)) > tolerance / 2:
        moved = theta - _scaled(_newton(objective, theta, gradient, bits), bits)
        after = _gradient(objective, moved, bits)
        if not _length(after, bits) <= length / 2:
            moved = theta - np.array(
                [(int(one) * smooth) >> (200 + bits) for one in gradient.reshape(-1)], dtype=object
            ).reshape(theta.shape)
            after = _gradient(objective, moved, bits)
        theta, gradient = moved, after
    return np.array([Fraction(int(one), 1 << bits) for one in theta.reshape(-1)], dtype=object).reshape(
        theta.shape
    )


def _gradient(objective: PerturbedObjective, theta: NDArray[Any], bits: int) -> NDArray[Any]:
    """Of J, in multiples of 2^-bits."""
    rows, total = objective.rows, np.zeros(theta.shape, dtype=object)
    unit = _unit(rows)
    shift = round(math.log2(unit))
    for start in range(0, len(rows.features), _BLOCK):
        part = slice(start, start + _BLOCK)
        block = (
            np.rint(np.asarray(rows.features[part], dtype=np.float64) / unit).astype(np.int64).astype(object)
        )
        margins = block @ theta
        phi = [
            _derivative(objective.loss, objective.slope, np.atleast_1d(margin), float(target), bits, shift)
            for margin, target in zip(margins, rows.targets[part], strict=True)
        ]
        weights = np.array(phi, dtype=object).reshape(margins.shape)
        total = total + block.T @ weights
    return np.asarray(
        _shifted(total, shift)
        + _times(theta, objective.regularisation)
        + _scaled(np.asarray(objective.linear, dtype=np.float64), bits)
    )


def _derivative(
    loss: Loss, slope: float, margin: NDArray[Any], target: float, bits: int, shift: int
) -> list[int]:
    """Of one row's loss by its margins, rounded to multiples of 2^-bits."""
    with mpmath.workprec(bits + 64 + max(int(one).bit_length() for one in margin)):
        at = [mpmath.ldexp(mpmath.mpf(int(one)), shift - bits) for one in margin]
        if loss.outputs > 1:
            top = max(at)
            powers = [mpmath.exp(one - top) for one in at]
            whole = mpmath.fsum(powers)
            found = [one / whole - (k == int(target)) for k, one in enumerate(powers)]
        elif isinstance(loss, Logistic):
            found = [-target / (1 + mpmath.exp(target * at[0]))]
        elif isinstance(loss, SmoothHinge):
            h = mpmath.mpf(loss.smoothing)
            found = [-target * min(max((1 + h - target * at[0]) / (2 * h), mpmath.mpf(0)), mpmath.mpf(1))]
        elif isinstance(loss, Huber):
            found = [min(max(at[0] - target, -mpmath.mpf(loss.delta)), mpmath.mpf(loss.delta))]
        else:
            raise TypeError(f"no precise derivative of {type(loss).__name__}")
        if loss.outputs == 1:
            found = [min(max(found[0], -mpmath.mpf(slope)), mpmath.mpf(slope))]
        return [int(mpmath.nint(mpmath.ldexp(one, bits))) for one in found]


def _newton(
    objective: PerturbedObjective, theta: NDArray[Any], gradient: NDArray[Any], bits: int
) -> NDArray[np.float64]:
    """What to subtract, in float64; zeros where float64 does not know."""
    point, slope = _floats(theta, bits), _floats(gradient, bits)
    if point.ndim == 1 and point.size <= _LARGEST_HESSIAN:
        found = np.linalg.solve(objective.hessian(point), slope)
    else:
        found = _conjugate_gradients(objective, point, slope)
    return np.asarray(np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0))


def _conjugate_gradients(
    objective: PerturbedObjective, point: NDArray[np.float64], slope: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The Hessian's inverse times `slope`, its products by differences of gradients."""
    from scipy.sparse.linalg import LinearOperator, cg

    def product(flat: NDArray[np.float64]) -> NDArray[np.float64]:
        size = max(float(np.linalg.norm(flat)), 1e-300)
        step = 2.0**-13 / (size * objective.rows.bound.total) * flat.reshape(point.shape)
        rise = objective.gradient(point + step) - objective.gradient(point - step)
        return np.asarray(rise.reshape(-1) * (size * objective.rows.bound.total * 2.0**12))

    operator = LinearOperator((point.size, point.size), matvec=product, dtype=np.float64)
    found, _ = cg(operator, slope.reshape(-1), rtol=1e-6, maxiter=4 * point.size)
    return np.asarray(found, dtype=np.float64).reshape(point.shape)


def _unit(rows: PreparedRows) -> float:
    if rows.exact:
        return rows.bound.spacing
    return math.ldexp(_FLOAT_SPACING, math.ceil(math.log2(rows.bound.total)))


def _scaled(values: NDArray[np.float64], bits: int) -> NDArray[Any]:
    """Floats as integers, multiples of 2^-bits."""
    whole = [round(Fraction(float(one)) * (1 << bits)) for one in values.reshape(-1)]
    return np.array(whole, dtype=object).reshape(values.shape)


def _times(values: NDArray[Any], factor: float) -> NDArray[Any]:
    """Integers times a float, rounded to an integer."""
    exact = Fraction(factor)
    whole = [round(int(one) * exact) for one in values.reshape(-1)]
    return np.array(whole, dtype=object).reshape(values.shape)


def _shifted(values: NDArray[Any], shift: int) -> NDArray[Any]:
    return _times(values, math.ldexp(1.0, shift))


def _floats(values: NDArray[Any], bits: int) -> NDArray[np.float64]:
    return np.array([float(Fraction(int(one), 1 << bits)) for one in values.reshape(-1)]).reshape(
        values.shape
    )


def _length(values: NDArray[Any], bits: int) -> float:
    """L2, rounded up."""
    square = sum(int(one) ** 2 for one in values.reshape(-1))
    return float(Fraction(math.isqrt(square) + 1, 1 << bits)) * (1 + 2.0**-40)
