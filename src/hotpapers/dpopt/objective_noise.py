"""Objective perturbation: how much noise its linear term needs, and what its answer costs.

The released value is the minimiser of ``sum_i l_i(theta) + (Lambda/2) |theta|^2 + b' theta`` with random b, for
linear predictors: the gradient of row i is ``phi_i x_i``, ``|phi_i| <= G``, ``0 <= dphi_i <= B``. Its density at
theta is that of ``b(theta) = -(sum_i phi_i x_i + Lambda theta)`` times ``det(H(theta) + Lambda I)``. For
neighbouring data, with R the bound on the L2 norm of a row and s on that of a row's gradient:

- the determinants' ratio lies within ``(1 + B R^2/Lambda)^{+-1}``, for add_remove *and* for replace_one (where
  both data sets extend the same n - 1 rows, and a ratio of two numbers in [1, 1 + u] is in [1/(1+u), 1+u]);
- pure noise: ``b`` moves by at most s (add_remove) or 2 s (replace_one) in the norm of its density;
- Gaussian noise: b moves along *fixed* directions (the rows) by amounts that depend on b itself, within a
  box; the loss is convex in them, hence largest at a vertex, and each vertex is a Gaussian mechanism.

docs/papers/dpopt-privacy.md holds the derivation in full; tests compare it with densities by quadrature.
Sources: Chaudhuri, Monteleoni, Sarwate 2011 (pure epsilon; their determinant term is ``2 ln(1 + B R^2/Lambda)``);
Redberg, Koskela, Wang 2023 (the fixed direction; Renyi DP); Iyengar et al. 2019 (approximate minima).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr

from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.composition import delta_of
from hotpapers.dpopt.accounting.events import Event, Mechanism, Norm
from hotpapers.dpopt.accounting.relations import Relation, sum_sensitivity
from hotpapers.dpopt.errors import PrivacyError

__all__ = [
    "LinearLoss",
    "ObjectiveNoise",
    "calibrate_objective",
    "determinant_loss",
    "least_regularisation",
    "objective_event",
    "objective_rdp",
    "objective_rdp_epsilon",
    "rounding_tolerance",
]

LinearTerm = Literal["gaussian", "knorm", "laplace"]
_MECHANISM: dict[LinearTerm, tuple[Mechanism, Norm]] = {
    "gaussian": ("objective_gaussian", "l2"),
    "knorm": ("objective_knorm", "l2"),
    "laplace": ("objective_laplace", "l1"),
}
_UPWARD = 1 + 2.0**-40


@dataclass(frozen=True, kw_only=True)
class LinearLoss:
    """Public bounds on the loss of one row, a function of ``x' theta``.

    Parameters
    ----------
    curvature
        B >= 0, bound on the second derivative (1/4 for logistic).
    norm_l2
        R > 0, bound on ``|x|_2``, with the intercept's column.
    norm_l1
        Bound on ``|x|_1``; needed for Laplace noise.
    derivative
        G > 0, bound on the absolute first derivative (1 for logistic).
    monotone
        Whether the sign of the first derivative is fixed by the row alone, whatever theta is: true for
        logistic and hinge losses (it is ``-y``), false for squared and Huber losses. Halves delta.
    hessian_rank
        Rank of a row's Hessian: 1; K - 1 for a multinomial of K classes (pure noise only; then `derivative`
        bounds the norm of ``p - onehot`` in the norm of the noise and `curvature` is 1/2).
    """

    curvature: float
    norm_l2: float
    norm_l1: float | None = None
    derivative: float = 1.0
    monotone: bool = False
    hessian_rank: int = 1

    def __post_init__(self) -> None:
        for name in ("norm_l2", "norm_l1", "derivative"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise PrivacyError(f"{name} must be positive and finite: got {value!r}")
        if not (math.isfinite(self.curvature) and self.curvature >= 0):
            raise PrivacyError(f"curvature must be at least 0 and finite: got {self.curvature!r}")
        if self.hessian_rank < 1:
            raise PrivacyError(f"hessian_rank must be at least 1: got {self.hessian_rank!r}")

    def sensitivity(self, norm: Norm, relation: Relation) -> float:
        """Of the gradient's sum: ``G |x|`` in the given norm, twice that under replace_one."""
        row = self.norm_l1 if norm == "l1" else self.norm_l2
        if row is None:
            raise PrivacyError("Laplace noise needs norm_l1, a bound on the L1 norm of a row")
        return sum_sensitivity(self.derivative * row, relation)


