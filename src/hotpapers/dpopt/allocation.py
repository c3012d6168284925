"""How the budget is divided among iterations, the paper's main idea (specification 2.7).

With noise of variance ``E|w_t|^2`` in iteration t the final error is bounded by ``a_0 E_0 + sum_t a_t
E|w_t|^2``, with weights a_t that the schedule alone decides. Laplace noise has variance ~ 1/eps_t^2 and the
eps_t add up; Gaussian noise has variance ~ 1/rho_t and the rho_t add up. So the best shares of the budget are
proportional to ``a_t^(1/3)`` and to ``a_t^(1/2)``. All weights stay in logarithms: they span hundreds of
powers of ten.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import Schedule

__all__ = [
    "Noise",
    "PaperWeights",
    "choose_iterations",
    "geometric_shares",
    "laplace_scales",
    "optimal_shares",
    "paper_weights",
    "spectrum_weights",
    "subsampled_epsilon",
    "subsampled_shares",
    "uniform_shares",
    "with_floor",
]

Noise: TypeAlias = Literal["laplace", "gaussian"]
Array: TypeAlias = NDArray[np.float64]

_EXPONENT = {"laplace": 1.0 / 3.0, "gaussian": 1.0 / 2.0}


@dataclass(frozen=True)
class PaperWeights:
    """Logarithms of a_0 and a_1 ... a_T of the Lyapunov bound."""

    log_start: float
    log_noise: Array


def uniform_shares(iterations: int) -> Array:
    """1/T each."""
    return np.full(iterations, 1.0 / iterations)


def geometric_shares(iterations: int, growth: float) -> Array:
    """Shares that grow by the same factor each iteration, the last `growth` times the first.

    Parameters
    ----------
    iterations
        T >= 1.
    growth
        > 0; 1 is uniform.
    """
    if not growth > 0:
        raise PrivacyError(f"the budget's growth must be positive: got {growth!r}")
    exponents = np.arange(iterations) / max(1, iterations - 1) * math.log(growth)
    return _normalised(exponents)


def optimal_shares(log_weights: ArrayLike, noise: Noise) -> Array:
    """Shares that minimise ``sum_t a_t E|w_t|^2``: ``a^(1/3)`` for Laplace, ``a^(1/2)`` for Gaussian noise, normalised.

    Parameters
    ----------
    log_weights
        ln a_t, ``(T,)``; minus infinity gives the iteration nothing (`with_floor` lifts it).
    noise
        ``"laplace"`` (epsilons add up) or ``"gaussian"`` (squares of mu, or rho, add up).

    Examples
    --------
    >>> optimal_shares([0.0, 0.0], "gaussian")
    array([0.5, 0.5])
    """
    if noise not in _EXPONENT:
        raise PrivacyError(f"noise must be 'laplace' or 'gaussian': got {noise!r}")
    return _normalised(np.asarray(log_weights, dtype=np.float64) * _EXPONENT[noise])


def with_floor(shares: Array, smallest: float = 1e-3) -> Array:
    """Shares of at least `smallest` / T before they are normalised again: no iteration is all noise."""
    lifted = np.maximum(shares, smallest / len(shares))
    return np.asarray(lifted / lifted.sum())


def paper_weights(schedule: Schedule, *, mu: float, smooth: float) -> PaperWeights:
    """a_t and a_0 of 2.7, from the contraction ``1 - sqrt(alpha_t mu)`` and a factor 2 for each restart.

    Raises
    ------
    PrivacyError
        If a step is not below 1/mu.
    """
    log_rates = _log_rates(schedule, mu)
    later = np.concatenate([np.cumsum(log_rates[::-1])[::-1][1:], [0.0]])
    doublings = (schedule.stages[-1] - schedule.stages) * math.log(2.0)
    noise = np.log(schedule.steps / 2.0) + np.log1p(schedule.steps * smooth) + later + doublings
    start = float(schedule.stages[-1] * math.log(2.0) + log_rates.sum())
    return PaperWeights(start, noise)


def spectrum_weights(
    schedule: Schedule, eigenvalues: ArrayLike, multiplicities: ArrayLike | None = None
) -> Array:
    """Logarithms of a_t for a quadratic of known spectrum.

    ``a_t = sum_j m_j (l_j / 2) (alpha_t h_j(t))^2``: exact, where the Lyapunov bound has slack.
    h_j(t) is how far a unit kick in iteration t is felt in the last iterate along eigenvector j.

    Parameters
    ----------
    schedule
        Of any method; restarts count.
    eigenvalues
        l_j > 0, from public knowledge only.
    multiplicities
        m_j; 1 each by default.
    """
    spectrum = np.asarray(eigenvalues, dtype=np.float64).reshape(-1)
    many = np.ones_like(spectrum) if multiplicities is None else np.asarray(multiplicities, dtype=np.float64)
    if len(spectrum) == 0 or not np.all(spectrum > 0) or many.shape != spectrum.shape:
        raise PrivacyError("a spectrum is a list of positive eigenvalues, each with its multiplicity")
    response = kick_responses(schedule, spectrum)
    with np.errstate(divide="ignore"):
        weights = np.log(np.square(response) @ (many * spectrum / 2.0))
    return np.asarray(weights + 2.0 * np.log(schedule.steps))


def kick_responses(schedule: Schedule, spectrum: Array) -> Array:
    """``(T, J)``: the last iterate's shift per unit kick of the state in iteration t, by the adjoint recursion.

    An iteration maps (x_t, x_{t-1}) to (p x_t - r x_{t-1}, x_t); the row vector that reads the last iterate
    off the state is carried backwards through these maps.
    """
    count = len(schedule)
    found = np.empty((count, len(spectrum)))
    now, before = np.ones_like(spectrum), np.zeros_like(spectrum)
    for t in range(count - 1, -1, -1):
        found[t] = now
        restarted = t > 0 and schedule.stages[t] != schedule.stages[t - 1]
        beta = 0.0 if restarted else schedule.momenta[t]
        shrink = 1.0 - schedule.steps[t] * spectrum
        inner = shrink if schedule.method in {"nag", "masg"} else np.ones_like(shrink)
        now, before = now * (shrink + beta * inner) + before, -now * beta * inner
    return found


def choose_iterations(
    schedule: Schedule,
    *,
    mu: float,
    smooth: float,
    dimension: int,
    unit_noise: float,
    initial_gap: float,
    noise: Noise = "laplace",
    variance_factor: float = 2.0,
) -> int:
    """The T up to the schedule's length with the smallest bound, in O(T) time (the paper's ``alter_T``).

    The score of T is ``a_0 E_0 + d f u^2 (sum_t a_t^(1/3))^3`` for Laplace noise and
    ``a_0 E_0 + d f u^2 (sum_t a_t^(1/2))^2`` for Gaussian noise.

    Parameters
    ----------
    schedule
        As long as the longest T allowed.
    mu, smooth
        Public strong convexity and smoothness.
    dimension
        d.
    unit_noise
        u = S / (n eps) for Laplace, S / (n sqrt(2 rho)) for Gaussian noise.
    initial_gap
        E_0, a guess of F(theta_0) - F*.
    noise
        The kind.
    variance_factor
        f: 2 for Laplace noise of scale u (the published code has 1), 1 for Gaussian noise.
    """
    exponent = _EXPONENT[noise]
    log_rates = _log_rates(schedule, mu)
    own = np.log(schedule.steps / 2.0) + np.log1p(schedule.steps * smooth)
    rises = np.diff(schedule.stages, prepend=schedule.stages[0]) * math.log(2.0)
    log_start = np.cumsum(log_rates) + schedule.stages * math.log(2.0)
    log_sums = np.empty(len(schedule))
    running = -math.inf
    for t in range(len(schedule)):
        running = float(np.logaddexp(running + exponent * (log_rates[t] + rises[t]), exponent * own[t]))
        log_sums[t] = running / exponent
    log_unit = math.log(dimension * variance_factor) + 2.0 * math.log(unit_noise)
    scores = np.logaddexp(log_start + math.log(initial_gap), log_unit + log_sums)
    return int(np.argmin(scores)) + 1


def subsampled_epsilon(epsilon: ArrayLike, rows: int, drawn: int) -> Array:
    """What a mechanism on `drawn` of `rows` rows without replacement may spend: ``ln(1 + (n/m)(e^eps - 1))`` (2.2).

    Raises
    ------
    PrivacyError
        If more rows are drawn than there are.
    """
    if not 1 <= drawn <= rows:
        raise PrivacyError(f"a sample needs 1 to n rows: got {drawn} of {rows}")
    return np.asarray(np.log1p(rows / drawn * np.expm1(np.asarray(epsilon, dtype=np.float64))))


def laplace_scales(epsilons: ArrayLike, sensitivity: float, rows: int, drawn: int | None = None) -> Array:
    """Laplace scale b_t of the *mean* gradient of `drawn` rows (all by default), `sensitivity` the L1 one of the sum.

    Examples
    --------
    >>> laplace_scales(0.01, 40.0, 100_000).item()
    0.04
    >>> round(laplace_scales(0.01, 40.0, 100_000, 1000).item(), 10)
    0.0574999818
    """
    drawn = rows if drawn is None else drawn
    return np.asarray(sensitivity / (drawn * subsampled_epsilon(epsilons, rows, drawn)))


def subsampled_shares(log_weights: ArrayLike, epsilon: float, rows: int, drawn: int) -> Array:
    """Exact shares for Laplace noise on subsamples: they minimise ``sum_t a_t b_t(eps_t)^2`` (allocation ``"exact"``).

    The function of eps_t is convex, so its slope, the same for all t at the optimum, is found by bisection,
    and each eps_t from the slope by another in ln eps_t.
    """
    log_weights = np.asarray(log_weights, dtype=np.float64)
    start = optimal_shares(log_weights, "laplace") * epsilon
    low, high = (float(edge(_log_slope(start, log_weights, rows, drawn))) for edge in (np.min, np.max))
    for _ in range(200):
        middle = 0.5 * (low + high)
        found = _epsilon_of_slope(middle, log_weights, rows, drawn, epsilon)
        low, high = (middle, high) if found.sum() > epsilon else (low, middle)
    found = _epsilon_of_slope(0.5 * (low + high), log_weights, rows, drawn, epsilon)
    return np.asarray(found / found.sum())


def _log_slope(epsilons: Array, log_weights: Array, rows: int, drawn: int) -> Array:
    """Logarithm of ``-d(a b^2)/d eps / 2`` with b = 1/ln(1 + (n/m)(e^eps - 1)), falling in eps."""
    ratio = rows / drawn
    spent = np.log1p(ratio * np.expm1(epsilons))
    return np.asarray(log_weights - 3.0 * np.log(spent) + math.log(ratio) + epsilons - spent)


def _epsilon_of_slope(log_slope: float, log_weights: Array, rows: int, drawn: int, most: float) -> Array:
    low, high = np.full(len(log_weights), -200.0), np.full(len(log_weights), math.log(most) + 1.0)
    for _ in range(100):
        middle = 0.5 * (low + high)
        above = _log_slope(np.exp(middle), log_weights, rows, drawn) > log_slope
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(np.exp(0.5 * (low + high)))


def _log_rates(schedule: Schedule, mu: float) -> Array:
    product = schedule.steps * mu
    if not np.all((product > 0) & (product < 1)):
        raise PrivacyError(f"every step size must be below 1/mu = {1 / mu:g}")
    return np.log1p(-np.sqrt(product))


def _normalised(log_shares: Any) -> Array:
    shares = np.exp(log_shares - logsumexp(log_shares))
    return np.asarray(shares / math.fsum(shares))
