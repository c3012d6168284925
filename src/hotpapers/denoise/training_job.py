"""What the command `train` does: banks, training, weights with their card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotpapers.denoise.adversarial_training import (
    AdversarialSettings,
    AdversarialTask,
    Reconstruction,
    TwoStageTask,
)
from hotpapers.denoise.data import ExampleSettings
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.material import Material, own_material, project_material
from hotpapers.denoise.networks import MODELS
from hotpapers.denoise.recordings import credits_of, recordings
from hotpapers.denoise.rendering_midi import soundfonts
from hotpapers.denoise.song_archives import songs
from hotpapers.denoise.training import SmallNetTask, SmallNetTaskSettings
from hotpapers.denoise.weights import save_net
from hotpapers.training import TrainingResult, TrainingSettings, load_weights, train

__all__ = ["TrainingOrder", "train_net"]

Task = SmallNetTask | AdversarialTask | TwoStageTask


@dataclass(frozen=True, kw_only=True)
class TrainingOrder:
    """What the user asks for.

    Parameters
    ----------
    out
        Weights file, ``.safetensors``; checkpoints and logs lie in a folder beside it, ``OUT.run``.
    clean, noise
        Folders of the user's music and noise; without music the project's own recordings are used.
    synthetic_noise
        Share of generated noise.
    minutes, steps
        Budget; whichever ends first.
    model
        ``"small"``, ``"paper"`` or ``"two-stage"``.
    loss
        What stands beside the adversarial loss of the paper's generator: ``"stft"`` or ``"feature"``;
        the other nets have losses of their own.
    batch_size
        Examples in a step.
    seed
        Of everything.
    resume
        Go on from the last checkpoint.
    cache
        Where the banks lie.
    threads
        Of torch; None leaves them.
    validate_every
        Steps between validations.
    """

    out: Path
    cache: Path
    clean: Path | None = None
    noise: Path | None = None
    synthetic_noise: float = 0.6
    minutes: float | None = 60.0
    steps: int | None = None
    model: str = "small"
    loss: Reconstruction | None = None
    batch_size: int = 4
    seed: int = 0
    resume: bool = False
    threads: int | None = None
    validate_every: int | None = 1000

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise DenoiseError(f"there is no model {self.model!r}: there are {', '.join(MODELS)}")
        if self.loss is not None and self.model != "paper":
            raise DenoiseError(f"a loss can be chosen for the model paper, not for {self.model}")
        if self.out.suffix != ".safetensors":
            raise DenoiseError(f"the weights must be named *.safetensors, not {self.out.name}")
        if not 0 <= self.synthetic_noise <= 1:
            raise DenoiseError(f"the share of synthetic noise lies in 0..1, not at {self.synthetic_noise}")
        if self.noise is not None and self.clean is None:
            raise DenoiseError("a folder of noise was given without one of clean music: give both")
        if self.batch_size < 1:
            raise DenoiseError(f"a step has at least one example, not {self.batch_size}")


def train_net(order: TrainingOrder, *, progress: Callable[[str], None] = lambda _: None) -> Mapping[str, Any]:
    """Train a net as ordered and write its weights; returns its card.

    Raises
    ------
    DenoiseError
        If something in the order, or the material, cannot be used.
    hotpapers.training.StoppedError
        After Ctrl-C; the same order with `resume` goes on.
    """
    material = _material(order, progress)
    task = _task(order, material)
    settings = TrainingSettings(
        folder=order.out.with_suffix(".run"),
        minutes=order.minutes,
        steps=order.steps,
        seed=order.seed,
        threads=order.threads,
        ema_modules=("net",),
        validate_every=order.validate_every if task.validation is not None else None,
        best="merit:max" if task.validation is not None else None,
    )
    result = train(task, settings, resume=order.resume)
    card = _card(order, task, result, _choose(task, result, settings.folder))
    if result.rank == 0:
        save_net(order.out, result.modules["net"], model=order.model, card=card)
    return card


def _choose(task: Task, result: TrainingResult, folder: Path) -> dict[str, Any]:
    """Leave the best validated weights in the result; what the card tells of the choice."""
    modules = {name: module.cpu() for name, module in result.modules.items()}
    found = dict(task.validate(modules))
    step = result.steps
    if result.best is not None and result.best.value > found[result.best.metric]:
        load_weights(folder / "best.ckpt", modules)
        step, found = result.best.step, dict(task.validate(modules))
    return {"step": step, "validation": {name: round(value, 2) for name, value in found.items()}}


def _task(order: TrainingOrder, material: Material) -> Task:
    examples = material.examples(ExampleSettings(synthetic=order.synthetic_noise))
    validation = material.validation()
    if order.model == "paper":
        settings = AdversarialSettings(batch_size=order.batch_size, reconstruction=order.loss or "stft")
        return AdversarialTask(examples, validation, settings)
    if order.model == "two-stage":
        return TwoStageTask(examples, validation, batch_size=order.batch_size)
    return SmallNetTask(examples, validation, SmallNetTaskSettings(batch_size=order.batch_size))


def _material(order: TrainingOrder, progress: Callable[[str], None]) -> Material:
    if order.clean is None:
        return project_material(order.cache, progress=progress)
    synthetic = 400 if order.synthetic_noise > 0 else 0
    return own_material(order.clean, order.noise, order.cache, synthetic=synthetic, progress=progress)


def _command(order: TrainingOrder) -> str:
    """The order as a command, without the places of this machine."""
    options = {
        "--model": order.model if order.model != "small" else None,
        "--clean": "..." if order.clean else None,
        "--noise": "..." if order.noise else None,
        "--synthetic-noise": order.synthetic_noise,
        "--loss": order.loss,
        "--steps": order.steps,
        "--minutes": order.minutes,
        "--batch-size": order.batch_size,
        "--seed": order.seed,
    }
    words = [f"{name} {value}" for name, value in options.items() if value is not None]
    return " ".join([f"hotpapers denoise train -o {order.out.name}", *words])


def _card(
    order: TrainingOrder, task: Task, result: TrainingResult, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    if order.clean is None:
        used = [*recordings("music", "train"), *recordings("midi", "train"), *recordings("noise", "train")]
        sung = list(songs("train"))
        data: dict[str, Any] = {
            "recordings": [each.name for each in used],
            "songs": [song.name for song in sung],
            "soundfonts": [font.name for font in soundfonts()],
            "credits": list(credits_of([each.source for each in used] + [song.source for song in sung])),
        }
    else:
        data = {"recordings": "the user's own", "credits": []}
    return {
        "paper": "after arXiv:2008.02027",
        "command": _command(order),
        "data": data,
        "seed": order.seed,
        "steps": result.steps,
        "seconds": round(result.seconds),
        "precision": result.precision,
        **task.description,
        "chosen": chosen["step"],
        "validation": chosen["validation"],
    }
