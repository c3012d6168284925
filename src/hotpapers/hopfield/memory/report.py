"""How far a retrieved pattern can be trusted: what the theorems guarantee, and what was measured."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from hotpapers.common.errors import FailureError
from hotpapers.hopfield.fixed_points import Regime, k_mass
from hotpapers.hopfield.memory.retrieving import Settled
from hotpapers.hopfield.memory.separation import snapped
from hotpapers.hopfield.memory.space import Space
from hotpapers.hopfield.retrieval import separation_needed

__all__ = ["TrustReport", "trust"]

_MASS = 0.9
_STAR_UPDATES = 100


@dataclass(frozen=True, kw_only=True)
class TrustReport:
    """What stands behind one retrieved pattern. All lengths are in the association space.

    Parameters
    ----------
    index
        Row of the pattern with the largest weight.
    id
        Its id.
    weight
        Its weight.
    separation
        Delta of it: how much better it matches itself than the best other one does.
    norm
        M, the largest norm of a stored pattern.
    separation_needed
        Separation from which it is well separated.
    well_separated
        Whether it is, so that it is stored for certain.
    error_bound
        Theorem 5: the retrieved state is at most so far from the pattern; inf where the theorem says
        nothing, because the bound exceeds 2 M.
    change
        How far the last update moved the state.
    energy_before, energy_after
        Of the query and of the retrieved state.
    k
        Number of patterns that hold 90 % of the weight.
    regime
        ``"single"``, ``"metastable"`` (the mean of some) or ``"global"`` (the mean of most).
    iterations
        Updates made.
    converged
        Whether the last update moved the state by no more than `eps`.
    """

    index: int
    id: int | str
    weight: float
    separation: float
    norm: float
    separation_needed: float
    well_separated: bool
    error_bound: float
    change: float
    energy_before: float
    energy_after: float
    k: int
    regime: Regime
    iterations: int
    converged: bool

    @property
    def void(self) -> bool:
        """Whether Theorem 5 says nothing here."""
        return math.isinf(self.error_bound)

    @property
    def verdict(self) -> str:
        """The report in a few words."""
        if self.regime == "single" and self.well_separated and not self.void:
            return f"guaranteed within {self.error_bound:.1e}"
        found = "one pattern, not guaranteed" if self.regime == "single" else f"mean of {self.k} patterns"
        return found if self.converged else f"{found}, not converged"

    def as_dict(self) -> dict[str, Any]:
        """All fields and the verdict; what is infinite is None, which JSON can hold."""
        plain = asdict(self) | {"void": self.void, "verdict": self.verdict}
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in plain.items()
        }


def trust(
    space: Space,
    start: Tensor,
    settled: Settled,
    weights: Tensor,
    beta: float,
    eps: float,
    ids: list[int | str],
) -> list[TrustReport]:
    """A report for each query of a block.

    Parameters
    ----------
    space
        What the queries see of the patterns.
    start
        The prepared queries, ``[S, d]``.
    settled
        Where their updates ended, but for the last one.
    weights
        Those of the last update, ``[S, N]``.
    beta
        Inverse temperature.
    eps
        Distance up to which a state counts as being at rest.
    ids
        Of all stored patterns.

    Raises
    ------
    FailureError
        If an energy rose, which no update can do: a fault of ours (left out under ``python -O``).
    """
    count = space.patterns.shape[0]
    state = space.mean(weights)
    weight, index = weights.max(-1)
    own = space.pattern(index)
    delta = _separations(space, own, index)
    before, after = _energies(space, start, beta), _energies(space, state, beta)
    _check_fall(space, start, before, after, beta)
    norms = [float(value) for value in space.norm.expand(len(start))]
    bounds = _theorem_5(space, settled.states, own, delta, beta)
    columns = {
        "index": index, "weight": weight, "separation": delta, "k": _k(weights, weight),
        "energy_before": before, "energy_after": after, "iterations": settled.iterations,
        "change": torch.linalg.vector_norm(state - settled.states, dim=-1), "stopped": settled.stopped,
    }  # fmt: skip
    reports = []
    for at, row in enumerate(zip(*(values.tolist() for values in columns.values()), strict=True)):
        found = dict(zip(columns, row, strict=True))
        stopped, needed = found.pop("stopped"), separation_needed(count, norms[at], beta)
        reports.append(
            TrustReport(
                **found,
                id=ids[found["index"]],
                norm=norms[at],
                separation_needed=needed,
                well_separated=found["separation"] >= needed,
                error_bound=bounds[at],
                regime=_regime(found["k"], count),
                converged=stopped and found["change"] <= eps,
            )
        )
    return reports


def _separations(space: Space, own: Tensor, index: Tensor) -> Tensor:
    """Delta of the pattern that each query was matched with: ``[S]``; inf for a single pattern."""
    dots = space.products(own)
    self_product = dots.gather(1, index[:, None])[:, 0]
    dots.scatter_(1, index[:, None], -math.inf)
    return snapped(self_product - dots.amax(1), self_product)


def _energies(space: Space, states: Tensor, beta: float) -> Tensor:
    """Equation 2 for each state, summed in double precision."""
    dots = space.products(states).mul_(beta)
    top = dots.amax(-1, keepdim=True)
    lse = (top[:, 0].double() + dots.sub_(top).exp_().sum(-1, dtype=torch.float64).log()) / beta
    square, norm = states.double().square().sum(-1), space.norm.double()
    return -lse + square / 2 + math.log(dots.shape[1]) / beta + norm.square() / 2


def _check_fall(space: Space, start: Tensor, before: Tensor, after: Tensor, beta: float) -> None:
    if not __debug__:
        return
    # What the energy is the difference of: its terms round by as much as they are large.
    terms = (
        space.norm.double().square()
        + start.double().square().sum(-1)
        + math.log(space.patterns.shape[0]) / beta
    )
    rise = float(((after - before) / (before.abs() + terms)).max())
    if rise > 1e-5:
        raise FailureError(
            f"an update raised the energy by {rise:.1e}: a fault of this program, please report it"
        )


def _theorem_5(space: Space, before: Tensor, own: Tensor, delta: Tensor, beta: float) -> list[float]:
    """``2 (N - 1) exp(-beta (Delta - 2 max(|xi - x_i|, |x_i* - x_i|) M)) M``; inf where it says nothing."""
    others, norm = space.patterns.shape[0] - 1, space.norm.double()
    if not others:
        return [0.0] * len(own)

    def bound(away: Tensor) -> Tensor:
        return 2 * others * norm * torch.exp(-beta * (delta.double() - 2 * away.double() * norm))

    away = torch.linalg.vector_norm(before - own, dim=-1)
    bounds = bound(away)
    says = (bounds <= 2 * norm).nonzero().flatten()  # the fixed point matters only where that holds
    if len(says):
        star = _ways_to_fixed_points(space.select(says), own[says], beta)
        away = away.index_put((says,), torch.maximum(away[says], star))
        bounds = bound(away)
    values: list[float] = torch.where(bounds <= 2 * norm, bounds, math.inf).tolist()
    return values


def _ways_to_fixed_points(space: Space, own: Tensor, beta: float) -> Tensor:
    """Distance of each pattern from the fixed point that updates lead it to; inf if that takes too long."""
    still = 32 * torch.finfo(own.dtype).eps * space.norm
    state, moved = own, torch.full_like(own[:, 0], math.inf)
    for _ in range(_STAR_UPDATES):
        new = space.update(state, beta)
        moved = torch.linalg.vector_norm(new - state, dim=-1)
        state = new
        if bool((moved <= still).all()):
            break
    return torch.where(moved <= still, torch.linalg.vector_norm(state - own, dim=-1), math.inf)


def _k(weights: Tensor, largest: Tensor) -> Tensor:
    """`k_mass` of each row, without sorting the rows of which one pattern holds nearly all."""
    k = torch.ones(len(weights), dtype=torch.int64, device=weights.device)
    spread = largest < _MASS
    if bool(spread.any()):
        k[spread] = k_mass(weights[spread], _MASS)
    return k


def _regime(k: int, count: int) -> Regime:
    if k == 1:
        return "single"
    return "global" if k > count / 2 else "metastable"
