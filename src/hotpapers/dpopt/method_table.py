"""Which method at which n, d and budget: every plan side by side, from public numbers only."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from hotpapers.dpopt.accounting import Budget
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Logistic
from hotpapers.dpopt.noise.scales import quieter_pure_noise
from hotpapers.dpopt.objective import RowNorms, plan_objective
from hotpapers.dpopt.planner import Problem, plan
from hotpapers.dpopt.pure_descent import plan_pure_descent
from hotpapers.dpopt.row_count import RowCount

__all__ = ["PlannedMethod", "method_table"]


@dataclass(frozen=True, kw_only=True)
class PlannedMethod:
    """One method as it would be run.

    Attributes
    ----------
    method, noise
        Its name and the law of its noise.
    iterations
        Passes over the rows; 1 for methods that release once.
    step, momentum
        alpha and beta; None where there are none.
    predicted_excess
        Excess risk on the planner's model quadratic: an order of magnitude, not a promise.
    chosen
        Whether ``method="auto"`` takes it.
    """

    method: str
    noise: str
    iterations: int
    step: float | None
    momentum: float | None
    predicted_excess: float
    chosen: bool


def method_table(
    rows: int, size: int, budget: Budget, *, lam: float = 1e-4, norm_l1: float | None = None
) -> list[PlannedMethod]:
    """Logistic regression's methods for rows of norm 1, the chosen one first.

    Parameters
    ----------
    rows, size
        n and d, both public.
    budget
        In epsilon (pure, or with a delta), rho or mu.
    lam
        Weight of the regulariser.
    norm_l1
        Bound of a row's L1 norm; ``sqrt(d)`` where nothing better is known.

    Raises
    ------
    PrivacyError
        If a number is out of range.
    """
    if rows < 1 or size < 1:
        raise PrivacyError(f"n and d must be at least 1: got {rows} and {size}")
    if norm_l1 is not None and not 0 < norm_l1 < math.inf:
        raise PrivacyError(f"the L1 norm must be a positive number: got {norm_l1!r}")
    l1 = min(math.sqrt(size), math.inf if norm_l1 is None else norm_l1)
    made = _descents(rows, size, budget, lam, l1)
    if budget.epsilon is not None:
        made.append(_objective(rows, size, budget, lam, l1))
    wanted = "objective" if budget.kind == "pure" else "nag"
    found = [replace(one, chosen=one.method == wanted) for one in made]
    return sorted(found, key=lambda one: (not one.chosen, one.predicted_excess))


def _descents(rows: int, size: int, budget: Budget, lam: float, l1: float) -> list[PlannedMethod]:
    if budget.kind == "pure":
        law = quieter_pure_noise(l1, 1.0, size)
        clip = l1 if law == "laplace" else 1.0
        problem = Problem(rows=rows, size=size, mu=1.0, relation=budget.relation, clip=clip, lam=lam)
        plans = [
            plan_pure_descent(problem, budget.pure_epsilon(), law, method=method)
            for method in ("gd", "hb", "nag")
        ]
        return [
            PlannedMethod(
                method=one.method,
                noise=law,
                iterations=one.iterations,
                step=one.alpha,
                momentum=one.beta,
                predicted_excess=one.predicted_excess,
                chosen=False,
            )
            for one in plans
        ]
    if budget.kind == "noise_multiplier":
        raise PrivacyError("a plan needs a budget of everything: give epsilon and delta, rho or mu")
    table = plan(rows, size, mu=budget.gaussian_mu(), relation=budget.relation, lam=lam).table
    return [
        PlannedMethod(
            method=method,
            noise="gaussian",
            iterations=iterations,
            step=alpha,
            momentum=beta,
            predicted_excess=excess,
            chosen=False,
        )
        for method, iterations, alpha, beta, excess in table
    ]


def _objective(rows: int, size: int, budget: Budget, lam: float, l1: float) -> PlannedMethod:
    made = plan_objective(
        Logistic(), RowNorms(1.0, l1), width=size, rows=RowCount.declared(rows), budget=budget, lam=lam
    )
    return PlannedMethod(
        method="objective",
        noise=made.noise,
        iterations=1,
        step=None,
        momentum=None,
        predicted_excess=made.predicted_excess,
        chosen=False,
    )
