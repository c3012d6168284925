"""One update of weights: gradient, average over processes, guard, clipping, optimiser."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor
from torch.optim import Optimizer

from hotpapers.training.errors import DivergedError, TrainingError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Guard", "Updates", "average_gradients", "largest_norm"]

_NORMS = 101  # norms whose median is the yardstick of clipping
_FEWEST_NORMS = 5  # before so many are known nothing is cut
_STRIKES = 5  # skipped steps in a row after which training ends
_RECOVERY = 1000  # good steps in a row after which a halved learning rate is doubled again


def largest_norm(norms: Sequence[float], clip: Literal["median"] | float | None) -> float:
    """Norm to which the next gradient is cut.

    Parameters
    ----------
    norms
        Norms of the gradients before it.
    clip
        A number; ``"median"``: twice the median of `norms`, once there are five; None: infinity.

    Examples
    --------
    >>> largest_norm([1.0, 9.0, 2.0, 3.0, 2.5], "median")
    5.0
    """
    if clip is None:
        return math.inf
    if clip == "median":
        return 2 * statistics.median(norms) if len(norms) >= _FEWEST_NORMS else math.inf
    return float(clip)


class Guard:
    """Watches one optimiser's gradients: clips outliers, skips what is no number, halves the learning rate.

    Attributes
    ----------
    rate
        Factor on the learning rate: halved with each skipped step, doubled again (at most to 1) after 1,000
        good ones in a row.
    strikes
        Skipped steps in a row.
    """

    def __init__(self, clip: Literal["median"] | float | None) -> None:
        self.clip = clip
        self.norms: deque[float] = deque(maxlen=_NORMS)
        self.rate = 1.0
        self.strikes = 0
        self.good = 0

    def accept(self, norm: float) -> float:
        """Note a good gradient of norm `norm`; returns the factor that clips it, at most 1."""
        largest = largest_norm(self.norms, self.clip)
        self.norms.append(norm)
        self.strikes = 0
        self.good += 1
        if self.good >= _RECOVERY and self.rate < 1:
            self.rate, self.good = self.rate * 2, 0
        return 1.0 if norm <= largest else largest / norm

    def reject(self) -> bool:
        """Note a gradient that is no number; returns whether training should end."""
        self.rate /= 2
        self.strikes += 1
        self.good = 0
        return self.strikes >= _STRIKES

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "norms": list(self.norms),
            "rate": self.rate,
            "strikes": self.strikes,
            "good": self.good,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`."""
        self.norms = deque(state["norms"], maxlen=_NORMS)
        self.rate, self.strikes, self.good = state["rate"], state["strikes"], state["good"]


