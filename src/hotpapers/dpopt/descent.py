"""The private training loop: clipped sum, noise, step; every spend noted before its noise is drawn.

The noise of iteration t is added to the sum at the query point, and both are divided by a public (declared or
bought) number of rows. The regulariser's gradient holds no row. All that leaves this loop (iterates, history,
checkpoints) is a function of noisy sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.relations import Relation
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Loss
from hotpapers.dpopt.methods import Iterate, Schedule, advance, query_point
from hotpapers.dpopt.noise.scales import gaussian_scale
from hotpapers.dpopt.releases import Noise, Spend, release

__all__ = ["DescentState", "History", "Sums", "descend", "gaussian_scales", "scales_left"]

Array = NDArray[np.float64]


class Sums(Protocol):
    """Clipped gradient sums: `ClippedSums` or `ExactClippedSums`."""

    loss: Loss

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one parameter."""

    @property
    def spacing(self) -> float | None:
        """Lattice of the sums, None for floats."""

    def sensitivity(self, relation: Relation) -> float:
        """Of the sum."""

    def __call__(self, theta: NDArray[Any]) -> NDArray[Any]:
        """The sum at `theta`."""


@dataclass
class History:
    """What was seen of the run, all of it noisy: one entry an iteration.

    Attributes
    ----------
    gradient_norm
        Of the noisy gradient (the mean over repeats or classes).
    iterate_norm
        Of the iterate after the step.
    scale
        Of the noise that was added to the sum.
    step_size
        alpha as used, halved where the run was cut back.
    """

    gradient_norm: list[float] = field(default_factory=list)
    iterate_norm: list[float] = field(default_factory=list)
    scale: list[float] = field(default_factory=list)
    step_size: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class DescentState:
    """All that a run needs to go on after `iteration` iterations; holds nothing but noisy quantities."""

    iteration: int
    iterate: Iterate
    step_factor: float
    history: History


def descend(
    sums: Sums,
    schedule: Schedule,
    scales: Array,
    *,
    rows: float,
    lam: float | Array,
    relation: Relation,
    noise: Noise,
    spend: Spend,
    start: Array | DescentState | None = None,
    radius: Array | None = None,
    save: Callable[[DescentState], None] | None = None,
    observe: Callable[[int, Array], None] | None = None,
) -> DescentState:
    """Run the iterations of a schedule.

    Parameters
    ----------
    sums
        Clipped gradient sums.
    schedule
        Steps and momenta, T iterations.
    scales
        Scale of the noise on the *sum* in each iteration, ``(T,)``.
    rows
        What the sum is divided by: public, or bought. Never the private number of rows under add_remove.
    lam
        Weight of the regulariser, or one for each coefficient, ``(d,)``, in the order of the columns.
    relation
        Neighbouring relation; with it `sums` states its sensitivity.
    noise
        How noise is added.
    spend
        Called with the event of each iteration before its noise exists.
    start
        theta_0 (zeros by default; a second axis for repeats), or the state to resume from. An iteration that
        was interrupted after its spend is spent and drawn again: pass the scales that the rest of the budget
        allows (`scales_left`).
    radius
        Longest iterate that is no divergence, ``(T,)``; beyond it the momentum is forgotten and the step
        halved.
    save
        Called with the state after each iteration, to write a checkpoint.
    observe
        Called with (iterations done, iterate), for experiments.

    Raises
    ------
    PrivacyError
        If the numbers do not fit together.
    """
    if len(scales) != len(schedule) or not 0 < rows < math.inf:
        raise PrivacyError("a run needs one noise scale for each iteration and a positive number of rows")
    state = _beginning(start, sums.shape)
    sensitivity = sums.sensitivity(relation)
    for t in range(state.iteration, len(schedule)):
        point = query_point(schedule, t, state.iterate)
        noisy_sum = release(
            sums(point),
            spacing=sums.spacing,
            sensitivity=sensitivity,
            scale=float(scales[t]),
            relation=relation,
            noise=noise,
            spend=spend,
            purpose="gradient sum",
        )
        gradient = noisy_sum / rows + _penalty(lam, point)
        iterate = advance(schedule, t, state.iterate, state.step_factor * gradient)
        used = float(schedule.steps[t]) * state.step_factor
        state = _guarded(state, t, iterate, math.inf if radius is None else float(radius[t]))
        _note(state.history, gradient, state.iterate, float(scales[t]), used)
        if save is not None:
            save(state)
        if observe is not None:
            observe(t + 1, state.iterate.current)
    return state


def gaussian_scales(shares: Array, mu: float, sensitivity: float) -> Array:
    """Standard deviations whose releases are mu-GDP together: ``sigma_t = S / (mu sqrt(share_t))``.

    Parameters
    ----------
    shares
        Of ``mu^2``, ``(T,)``, summing to 1.
    mu
        What all of them may spend.
    sensitivity
        S in L2, of one sum.
    """
    # The sum of shares may be 1 + 1e-16; a mu one part in 10^14 smaller keeps the ledger within the budget.
    most = mu * (1.0 - 1e-14)
    return np.array([gaussian_scale(sensitivity, most * math.sqrt(float(share))) for share in shares])


def scales_left(shares: Array, iteration: int, mu_left: float, sensitivity: float) -> Array:
    """Scales for resuming after `iteration` iterations with what the ledger says is left.

    The iterations to come share ``mu_left^2`` in the proportions planned; entries of those done are infinite,
    as they may not be used again.

    Raises
    ------
    PrivacyError
        If nothing is left.
    """
    if iteration < len(shares) and not mu_left > 0:
        raise PrivacyError("the budget was spent before the run ended: nothing is left to resume with")
    found = np.full(len(shares), np.inf)
    rest = shares[iteration:]
    if len(rest):
        found[iteration:] = gaussian_scales(rest / rest.sum(), mu_left, sensitivity)
    return found


def _beginning(start: Array | DescentState | None, shape: tuple[int, ...]) -> DescentState:
    if isinstance(start, DescentState):
        return start
    theta = np.zeros(shape) if start is None else np.asarray(start, dtype=np.float64)
    if theta.shape[: len(shape)] != shape:
        raise PrivacyError(f"the start must have the parameters' shape {shape}: got {theta.shape}")
    return DescentState(0, Iterate.start(theta), 1.0, History())


def _penalty(lam: float | Array, theta: Array) -> Array:
    if isinstance(lam, np.ndarray) and theta.ndim == 2:
        return np.asarray(lam[:, None] * theta)
    return np.asarray(lam * theta)


def _guarded(state: DescentState, t: int, iterate: Iterate, radius: float) -> DescentState:
    """The next state, cut back where the noisy iterate left the radius."""
    factor = state.step_factor
    length = float(_lengths(iterate.current.reshape(-1)))
    if length > radius and math.isfinite(length):
        factor *= 0.5
        iterate = Iterate.start(iterate.current * (radius / length))
    return DescentState(t + 1, iterate, factor, state.history)


def _note(history: History, gradient: Array, iterate: Iterate, scale: float, step: float) -> None:
    history.gradient_norm.append(float(_lengths(gradient).mean()))
    history.iterate_norm.append(float(_lengths(iterate.current).mean()))
    history.scale.append(scale)
    history.step_size.append(step)


def _lengths(vectors: Array) -> Array:
    """Lengths along the first axis; infinite beyond 1e154, as a run that diverged is not worth a warning."""
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt(np.square(vectors).sum(axis=0)))
