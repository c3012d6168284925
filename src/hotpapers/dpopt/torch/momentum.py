"""The paper's steps on a model's parameters: heavy ball, Nesterov, multi-stage Nesterov.

Between steps the parameters are theta_t, as an evaluation expects. Nesterov's methods ask for the gradient at
``theta_t + beta (theta_t - theta_{t-1})``: the parameters are moved there before the forward pass and on to
theta_{t+1} in the step. All of it is post-processing of noisy gradients and earlier iterates.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import Schedule

__all__ = ["Momentum", "TorchMethod"]

TorchMethod: TypeAlias = Literal["sgd", "hb", "nag", "masg"]


class Momentum:
    """State of one of the three methods.

    Parameters
    ----------
    method
        ``"hb"``, ``"nag"`` or ``"masg"``.
    groups
        Parameter groups of the user's optimizer; ``lr`` and ``weight_decay`` are read at every step.
    momentum
        beta where there is no schedule, in [0, 1).
    schedule
        Steps, momenta and stages; replaces ``lr`` and `momentum`.

    Raises
    ------
    PrivacyError
        If the momentum is out of range, or multi-stage has no schedule.
    """

    def __init__(
        self, method: TorchMethod, groups: list[dict[str, Any]], momentum: float, schedule: Schedule | None
    ) -> None:
        if method not in {"hb", "nag", "masg"}:
            raise PrivacyError(f"method must be 'sgd', 'hb', 'nag' or 'masg': got {method!r}")
        if method == "masg" and schedule is None:
            raise PrivacyError("method='masg' needs schedule=multi_stage(...) of hotpapers.dpopt.methods")
        if not 0 <= momentum < 1:
            raise PrivacyError(f"momentum must be in [0, 1): got {momentum!r}")
        self.iteration = 0
        self._method, self._groups, self._momentum, self._schedule = method, groups, momentum, schedule
        self._previous: dict[nn.Parameter, Tensor] = {}
        self._current: dict[nn.Parameter, Tensor] = {}

    def use(self, groups: list[dict[str, Any]]) -> None:
        """Take over parameter groups that the optimizer has replaced."""
        self._groups = groups

    @torch.no_grad()
    def to_query_point(self) -> None:
        """Move the parameters to where the gradient is asked for, once in an iteration."""
        if self._method == "hb" or self._current:
            return
        beta = self._beta()
        for parameter in self._parameters():
            current = parameter.detach().clone()
            self._current[parameter] = current
            if parameter in self._previous:
                parameter.add_(current - self._previous[parameter], alpha=beta)

    @torch.no_grad()
    def advance(self) -> None:
        """One step with the noisy gradients that stand in ``grad``."""
        beta = self._beta()
        for group in self._groups:
            alpha = group["lr"] if self._schedule is None else float(self._schedule.steps[self.iteration])
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                direction = parameter.grad.add(parameter, alpha=group.get("weight_decay", 0.0))
                current = self._current.pop(parameter, None)
                if current is None:
                    current = parameter.detach().clone()
                if self._method == "hb" and parameter in self._previous:
                    parameter.add_(current - self._previous[parameter], alpha=beta)
                parameter.sub_(direction, alpha=alpha)
                self._previous[parameter] = current
        self._current.clear()
        self.iteration += 1

    def state(self) -> dict[str, Any]:
        """Iteration and theta_{t-1}, in the order of the parameters."""
        return {
            "iteration": self.iteration,
            "previous": [self._previous.get(parameter) for parameter in self._parameters()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.iteration, self._current = int(state["iteration"]), {}
        self._previous = {
            parameter: value.detach().clone()
            for parameter, value in zip(self._parameters(), state["previous"], strict=True)
            if value is not None
        }

    def _beta(self) -> float:
        """beta_t; 0 where a new stage begins."""
        schedule, t = self._schedule, self.iteration
        if schedule is None:
            return self._momentum
        if t >= len(schedule):
            raise PrivacyError(f"the schedule ends after {len(schedule)} iterations")
        if t > 0 and schedule.stages[t] != schedule.stages[t - 1]:
            return 0.0
        return float(schedule.momenta[t])

    def _parameters(self) -> list[nn.Parameter]:
        return [parameter for group in self._groups for parameter in group["params"]]
