"""The methods that release once: a perturbed objective's minimiser, and perturbed sufficient statistics."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast

from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.guard import noisy_count
from hotpapers.dpopt.losses import Squared
from hotpapers.dpopt.objective import ObjectivePlan, plan_objective, release_minimiser
from hotpapers.dpopt.planner import COUNT_SHARE
from hotpapers.dpopt.row_count import RowCount
from hotpapers.dpopt.second_moments import MOST_MOMENT_ROWS
from hotpapers.dpopt.sufficient_statistics import noisy_statistics, ridge_from_statistics
from hotpapers.dpopt.training import COUNT_EPSILON_SHARE, Task, Trained, row_count

__all__ = ["objective_perturbation", "perturbed_statistics"]


def objective_perturbation(task: Task, ledger: Ledger) -> Trained:
    """The minimiser of a perturbed objective; planned before a row is read where n is public."""
    request = task.request
    if request.intercept is not None and not request.penalize_intercept:
        raise PrivacyError(
            "objective perturbation regularises every coefficient: use penalize_intercept=True"
        )
    budget, known = request.budget, task.public_rows()
    if budget.epsilon is None:
        raise PrivacyError("method='objective' takes a budget in epsilon, with or without a delta")
    if known is not None:
        made = _objective_plan(task, RowCount.declared(known), budget)
        task.require(made.events)
        rows = task.rows(2)
    else:
        rows, bought = task.rows(2), COUNT_EPSILON_SHARE * budget.epsilon
        count = row_count(task, rows, bought)
        made = _objective_plan(task, count, replace(budget, epsilon=budget.epsilon - bought))
    noise = task.randomness.noise(made.noise)
    theta = release_minimiser(rows, request.loss, made, noise=noise, spend=task.spend)
    return Trained(theta, made, ledger, 1)


def _objective_plan(task: Task, count: RowCount, budget: Budget) -> ObjectivePlan:
    request, features = task.request, task.features.shape[1]
    norms = request.norms(features)
    return plan_objective(
        request.loss,
        norms,
        width=features + (request.intercept is not None),
        rows=count,
        budget=budget,
        lam=request.lam,
        noise=cast(Any, request.noise),
        slope=None if request.clip is None else request.clip / norms.l2,
    )


def perturbed_statistics(task: Task, ledger: Ledger) -> Trained:
    """Ridge regression from X'X and X'y; targets are the loss's own, within [-1, 1]."""
    request = task.request
    if not isinstance(request.loss, Squared) or not math.isfinite(request.loss.target_bound):
        raise PrivacyError("method='ssp' is for ridge regression with a declared bound of the target")
    if request.budget.kind == "pure":
        raise PrivacyError("method='ssp' uses Gaussian noise: give delta, or another method")
    if request.intercept is not None and not request.penalize_intercept:
        raise PrivacyError("method='ssp' regularises every coefficient: use penalize_intercept=True")
    declared = request.rows
    if task.randomness.secure and declared is not None and declared >= MOST_MOMENT_ROWS:
        raise PrivacyError(
            f"method='ssp' is for fewer than {MOST_MOMENT_ROWS} declared rows: use method='nag'"
        )
    rows, mu = task.rows(2), request.budget.gaussian_mu() * (1 - 1e-14)
    relation, noise, count = request.budget.relation, task.randomness.noise("gaussian"), task.public_rows()
    rest = mu
    if count is None:
        count = noisy_count(rows, mu * math.sqrt(COUNT_SHARE), relation, noise, task.spend)
        rest = mu * math.sqrt(1.0 - COUNT_SHARE)
    statistics = noisy_statistics(
        rows,
        task.targets,
        target_bound=request.loss.target_bound,
        mu=rest,
        relation=relation,
        noise=noise,
        spend=task.spend,
    )
    theta = ridge_from_statistics(statistics, rows=count, lam=request.lam)
    return Trained(theta, statistics, ledger, 1)
