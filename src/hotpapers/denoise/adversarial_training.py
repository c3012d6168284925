"""Training of the paper's generator against critics, and of the two-stage net by both its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from hotpapers.denoise.critics import Critics, Verdict
from hotpapers.denoise.data import NoisyExamples
from hotpapers.denoise.generator import Generator
from hotpapers.denoise.losses import critic_hinge_loss, feature_loss, generator_hinge_loss, stft_loss
from hotpapers.denoise.training import example_batch
from hotpapers.denoise.two_stage import TwoStageNet
from hotpapers.denoise.validation import ValidationSet
from hotpapers.training import Run

__all__ = ["AdversarialSettings", "AdversarialTask", "Reconstruction", "TwoStageTask"]

# "stft": mean modulus of the spectra's difference, plus 0.01 of the adversarial loss (the re-implementation's);
# "feature": the adversarial loss plus 100 times the distance of the critics' features (SEANet's, from memory).
Reconstruction = Literal["stft", "feature"]

_ADVERSARIAL_WEIGHT = 0.01
_FEATURE_WEIGHT = 100.0


@dataclass(frozen=True, kw_only=True)
class AdversarialSettings:
    """How generator and critics are trained.

    Parameters
    ----------
    batch_size
        Examples in a step of one process.
    reconstruction
        Which loss stands beside the adversarial one.
    learning_rate, betas
        Of Adam, for both.
    """

    batch_size: int = 4
    reconstruction: Reconstruction = "stft"
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.5, 0.9)


class AdversarialTask:
    """A `hotpapers.training.Task`: ``"net"`` and ``"critics"``, each with its optimiser; the net goes first.

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
        settings: AdversarialSettings | None = None,
    ) -> None:
        self.examples = examples
        self.validation = validation
        self.settings = settings or AdversarialSettings()

    def modules(self) -> dict[str, nn.Module]:
        """A new generator and new critics."""
        return {"net": Generator(), "critics": Critics()}

    def optimizers(self, modules: dict[str, nn.Module]) -> dict[str, Optimizer]:
        """Adam for either."""
        return {
            name: torch.optim.Adam(
                module.parameters(), self.settings.learning_rate, betas=self.settings.betas
            )
            for name, module in modules.items()
        }

    def learning_rate(self, step: int, progress: float) -> float:
        """The same all along, as in the re-implementation."""
        return 1.0

    def batch(self, step: int, generator_seed: int, rank: int, world: int) -> dict[str, Tensor]:
        """Examples of a step for one process."""
        return example_batch(self.examples, step, self.settings.batch_size, generator_seed, rank)

    def step(self, run: Run, batch: dict[str, Tensor]) -> Mapping[str, float | Tensor]:
        """One step of the generator, then one of the critics, on the same results."""
        critics, level, clean = run.modules["critics"], batch["level"], batch["clean"]
        estimate = run.modules["net"](batch["noisy"], level)
        on_fake = cast("list[Verdict]", critics(estimate, level))
        adversarial = generator_hinge_loss([logits for _, logits in on_fake])
        if self.settings.reconstruction == "stft":
            reconstruction = stft_loss(estimate / level[:, None], clean / level[:, None])
            total = reconstruction + _ADVERSARIAL_WEIGHT * adversarial
        else:
            with torch.no_grad():
                on_clean = cast("list[Verdict]", critics(clean, level))
            reconstruction = feature_loss([seen for seen, _ in on_clean], [seen for seen, _ in on_fake])
            total = adversarial + _FEATURE_WEIGHT * reconstruction
        run.update("net", total)
        verdicts = [cast("list[Verdict]", critics(signal, level)) for signal in (clean, estimate.detach())]
        real, fake = ([logits for _, logits in each] for each in verdicts)
        criticism = critic_hinge_loss(real, fake)
        run.update("critics", criticism)
        return {
            "reconstruction": reconstruction.detach(),
            "adversarial": adversarial.detach(),
            "critics": criticism.detach(),
        }

    def validate(self, modules: dict[str, nn.Module]) -> Mapping[str, float]:
        """`ValidationSet.scores` of the generator."""
        return {} if self.validation is None else self.validation.scores(modules["net"])

    @property
    def description(self) -> dict[str, Any]:
        """Everything that says how it is trained."""
        return {"training": asdict(self.settings), "examples": asdict(self.examples.settings)}


class TwoStageTask:
    """A `hotpapers.training.Task` for `TwoStageNet`: mean absolute error of real and imaginary parts, both stages.

    Parameters
    ----------
    examples, validation
        As for `AdversarialTask`.
    batch_size
        Examples in a step of one process; the paper's has 16 of 5 s.
    """

    def __init__(
        self, examples: NoisyExamples, validation: ValidationSet | None = None, *, batch_size: int = 4
    ) -> None:
        self.examples = examples
        self.validation = validation
        self.batch_size = batch_size

    def modules(self) -> dict[str, nn.Module]:
        """A new net."""
        return {"net": TwoStageNet()}

    def optimizers(self, modules: dict[str, nn.Module]) -> dict[str, Optimizer]:
        """Adam at 1e-4, betas 0.5 and 0.9."""
        return {"net": torch.optim.Adam(modules["net"].parameters(), 1e-4, betas=(0.5, 0.9))}

    def learning_rate(self, step: int, progress: float) -> float:
        """A tenth after two thirds of the budget (after 50 of 73 epochs in the official code)."""
        return 1.0 if progress < 50 / 73 else 0.1

    def batch(self, step: int, generator_seed: int, rank: int, world: int) -> dict[str, Tensor]:
        """Examples of a step for one process."""
        return example_batch(self.examples, step, self.batch_size, generator_seed, rank)

    def step(self, run: Run, batch: dict[str, Tensor]) -> Mapping[str, float | Tensor]:
        """One step down the sum of both stages' errors."""
        net = cast("TwoStageNet", run.modules["net"])
        noisy, clean = (net.image(batch[name], batch["level"]) for name in ("noisy", "clean"))
        with run.autocast():
            predictions = net.images(noisy)
        errors = [(each.float() - clean).abs().mean() for each in predictions]
        run.update("net", errors[0] + errors[1])
        return {"second_stage": errors[0].detach(), "first_stage": errors[1].detach()}

    def validate(self, modules: dict[str, nn.Module]) -> Mapping[str, float]:
        """`ValidationSet.scores` of the second stage."""
        return {} if self.validation is None else self.validation.scores(modules["net"])

    @property
    def description(self) -> dict[str, Any]:
        """Everything that says how it is trained."""
        return {"training": {"batch_size": self.batch_size}, "examples": asdict(self.examples.settings)}