class Updates:
    """The optimisers of a run, each with its guard.

    Parameters
    ----------
    optimizers
        By name.
    fabric
        Of the run: half precision's scaling, the average over processes.
    clip
        See `largest_norm`.
    accumulate
        Gradients of so many batches are averaged for each step.

    Attributes
    ----------
    part
        Which of the `accumulate` batches is at hand, from 0; the loop sets it.
    norms
        Norm of each optimiser's last gradient, before clipping.
    """

    def __init__(
        self,
        optimizers: dict[str, Optimizer],
        fabric: Fabric,
        *,
        clip: Literal["median"] | float | None,
        accumulate: int,
    ) -> None:
        self.optimizers, self.fabric, self.accumulate = optimizers, fabric, accumulate
        self.guards = {name: Guard(clip) for name in optimizers}
        self.part = 0
        self.norms: dict[str, float] = {}
        self._parameters = {name: _trainable(optimizer) for name, optimizer in optimizers.items()}
        self._rates = {
            name: [group["lr"] for group in each.param_groups] for name, each in optimizers.items()
        }
        self._parts_seen = dict.fromkeys(optimizers, 0)
        self._scaler = getattr(fabric.strategy.precision, "scaler", None)

    def set_rate(self, factor: float) -> None:
        """Set every optimiser's learning rate to its base rate times `factor` and the guard's factor."""
        for name, optimizer in self.optimizers.items():
            for group, base in zip(optimizer.param_groups, self._rates[name], strict=True):
                rate = base * factor * self.guards[name].rate
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(rate)
                else:
                    group["lr"] = rate

    def rates(self) -> dict[str, float]:
        """The learning rate of each optimiser's first parameters."""
        return {
            f"learning_rate/{name}": float(each.param_groups[0]["lr"])
            for name, each in self.optimizers.items()
        }

    def update(self, name: str, loss: Tensor) -> None:
        """See `Run.update`."""
        if name not in self.optimizers:
            raise TrainingError(
                f"there is no optimiser {name!r}: the task's are {', '.join(self.optimizers)}"
            )
        if loss.numel() != 1 or not loss.requires_grad:
            raise TrainingError(
                f"the loss of {name!r} must be one number that depends on the weights: its shape is "
                f"{tuple(loss.shape)}" + ("" if loss.requires_grad else " and it has no gradient")
            )
        parameters = self._parameters[name]
        self.fabric.backward(loss / self.accumulate if self.accumulate > 1 else loss, inputs=parameters)
        self._parts_seen[name] += 1
        if self._parts_seen[name] < self.accumulate:
            return
        self._parts_seen[name] = 0
        if self.part != self.accumulate - 1:
            raise TrainingError(f"with accumulate above 1, update {name!r} once for each batch")
        self._step(name, parameters)

    def _step(self, name: str, parameters: list[Tensor]) -> None:
        optimizer, guard = self.optimizers[name], self.guards[name]
        if self.fabric.world_size > 1:
            average_gradients(parameters, self.fabric.world_size)
        if self._scaler is not None:
            self._scaler.unscale_(optimizer)
        gradients = [gradient for each in parameters if (gradient := _values(each)) is not None]
        if not gradients:
            raise TrainingError(f"the loss of {name!r} depends on none of the parameters of that optimiser")
        norm = float(torch.nn.utils.get_total_norm(gradients))
        self.norms[name] = norm
        try:
            if math.isfinite(norm):
                factor = guard.accept(norm)
                if factor < 1:
                    torch._foreach_mul_(gradients, factor)  # as torch's own clipping does
                self._descend(optimizer)
            elif not self._overflowed(gradients) and guard.reject():
                guard.strikes = 0
                raise DivergedError(
                    f"the gradient of {name!r} was not a number {_STRIKES} times in a row: look at the data and "
                    "at logarithms, divisions and roots in the losses, or lower the learning rate"
                )
        finally:
            optimizer.zero_grad()
            if self.accumulate == 1:
                self._rescale()

    def end_step(self) -> None:
        """Close a step: half precision's scale holds for all parts of an accumulated batch, then moves."""
        if self.accumulate > 1:
            self._rescale()

    def _descend(self, optimizer: Optimizer) -> None:
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)

    def _rescale(self) -> None:
        if self._scaler is not None:
            self._scaler.update()

    def _overflowed(self, gradients: Sequence[Tensor]) -> bool:
        """Whether half precision's scale was too large, which is no fault of the run; it is halved next."""
        if self._scaler is None or self._scaler.get_scale() <= 1:
            return False
        return any(not bool(torch.isfinite(each).all()) for each in gradients)

    def state_dict(self) -> dict[str, Any]:
        """Optimisers, guards and the scale of half precision."""
        return {
            "optimizers": {name: each.state_dict() for name, each in self.optimizers.items()},
            "guards": {name: each.state_dict() for name, each in self.guards.items()},
            "scaler": {} if self._scaler is None else self._scaler.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`."""
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
            self.guards[name].load_state_dict(state["guards"][name])
        if self._scaler is not None and state["scaler"]:
            self._scaler.load_state_dict(state["scaler"])


def average_gradients(parameters: Sequence[Tensor], world: int) -> None:
    """Replace each gradient by its mean over all processes; one message for all of them.

    A parameter that no process has a gradient for keeps none; where only some have one, the others count as
    zero. (Not torch's DistributedDataParallel: two players that share a backward pass, penalties on gradients
    and methods other than ``forward`` each break it.)
    """
    gradients = [each.grad for each in parameters]
    dense = [
        torch.zeros_like(each)
        if gradient is None
        else gradient.to_dense()
        if gradient.is_sparse
        else gradient
        for each, gradient in zip(parameters, gradients, strict=True)
    ]
    present = dense[0].new_tensor([gradient is not None for gradient in gradients])
    message = torch.cat([present, *(gradient.reshape(-1) for gradient in dense)])
    torch.distributed.all_reduce(message)
    sizes = [len(dense), *(gradient.numel() for gradient in dense)]
    counts, *means = torch.split(message, sizes)
    for parameter, count, mean in zip(parameters, counts.tolist(), means, strict=True):
        parameter.grad = (mean / world).reshape(parameter.shape).to(parameter.dtype) if count else None


def _trainable(optimizer: Optimizer) -> list[Tensor]:
    return [each for group in optimizer.param_groups for each in group["params"] if each.requires_grad]


def _values(parameter: Tensor) -> Tensor | None:
    """The numbers of a gradient: all of them, or those that a sparse one stores."""
    gradient = parameter.grad
    if gradient is None or not gradient.is_sparse:
        return gradient
    parameter.grad = gradient.coalesce()
    return parameter.grad._values()  # noqa: SLF001 # values() of torch's sparse tensors are copies for autograd
