"""Six methods at one privacy budget on the paper's problem: excess risk along the iterations, many repeats at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.relations import Relation, sum_sensitivity
from hotpapers.dpopt.allocation import (
    choose_iterations,
    laplace_scales,
    optimal_shares,
    paper_weights,
    uniform_shares,
)
from hotpapers.dpopt.clipped_sums import ClippedSums
from hotpapers.dpopt.descent import descend
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.experiments.setting import Setting
from hotpapers.dpopt.losses import Logistic, Loss
from hotpapers.dpopt.methods import (
    Schedule,
    gradient_descent,
    heavy_ball,
    multi_stage,
    nesterov,
    nesterov_momentum,
)
from hotpapers.dpopt.releases import PlainNoise

__all__ = ["METHODS", "Curve", "compare", "grid", "run_method"]

MethodName: TypeAlias = Literal["DP-GD", "DP-HB", "DP-NAG", "DP-MASG", "DP-NAG-opt", "DP-MASG-opt"]
METHODS: tuple[MethodName, ...] = ("DP-GD", "DP-HB", "DP-NAG", "DP-MASG", "DP-NAG-opt", "DP-MASG-opt")
_GUESS = 10.0
_POINTS = 40


@dataclass(frozen=True)
class Curve:
    """One method's excess risk.

    Attributes
    ----------
    method
        Its name.
    asked, drawn, c
        T asked for, rows per iteration m, and step in units of 1/L.
    iterations
        T run, which "-opt" methods choose.
    at
        Iterations after which the excess was measured, from 0.
    excess
        ``(len(at), R)``.
    """

    method: MethodName
    asked: int
    drawn: int
    c: float
    iterations: int
    at: NDArray[np.int64]
    excess: NDArray[np.float64]

    @property
    def final(self) -> float:
        """Mean excess risk of the last iterate."""
        return float(self.excess[-1].mean())


class SubsampledSums:
    """Gradient sums of m rows drawn without replacement, anew at every call and for every repeat."""

    spacing: float | None = None

    def __init__(self, setting: Setting, drawn: int, generator: np.random.Generator) -> None:
        self.loss: Loss = Logistic()
        self._rows, self._drawn, self._generator = setting.rows, drawn, generator

    @property
    def shape(self) -> tuple[int, ...]:
        """``(d,)``."""
        return (self._rows.width,)

    def sensitivity(self, relation: Relation) -> float:
        """Of one sample's sum."""
        return sum_sensitivity(self._rows.bound.total, relation)

    def __call__(self, theta: NDArray[Any]) -> NDArray[np.float64]:
        """One sum for each column of `theta`."""
        total, count = np.empty(theta.shape), len(self._rows.features)
        for r in range(theta.shape[1]):
            chosen = self._generator.choice(count, self._drawn, replace=False, shuffle=False)
            block, target = self._rows.features[chosen], self._rows.targets[chosen]
            margin = block @ theta[:, r].astype(block.dtype)
            total[:, r] = block.T @ self.loss.derivative(margin, target)
        return total


