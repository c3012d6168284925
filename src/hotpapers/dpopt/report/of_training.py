"""From a finished training to its report: what was asked, what was run, how far the noise can have moved it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting import Budget, Ledger
from hotpapers.dpopt.allocation import kick_responses
from hotpapers.dpopt.descent import History
from hotpapers.dpopt.noise.scales import knorm_variance, laplace_variance
from hotpapers.dpopt.objective import ObjectivePlan
from hotpapers.dpopt.report.contents import Coefficients, Iterations, PrivacyReport
from hotpapers.dpopt.sampled_plan import SampledPlan
from hotpapers.dpopt.tables.schema import Schema
from hotpapers.dpopt.training import Request, Trained

__all__ = ["iterations_of", "noise_deviation", "report_of"]

_CURVATURES = 65


def report_of(
    trained: Trained,
    request: Request,
    *,
    subject: str,
    private: bool,
    coefficients: Coefficients,
    budget: Budget | None = None,
    ledger: Ledger | None = None,
    schema: Schema | None = None,
    assumptions: dict[str, str] | None = None,
    made: str = "",
) -> PrivacyReport:
    """The report of a model.

    Parameters
    ----------
    trained, request
        What was run and what was asked for.
    subject
        ``"logistic regression"``.
    private
        False if the noise came from a seed.
    coefficients
        Released.
    budget, ledger
        Where they are not those of the training: per unit of several rows.
    schema, made
        As of `PrivacyReport`.
    assumptions
        More of them, named.
    """
    asked = {
        "method": request.chosen_method,
        "regulariser λ": request.lam,
        "iterations": "by the planner" if request.iterations is None else request.iterations,
        "step size": "by the planner" if request.step is None else request.step,
        "momentum": "by the planner" if request.momentum is None else request.momentum,
        "division of the budget": request.allocation,
        "rows in a sample": request.batch,
        "loss": repr(request.loss),
    }
    return PrivacyReport(
        subject=subject,
        budget=budget or request.budget,
        ledger=ledger or trained.ledger,
        private=private,
        assumptions={**_assumptions(request), **(assumptions or {})},
        asked=asked,
        schema=schema,
        iterations=iterations_of(trained.plan, trained.history),
        coefficients=coefficients,
        made=made,
    )


def iterations_of(plan: Any, history: History) -> Iterations | None:
    """How the budget was divided, from the noise that was drawn; None for methods that release once.

    A Gaussian release of scale s costs mu^2 in proportion to ``1/s^2``, a pure one epsilon to ``1/s``.
    """
    if not history.scale or not hasattr(plan, "schedule"):
        return None
    scales = np.asarray(history.scale, dtype=np.float64)
    costs = scales ** (-1.0 if getattr(plan, "noise", "gaussian") != "gaussian" else -2.0)
    return Iterations(
        method=plan.method,
        shares=tuple(float(share) for share in costs / costs.sum()),
        scales=tuple(float(scale) for scale in scales),
        stages=tuple(int(stage) for stage in plan.schedule().stages),
    )


def noise_deviation(plan: Any, history: History) -> float | None:
    """Largest standard deviation that the privacy noise gives a coefficient; None where no bound is known here.

    *Descents.* For a quadratic whose curvatures lie between lam and the step's 1/alpha the noise of the last
    iterate has covariance ``U diag(v(l)) U'``, so no coordinate's variance exceeds the largest v(l). Curvatures
    are the rows' and not public, so the largest is taken over all of them.

    *Objective perturbation.* The linear term b moves the minimiser by ``H^-1 b`` with H >= Lambda, so by at most
    its deviation over Lambda; the output noise is added.
    """
    if isinstance(plan, ObjectivePlan):
        return _objective_deviation(plan)
    if not history.scale or not hasattr(plan, "schedule"):
        return None
    schedule, lam = plan.schedule(), plan.problem.lam
    top = max(1.0 / float(schedule.steps[0]), lam)
    curvatures = np.geomspace(max(lam, 1e-6 * top), top, _CURVATURES)
    rate = plan.sampling.rate if isinstance(plan, SampledPlan) else 1.0
    moved = (
        np.asarray(history.step_size)
        * _deviations(plan, np.asarray(history.scale))
        / (plan.problem.rows * rate)
    )
    variances = np.square(moved) @ np.square(kick_responses(schedule, curvatures))
    return math.sqrt(float(variances.max()))


def _deviations(plan: Any, scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of a coordinate of the noise of each scale."""
    kind = getattr(plan, "noise", "gaussian")
    if kind == "laplace":
        return scales * math.sqrt(laplace_variance(1.0))
    if kind == "knorm":
        return scales * math.sqrt(knorm_variance(1.0, plan.problem.size))
    return scales


def _objective_deviation(plan: ObjectivePlan) -> float:
    scale, kind = plan.calibrated.scale, plan.noise
    variance = {
        "gaussian": scale * scale,
        "laplace": laplace_variance(scale),
        "knorm": knorm_variance(scale, plan.size),
    }[kind]
    return math.hypot(
        math.sqrt(variance) / plan.regularisation, math.sqrt(laplace_variance(plan.calibrated.output_scale))
    )


def _assumptions(request: Request) -> dict[str, str]:
    norm = f"at most {request.data_norm:g} (L{request.data_norm_ord})"
    if request.data_norm_l1 is not None:
        norm += f" and {request.data_norm_l1:.4g} (L1)"
    if request.intercept is not None:
        norm += f", and a constant of {request.intercept:g} beside it"
    if request.budget.relation == "replace_one":
        count = "public by the relation"
    elif request.rows is not None:
        count = f"{request.rows:g}, declared as public"
    else:
        count = "not public: a noisy one was bought"
    clip = "as the loss bounds it" if request.clip is None else f"clipped to {request.clip:g}"
    return {"norm of a row": norm, "gradient of a row": clip, "number of rows": count}
