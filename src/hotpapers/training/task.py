"""What a paper brings to the loop (`Task`), and what the loop lends it in each step (`Run`)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from hotpapers.training.updates import Updates

__all__ = ["Run", "Task"]


class Run:
    """One step of training, as the task sees it.

    Attributes
    ----------
    modules
        The task's modules by name, on their device and in train mode. Under mixed precision a call
        ``run.modules["net"](x)`` computes in half precision and returns float32; its input is left as it is.
    step, progress
        Number of the step, from 0; used part of the budget, 0..1.
    seed
        Of this step, this rank and this part of an accumulated batch. torch's own generators have been
        seeded with it: dropout and `torch.randn` repeat when the step is taken again.
    device
        Where modules and batch are.
    rank, world
        This process and how many there are.
    """

    def __init__(self, modules: dict[str, nn.Module], fabric: Fabric, updates: Updates) -> None:
        self.modules = modules
        self._fabric = fabric
        self._updates = updates
        self.step = 0
        self.progress = 0.0
        self.seed = 0

    @property
    def device(self) -> torch.device:
        """Where modules and batch are."""
        return self._fabric.device

    @property
    def rank(self) -> int:
        """Number of this process, from 0."""
        return self._fabric.global_rank

    @property
    def world(self) -> int:
        """How many processes train together."""
        return self._fabric.world_size

    def autocast(self) -> AbstractContextManager[Any]:
        """Half precision, where it is chosen, for what is computed outside a module's own call."""
        context: AbstractContextManager[Any] = self._fabric.autocast()
        return context

    def update(self, name: str, loss: Tensor) -> None:
        """Let the optimiser `name` take one step down `loss`.

        Gradients are computed for this optimiser's parameters only (a generator's loss leaves none in the
        critic), averaged over processes, and clipped. Where they are not numbers the step is skipped and
        the learning rate halved.

        Parameters
        ----------
        name
            One of the task's optimisers.
        loss
            A scalar: the mean over this process's share of the batch.

        Raises
        ------
        TrainingError
            If there is no such optimiser, or the loss is not a scalar.
        DivergedError
            If this was the fifth time in a row that the gradient was not a number.
        """
        self._updates.update(name, loss)


class Task(Protocol):
    """What a paper trains: modules, optimisers, batches and losses."""

    def modules(self) -> dict[str, nn.Module]:
        """New modules by name; torch's generators have been seeded.

        Called once for a run, and once for each precision that is timed.
        """
        ...

    def optimizers(self, modules: dict[str, nn.Module]) -> dict[str, Optimizer]:
        """New optimisers by name, each for some of the parameters of `modules`, with its base learning rate."""
        ...

    def learning_rate(self, step: int, progress: float) -> float:
        """Factor on every optimiser's base rate in `step` (from 0), `progress` (0..1) into the budget."""
        ...

    def batch(self, step: int, generator_seed: int, rank: int, world: int) -> Any:
        """One rank's share of the batch of `step`: tensors in any nesting of dicts, lists and tuples.

        A pure function of its arguments, called from any thread: an interrupted run asks for the same batch
        again. `generator_seed` is the same for every rank of a step, so that all may draw the whole batch
        and each keep its share; one that wants draws of its own takes ``derived_seed(generator_seed, rank)``.
        """
        ...

    def step(self, run: Run, batch: Any) -> Mapping[str, float | Tensor]:
        """Compute the losses, call ``run.update(name, loss)`` for each optimiser, return what to log."""
        ...

    def validate(self, modules: dict[str, nn.Module]) -> Mapping[str, float]:
        """Metrics of `modules` (averaged weights, in eval mode, float32, no gradients); {} for none.

        Called on rank 0 only; torch's generators are seeded alike each time.
        """
        ...
