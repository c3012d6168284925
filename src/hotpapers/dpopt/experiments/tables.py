"""What the figures show, as numbers: the division of the budget, heavy ball's bounds, the comparison's last values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.allocation import optimal_shares, paper_weights
from hotpapers.dpopt.dynamics import (
    SimpleMethod,
    log_heavy_ball_error_bound,
    rate,
    stationary_excess,
)
from hotpapers.dpopt.experiments.comparison import METHODS, Curve
from hotpapers.dpopt.methods import (
    Iterate,
    advance,
    gradient_descent,
    heavy_ball,
    multi_stage,
    nesterov,
    nesterov_momentum,
    query_point,
)

__all__ = [
    "BetaSweep",
    "Division",
    "LongRun",
    "bound_sweeps",
    "curve_records",
    "divisions",
    "long_runs",
]

SPECTRUM = (0.1, 1.0)


@dataclass(frozen=True)
class Division:
    """One panel of Figure 2.

    Attributes
    ----------
    stages
        K.
    scales
        ``b_t n eps / S_1``, ``(T,)``.
    boundaries
        Last iteration of each stage but the last.
    ratio
        The bound's noise term over that of the uniform division.
    """

    stages: int
    scales: NDArray[np.float64]
    boundaries: tuple[int, ...]
    ratio: float


def divisions() -> list[Division]:
    """Figure 2: kappa = 20, stages 2 to 5, the first of 13 iterations (the published script rounds it down)."""
    found = []
    for stages, count in ((2, 53), (3, 133), (4, 293), (5, 613)):
        schedule = multi_stage(count, mu=1.0, smooth=20.0, first_stage=13)
        log_weights = paper_weights(schedule, mu=1.0, smooth=20.0).log_noise
        shares = optimal_shares(log_weights, "laplace")
        weights = np.exp(log_weights - log_weights.max())
        ratio = float((weights / shares**2).sum() / (weights.sum() * count**2))
        ends = np.flatnonzero(np.diff(schedule.stages)) + 1
        found.append(Division(stages, 1.0 / shares, tuple(int(end) for end in ends), ratio))
    return found


@dataclass(frozen=True)
class BetaSweep:
    """One column of Figure 1.

    Attributes
    ----------
    alpha
        Step.
    betas, rates
        rho against beta.
    bounds
        For each noise constant C_n: (C_n, ((beta, ln E(1..250)), ...)).
    """

    alpha: float
    betas: NDArray[np.float64]
    rates: NDArray[np.float64]
    bounds: tuple[tuple[float, tuple[tuple[float, NDArray[np.float64]], ...]], ...]


def bound_sweeps(*, as_published: bool = False) -> list[BetaSweep]:
    """Figure 1: mu = 0.1, L = 1; with `as_published`, the rate of Nesterov's matrix in heavy ball's place."""
    betas, count = np.linspace(0.0, 0.99, 199), np.arange(1, 251)
    found = []
    for alpha in (0.1, 0.5, 1.0):
        rates = np.array([rate("nag" if as_published else "hb", alpha, float(b), SPECTRUM) for b in betas])
        chosen = (0.0, 0.3, 0.7, nesterov_momentum(alpha, SPECTRUM[0]))
        bounds = tuple(
            (
                constant,
                tuple((beta, _log_bound(count, alpha, beta, constant, as_published)) for beta in chosen),
            )
            for constant in (1e-2, 1e-4)
        )
        found.append(BetaSweep(alpha, betas, rates, bounds))
    return found


def _log_bound(
    count: NDArray[Any], alpha: float, beta: float, constant: float, as_published: bool
) -> NDArray[np.float64]:
    return np.asarray(
        log_heavy_ball_error_bound(
            count,
            alpha=alpha,
            beta=beta,
            spectrum=SPECTRUM,
            noise_constant=constant,
            as_published=as_published,
        )
    )


@dataclass(frozen=True)
class LongRun:
    """A method on the quadratic with eigenvalues 0.1 and 1 under unit gradient noise."""

    method: SimpleMethod
    alpha: float
    beta: float
    rate: float
    stationary_excess: float
    simulated_excess: float


def long_runs(*, chains: int = 20_000, iterations: int = 600, seed: int = 0) -> list[LongRun]:
    """Stationary excess in closed form beside that of simulated chains.

    Parameters
    ----------
    chains, iterations, seed
        Of the simulation.
    """
    generator, found = np.random.default_rng(seed), []
    eigenvalues = np.array(SPECTRUM)[:, None]
    for alpha in (0.1, 0.5, 1.0):
        momentum = nesterov_momentum(alpha, SPECTRUM[0])
        schedules = {
            "gd": gradient_descent(iterations, alpha),
            "hb": heavy_ball(iterations, alpha, momentum),
            "nag": nesterov(iterations, alpha, momentum),
        }
        names: tuple[SimpleMethod, ...] = ("gd", "hb", "nag")
        for method in names:
            schedule, beta = schedules[method], 0.0 if method == "gd" else momentum
            iterate = Iterate.start(np.zeros((2, chains)))
            for t in range(iterations):
                noise = generator.standard_normal((2, chains))
                iterate = advance(
                    schedule, t, iterate, eigenvalues * query_point(schedule, t, iterate) + noise
                )
            simulated = float((eigenvalues / 2 * iterate.current**2).sum(axis=0).mean())
            found.append(
                LongRun(
                    method,
                    alpha,
                    beta,
                    rate(method, alpha, beta, SPECTRUM),
                    stationary_excess(method, alpha, beta, SPECTRUM),
                    simulated,
                )
            )
    return found


def curve_records(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Final excess of every curve, mean and standard deviation over repeats, in the methods' order."""
    ordered = sorted(curves, key=lambda one: (one.drawn, one.asked, one.c, METHODS.index(one.method)))
    return [
        {
            "method": curve.method,
            "T": curve.asked,
            "T_run": curve.iterations,
            "m": curve.drawn,
            "c": curve.c,
            "excess_mean": curve.final,
            "excess_sd": float(curve.excess[-1].std()),
            "repeats": int(curve.excess.shape[1]),
        }
        for curve in ordered
    ]
