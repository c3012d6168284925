"""Three patterns in the plane: where states end, by temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.convergence import update
from hotpapers.hopfield.fixed_points import k_mass

__all__ = ["BETAS", "STORED", "Landscape", "explore"]

STORED = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], dtype=torch.float64)
BETAS = (0.1, 0.5, 4.0)

_MOST, _EPS = 1000, 1e-9
_ASIDE = 0.03  # off the line between x1 and x2, on which states would rest at a saddle


@dataclass(frozen=True)
class Landscape:
    """The ways of states at one temperature.

    Parameters
    ----------
    beta
        Inverse temperature.
    ways
        For each start the states from first to last, ``[T, 2]``.
    ends
        The distinct fixed points reached, ``[F, 2]``.
    k
        For each of these, how many patterns hold 90 % of the weight.
    """

    beta: float
    ways: Sequence[Tensor]
    ends: Tensor
    k: Sequence[int]


def explore(
    betas: Sequence[float] = BETAS, low: float = -1.4, high: float = 2.4, side: int = 6
) -> list[Landscape]:
    """Let states from a grid of `side` x `side` starts come to rest at each temperature."""
    axis = torch.linspace(low, high, side, dtype=torch.float64)
    starts = torch.cartesian_prod(axis + _ASIDE, axis)
    return [_explore(beta, starts) for beta in betas]


def _explore(beta: float, starts: Tensor) -> Landscape:
    states = [starts]
    while len(states) < _MOST:
        states.append(update(states[-1], STORED, beta))
        if float((states[-1] - states[-2]).norm(dim=1).max()) <= _EPS:
            break
    whole = torch.stack(states)  # [T, S, 2]
    ends = torch.unique(whole[-1].round(decimals=4), dim=0)
    k = k_mass(torch.softmax(beta * ends @ STORED.mT, -1)).tolist()
    return Landscape(beta, list(whole.unbind(1)), ends, k)
