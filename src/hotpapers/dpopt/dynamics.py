"""The methods on a quadratic as linear dynamical systems: convergence rates, noise in the long run, error bounds.

Along an eigenvector with eigenvalue l the state (x_{t+1}, x_t) is multiplied by a 2 x 2 matrix each iteration
(specification 2.4, 2.5). Its spectral radius is the rate; with gradient noise of variance s2 the iterate has
a stationary variance in closed form.
"""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotpapers.dpopt.errors import PrivacyError

__all__ = [
    "heavy_ball_error_bound",
    "log_heavy_ball_error_bound",
    "rate",
    "stationary_excess",
    "stationary_variance",
    "transition_matrix",
]

SimpleMethod: TypeAlias = Literal["gd", "hb", "nag"]
Array: TypeAlias = NDArray[np.float64]


def transition_matrix(method: SimpleMethod, alpha: float, beta: float, eigenvalue: float) -> Array:
    """A with (x_{t+1}, x_t)' = A (x_t, x_{t-1})' + noise, ``(2, 2)``.

    Heavy ball: ``[[1 + beta - alpha l, -beta], [1, 0]]``; Nesterov: ``[[(1 + beta) q, -beta q], [1, 0]]``,
    ``q = 1 - alpha l``; gradient descent is either with beta = 0.
    """
    q = 1.0 - alpha * eigenvalue
    if method == "gd":
        first = [q, 0.0]
    elif method == "hb":
        first = [q + beta, -beta]
    elif method == "nag":
        first = [(1.0 + beta) * q, -beta * q]
    else:
        raise PrivacyError(f"method must be 'gd', 'hb' or 'nag': got {method!r}")
    return np.array([first, [1.0, 0.0]])


def rate(method: SimpleMethod, alpha: float, beta: float, spectrum: ArrayLike) -> float:
    """rho: the largest spectral radius over the eigenvalues; the iterates converge iff it is below 1."""
    values = np.asarray(spectrum, dtype=np.float64).reshape(-1)
    return float(max(_radius(transition_matrix(method, alpha, beta, float(value))) for value in values))


def _radius(matrix: Array) -> float:
    """Larger modulus of the roots of ``z^2 - trace z + determinant``."""
    trace, determinant = float(matrix[0, 0]), -float(matrix[0, 1])
    discriminant = trace * trace - 4.0 * determinant
    if discriminant <= 0:
        return math.sqrt(determinant)
    return 0.5 * (abs(trace) + math.sqrt(discriminant))


def stationary_variance(method: SimpleMethod, alpha: float, beta: float, eigenvalue: ArrayLike) -> Any:
    """Variance of one coordinate in the long run, for gradient noise of variance 1; infinite where it is unstable.

    ====  ==========================================================
    GD    ``alpha / (l (2 - alpha l))``
    HB    ``alpha (1 + beta) / ((1 - beta) l (2 + 2 beta - alpha l))``
    NAG   ``alpha (1 + beta q) / (l (1 - beta q) (1 + q + 2 beta q))``
    ====  ==========================================================
    """
    value = np.asarray(eigenvalue, dtype=np.float64)
    q = 1.0 - alpha * value
    with np.errstate(divide="ignore", invalid="ignore"):
        if method == "gd":
            found, stable = alpha / (value * (2.0 - alpha * value)), np.abs(q) < 1
        elif method == "hb":
            room = 2.0 + 2.0 * beta - alpha * value
            found, stable = alpha * (1.0 + beta) / ((1.0 - beta) * value * room), (room > 0) & (beta < 1)
        elif method == "nag":
            room = 1.0 + q + 2.0 * beta * q
            found = alpha * (1.0 + beta * q) / (value * (1.0 - beta * q) * room)
            stable = (room > 0) & (beta * np.abs(q) < 1)
        else:
            raise PrivacyError(f"method must be 'gd', 'hb' or 'nag': got {method!r}")
    return np.where(stable & (value > 0), found, np.inf)[()]


def stationary_excess(method: SimpleMethod, alpha: float, beta: float, spectrum: ArrayLike) -> float:
    """Excess risk in the long run, ``sum_l (l / 2) V(l)``, for gradient noise of variance 1 a coordinate."""
    values = np.asarray(spectrum, dtype=np.float64).reshape(-1)
    return float(np.sum(values / 2.0 * stationary_variance(method, alpha, beta, values)))


def log_heavy_ball_error_bound(
    iterations: ArrayLike,
    *,
    alpha: float,
    beta: float,
    spectrum: ArrayLike,
    noise_constant: float,
    initial_gap: float = 10.0,
    constant: float = 1.0,
    as_published: bool = False,
) -> Any:
    """The logarithm of E(T), the paper's bound of heavy ball's error after T iterations (2.4, its Figure 1).

    ``E(T) = (E_0 + w alpha^2 / (1 - rho^2)) (c T)^2 rho^(2T) + L w alpha (1 + beta) / (1 - beta) sum_l 1 / (l
    (2 + 2 beta - alpha l))`` with ``w = (C_n T)^2``, as each of T iterations gets the T-th part of the
    budget.

    Parameters
    ----------
    iterations
        T, one or many.
    alpha, beta
        Step and momentum.
    spectrum
        Eigenvalues of the Hessian; the largest is L.
    noise_constant
        C_n: the noise's scale is C_n T.
    initial_gap, constant
        E_0 and c.
    as_published
        The published code takes the rate of Nesterov's matrix for that of heavy ball (specification 2.9, D2).
    """
    values = np.asarray(spectrum, dtype=np.float64).reshape(-1)
    count = np.asarray(iterations, dtype=np.float64)
    rho = rate("nag" if as_published else "hb", alpha, beta, values)
    noise = np.square(noise_constant * count)
    with np.errstate(divide="ignore"):
        transient = np.log(initial_gap + noise * alpha**2 / (1.0 - rho**2)) + 2.0 * np.log(constant * count)
        transient = transient + 2.0 * count * math.log(rho)
        stationary = np.sum(1.0 / (values * (2.0 + 2.0 * beta - alpha * values)))
        floor = np.log(values.max() * noise * alpha * (1.0 + beta) / (1.0 - beta) * stationary)
    return np.logaddexp(transient, floor)[()]


def heavy_ball_error_bound(iterations: ArrayLike, **settings: Any) -> Any:
    """E(T) itself; arguments as for `log_heavy_ball_error_bound`."""
    return np.exp(log_heavy_ball_error_bound(iterations, **settings))
