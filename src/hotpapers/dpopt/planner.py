r"""The plan: method, iterations, step, momentum and division of the budget, from public numbers only.

What decides is the signal against the noise, ``s = n mu C / (sqrt(d) S)``: n clipped gradients of norm up to
C in d dimensions, Gaussian noise of mu-GDP for sensitivity S in all. The time that a method of momentum has
run is ``T sqrt(alpha L)``, and directions of curvature below about ``1 / (alpha T^2)`` are left as they were;
more time resolves more of them and lets more noise in. So

    T sqrt(alpha L) = 12.6 s^0.4,      beta = (1 - q) / (1 + q), q = 12 / T,

and the budget grows by e^1.5 over the run. Four numbers (12.6, 0.4, 12 and 1.5) were fitted on one public
table, Adult at epsilon 0.1 to 4, and held on two others; that the rule holds the time and not T makes it
carry to other steps. The worst-case strong convexity lam is not used for momentum: it is far below the
curvature that is resolved.

A plan before any row is seen assumes a top eigenvalue of the rows' second moments (`PRIOR_TOP_EIGENVALUE` of
R^2). `Plan.for_top_eigenvalue` is the same rule for the one that the guard bought: post-processing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting import Budget
from hotpapers.dpopt.accounting.relations import Relation, sum_sensitivity
from hotpapers.dpopt.allocation import (
    geometric_shares,
    kick_responses,
    optimal_shares,
    paper_weights,
    spectrum_weights,
    with_floor,
)
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.guard import MOST_COLUMNS
from hotpapers.dpopt.methods import Method, Schedule, gradient_descent, heavy_ball, multi_stage, nesterov

__all__ = ["PRIOR_TOP_EIGENVALUE", "Allocation", "Plan", "Problem", "plan", "prior_spectrum", "shares_of"]

Allocation: TypeAlias = Literal["uniform", "geometric", "spectrum", "paper"]

PRIOR_TOP_EIGENVALUE = 0.5
GUARD_SHARE = 0.02
COUNT_SHARE = 0.005
_TIME, _TIME_EXPONENT = 12.6, 0.4
_GROWTH = math.exp(1.5)
_FEWEST, _MOST = 10, 400


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The public numbers a plan is made from.

    Attributes
    ----------
    rows
        n, declared or bought.
    size
        d: number of coefficients.
    mu
        Gaussian-DP budget of everything.
    relation
        ``"add_remove"`` or ``"replace_one"``.
    row_bound
        R, with the intercept's column.
    curvature
        B of the loss.
    clip
        C, the bound of one gradient.
    lam
        Weight of the regulariser.
    """

    rows: float
    size: int
    mu: float
    relation: Relation = "add_remove"
    row_bound: float = 1.0
    curvature: float = 0.25
    clip: float = 1.0
    lam: float = 1e-4

    def __post_init__(self) -> None:
        for name in ("rows", "size", "mu", "row_bound", "curvature", "clip"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise PrivacyError(f"a plan needs {name} > 0: got {value!r}")
        if not 0 <= self.lam < math.inf:
            raise PrivacyError(f"a plan needs lam >= 0: got {self.lam!r}")

    @property
    def sensitivity(self) -> float:
        """S of the sum of clipped gradients."""
        return sum_sensitivity(self.clip, self.relation)

    @property
    def smoothness(self) -> float:
        """L in the worst case."""
        return self.curvature * self.row_bound**2 + self.lam

    @property
    def signal(self) -> float:
        """s: signal against noise."""
        return self.rows * self.mu * self.clip / (math.sqrt(self.size) * self.sensitivity)

    def smoothness_for(self, top_eigenvalue: float) -> float:
        """L where the top eigenvalue of X'X/n is known; never above the worst case."""
        return self.curvature * min(max(top_eigenvalue, 0.0), self.row_bound**2) + self.lam


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be run.

    Attributes
    ----------
    method, iterations, alpha, beta, allocation, growth
        As decided; `growth` is the last share over the first of a geometric allocation.
    guard_share, count_share
        Parts of mu^2 that pay for the top eigenvalue and for the number of rows.
    predicted_excess
        Of the model quadratic (`prior_spectrum`): an order of magnitude, not a promise.
    table
        (method, iterations, alpha, beta, predicted excess) of every method considered.
    problem
        What the plan was made for.
    """

    method: Method
    iterations: int
    alpha: float
    beta: float
    allocation: Allocation
    growth: float
    guard_share: float
    count_share: float
    predicted_excess: float
    table: tuple[tuple[Method, int, float, float, float], ...]
    problem: Problem

    @property
    def descent_mu(self) -> float:
        """Mu that is left for the gradients."""
        return self.problem.mu * math.sqrt(1.0 - self.guard_share - self.count_share)

    def schedule(self) -> Schedule:
        """Steps and momenta of every iteration."""
        return _schedule(self.method, self.iterations, self.alpha, self.beta, self.problem)

    def shares(self) -> NDArray[np.float64]:
        """Share of ``descent_mu^2`` of every iteration."""
        return shares_of(self.allocation, self.schedule(), self.growth, self.problem)

    def for_top_eigenvalue(self, top_eigenvalue: float, rows: float | None = None) -> Plan:
        """The plan for the top eigenvalue (and number of rows) that was bought; costs nothing more."""
        problem = self.problem if rows is None else replace(self.problem, rows=rows)
        chosen = _choice(self.method, problem, problem.smoothness_for(top_eigenvalue), self.iterations_fixed)
        return replace(
            self, iterations=chosen.iterations, alpha=chosen.alpha, beta=chosen.beta, problem=problem
        )

    iterations_fixed: int | None = None


@dataclass(frozen=True)
class _Choice:
    iterations: int
    alpha: float
    beta: float


def plan(
    n: float,
    d: int,
    epsilon: float | None = None,
    delta: float | None = None,
    *,
    mu: float | None = None,
    relation: Relation = "add_remove",
    method: Method | Literal["auto"] = "auto",
    allocation: Allocation | Literal["auto"] = "auto",
    iterations: int | None = None,
    row_bound: float = 1.0,
    curvature: float = 0.25,
    clip: float | None = None,
    lam: float = 1e-4,
    guard: bool = True,
    public_rows: bool = True,
) -> Plan:
    """Choose everything that is to choose, from public numbers only (specification 2.8).

    Parameters
    ----------
    n
        Number of rows: declared, or a guess where it will be bought.
    d
        Number of coefficients.
    epsilon, delta
        The budget, or
    mu
        of Gaussian DP.
    relation
        Neighbouring relation.
    method
        ``"auto"`` is Nesterov's.
    allocation
        ``"auto"`` is geometric.
    iterations
        T, if it is not to be chosen.
    row_bound, curvature, clip, lam
        R, B, C (by default R) and the regulariser's weight.
    guard
        Whether 2 % of mu^2 buy a top eigenvalue for the step; else the step is the worst case's. Above 2000
        columns there is no guard.
    public_rows
        Whether n is declared; else half a per cent of mu^2 will buy it.

    Raises
    ------
    PrivacyError
        If a number is out of range, or the budget has no mu (pure epsilon).

    Examples
    --------
    >>> found = plan(32561, 92, epsilon=1.0, delta=1e-5)
    >>> found.method, found.iterations, round(found.beta, 3)
    ('nag', 136, 0.838)
    """
    total = Budget(epsilon=epsilon, delta=delta, mu=mu, relation=relation).gaussian_mu()
    clip = row_bound if clip is None else clip
    problem = Problem(
        rows=n,
        size=d,
        mu=total,
        relation=relation,
        row_bound=row_bound,
        curvature=curvature,
        clip=clip,
        lam=lam,
    )
    guarded = guard and d <= MOST_COLUMNS
    smooth = problem.smoothness_for(PRIOR_TOP_EIGENVALUE * row_bound**2) if guarded else problem.smoothness
    chosen_allocation: Allocation = "geometric" if allocation == "auto" else allocation
    chosen_method: Method = "nag" if method == "auto" else method
    table = _table(problem, smooth, chosen_allocation, iterations)
    mine = next(row for row in table if row[0] == chosen_method)
    return Plan(
        method=chosen_method,
        iterations=mine[1],
        alpha=mine[2],
        beta=mine[3],
        allocation=chosen_allocation,
        growth=_GROWTH,
        guard_share=GUARD_SHARE if guarded else 0.0,
        count_share=0.0 if public_rows else COUNT_SHARE,
        predicted_excess=mine[4],
        table=table,
        problem=problem,
        iterations_fixed=iterations,
    )


def prior_spectrum(problem: Problem, top: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Curvatures of the model quadratic and the gap F(0) - F* that stands along each, both ``(J,)``.

    Curvatures fall like ``j^-1.5`` from half the smoothness, as a loss is flatter where it is fitted, to lam;
    the gap of ``0.35 (C / R)^2`` in all falls like 1/j. Set beside one public table's measured excess, it is
    right within a factor 4, and claims no more.
    """
    j = np.arange(1, problem.size + 1, dtype=np.float64)
    curvatures = 0.5 * top * j**-1.5 + problem.lam
    gap = 0.35 * problem.clip**2 / problem.row_bound**2
    return curvatures, gap / j / np.sum(1.0 / j)


def shares_of(
    allocation: Allocation, schedule: Schedule, growth: float, problem: Problem
) -> NDArray[np.float64]:
    """Shares of ``mu^2``, one for each iteration."""
    if allocation == "uniform":
        return np.full(len(schedule), 1.0 / len(schedule))
    if allocation == "geometric":
        return geometric_shares(len(schedule), growth)
    if allocation == "spectrum":
        top = 1.0 / float(schedule.steps[0])
        curvatures, _ = prior_spectrum(problem, top)
        return optimal_shares(spectrum_weights(schedule, curvatures), "gaussian")
    if allocation == "paper":
        if problem.lam == 0:
            raise PrivacyError("the paper's allocation rests on strong convexity: it needs lam > 0")
        weights = paper_weights(schedule, mu=problem.lam, smooth=problem.smoothness)
        return with_floor(optimal_shares(weights.log_noise, "gaussian"))
    raise PrivacyError(
        f"allocation must be 'uniform', 'geometric', 'spectrum' or 'paper': got {allocation!r}"
    )


def predicted(
    schedule: Schedule, shares: NDArray[np.float64], problem: Problem, curvatures: NDArray[np.float64],
    gaps: NDArray[np.float64],
) -> float:  # fmt: skip
    """Excess risk on the model quadratic: what is left of the gap, and the noise."""
    kicks = np.exp(spectrum_weights(schedule, curvatures))
    variances = (problem.sensitivity / (problem.rows * problem.mu)) ** 2 / shares
    # A gradient step at 0 is a kick by -l theta*: what all of them leave of theta* is 1 - l sum_t alpha_t
    # h_t.
    response = kick_responses(schedule, curvatures)
    left = 1.0 - curvatures * (schedule.steps @ response)
    return float(np.sum(gaps * left**2) + np.sum(kicks * variances))


def _table(
    problem: Problem, smooth: float, allocation: Allocation, iterations: int | None
) -> tuple[tuple[Method, int, float, float, float], ...]:
    curvatures, gaps = prior_spectrum(problem, smooth)
    rows: list[tuple[Method, int, float, float, float]] = []
    methods: Sequence[Method] = ("gd", "hb", "nag", "masg")
    for method in methods:
        if method == "masg" and problem.lam == 0:
            continue
        best = _choice(method, problem, smooth, iterations)
        schedule = _schedule(method, best.iterations, best.alpha, best.beta, problem)
        shares = shares_of(allocation, schedule, _GROWTH, problem)
        excess = predicted(schedule, shares, problem, curvatures, gaps)
        rows.append((method, best.iterations, best.alpha, best.beta, excess))
    return tuple(rows)


def _choice(method: Method, problem: Problem, smooth: float, iterations: int | None) -> _Choice:
    """T, alpha and beta for smoothness `smooth`."""
    alpha = 1.0 / smooth
    time = _TIME * problem.signal**_TIME_EXPONENT
    if iterations is None:
        # Gradient descent needs the square of the time that momentum needs.
        steps = time * time / 12.0 if method == "gd" else time / math.sqrt(alpha * problem.smoothness)
        most = 1000 if method == "gd" else _MOST
        iterations = round(min(max(steps, _FEWEST), most))
    q = min(12.0 / iterations, 0.9)
    return _Choice(iterations, alpha, 0.0 if method == "gd" else (1.0 - q) / (1.0 + q))


def _schedule(method: Method, iterations: int, alpha: float, beta: float, problem: Problem) -> Schedule:
    if method == "gd":
        return gradient_descent(iterations, alpha)
    if method == "hb":
        return heavy_ball(iterations, alpha, beta)
    if method == "nag":
        return nesterov(iterations, alpha, beta)
    return multi_stage(iterations, mu=problem.lam, smooth=1.0 / alpha)
