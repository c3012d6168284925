"""What a run is made of, and one step of it: the part that a timing trial and the loop share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from hotpapers.training.precision import mixed_forward
from hotpapers.training.seeds import derived_seed
from hotpapers.training.settings import TrainingSettings
from hotpapers.training.task import Run, Task
from hotpapers.training.updates import Updates

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["build", "take_step"]


def build(task: Task, settings: TrainingSettings, fabric: Fabric) -> tuple[Run, Updates]:
    """New modules on their device, alike in every process, and their optimisers."""
    torch.manual_seed(derived_seed(settings.seed, "modules"))
    modules = {name: module.to(fabric.device) for name, module in task.modules().items()}
    if fabric.world_size > 1:
        _share(modules)
    optimizers = task.optimizers(modules)
    updates = Updates(optimizers, fabric, clip=settings.clip, accumulate=settings.accumulate)
    return Run(modules, fabric, updates), updates


def take_step(
    task: Task, run: Run, updates: Updates, fabric: Fabric, made: Iterator[Any], seed: int
) -> Iterator[Mapping[str, float | Tensor]]:
    """Take the step `run.step` with the next batches of `made`; yields what the task says of each.

    torch's generators are seeded for each batch, so that nothing of them needs to be kept between steps.
    """
    updates.set_rate(task.learning_rate(run.step, run.progress))
    with mixed_forward(run.modules, fabric):
        for part in range(updates.accumulate):
            batch = fabric.to_device(next(made))
            updates.part = part
            run.seed = derived_seed(seed, "step", run.step, run.rank * updates.accumulate + part)
            torch.manual_seed(run.seed)
            yield task.step(run, batch)
    updates.end_step()


def _share(modules: Mapping[str, nn.Module]) -> None:
    for module in modules.values():
        for tensor in module.state_dict().values():
            torch.distributed.broadcast(tensor, src=0)
