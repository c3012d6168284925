"""Small tasks whose every bit can be checked."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hotpapers.training import Run, TrainingSettings

WEIGHTS = torch.tensor([[1.0], [-2.0], [3.0]])


def settings(folder: Path, **changes: Any) -> TrainingSettings:
    """Settings of a short run on one thread."""
    usual = {"steps": 20, "precision": "32", "devices": "cpu", "threads": 1, "log_every": 3, "tensorboard": False}
    return TrainingSettings(folder=folder, **(usual | changes))


class Regression:
    """``y = x w`` by a net with dropout and batch normalisation, or (``plain``) by a linear map."""

    def __init__(self, *, plain: bool = False, lr: float = 0.05) -> None:
        self.plain, self.lr = plain, lr

    def modules(self) -> dict[str, nn.Module]:
        if self.plain:
            return {"net": nn.Linear(3, 1)}
        return {"net": nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1))}

    def optimizers(self, modules: dict[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        return {"net": torch.optim.Adam(modules["net"].parameters(), lr=self.lr)}

    def learning_rate(self, step: int, progress: float) -> float:
        return 1 - progress / 2

    def batch(self, step: int, generator_seed: int, rank: int, world: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(generator_seed)
        x = torch.randn(8, 3, generator=generator)
        return x[rank::world], (x @ WEIGHTS)[rank::world]

    def step(self, run: Run, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        loss = (run.modules["net"](x) - y).square().mean()
        run.update("net", loss)
        return {"loss": loss}

    def validate(self, modules: dict[str, nn.Module]) -> dict[str, float]:
        x = torch.randn(16, 3)
        return {"error": float((modules["net"](x) - x @ WEIGHTS).square().mean())}


class Faulty(Regression):
    """Gradients that are no numbers in the steps `faults`."""

    def __init__(self, faults: range) -> None:
        super().__init__(plain=True)
        self.faults = faults

    def step(self, run: Run, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        x, y = batch
        factor = float("nan") if run.step in self.faults else 1.0
        return super().step(run, (x * factor, y))


class Adversaries:
    """Two players who learn a shifted normal distribution.

    Parameters
    ----------
    kill_at
        The step in which the process is killed between the players' updates.
    """

    def __init__(self, kill_at: int | None = None) -> None:
        self.kill_at = kill_at

    def modules(self) -> dict[str, nn.Module]:
        generator = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        critic = nn.Sequential(nn.Linear(1, 8), nn.LeakyReLU(0.2), nn.Dropout(0.1), nn.Linear(8, 1))
        return {"generator": generator, "critic": critic}

    def optimizers(self, modules: dict[str, nn.Module]) -> dict[str, torch.optim.Optimizer]:
        return {
            "generator": torch.optim.Adam(modules["generator"].parameters(), lr=0.01, betas=(0.5, 0.9)),
            "critic": torch.optim.AdamW(modules["critic"].parameters(), lr=0.02, betas=(0.5, 0.9)),
        }

    def learning_rate(self, step: int, progress: float) -> float:
        return min(1.0, (step + 1) / 5)

    def batch(self, step: int, generator_seed: int, rank: int, world: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(generator_seed)
        real = 2 + torch.randn(8, 1, generator=generator)
        return {"real": real[rank::world], "noise": torch.randn(8, 2, generator=generator)[rank::world]}

    def step(self, run: Run, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        critic, fake = run.modules["critic"], run.modules["generator"](batch["noise"])
        hinge = (1 - critic(batch["real"])).relu().mean() + (1 + critic(fake.detach())).relu().mean()
        run.update("critic", hinge)
        if run.step == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        fooled = -critic(fake).mean()
        run.update("generator", fooled)
        return {"hinge": hinge, "fooled": fooled}

    def validate(self, modules: dict[str, nn.Module]) -> dict[str, float]:
        return {"mean": float(modules["generator"](torch.randn(64, 2)).mean())}


class Calm(Adversaries):
    """The same without dropout, whose draws depend on how a batch is shared out."""

    def modules(self) -> dict[str, nn.Module]:
        modules = super().modules()
        modules["critic"][2] = nn.Identity()
        return modules
