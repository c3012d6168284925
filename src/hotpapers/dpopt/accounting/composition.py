"""What several releases cost together: exact where a closed form exists, by privacy loss distributions elsewhere.

- Pure events at delta = 0: the sum of their epsilons (exact sum of the floats). A numerical privacy loss
  distribution would cut a tail off and answer ``inf`` there.
- Gaussian events only: exact Gaussian DP.
- One objective perturbation, alone or with pure events: its closed form, the others' epsilon added.
- Everything else: dp-accounting's pessimistic privacy loss distributions, composed; never more than what
  simple composition (Gaussian part at delta, pure part added) gives where that applies.

The order does not matter and every event may depend on earlier answers: a bound on the loss of each event,
whatever was answered before, bounds the sum (adaptive composition).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hotpapers.dpopt.accounting.events import Event
from hotpapers.dpopt.accounting.gaussian_dp import gaussian_delta, gaussian_epsilon, pure_mu
from hotpapers.dpopt.accounting.objective_loss import objective_delta, objective_loss_tail
from hotpapers.dpopt.errors import PrivacyError

if TYPE_CHECKING:
    from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

__all__ = ["delta_of", "epsilon_of", "loss_distribution", "mu_of", "pure_epsilon_of", "rho_of"]

_GRID = 1e-4
_SCALES = 64


def pure_epsilon_of(events: Iterable[Event]) -> float:
    """Epsilon at delta = 0: the correctly rounded sum; ``inf`` if one event is not pure."""
    return math.fsum(event.pure_epsilon() for event in events)


def rho_of(events: Iterable[Event]) -> float:
    """Rho of zCDP: ``S^2/(2 sigma^2)`` for a Gaussian, ``epsilon^2/2`` for a pure one (Bun, Steinke 2016)."""
    return math.fsum(_rho(event) for event in events)


def mu_of(events: Iterable[Event]) -> float:
    """Mu of Gaussian DP: exact for Gaussian events; pure ones enter with the least mu that bounds them."""
    return math.sqrt(math.fsum(_mu_squared(event) for event in events))


def epsilon_of(events: Sequence[Event], delta: float) -> float:
    """Epsilon at `delta`, rounded up.

    Raises
    ------
    PrivacyError
        If delta lies outside [0, 1).
    """
    if not 0 <= delta < 1:
        raise PrivacyError(f"delta must be at least 0 and below 1: got {delta!r}")
    pure = pure_epsilon_of(events)
    if delta == 0 or not events:
        return pure
    if all(event.is_gaussian for event in events):
        return gaussian_epsilon(mu_of(events), delta)
    closed = _closed_form(events)
    if closed is not None:
        return _least_epsilon(closed, delta)
    numerical = float(loss_distribution(events).get_epsilon_for_delta(delta))
    return min(pure, numerical, _simple_epsilon(events, delta))


def delta_of(events: Sequence[Event], epsilon: float) -> float:
    """Delta at `epsilon` >= 0, rounded up."""
    if math.isnan(epsilon) or epsilon < 0:
        raise PrivacyError(f"epsilon must be at least 0: got {epsilon!r}")
    if pure_epsilon_of(events) <= epsilon:
        return 0.0
    if all(event.is_gaussian for event in events):
        return gaussian_delta(mu_of(events), epsilon)
    closed = _closed_form(events)
    if closed is not None:
        return closed(epsilon)
    return min(1.0, float(loss_distribution(events).get_delta_for_epsilon(epsilon)))


def loss_distribution(events: Sequence[Event], grid: float | None = None) -> PrivacyLossDistribution:
    """Pessimistic privacy loss distribution of all events, by dp-accounting.

    Where there are more than 64 scales of Laplace noise (a budget that grows from step to step), they are rounded
    down to 64: a louder loss, in time that does not grow with the number of steps.

    Parameters
    ----------
    events
        At least one.
    grid
        Spacing of the losses, in nats; by default 1e-4, finer where the losses are small.
    """
    return _composed(tuple(replace(event, purpose="") for event in events), grid)


@lru_cache(maxsize=4)
def _composed(events: tuple[Event, ...], grid: float | None) -> PrivacyLossDistribution:
    """Kept for the last few: a report asks one ledger for several numbers."""
    parts, gaussian_squares = Counter[Event](), []
    for event in events:
        if event.is_gaussian:
            gaussian_squares.append(_mu_squared(event))
        else:
            parts[replace(event, count=1)] += event.count
    mu = math.sqrt(math.fsum(gaussian_squares))
    spacing = grid or _GRID * min(1.0, max([mu, *map(_typical_loss, parts)]))
    total = None
    if mu > 0:
        total = _pld_module().from_gaussian_mechanism(1 / mu, value_discretization_interval=spacing)
    for event, count in _fewer_scales(parts).items():
        part = _distribution(event, spacing)
        part = part.self_compose(count) if count > 1 else part
        total = part if total is None else total.compose(part)
    return total


def _fewer_scales(parts: Counter[Event]) -> Counter[Event]:
    """The same events with at most 64 noise multipliers of Laplace noise, each at most the true one."""
    multipliers = [event.noise_multiplier for event in parts if event.mechanism == "laplace"]
    if len(multipliers) <= _SCALES:
        return parts
    least, step = min(multipliers), math.log(max(multipliers) / min(multipliers)) / (_SCALES - 1)
    fewer = Counter[Event]()
    for event, count in parts.items():
        if event.mechanism == "laplace" and step > 0:
            multiplier = event.noise_multiplier
            rung = math.floor(math.log(multiplier / least) / step)
            rounded = min(multiplier, least * math.exp(rung * step))
            fewer[replace(event, sensitivity=1.0, scale=rounded)] += count
        else:
            fewer[event] += count
    return fewer


def _distribution(event: Event, spacing: float) -> Any:
    """Of one release. Only the sensitivity enters, so the relation is already in the pair of laws."""
    module = _pld_module()
    rate = event.sampling.rate
    if event.mechanism == "gaussian":
        return module.from_gaussian_mechanism(
            event.noise_multiplier, value_discretization_interval=spacing, sampling_prob=rate
        )
    if event.mechanism == "laplace" and event.sampling.kind != "without_replacement":
        return module.from_laplace_mechanism(
            event.noise_multiplier, value_discretization_interval=spacing, sampling_prob=rate
        )
    if event.is_pure:  # every epsilon-DP mechanism is dominated by randomised response
        from dp_accounting.pld.common import DifferentialPrivacyParameters

        return module.from_privacy_parameters(
            DifferentialPrivacyParameters(event.pure_epsilon(), 0.0), spacing
        )
    return _objective_distribution(event, spacing)


def _objective_distribution(event: Event, spacing: float) -> Any:
    """The bounding law of the loss on the grid, every loss rounded up."""
    from dp_accounting.pld.pld_pmf import create_pmf

    mu = event.sensitivity / event.scale
    ceiling = event.determinant + mu * mu / 2 + 10 * mu
    losses = np.arange(math.floor(event.determinant / spacing), math.ceil(ceiling / spacing) + 1)
    tails = objective_loss_tail(event, np.asarray(losses * spacing, dtype=np.float64))
    masses = -np.diff(tails, prepend=1.0)
    probabilities = dict(zip(losses.tolist(), masses.tolist(), strict=True))
    return _pld_module().PrivacyLossDistribution(create_pmf(probabilities, spacing, float(tails[-1]), True))


def _closed_form(events: Sequence[Event]) -> Callable[[float], float] | None:
    objective = [event for event in events if event.is_objective_gaussian]
    rest = [event for event in events if not event.is_objective_gaussian]
    if len(objective) != 1 or objective[0].count != 1 or not all(event.is_pure for event in rest):
        return None
    spent = pure_epsilon_of(rest)
    return lambda epsilon: objective_delta(objective[0], epsilon - spent)


def _simple_epsilon(events: Sequence[Event], delta: float) -> float:
    """Epsilon of the Gaussian part at `delta` plus the pure part's, where there is nothing else."""
    gaussian = [event for event in events if event.is_gaussian]
    rest = pure_epsilon_of(event for event in events if not event.is_gaussian)
    return rest + gaussian_epsilon(mu_of(gaussian), delta)


