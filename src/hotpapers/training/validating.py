"""Validation: the task's metrics of the weights that count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from hotpapers.training.seeds import derived_seed
from hotpapers.training.task import Task

__all__ = ["Best", "evaluating", "validate"]


@dataclass(frozen=True)
class Best:
    """The best validation of a run; its weights are in ``best.ckpt``."""

    metric: str
    value: float
    step: int


def validate(task: Task, modules: dict[str, nn.Module], seed: int) -> dict[str, float]:
    """What `task` measures of `modules`; torch's generators are seeded alike each time."""
    torch.manual_seed(derived_seed(seed, "validation"))
    with evaluating(modules), torch.no_grad():
        return {name: float(value) for name, value in task.validate(modules).items()}


@contextmanager
def evaluating(modules: Mapping[str, nn.Module]) -> Iterator[None]:
    """Within, `modules` and all their parts are in eval mode; then each is as it was."""
    parts = [part for module in modules.values() for part in module.modules()]
    were_training = [part.training for part in parts]
    for module in modules.values():
        module.eval()
    try:
        yield
    finally:
        for part, training in zip(parts, were_training, strict=True):
            part.training = training
