r"""Objective perturbation from prepared rows: plan from public numbers, draw, minimise, cover, release.

The privacy is that of `hotpapers.dpopt.objective_noise`; here its assumptions are made true:

* the minimiser is found to a gradient norm tau that is certified (`hotpapers.dpopt.minimiser`);
* b is drawn exactly and rounded to a lattice, which adds ``g sqrt(d) / 2`` to tau;
* theta is rounded to the lattice of the output noise, which adds ``Lambda g' sqrt(d) / 2`` to tau;
* tau is a function of public numbers: twice the rounding error of a gradient at the longest minimiser that
  can occur with at most `RowCount.most` rows and the longest b that is to be expected. For larger tables, and
  longer b, float64 may not certify tau; then integers of more bits do. Nothing is refused for its number of rows.

The regularisation is chosen from n, epsilon and d alone. With r the length of b against that of n gradients,
``r = |b| / (n G R)``,

    Lambda / n = lam + 0.6 B R^2 r^1.2,

at least what keeps the determinant's share of epsilon below a half. The two numbers were fitted on one public table,
Adult at epsilon 0.1 to 4, pure and Gaussian. Lambda decides the scale of b and so r; a few passes settle both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.events import Event
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Logistic, Loss, Multinomial, SmoothHinge
from hotpapers.dpopt.minimiser import PerturbedObjective, gradient_error, minimise
from hotpapers.dpopt.noise.scales import knorm_variance, laplace_variance, quieter_pure_noise
from hotpapers.dpopt.objective_noise import (
    LinearLoss,
    LinearTerm,
    ObjectiveNoise,
    calibrate_objective,
    least_regularisation,
    rounding_tolerance,
)
from hotpapers.dpopt.planner import Problem, prior_spectrum
from hotpapers.dpopt.releases import Noise, Spend
from hotpapers.dpopt.row_count import RowCount
from hotpapers.dpopt.rows import PreparedRows

__all__ = ["ObjectivePlan", "RowNorms", "plan_objective", "release_minimiser"]

_OUTPUT_SHARE = 0.002
_PASSES = 4
# Of the smoothness: below it the minimiser could not be certified.
_LEAST_CONVEXITY = 1e-7
_MOST_CELLS = 2**62
_SHRINKAGE, _SHRINKAGE_EXPONENT = 0.6, 1.2


@dataclass(frozen=True)
class RowNorms:
    """Public bounds of every row's norms, with the intercept's column.

    Attributes
    ----------
    l2, l1
        The second may be infinite where nothing better than ``sqrt(d) l2`` is known.
    """

    l2: float
    l1: float = math.inf


@dataclass(frozen=True, kw_only=True)
class ObjectivePlan:
    """All that is decided before a row is seen.

    Attributes
    ----------
    regularisation
        Lambda, for the sum of losses.
    noise
        Law of the linear term.
    calibrated
        Scales, and the events to spend.
    tolerance
        What the minimiser must certify.
    spacing, output_spacing
        Lattices of b and of the released coefficients, powers of two.
    slope
        G: derivatives are clipped to it.
    size
        Number of coefficients.
    rows
        What the plan was made for.
    predicted_excess
        Of the model quadratic: an order of magnitude.
    """

    regularisation: float
    noise: LinearTerm
    calibrated: ObjectiveNoise
    tolerance: float
    spacing: float
    output_spacing: float
    slope: float
    size: int
    rows: RowCount
    predicted_excess: float

    @property
    def method(self) -> str:
        """``"objective"``."""
        return "objective"

    @property
    def events(self) -> tuple[Event, ...]:
        """What it will cost."""
        return self.calibrated.events


def plan_objective(
    loss: Loss,
    norms: RowNorms,
    *,
    width: int,
    rows: RowCount,
    budget: Budget,
    lam: float,
    noise: LinearTerm | None = None,
    slope: float | None = None,
    regularisation: float | None = None,
) -> ObjectivePlan:
    """Choose noise, Lambda and tolerance from public numbers.

    Parameters
    ----------
    loss
        Its bounds are used, and whether its slope's sign is known.
    norms
        Bounds of a row.
    width
        d, with the intercept's column.
    rows
        Number of rows.
    budget
        Pure, or in epsilon and delta.
    lam
        Regularisation of the *mean* of losses that is wanted anyway.
    noise
        Law of b; by default Gaussian where there is a delta, else whichever of Laplace and K-norm is quieter.
    slope
        Clip for the derivative of a scalar margin; by default the loss's own bound.
    regularisation
        Lambda, if it is not to be chosen.

    Raises
    ------
    PrivacyError
        If the loss has no bounded slope, or the budget is too small for the Lambda asked for.
    """
    size = width * loss.outputs
    steepest = loss.derivative_bound if slope is None else min(slope, loss.derivative_bound)
    if not math.isfinite(steepest) or (slope is not None and loss.outputs > 1):
        raise PrivacyError("objective perturbation needs a loss of bounded slope and, with classes, no clip")
    flat, sharp = _bounds(loss, norms, steepest, width)
    chosen = noise or _law(budget, flat, sharp, size)
    bounds = sharp if chosen == "laplace" else flat

    def priced(candidate: float) -> ObjectiveNoise:
        return calibrate_objective(
            bounds,
            dimension=size,
            regularisation=candidate,
            budget=budget,
            noise=chosen,
            gradient_tolerance=1.0,
            output_share=_OUTPUT_SHARE,
        )

    if regularisation is None:
        least = least_regularisation(bounds, min(_epsilon(budget) * (1 - _OUTPUT_SHARE), 1000.0))
        flattest = _LEAST_CONVEXITY * rows.value * loss.curvature_bound * norms.l2**2
        regularisation = wanted = max(rows.value * lam, least, flattest)
        for _ in range(_PASSES):
            deviation = math.sqrt(_variance(priced(regularisation).scale, chosen, size) * size)
            relative = deviation / (rows.value * steepest * norms.l2)
            extra = _SHRINKAGE * loss.curvature_bound * norms.l2**2 * relative**_SHRINKAGE_EXPONENT
            regularisation = max(wanted, rows.value * (lam + extra))
    scale = priced(regularisation).scale
    tolerance = _tolerance(loss, norms, width, rows, regularisation, scale, chosen, steepest)
    spacing = _power_of_two(max(tolerance / (8 * math.sqrt(size)), scale * 2.0**-52))
    output_spacing = _power_of_two(max(tolerance / (8 * math.sqrt(size) * regularisation), 2.0**-500))
    total = tolerance + rounding_tolerance(spacing, size)
    total += regularisation * rounding_tolerance(output_spacing, size)
    calibrated = calibrate_objective(
        bounds,
        dimension=size,
        regularisation=regularisation,
        budget=budget,
        noise=chosen,
        gradient_tolerance=total,
        output_share=_OUTPUT_SHARE,
    )
    return ObjectivePlan(
        regularisation=regularisation,
        noise=chosen,
        calibrated=calibrated,
        tolerance=tolerance,
        spacing=spacing,
        output_spacing=output_spacing,
        slope=steepest,
        size=size,
        rows=rows,
        predicted_excess=_predicted(
            regularisation, scale, chosen, loss, norms, rows.value, size, lam, steepest
        ),
    )


def release_minimiser(
    rows: PreparedRows, loss: Loss, plan: ObjectivePlan, *, noise: Noise, spend: Spend
) -> NDArray[np.float64]:
    """The private coefficients, ``(d,)`` or ``(d, K)``.

    Parameters
    ----------
    rows
        Within the norms that the plan was made for.
    loss, plan
        As planned.
    noise
        Of the plan's law, on a lattice or plain.
    spend
        Told of both events before anything is drawn.

    Raises
    ------
    PrivacyError
        If the plan is for other noise or another width.
    """
    if noise.kind != plan.noise or rows.width * loss.outputs != plan.size:
        raise PrivacyError(f"the plan is for {plan.noise} noise on {plan.size} coefficients")
    for event in plan.events:
        spend(event)
    shape = (rows.width,) if loss.outputs == 1 else (rows.width, loss.outputs)
    nothing = np.zeros(shape, dtype=np.int64)
    linear = noise.added(nothing, plan.calibrated.scale, plan.spacing)
    objective = PerturbedObjective(rows, loss, plan.slope, plan.regularisation, linear)
    theta = minimise(objective, plan.tolerance)
    covering = replace(noise, kind="laplace")  # type: ignore[type-var]
    cells = _cells(theta, plan.output_spacing)
    return covering.added(cells, plan.calibrated.output_scale, plan.output_spacing)


def _cells(theta: NDArray[Any], spacing: float) -> NDArray[np.int64]:
    """The nearest points of the lattice, cut to 62 bits: a cut moves two numbers no further apart."""
    if theta.dtype == object:
        unit = Fraction(spacing)
        whole = [min(max(round(one / unit), -_MOST_CELLS), _MOST_CELLS) for one in theta.reshape(-1)]
        return np.array(whole, dtype=np.int64).reshape(theta.shape)
    return np.clip(np.rint(theta / spacing), -float(_MOST_CELLS), float(_MOST_CELLS)).astype(np.int64)


def _bounds(loss: Loss, norms: RowNorms, steepest: float, width: int) -> tuple[LinearLoss, LinearLoss]:
    """Bounds for noise in L2, and for Laplace noise (whose classes' vector is measured in L1)."""
    flat = LinearLoss(
        curvature=loss.curvature_bound,
        norm_l2=norms.l2,
        norm_l1=min(norms.l1, math.sqrt(width) * norms.l2),
        derivative=steepest,
        monotone=isinstance(loss, Logistic | SmoothHinge),
        hessian_rank=max(1, loss.outputs - 1),
    )
    return flat, replace(flat, derivative=2.0) if isinstance(loss, Multinomial) else flat


def _law(budget: Budget, flat: LinearLoss, sharp: LinearLoss, size: int) -> LinearTerm:
    if budget.delta:
        return "gaussian"
    first = sharp.sensitivity("l1", budget.relation)
    return quieter_pure_noise(first, flat.sensitivity("l2", budget.relation), size)


def _epsilon(budget: Budget) -> float:
    if budget.epsilon is None:
        raise PrivacyError("objective perturbation takes a budget in epsilon, with or without a delta")
    return budget.epsilon


def _predicted(
    regularisation: float,
    scale: float,
    noise: LinearTerm,
    loss: Loss,
    norms: RowNorms,
    rows: float,
    size: int,
    lam: float,
    steepest: float,
) -> float:
    """Bias and noise of the model quadratic's perturbed minimiser, above its minimum at `lam`."""
    problem = Problem(
        rows=rows,
        size=size,
        mu=1.0,
        row_bound=norms.l2,
        curvature=max(loss.curvature_bound, 1e-300),
        clip=steepest * norms.l2,
        lam=lam,
    )
    curvatures, gaps = prior_spectrum(problem, problem.smoothness)
    extra = regularisation / rows - lam
    left = extra / (curvatures + extra)
    return float(
        np.sum(gaps * left**2)
        + 0.5 * _variance(scale, noise, size) / rows**2 * np.sum(curvatures / (curvatures + extra) ** 2)
    )


def _variance(scale: float, noise: LinearTerm, size: int) -> float:
    if noise == "gaussian":
        return scale * scale
    return laplace_variance(scale) if noise == "laplace" else knorm_variance(scale, size)


def _tolerance(
    loss: Loss,
    norms: RowNorms,
    width: int,
    rows: RowCount,
    regularisation: float,
    scale: float,
    noise: LinearTerm,
    slope: float,
) -> float:
    """Tau: twice the rounding error of a gradient, at the longest theta and b that are to be expected.

    ``Lambda |theta*| <= |sum of gradients| + |b| <= n G R + |b|``, and ``(Lambda/2) |theta*|^2 <= n l(0)`` without b.
    """
    size = width * loss.outputs
    linear = scale * (math.sqrt(size) + 16.0 if noise == "gaussian" else 2.0 * size + 100.0)
    longest = rows.most * slope * norms.l2
    # l(0) <= G |y| + ... is at most 2 G for losses whose targets are within [-1, 1] and log K for K classes.
    at_zero = max(2.0 * slope, math.log(loss.outputs))
    theta = min(longest / regularisation, math.sqrt(2.0 * rows.most * at_zero / regularisation))
    theta += linear / regularisation
    bounds = (slope, loss.curvature_bound)
    error = gradient_error(rows.most, width, norms.l2, bounds, theta, linear + regularisation * theta)
    return 2.0 * error


def _power_of_two(value: float) -> float:
    return math.ldexp(1.0, math.floor(math.log2(value)))
