"""A model by noisy descent from prepared rows: buy what the plan buys, then run it.

Two steps, so that a run can be interrupted between any two releases: `buy` turns a plan into a settled plan
(public from then on, worth a checkpoint), `run` follows a settled plan, from the start or from a
`DescentState`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.relations import sum_sensitivity
from hotpapers.dpopt.clipped_sums import ClippedSums, checked_clip
from hotpapers.dpopt.descent import (
    DescentState,
    History,
    descend,
    gaussian_scales,
    scales_left,
)
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.exact_sums import ExactClippedSums, bits_for_noise
from hotpapers.dpopt.guard import divergence_radius, noisy_count, noisy_top_eigenvalue
from hotpapers.dpopt.losses import Loss
from hotpapers.dpopt.planner import Plan
from hotpapers.dpopt.releases import Noise, Spend
from hotpapers.dpopt.rows import PreparedRows

__all__ = ["Fit", "buy", "run"]


@dataclass(frozen=True)
class Fit:
    """A private model.

    Attributes
    ----------
    theta
        Coefficients, ``(d,)`` or ``(d, K)``, the intercept's first where there is one.
    plan
        As settled.
    history
        Noisy quantities of every iteration.
    """

    theta: NDArray[np.float64]
    plan: Plan
    history: History


def buy(rows: PreparedRows, plan: Plan, *, noise: Noise, spend: Spend) -> Plan:
    """The plan settled: with the number of rows and the top eigenvalue that its shares of the budget pay for.

    Parameters
    ----------
    rows
        Prepared; exactly, for noise on a lattice.
    plan
        Its `count_share` and `guard_share` say what is bought.
    noise, spend
        As of `release`.

    Returns
    -------
    Plan
        Every number in it is public.
    """
    problem = plan.problem
    count = problem.rows
    if plan.count_share > 0:
        mu = problem.mu * math.sqrt(plan.count_share)
        count = noisy_count(rows, mu, problem.relation, noise, spend)
    if plan.guard_share == 0:
        return replace(plan, problem=replace(problem, rows=count))
    mu = problem.mu * math.sqrt(plan.guard_share)
    top = noisy_top_eigenvalue(rows, mu, problem.relation, noise, spend)
    return plan.for_top_eigenvalue(top / count, count)


def run(
    rows: PreparedRows,
    loss: Loss,
    plan: Plan,
    *,
    noise: Noise,
    spend: Spend,
    lam: float | NDArray[np.float64] | None = None,
    resume: DescentState | None = None,
    mu_left: float | None = None,
    save: Callable[[DescentState], None] | None = None,
    block_rows: int | None = None,
    observe: Callable[[int, Any], None] | None = None,
) -> Fit:
    """Follow a settled plan to the end.

    Parameters
    ----------
    rows, loss
        The data; exact sums where the rows are exact.
    plan
        Settled by `buy`.
    noise, spend
        As of `release`; Gaussian noise.
    lam
        Weight of the regulariser for each coefficient, ``(d,)``; by default the plan's for all.
    resume, mu_left
        State to go on from, and the mu that the ledger leaves: ``sqrt(mu^2 - ledger.mu()^2)``.
    save, block_rows, observe
        As of `descend` and the sums.

    Raises
    ------
    PrivacyError
        If the plan is for other rows than these, or a state is given without `mu_left`.
    """
    problem = plan.problem
    if noise.kind != "gaussian":
        raise PrivacyError(f"a plan of Gaussian DP needs Gaussian noise: got {noise.kind!r}")
    if (rows.bound.total, loss.curvature_bound, rows.width * loss.outputs) != (
        problem.row_bound,
        problem.curvature,
        problem.size,
    ):
        raise PrivacyError("the plan was made for another row bound, loss or number of columns")
    if lam is not None and float(np.max(lam)) > problem.lam:
        raise PrivacyError(
            f"no coefficient may have a lam above the plan's {problem.lam:g}: its step is made for that"
        )
    sensitivity = sum_sensitivity(checked_clip(rows, loss, problem.clip), problem.relation)
    schedule, shares = plan.schedule(), plan.shares()
    if resume is None:
        scales = gaussian_scales(shares, plan.descent_mu, sensitivity)
    elif mu_left is None:
        raise PrivacyError("resuming needs mu_left: what the ledger says is left of the budget")
    else:
        scales = scales_left(shares, resume.iteration, mu_left, sensitivity)
    sums: ClippedSums | ExactClippedSums
    if rows.exact:
        widest = float(np.max(scales[np.isfinite(scales)], initial=1.0))
        bits = bits_for_noise(rows, problem.clip, widest)
        sums = ExactClippedSums(rows, loss, problem.clip, block_rows=block_rows, weight_bits=bits)
    else:
        sums = ClippedSums(rows, loss, problem.clip, block_rows=block_rows)
    radius = divergence_radius(
        loss,
        problem.lam if lam is None else float(np.min(lam)),
        steps=schedule.steps,
        momenta=schedule.momenta,
        deviations=gaussian_scales(shares, plan.descent_mu, sensitivity) / problem.rows,
        size=problem.size,
    )
    state = descend(
        sums,
        schedule,
        scales,
        rows=problem.rows,
        lam=problem.lam if lam is None else lam,
        relation=problem.relation,
        noise=noise,
        spend=spend,
        start=resume,
        radius=radius,
        save=save,
        observe=observe,
    )
    return Fit(state.iterate.current, plan, state.history)
