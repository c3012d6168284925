"""Training of the small net: loss A finds, loss B polishes; held-back recordings judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from hotpapers.denoise.data import NoisyBatch, NoisyExamples
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.losses import distortion_loss, reconstruction_loss
from hotpapers.denoise.model import SmallNet
from hotpapers.denoise.validation import ValidationSet
from hotpapers.training import Run

__all__ = ["SmallNetTask", "SmallNetTaskSettings", "example_batch"]


@dataclass(frozen=True, kw_only=True)
class SmallNetTaskSettings:
    """How the small net is trained.

    Parameters
    ----------
    batch_size
        Examples in a step of one process.
    learning_rate, betas
        Of Adam.
    warmup
        Steps over which the rate rises.
    held
        Share of the budget with the full rate and loss A; then the rate falls to `last` of it, with loss B.
    last
        Last rate, as a share of the full one.
    net
        Arguments of `SmallNet` that differ from its defaults.
    """

    batch_size: int = 4
    learning_rate: float = 8e-4
    betas: tuple[float, float] = (0.9, 0.99)
    warmup: int = 100
    held: float = 1 / 3
    last: float = 0.02
    net: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.held <= 1:
            raise DenoiseError(f"loss A is held for a share of the budget in (0, 1], not {self.held}")


class SmallNetTask:
    """A `hotpapers.training.Task`: one module, ``"net"``, and one optimiser of the same name.

    Parameters
    ----------
    examples
        What is trained on.
    validation
        What judges; None where nothing is held back.
    settings
        How.
    """

    def __init__(
        self,
        examples: NoisyExamples,
        validation: ValidationSet | None = None,
        settings: SmallNetTaskSettings | None = None,
    ) -> None:
        self.examples = examples
        self.validation = validation
        self.settings = settings or SmallNetTaskSettings()

    def modules(self) -> dict[str, nn.Module]:
        """A new net, its convolutions stored channels last."""
        net = SmallNet(**self.settings.net)
        for parameter in net.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        return {"net": net}

    def optimizers(self, modules: dict[str, nn.Module]) -> dict[str, Optimizer]:
        """Adam."""
        settings = self.settings
        return {
            "net": torch.optim.Adam(modules["net"].parameters(), settings.learning_rate, betas=settings.betas)
        }

    def learning_rate(self, step: int, progress: float) -> float:
        """Rise over `warmup` steps, then hold, then fall in a straight line."""
        settings = self.settings
        risen = min(1.0, (step + 1) / settings.warmup)
        if progress <= settings.held:
            return risen
        return risen * (1 - (1 - settings.last) * (progress - settings.held) / (1 - settings.held))

    def batch(self, step: int, generator_seed: int, rank: int, world: int) -> dict[str, Tensor]:
        """Examples of a step for one process."""
        return example_batch(self.examples, step, self.settings.batch_size, generator_seed, rank)

    def step(self, run: Run, batch: dict[str, Tensor]) -> Mapping[str, float | Tensor]:
        """Loss A in the first part of the budget, then loss B."""
        estimate = run.modules["net"](batch["noisy"], batch["level"], batch["profile"])
        finding = run.progress < self.settings.held
        loss = (reconstruction_loss if finding else distortion_loss)(estimate, batch["clean"], batch["level"])
        run.update("net", loss)
        return {"loss_a" if finding else "loss_b": loss.detach()}

    def validate(self, modules: dict[str, nn.Module]) -> Mapping[str, float]:
        """`ValidationSet.scores` of the net; nothing where nothing is held back."""
        return {} if self.validation is None else self.validation.scores(modules["net"])

    @property
    def description(self) -> dict[str, Any]:
        """Everything that says how it is trained, for the card beside the weights."""
        return {"training": asdict(self.settings), "examples": asdict(self.examples.settings)}


def example_batch(examples: NoisyExamples, step: int, size: int, seed: int, rank: int) -> dict[str, Tensor]:
    """Examples of a step for one process, by the names of `NoisyBatch`."""
    made: NoisyBatch = examples.batch(step, size, seed=seed, rank=rank)
    return {name: getattr(made, name) for name in ("noisy", "clean", "level", "profile")}
