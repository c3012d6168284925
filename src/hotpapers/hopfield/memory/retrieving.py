"""Updates of a block of queries until they are to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.memory.space import Space
from hotpapers.hopfield.stopping import CAP

__all__ = ["Settled", "Steps", "check_steps", "settle"]

Steps = int | Literal["converge"]


@dataclass(frozen=True)
class Settled:
    """Where the updates of S queries ended, but for the last one, which whoever asked makes.

    Parameters
    ----------
    states
        The states before the last update, ``[S, d]``.
    iterations
        Updates of each query, the last one included, int64 ``[S]``.
    stopped
        Whether a query came to rest before the cap, bool ``[S]``; True where a number of steps was given.
    """

    states: Tensor
    iterations: Tensor
    stopped: Tensor


def check_steps(steps: Any) -> Steps:
    """`steps` if it is a number of extra updates or ``"converge"``.

    Raises
    ------
    HopfieldError
        If it is neither.
    """
    whole = isinstance(steps, int) and not isinstance(steps, bool) and steps >= 0
    if not whole and steps != "converge":
        raise HopfieldError(f"steps must be a whole number >= 0 or 'converge': got {steps!r}")
    found: Steps = steps
    return found


def settle(space: Space, states: Tensor, beta: float, steps: Steps, eps: float) -> Settled:
    """Update `states`, ``[S, d]``, `steps` times, or each until the next update moves it by at most `eps`."""
    if steps == "converge":
        return _at_rest(space, states, beta, eps)
    for _ in range(steps):
        states = space.update(states, beta)
    stopped = torch.ones(len(states), dtype=torch.bool, device=states.device)
    return Settled(states, torch.full_like(stopped, steps + 1, dtype=torch.int64), stopped)


def _at_rest(space: Space, states: Tensor, beta: float, eps: float) -> Settled:
    states = states.clone()
    active = torch.arange(states.shape[0], device=states.device)
    iterations = torch.full_like(active, CAP)
    stopped = torch.zeros_like(active, dtype=torch.bool)
    for made in range(1, CAP + 1):
        seen = space if len(active) == states.shape[0] else space.select(active)
        new = seen.update(states[active], beta)
        moves = torch.linalg.vector_norm(new - states[active], dim=-1) > eps
        iterations[active[~moves]] = made
        stopped[active[~moves]] = True
        if made < CAP:
            states[active[moves]] = new[moves]
        active = active[moves]
        if not len(active):
            break
    return Settled(states, iterations, stopped)
