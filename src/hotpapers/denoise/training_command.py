"""The command `hotpapers denoise train`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


class Model(StrEnum):
    """Nets that can be trained."""

    small = "small"
    paper = "paper"
    two_stage = "two-stage"


class Loss(StrEnum):
    """What stands beside the adversarial loss of the paper's generator."""

    stft = "stft"
    feature = "feature"


def train(
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Weights, *.safetensors; checkpoints beside them.")
    ],
    clean: Annotated[
        Path | None, typer.Option(help="Folder of clean music; the project's own recordings if left out.")
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="Folder of noise without music (`extract-noise`).")
    ] = None,
    synthetic_noise: Annotated[float, typer.Option(help="Share of generated noise, 0 to 1.")] = 0.6,
    minutes: Annotated[float | None, typer.Option(help="Time to train; 60 if no steps are given.")] = None,
    steps: Annotated[
        int | None, typer.Option(help="Steps to train, instead of minutes or as a limit.")
    ] = None,
    model: Annotated[Model, typer.Option(help="Which net.")] = Model.small,
    loss: Annotated[
        Loss | None,
        typer.Option(help="Loss beside the adversarial one, for the model paper: stft by default."),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Examples of 1.5 s in a step.")] = 4,
    seed: Annotated[int, typer.Option(help="Of weights and examples.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    threads: Annotated[
        int | None, typer.Option(help="Threads on the CPU; bit-equal results need the same.")
    ] = None,
    validate_every: Annotated[int, typer.Option(help="Steps between validations.")] = 1000,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for prepared sound; the user's cache folder if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Train a net on clean music and noise, and write its weights with a card that says how good it is.

    A tenth of the recordings is held back to judge by. Stop it with Ctrl-C and go on with --resume.
    """
    import json

    import platformdirs

    from hotpapers.common.console import console
    from hotpapers.denoise.training_job import TrainingOrder, train_net

    place = cache or Path(platformdirs.user_cache_dir("hotpapers")) / "denoise" / (
        "banks" if clean is None else "own"
    )
    order = TrainingOrder(
        out=out,
        cache=place,
        clean=clean,
        noise=noise,
        synthetic_noise=synthetic_noise,
        minutes=60.0 if minutes is None and steps is None else minutes,
        steps=steps,
        model=model.value,
        loss=None if loss is None else loss.value,
        batch_size=batch_size,
        seed=seed,
        resume=resume,
        threads=threads,
        validate_every=validate_every,
    )
    told = console(stderr=True)
    card = train_net(order, progress=told.print)
    if as_json:
        typer.echo(json.dumps(card, indent=2))
        return
    typer.echo(f"{out}: {card['steps']} steps in {card['seconds'] / 60:.1f} min")
    for name, value in card["validation"].items():
        typer.echo(f"  {name.replace('_', ' ')}: {value:.2f} dB")
