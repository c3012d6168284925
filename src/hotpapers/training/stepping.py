"""What a run is made of, and one step of it: the part that a timing trial and the loop share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from hotpapers.training.precision import MixedForward
from hotpapers.training.seeds import derived_seed, seed_torch
from hotpapers.training.settings import TrainingSettings
from hotpapers.training.task import Run, Task
from hotpapers.training.updates import Updates

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Stepper"]


class Stepper:
    """New modules on their device, alike in every process, their optimisers, and a step of them.

    Attributes
    ----------
    modules
        The task's, by name.
    updates
        Their optimisers.
    """

    def __init__(self, task: Task, settings: TrainingSettings, fabric: Fabric) -> None:
        self.task, self.seed, self.fabric = task, settings.seed, fabric
        seed_torch(derived_seed(settings.seed, "modules"), fabric.device)
        self.modules = {name: module.to(fabric.device) for name, module in task.modules().items()}
        if fabric.world_size > 1:
            _share(self.modules)
        optimizers = task.optimizers(self.modules)
        self.updates = Updates(optimizers, fabric, clip=settings.clip, accumulate=settings.accumulate)
        self._run = Run(self.modules, fabric, self.updates)
        self._mixed_forward = MixedForward(self.modules, fabric)

    def take(self, step: int, progress: float, made: Iterator[Any]) -> list[Mapping[str, float | Tensor]]:
        """Take step `step` with the next batches of `made`; returns what the task says of each.

        torch's generators are seeded for each batch, so that nothing of them needs to be kept between steps.
        """
        run, updates = self._run, self.updates
        run.step, run.progress = step, progress
        updates.norms = {}
        updates.set_rate(self.task.learning_rate(step, progress))
        values = []
        with self._mixed_forward:
            for part in range(updates.accumulate):
                batch = self.fabric.to_device(next(made))
                updates.part = part
                run.seed = derived_seed(self.seed, "step", step, run.rank * updates.accumulate + part)
                seed_torch(run.seed, run.device)
                values.append(self.task.step(run, batch))
        updates.end_step()
        return values


def _share(modules: Mapping[str, nn.Module]) -> None:
    """Give every process the first one's weights."""
    for module in modules.values():
        for tensor in module.state_dict().values():
            message = tensor.contiguous()
            torch.distributed.broadcast(message, src=0)
            tensor.copy_(message)
