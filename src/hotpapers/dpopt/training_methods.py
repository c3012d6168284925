"""The methods behind `hotpapers.dpopt.training.train`: each plans from public numbers, buys, runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.events import Event
from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.accounting.subsampling import poisson_noise_multiplier, sample_epsilon
from hotpapers.dpopt.checkpoints import Checkpoint
from hotpapers.dpopt.clipped_sums import ClippedSums, checked_clip
from hotpapers.dpopt.descent import DescentState, History, descend
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.exact_sums import WEIGHT_BITS, ExactClippedSums, bits_for_noise
from hotpapers.dpopt.fit import run
from hotpapers.dpopt.guard import MOST_COLUMNS, noisy_count, noisy_top_eigenvalue
from hotpapers.dpopt.methods import Iterate, Method
from hotpapers.dpopt.noise.scales import knorm_scale, laplace_scale, quieter_pure_noise
from hotpapers.dpopt.planner import COUNT_SHARE, GUARD_SHARE, Allocation, Plan, Problem, plan
from hotpapers.dpopt.pure_descent import PureAllocation, PureNoise, PurePlan, plan_pure_descent
from hotpapers.dpopt.releases import noise_event
from hotpapers.dpopt.rows import PreparedRows
from hotpapers.dpopt.sampled_plan import SampledPlan, plan_sampled_descent
from hotpapers.dpopt.sampled_sums import SampledSums
from hotpapers.dpopt.training import COUNT_EPSILON_SHARE, MethodName, Request, Task, Trained, row_count
from hotpapers.dpopt.training_once import objective_perturbation, perturbed_statistics

__all__ = ["METHOD_OF", "RESUMABLE", "planned_events"]

RESUMABLE = ("gd", "hb", "nag", "masg")
# Below this part of the planned budget the iterations to come would do harm.
_WORTHWHILE = 0.1


def planned_events(request: Request, checkpoint: Checkpoint | None) -> list[Event]:
    """Events that stand for all that a fit will spend, known before any row is read."""
    budget = request.budget
    if budget.kind == "pure":
        return [_standing("pure", budget.pure_epsilon(), request)]
    if request.chosen_method in {"sgd", "objective"}:
        return []  # these ask again with the events of their plan, which is made before the rows are prepared
    mu = budget.gaussian_mu(request.iterations)
    used = 0.0 if checkpoint is None else checkpoint.ledger.mu()
    left = math.sqrt(max(0.0, mu * mu - used * used))
    return [_standing("gaussian", left, request)] if left > 0 else []


def _standing(mechanism: Any, amount: float, request: Request) -> Event:
    norm: Any = "none" if mechanism == "pure" else "l2"
    return Event(
        mechanism=mechanism,
        sensitivity=1.0,
        norm=norm,
        scale=1.0 / amount * (1 + 2.0**-40),
        relation=request.budget.relation,
        purpose="planned",
    )


def _descent(task: Task, ledger: Ledger) -> Trained:
    """GD, heavy ball, Nesterov and multi-stage Nesterov."""
    if task.request.budget.kind == "pure":
        return _pure_descent(task, ledger)
    return _gaussian_descent(task, ledger)


def _gaussian_descent(task: Task, ledger: Ledger) -> Trained:
    request, checkpoint, rows = task.request, task.checkpoint, task.rows()
    total = request.budget.gaussian_mu()
    bought = None if checkpoint is None else checkpoint.bought
    noise, resumed = task.randomness.noise("gaussian"), None
    if bought is None:
        bought = _purchases(task, rows, _mu_left(total, checkpoint))
        if checkpoint is not None:
            shape = (rows.width,) if request.loss.outputs == 1 else (rows.width, request.loss.outputs)
            start = DescentState(0, Iterate.start(np.zeros(shape)), 1.0, History())
            checkpoint.save_bought(bought, start)
    settled = _settled(task, rows, bought)
    if checkpoint is not None:
        resumed = checkpoint.state
        if resumed is not None and _ended(settled, resumed.iteration, _mu_left(total, checkpoint)):
            return Trained(resumed.iterate.current, settled, ledger, resumed.iteration, resumed.history)
    fit = run(
        rows,
        request.loss,
        settled,
        noise=noise,
        spend=task.spend,
        lam=request.penalties(rows.width),
        resume=resumed,
        mu_left=None if checkpoint is None else _mu_left(total, checkpoint),
        save=None if checkpoint is None else checkpoint.save,
    )
    return Trained(fit.theta, settled, ledger, settled.iterations, fit.history)


def _ended(settled: Plan, iteration: int, left: float) -> bool:
    """Whether a resumed run is over: all iterations done, or too little left for the noise of those to come.

    A process that was killed between the last spend and its noise left nothing for that iteration; with the
    rounding that scales are made safe by, its noise would be millions of times what was planned.
    """
    if iteration >= settled.iterations:
        return True
    planned = settled.descent_mu**2 * float(settled.shares()[iteration:].sum())
    return iteration > 0 and left**2 < _WORTHWHILE * planned


def _mu_left(total: float, checkpoint: Checkpoint | None) -> float:
    if checkpoint is None:
        return total
    used = checkpoint.ledger.mu()
    # What rounding in these squares could hide is left alone.
    return math.sqrt(max(0.0, total * total * (1.0 - 1e-13) - used * used)) if used else total


def _guarded(request: Request, width: int) -> bool:
    return request.step is None and width <= MOST_COLUMNS


def _purchases(task: Task, rows: PreparedRows, mu: float) -> dict[str, float]:
    """The number of rows, where it is not public, and the top eigenvalue for the step: parts of `mu`."""
    request, noise, relation = task.request, task.randomness.noise("gaussian"), task.request.budget.relation
    found: dict[str, float] = {"mu": mu}
    known = task.public_rows()
    found["rows"] = (
        noisy_count(rows, mu * math.sqrt(COUNT_SHARE), relation, noise, task.spend)
        if known is None
        else known
    )
    if _guarded(request, rows.width):
        share = math.sqrt(GUARD_SHARE)
        found["top"] = noisy_top_eigenvalue(rows, mu * share, relation, noise, task.spend)
    return found


def _settled(task: Task, rows: PreparedRows, bought: dict[str, float]) -> Plan:
    """The plan for what was bought: a function of public numbers."""
    request = task.request
    made = plan(
        bought["rows"],
        rows.width * request.loss.outputs,
        mu=bought["mu"],
        relation=request.budget.relation,
        method=cast(Method, request.chosen_method),
        allocation=cast(Allocation, request.allocation),
        iterations=request.iterations,
        row_bound=rows.bound.total,
        curvature=request.loss.curvature_bound,
        clip=checked_clip(rows, request.loss, request.clip),
        lam=request.lam,
        guard=False,
    )
    if "top" in bought:
        made = replace(made.for_top_eigenvalue(bought["top"] / bought["rows"]), guard_share=GUARD_SHARE)
    if task.public_rows() is None:
        made = replace(made, count_share=COUNT_SHARE)
    if request.step is not None:
        made = replace(made, alpha=request.step)
    if request.momentum is not None and made.method != "gd":
        made = replace(made, beta=request.momentum)
    return made


def _pure_noise(task: Task, width: int) -> PureNoise:
    request = task.request
    if request.noise is not None:
        return cast(PureNoise, request.noise)
    norms, classes = request.norms(width), request.loss.outputs > 1
    first = norms.l1 * (2.0 if classes else 1.0)
    second = norms.l2 * (math.sqrt(2.0) if classes else 1.0)
    return quieter_pure_noise(first, second, width * request.loss.outputs)


def _pure_descent(task: Task, ledger: Ledger) -> Trained:
    request = task.request
    law = _pure_noise(task, task.features.shape[1] + (request.intercept is not None))
    rows = task.rows(1 if law == "laplace" else 2)
    epsilon = request.budget.pure_epsilon()
    count = task.public_rows()
    if count is None:
        count = row_count(task, rows, COUNT_EPSILON_SHARE * epsilon).value
        epsilon *= 1.0 - COUNT_EPSILON_SHARE
    made = plan_pure_descent(
        _problem(task, rows, count),
        epsilon,
        law,
        method=cast(Method, request.chosen_method),
        allocation=cast(PureAllocation, "uniform" if request.allocation == "auto" else request.allocation),
        iterations=request.iterations,
        step=request.step,
        momentum=request.momentum,
    )
    sums = _sums(task, rows, float(np.max(made.scales())))
    return _descended(task, ledger, rows, sums, made, made.scales(), law, task.spend)


def _problem(task: Task, rows: PreparedRows, count: float) -> Problem:
    """Public numbers of the problem; the L2 norm for smoothness, the clip in the norm of the noise."""
    request = task.request
    features = rows.width - (request.intercept is not None)
    return Problem(
        rows=count,
        size=rows.width * request.loss.outputs,
        mu=1.0,
        relation=request.budget.relation,
        row_bound=request.norms(features).l2,
        curvature=request.loss.curvature_bound,
        clip=checked_clip(rows, request.loss, request.clip),
        lam=request.lam,
    )


def _sums(task: Task, rows: PreparedRows, widest: float) -> ClippedSums | ExactClippedSums:
    request = task.request
    clip = checked_clip(rows, request.loss, request.clip)
    if not rows.exact:
        return ClippedSums(rows, request.loss, clip)
    return ExactClippedSums(rows, request.loss, clip, weight_bits=bits_for_noise(rows, clip, widest))


def _descended(
    task: Task,
    ledger: Ledger,
    rows: PreparedRows,
    sums: Any,
    made: PurePlan | SampledPlan,
    scales: NDArray[np.float64],
    law: Any,
    spend: Callable[[Event], None],
) -> Trained:
    """Run the schedule of a plan, guarded by the radius that its noise can reach."""
    from hotpapers.dpopt.guard import divergence_radius

    request, schedule = task.request, made.schedule()
    penalties = request.penalties(rows.width)
    rows_in_sum = made.problem.rows * (made.sampling.rate if isinstance(made, SampledPlan) else 1.0)
    deviations = scales * {"laplace": math.sqrt(2.0), "knorm": math.sqrt(made.problem.size + 1.0)}.get(
        law, 1.0
    )
    radius = divergence_radius(
        request.loss,
        float(np.min(penalties)),
        steps=schedule.steps,
        momenta=schedule.momenta,
        deviations=deviations / rows_in_sum,
        size=made.problem.size,
    )
    state = descend(
        sums,
        schedule,
        scales,
        rows=rows_in_sum,
        lam=penalties,
        relation=request.budget.relation,
        noise=task.randomness.noise(law),
        spend=spend,
        radius=radius,
    )
    return Trained(state.iterate.current, made, ledger, len(schedule), state.history)


def _sampled_descent(task: Task, ledger: Ledger) -> Trained:
    """SGD: Poisson samples with a delta (add_remove), samples without replacement for pure epsilon (replace_one)."""
    request = task.request
    if request.rows is None and request.budget.relation == "add_remove":
        raise PrivacyError(
            "method='sgd' needs n_public: its sampling rate is a part of the public number of rows"
        )
    pure = request.budget.kind == "pure"
    if pure and request.budget.relation != "replace_one":
        raise PrivacyError(
            "method='sgd' with pure epsilon samples without replacement: use relation='replace_one'"
        )
    if not pure and request.budget.relation != "add_remove":
        raise PrivacyError("method='sgd' with a delta draws Poisson samples: use relation='add_remove'")
    law = _pure_noise(task, task.features.shape[1] + (request.intercept is not None)) if pure else "gaussian"
    order: Any = 1 if law == "laplace" else 2
    made = plan_sampled_descent(
        _problem(task, task.no_rows(order), float(cast(float, task.public_rows()))),
        batch=request.batch,
        iterations=request.iterations,
        step=request.step,
        momentum=request.momentum,
        pure=pure,
    )
    scale = _sampled_scale(request, made, law)
    event = noise_event(law, made.problem.sensitivity, scale, request.budget.relation, "gradient sum")
    # All steps are charged before the first: an interrupted run has cost them all.
    task.spend(replace(event, sampling=made.sampling, count=made.iterations))
    rows = task.rows(order)
    sums = SampledSums(
        rows,
        request.loss,
        made.problem.clip,
        made.sampling,
        task.randomness.source,
        weight_bits=bits_for_noise(rows, made.problem.clip, scale) if rows.exact else WEIGHT_BITS,
    )
    return _descended(task, ledger, rows, sums, made, np.full(made.iterations, scale), law, lambda _: None)


def _sampled_scale(request: Request, made: SampledPlan, law: str) -> float:
    budget, sensitivity = request.budget, made.problem.sensitivity
    if law == "gaussian":
        if budget.kind == "noise_multiplier" and budget.noise_multiplier is not None:
            return budget.noise_multiplier * sensitivity
        if budget.epsilon is None or not budget.delta:
            raise PrivacyError("method='sgd' takes epsilon and delta, or noise_multiplier")
        multiplier = poisson_noise_multiplier(
            budget.epsilon, budget.delta, made.sampling.rate, made.iterations
        )
        return multiplier * sensitivity
    each = sample_epsilon(budget.pure_epsilon() / made.iterations * (1 - 1e-12), made.sampling.rate)
    return (laplace_scale if law == "laplace" else knorm_scale)(sensitivity, each)


METHOD_OF: dict[MethodName, Callable[[Task, Ledger], Trained]] = {
    "gd": _descent,
    "hb": _descent,
    "nag": _descent,
    "masg": _descent,
    "sgd": _sampled_descent,
    "objective": objective_perturbation,
    "ssp": perturbed_statistics,
}
