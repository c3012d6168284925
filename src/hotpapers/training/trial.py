"""Which precision a run takes when it may choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hotpapers.training.devices import launch_one
from hotpapers.training.precision import check_precision, faster_precision, gpu_precision
from hotpapers.training.seeds import derived_seed
from hotpapers.training.settings import Precision, TrainingSettings
from hotpapers.training.stepping import build, take_step
from hotpapers.training.task import Task

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["choose_precision"]


def choose_precision(task: Task, settings: TrainingSettings, fabric: Fabric) -> Precision:
    """The precision of the settings; for ``"auto"`` the GPU's best, or the faster one on this CPU.

    Raises
    ------
    TrainingError
        If the device cannot do what was asked for.
    """
    check_precision(settings.precision, fabric.device)
    if settings.precision != "auto":
        return settings.precision
    if fabric.device.type != "cpu":
        return gpu_precision()
    chosen: Precision = faster_precision(lambda precision: _trial(task, settings, precision))
    shared: Precision = fabric.broadcast(chosen)  # clocks differ: all follow the first process
    return shared


def _trial(task: Task, settings: TrainingSettings, precision: Precision) -> Callable[[], Any]:
    """A function that takes the first step of a run of its own, again and again."""
    fabric = launch_one(precision)
    run, updates = build(task, settings, fabric)
    seed = derived_seed(settings.seed, "batch", 0)
    parts = [task.batch(0, seed, part, settings.accumulate) for part in range(settings.accumulate)]
    return lambda: list(take_step(task, run, updates, fabric, iter(parts), settings.seed))