@dataclass(frozen=True)
class ObjectiveNoise:
    """What to draw, and the events to write down before drawing it.

    Parameters
    ----------
    scale
        Of the linear term b: standard deviation, or scale of the Laplace or K-norm noise.
    output_scale
        Of the Laplace noise added to each coordinate of the approximate minimiser.
    events
        Objective perturbation, and the output noise.
    """

    scale: float
    output_scale: float
    events: tuple[Event, Event]


def determinant_loss(loss: LinearLoss, regularisation: float) -> float:
    """``rank * ln(1 + B R^2 / Lambda)``, what the Jacobian can add to the loss, under either relation.

    ``det(A + dphi x x') = det(A) (1 + dphi x' A^{-1} x)`` with ``A >= Lambda I`` gives the factor for rank one;
    for a positive semidefinite addition of higher rank every eigenvalue of ``A^{-1/2} V A^{-1/2}`` is at most
    ``B R^2/Lambda``.

    Raises
    ------
    PrivacyError
        If the regularisation is not positive.
    """
    if not (math.isfinite(regularisation) and regularisation > 0):
        raise PrivacyError(f"objective perturbation needs a regularisation above 0: got {regularisation!r}")
    return loss.hessian_rank * math.log1p(loss.curvature * loss.norm_l2**2 / regularisation)


def least_regularisation(loss: LinearLoss, epsilon: float, share: float = 0.5) -> float:
    """The least Lambda (for the *sum* of losses) whose determinant takes at most `share` of epsilon."""
    if not (epsilon > 0 and 0 < share < 1):
        raise PrivacyError(f"epsilon must be above 0 and share in (0, 1): got {epsilon!r}, {share!r}")
    return loss.curvature * loss.norm_l2**2 / math.expm1(share * epsilon / loss.hessian_rank) * _UPWARD


def objective_event(
    loss: LinearLoss,
    regularisation: float,
    scale: float,
    noise: LinearTerm,
    relation: Relation,
    purpose: str = "objective perturbation",
) -> Event:
    """The ledger's event for the exact minimiser with linear term of the given scale."""
    mechanism, norm = _MECHANISM[noise]
    if noise == "gaussian" and loss.hessian_rank > 1:
        raise PrivacyError(
            "Gaussian objective perturbation is proved for one linear predictor: use pure noise"
        )
    if noise == "gaussian" and loss.monotone:
        mechanism = "objective_gaussian_monotone"
    return Event(
        mechanism=mechanism,
        sensitivity=loss.sensitivity(norm, relation),
        norm=norm,
        scale=scale,
        relation=relation,
        purpose=purpose,
        determinant=determinant_loss(loss, regularisation),
    )