def _least_epsilon(delta_at: Callable[[float], float], delta: float) -> float:
    """Bisection; the upper end, whose delta is small enough, is returned."""
    low, high = 0.0, 1.0
    if delta_at(low) <= delta:
        return low
    while delta_at(high) > delta:
        low, high = high, 2 * high
    while high - low > 4e-16 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if delta_at(middle) > delta else (low, middle)
    return high


def _mu_squared(event: Event) -> float:
    if event.is_gaussian:
        return event.count * (event.sensitivity / event.scale) ** 2
    if event.is_pure:
        return event.count * pure_mu(event.pure_epsilon() / event.count) ** 2
    raise PrivacyError(f"{event.mechanism} with sampling={event.sampling.kind!r} has no finite mu of its own")


def _rho(event: Event) -> float:
    if event.is_gaussian:
        return event.count * (event.sensitivity / event.scale) ** 2 / 2
    if event.is_pure:
        return event.count * (event.pure_epsilon() / event.count) ** 2 / 2
    raise PrivacyError(
        f"{event.mechanism} with sampling={event.sampling.kind!r} has no finite rho of its own"
    )


def _typical_loss(event: Event) -> float:
    return event.sensitivity / event.scale


def _pld_module() -> Any:
    from dp_accounting.pld import privacy_loss_distribution

    return privacy_loss_distribution
