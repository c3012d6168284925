r"""The paper's methods under pure epsilon: Laplace or K-norm noise, basic composition, a data-free T.

Iteration t spends ``eps_t = epsilon a_t^(1/3) / sum_s a_s^(1/3)`` of the budget; its noise on the sum has scale
``S / eps_t`` (specification 2.2, 2.7). Noise grows with T where Gaussian noise grows with its root, so T is far
smaller: it is the one, of a grid, whose excess risk on the planner's model quadratic is least. For pure epsilon
objective perturbation is usually better; these are here as they are the paper's subject.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.allocation import (
    geometric_shares,
    kick_responses,
    optimal_shares,
    paper_weights,
    spectrum_weights,
    uniform_shares,
    with_floor,
)
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import Method, Schedule, gradient_descent, heavy_ball, multi_stage, nesterov
from hotpapers.dpopt.noise.scales import knorm_scale, knorm_variance, laplace_scale, laplace_variance
from hotpapers.dpopt.planner import Problem, prior_spectrum

__all__ = ["PureAllocation", "PureNoise", "PurePlan", "plan_pure_descent"]

PureNoise: TypeAlias = Literal["laplace", "knorm"]
PureAllocation: TypeAlias = Literal["uniform", "geometric", "spectrum", "paper"]

_GRID = (5, 7, 10, 14, 20, 28, 40, 56, 80, 113, 160)
_GROWTH = 4.5


@dataclass(frozen=True, kw_only=True)
class PurePlan:
    """What will be run.

    Attributes
    ----------
    method, iterations, alpha, beta, allocation, noise
        As decided.
    epsilon
        Of all iterations together.
    problem
        What the plan is for; its `mu` is not used.
    predicted_excess
        Of the model quadratic: an order of magnitude.
    """

    method: Method
    iterations: int
    alpha: float
    beta: float
    allocation: PureAllocation
    noise: PureNoise
    epsilon: float
    problem: Problem
    predicted_excess: float

    def schedule(self) -> Schedule:
        """Steps and momenta."""
        if self.method == "gd":
            return gradient_descent(self.iterations, self.alpha)
        if self.method == "hb":
            return heavy_ball(self.iterations, self.alpha, self.beta)
        if self.method == "nag":
            return nesterov(self.iterations, self.alpha, self.beta)
        return multi_stage(self.iterations, mu=self.problem.lam, smooth=1.0 / self.alpha)

    def shares(self) -> NDArray[np.float64]:
        """Share of epsilon of every iteration."""
        schedule = self.schedule()
        if self.allocation == "uniform":
            return uniform_shares(self.iterations)
        if self.allocation == "geometric":
            return geometric_shares(self.iterations, _GROWTH)
        if self.allocation == "paper":
            weights = paper_weights(schedule, mu=self.problem.lam, smooth=self.problem.smoothness)
            return with_floor(optimal_shares(weights.log_noise, "laplace"))
        curvatures, _ = prior_spectrum(self.problem, 1.0 / self.alpha)
        return with_floor(optimal_shares(spectrum_weights(schedule, curvatures), "laplace"))

    def scales(self) -> NDArray[np.float64]:
        """Scale of the noise on the sum in every iteration; together they cost `epsilon` and not a bit more."""
        law = laplace_scale if self.noise == "laplace" else knorm_scale
        sensitivity = self.problem.sensitivity
        return np.array([law(sensitivity, self.epsilon * float(share)) for share in self.shares()])


def plan_pure_descent(
    problem: Problem,
    epsilon: float,
    noise: PureNoise,
    *,
    method: Method = "nag",
    allocation: PureAllocation = "uniform",
    iterations: int | None = None,
    step: float | None = None,
    momentum: float | None = None,
) -> PurePlan:
    """Choose T, step and momentum from public numbers.

    Parameters
    ----------
    problem
        Public numbers; `row_bound` in L2, `clip` in the norm of the noise.
    epsilon
        To spend.
    noise
        Its law.
    method, allocation
        As of the plan.
    iterations, step, momentum
        T, alpha and beta where they are not to be chosen.
    """
    if method == "masg" and problem.lam == 0:
        raise PrivacyError("multi-stage Nesterov needs lam > 0")
    alpha = 1.0 / problem.smoothness if step is None else step
    found: list[PurePlan] = []
    for count in _GRID if iterations is None else (iterations,):
        q = min(12.0 / count, 0.9)
        beta = (1 - q) / (1 + q) if momentum is None else momentum
        plan = PurePlan(
            method=method,
            iterations=count,
            alpha=alpha,
            beta=0.0 if method == "gd" else beta,
            allocation=allocation,
            noise=noise,
            epsilon=epsilon,
            problem=problem,
            predicted_excess=0.0,
        )
        found.append(replace(plan, predicted_excess=_predicted(plan)))
    return min(found, key=lambda plan: plan.predicted_excess)


def _predicted(plan: PurePlan) -> float:
    """Excess risk on the model quadratic: what is left of the gap, and the noise."""
    problem, schedule = plan.problem, plan.schedule()
    curvatures, gaps = prior_spectrum(problem, problem.smoothness)
    scales = plan.scales()
    variances = np.array(
        [
            laplace_variance(float(s)) if plan.noise == "laplace" else knorm_variance(float(s), problem.size)
            for s in scales
        ]
    )
    kicks = np.exp(spectrum_weights(schedule, curvatures))
    left = 1.0 - curvatures * (schedule.steps @ kick_responses(schedule, curvatures))
    return float(np.sum(gaps * left**2) + np.sum(kicks * variances) / problem.rows**2)