def run_method(
    setting: Setting,
    method: MethodName,
    *,
    iterations: int,
    drawn: int | None = None,
    c: float = 1.0,
    epsilon: float = 1.0,
    repeats: int = 20,
    seed: int = 0,
    initial_gap: float = _GUESS,
    as_published: bool = False,
) -> Curve:
    """Run one method `repeats` times at once under pure epsilon-DP by Laplace noise (replace_one).

    Parameters
    ----------
    setting
        The problem.
    method
        One of `METHODS`; "-opt" divides the budget and chooses T as the paper does.
    iterations
        T allowed.
    drawn
        m, rows per iteration without replacement; all by default.
    c
        Step in units of 1/L, in (0, 1].
    epsilon, repeats, seed
        Budget, R, and the seed of the noise.
    initial_gap
        E_0, the guess of F(theta_0) - F* that T is chosen with (10 in the paper).
    as_published
        The published code's noise is too small by sqrt(2) (it takes Laplace's scale for its standard
        deviation), and its choice of T counts half of the noise's variance. For comparison only: it spends
        sqrt(2) epsilon.
    """
    drawn = setting.count if drawn is None else drawn
    schedule, shares = _divided(setting, method, iterations, c, epsilon, initial_gap, as_published)
    scales = drawn * laplace_scales(shares * epsilon, setting.sensitivity, setting.count, drawn)
    if as_published:
        scales = scales / math.sqrt(2.0)
    generator = np.random.default_rng([seed, METHODS.index(method), iterations, drawn, round(1000 * c)])
    sums: Any
    if drawn == setting.count:
        sums = ClippedSums(setting.rows, Logistic())
    else:
        sums = SubsampledSums(setting, drawn, generator)
    moments = _moments(len(schedule))
    seen = [setting.excess(np.tile(setting.start[:, None], repeats))]

    def observe(done: int, theta: NDArray[np.float64]) -> None:
        if done in moments:
            seen.append(setting.excess(theta))

    descend(
        sums,
        schedule,
        scales,
        rows=drawn,
        lam=setting.lam,
        relation="replace_one",
        noise=PlainNoise("laplace", generator, repeats=True),
        spend=lambda _event: None,
        start=np.tile(setting.start[:, None], repeats),
        observe=observe,
    )
    at = np.array([0, *sorted(moments)])
    return Curve(method, iterations, drawn, c, len(schedule), at, np.array(seen))


def compare(setting: Setting, **settings: Any) -> list[Curve]:
    """All six methods at the same T, m, c and budget; arguments as of `run_method`."""
    return [run_method(setting, method, **settings) for method in METHODS]


def grid(
    setting: Setting,
    *,
    iterations: Sequence[int] = (100, 200, 500, 1000),
    drawn: int | None = None,
    steps: Sequence[float] = (0.1, 1.0),
    repeats: int = 20,
    seed: int = 0,
    as_published: bool = False,
    watch: Callable[[list[tuple[int, float, MethodName]]], Any] = iter,
) -> Iterator[Curve]:
    """The paper's grid for one m, curve by curve; `watch` may wrap the list of runs in a progress bar."""
    runs = [(count, c, method) for count in iterations for c in steps for method in METHODS]
    for count, c, method in watch(runs):
        yield run_method(
            setting,
            method,
            iterations=count,
            drawn=drawn,
            c=c,
            repeats=repeats,
            seed=seed,
            as_published=as_published,
        )


def _divided(
    setting: Setting,
    method: MethodName,
    iterations: int,
    c: float,
    epsilon: float,
    initial_gap: float,
    as_published: bool,
) -> tuple[Schedule, NDArray[np.float64]]:
    """The schedule, cut where the method chooses T, and its shares of epsilon."""
    schedule = _schedule(setting, method, iterations, c)
    if not method.endswith("-opt"):
        return schedule, uniform_shares(iterations)
    best = choose_iterations(
        schedule,
        mu=setting.lam,
        smooth=setting.smooth,
        dimension=setting.rows.width,
        unit_noise=setting.sensitivity / (setting.count * epsilon),
        initial_gap=initial_gap,
        variance_factor=1.0 if as_published else 2.0,
    )
    schedule = schedule.first(best)
    weights = paper_weights(schedule, mu=setting.lam, smooth=setting.smooth)
    return schedule, optimal_shares(weights.log_noise, "laplace")


def _schedule(setting: Setting, method: MethodName, iterations: int, c: float) -> Schedule:
    if method not in METHODS:
        raise PrivacyError(f"method must be one of {', '.join(METHODS)}: got {method!r}")
    alpha = c / setting.smooth
    if method == "DP-GD":
        return gradient_descent(iterations, alpha)
    if "MASG" in method:
        return multi_stage(iterations, mu=setting.lam, smooth=setting.smooth, c=c)
    beta = nesterov_momentum(alpha, setting.lam)
    return (heavy_ball if method == "DP-HB" else nesterov)(iterations, alpha, beta)


def _moments(iterations: int) -> set[int]:
    """About 40 iterations at which the excess is measured, the last among them."""
    return set(np.unique(np.linspace(1, iterations, min(iterations, _POINTS)).round().astype(int)).tolist())