def calibrate_objective(
    loss: LinearLoss,
    *,
    dimension: int,
    regularisation: float,
    budget: Budget,
    noise: LinearTerm,
    gradient_tolerance: float,
    output_share: float = 0.01,
) -> ObjectiveNoise:
    """Noise for an approximate minimiser within `budget`.

    The minimiser theta* is released as ``theta + Laplace`` with theta any point whose perturbed objective has a
    gradient of norm at most tau. By strong convexity ``|theta - theta*| <= tau/Lambda``. Given theta*, theta is a
    function of the data, and for neighbours the two differ by at most ``2 tau/Lambda``; so (theta*, theta + noise) is
    objective perturbation followed by a Laplace mechanism of L1 sensitivity ``sqrt(d) 2 tau/Lambda``.

    Parameters
    ----------
    loss
        Public bounds on a row's loss.
    dimension
        d.
    regularisation
        Lambda, for the sum of the losses (n times the one for their mean).
    budget
        Pure, or (epsilon, delta); with its relation.
    noise
        Law of the linear term. With a delta use ``"gaussian"``.
    gradient_tolerance
        tau > 0, which the solver must guarantee, everything included: floating-point error of the gradient and
        `rounding_tolerance` where b is drawn on a lattice.
    output_share
        Share of epsilon for the output noise, in (0, 1).

    Raises
    ------
    PrivacyError
        If the determinant alone takes more than what is left of epsilon; it names the regularisation needed.
    """
    if budget.epsilon is None:
        raise PrivacyError("objective perturbation takes a budget in epsilon, with or without a delta")
    if not (gradient_tolerance > 0 and 0 < output_share < 1 and dimension >= 1):
        raise PrivacyError(
            "gradient_tolerance must be above 0, output_share in (0, 1) and dimension at least 1"
        )
    left = budget.epsilon * (1 - output_share)
    determinant = determinant_loss(loss, regularisation)
    if determinant >= left:
        needed = least_regularisation(loss, left)
        raise PrivacyError(
            f"regularisation {regularisation:g} is too small for epsilon={budget.epsilon:g}: "
            f"use at least {needed:.4g} for the sum of the losses"
        )
    if noise == "gaussian":
        scale = _gaussian_scale(loss, regularisation, budget, left)
    else:
        scale = loss.sensitivity(_MECHANISM[noise][1], budget.relation) / (left - determinant) * _UPWARD
    output = math.sqrt(dimension) * 2 * gradient_tolerance / regularisation
    covering = Event(
        mechanism="laplace",
        sensitivity=output,
        norm="l1",
        scale=output / (budget.epsilon * output_share) * _UPWARD,
        relation=budget.relation,
        purpose="output noise that covers the approximate minimum",
    )
    event = objective_event(loss, regularisation, scale, noise, budget.relation)
    return ObjectiveNoise(scale, covering.scale, (event, covering))


def rounding_tolerance(spacing: float, dimension: int) -> float:
    """What rounding b to a lattice adds to the gradient tolerance: half the diagonal of a cell.

    The minimiser with the rounded b has a gradient of ``b - round(b)`` in the objective with the exact b.
    """
    return spacing * math.sqrt(dimension) / 2 * _UPWARD


def objective_rdp(event: Event, order: float) -> float:
    """Renyi DP of one release of Gaussian objective perturbation, of order > 1 (Redberg et al. 2023, re-derived).

    add_remove: ``c + mu^2/2 + ln(2 e^{(a-1)^2 mu^2/2} Phi((a-1) mu)) / (a-1)``, from the loss ``c + mu^2/2 + mu|Z|``;
    replace_one: ``c + ln(2 + 2 e^{a(a-1) mu^2/2}) / (a-1)``, from the four vertices.
    """
    if not event.is_objective_gaussian or not order > 1:
        raise PrivacyError("Renyi DP here is for Gaussian objective perturbation and an order above 1")
    mu, less = event.sensitivity / event.scale, order - 1
    if event.relation == "add_remove":
        moment = math.log(2) + (less * mu) ** 2 / 2 + float(log_ndtr(less * mu))
        return event.determinant + mu * mu / 2 + moment / less
    exponent = order * less * mu * mu / 2
    return event.determinant + (math.log(2) + exponent + math.log1p(math.exp(-exponent))) / less


def objective_rdp_epsilon(event: Event, delta: float) -> float:
    """Epsilon at delta by `objective_rdp`: ``min_a eps(a) + ln(1 - 1/a) - ln(delta a)/(a - 1)``.

    A second opinion: the closed form that the ledger uses is never above it.
    """

    def converted(log_less: float) -> float:
        order = 1 + math.exp(log_less)
        return objective_rdp(event, order) + math.log1p(-1 / order) - math.log(delta * order) / (order - 1)

    return float(minimize_scalar(converted, bounds=(-3, 12), method="bounded", options={"xatol": 1e-10}).fun)


def _gaussian_scale(loss: LinearLoss, regularisation: float, budget: Budget, epsilon: float) -> float:
    """The least sigma, to 1e-12 of itself, whose delta at `epsilon` is small enough."""
    if not budget.delta:
        raise PrivacyError("Gaussian noise needs a delta above 0: give delta, or use Laplace or K-norm noise")
    delta = budget.delta

    def enough(scale: float) -> bool:
        event = objective_event(loss, regularisation, scale, "gaussian", budget.relation)
        return delta_of([event], epsilon) <= delta

    high = loss.sensitivity("l2", budget.relation)
    while not enough(high):
        high *= 2
    low = high / 2
    while enough(low):
        low, high = low / 2, low
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high * _UPWARD
