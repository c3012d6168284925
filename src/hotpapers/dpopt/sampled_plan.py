"""A plan for SGD: sampling rate, steps, step size and momentum from public numbers."""

from __future__ import annotations

from dataclasses import dataclass

from hotpapers.dpopt.accounting.events import Sampling
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import Method, Schedule, nesterov
from hotpapers.dpopt.planner import Problem
from hotpapers.dpopt.sampled_sums import exact_rate

__all__ = ["SampledPlan", "plan_sampled_descent"]

_RATE = 1.0 / 16.0
_ITERATIONS = 400


@dataclass(frozen=True, kw_only=True)
class SampledPlan:
    """What will be run.

    Attributes
    ----------
    sampling
        Poisson, or without replacement.
    iterations, alpha, beta
        As decided; momentum is Nesterov's.
    problem
        What the plan is for; its `mu` is not used.
    """

    sampling: Sampling
    iterations: int
    alpha: float
    beta: float
    problem: Problem

    @property
    def method(self) -> Method:
        """Nesterov's method on sampled gradients."""
        return "nag"

    def schedule(self) -> Schedule:
        """Steps and momenta."""
        return nesterov(self.iterations, self.alpha, self.beta)


def plan_sampled_descent(
    problem: Problem,
    *,
    batch: float | None = None,
    iterations: int | None = None,
    step: float | None = None,
    momentum: float | None = None,
    pure: bool = False,
) -> SampledPlan:
    """Choose what is not given: a sixteenth of the rows in each of 400 steps.

    Parameters
    ----------
    problem
        Public numbers.
    batch
        Expected number of rows in a sample (the number itself for pure epsilon).
    iterations, step, momentum
        T, alpha, beta.
    pure
        Whether rows are sampled without replacement; else by independent coins.

    Raises
    ------
    PrivacyError
        If the batch is no part of the rows.
    """
    rate = _RATE if batch is None else batch / problem.rows
    if not 0 < rate < 1:
        raise PrivacyError("batch_size must be above 0 and below the public number of rows")
    if pure:
        sampling = Sampling("without_replacement", max(1, round(rate * problem.rows)) / problem.rows)
    else:
        sampling = Sampling("poisson", exact_rate(rate))
    count = (40 if pure else _ITERATIONS) if iterations is None else iterations
    q = min(12.0 / count, 0.9)
    return SampledPlan(
        sampling=sampling,
        iterations=count,
        alpha=1.0 / problem.smoothness if step is None else step,
        beta=(1 - q) / (1 + q) if momentum is None else momentum,
        problem=problem,
    )
