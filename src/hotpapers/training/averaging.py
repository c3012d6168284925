"""Exponential moving average of weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["WeightAverage", "decay_at"]

_WARMUP = 30  # updates after which the warm-up's decay is a half


def decay_at(update: int, decay: float, *, warmup: bool) -> float:
    """Decay of the `update`-th update, from 1: ``min(decay, k / (k + 30))`` during the warm-up.

    Examples
    --------
    >>> decay_at(30, 0.999, warmup=True)
    0.5
    >>> decay_at(10**6, 0.999, warmup=True)
    0.999
    """
    return min(decay, update / (update + _WARMUP)) if warmup else decay


class WeightAverage:
    """Copies of modules whose parameters follow the trained ones slowly; buffers are taken as they are.

    Parameters
    ----------
    modules
        The modules that are trained.
    decay
        Of the average, in [0, 1).
    warmup
        Forget the first weights quickly: see `decay_at`.

    Attributes
    ----------
    modules
        The averaged modules, in eval mode, without gradients.
    updates
        How many times they were updated.
    """

    def __init__(self, modules: Mapping[str, nn.Module], decay: float, *, warmup: bool) -> None:
        self.decay, self.warmup = decay, warmup
        self.updates = 0
        self.modules = {
            name: copy.deepcopy(module).eval().requires_grad_(requires_grad=False)
            for name, module in modules.items()
        }
        self._pairs = [(self.modules[name], module) for name, module in modules.items()]

    @torch.no_grad()
    def update(self) -> None:
        """Move the averages towards the weights of now."""
        self.updates += 1
        weight = 1 - decay_at(self.updates, self.decay, warmup=self.warmup)
        for average, module in self._pairs:
            averages: list[Tensor] = list(average.parameters())
            values: list[Tensor] = list(module.parameters())
            if averages:
                torch._foreach_lerp_(averages, values, weight)  # one call for all, as torch.optim does
            for held, value in zip(average.buffers(), module.buffers(), strict=True):
                held.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """Weights and number of updates."""
        modules: dict[str, dict[str, Tensor]] = {
            name: module.state_dict() for name, module in self.modules.items()
        }
        return {"modules": modules, "updates": self.updates}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`."""
        for name, module in self.modules.items():
            module.load_state_dict(state["modules"][name])
        self.updates = state["updates"]
