"""The commands about sets of mixtures: `mix` makes one, `evaluate` scores restorers and peers on it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


class Part(StrEnum):
    """Which of the project's own recordings."""

    train = "train"
    validation = "validation"
    test = "test"


def register(app: typer.Typer) -> None:
    """Add the commands to the room's."""
    app.command("mix")(mix)
    app.command("evaluate")(evaluate)
    app.command("eval", hidden=True)(evaluate)


def mix(
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder for mixtures, clean music and a manifest.")
    ],
    clean: Annotated[
        Path | None, typer.Option(help="Folder of clean music; the project's own where left out.")
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="Folder of noise or a bank of it; generated noise where left out.")
    ] = None,
    split: Annotated[Part, typer.Option(help="Which of the project's own, or of a bank.")] = Part.test,
    count: Annotated[
        int | None, typer.Option(help="Mixtures; each noise at each ratio where left out.")
    ] = None,
    hours: Annotated[float | None, typer.Option(help="Hours of music instead of a count.")] = None,
    clean_in: Annotated[int, typer.Option(help="Excerpts without noise besides.")] = 0,
    snr: Annotated[str, typer.Option(help="Ratios in dB, in turn.")] = "0,6,12",
    seconds: Annotated[float, typer.Option(help="Seconds of music in each.")] = 6.0,
    lead_in: Annotated[float, typer.Option(help="Seconds of noise alone in front.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same set.")] = 0,
) -> None:
    """Mix clean music and noise at known ratios, with the clean music beside."""
    from hotpapers.common.console import progress
    from hotpapers.denoise.mixing_jobs import plan_of, sources_of
    from hotpapers.denoise.pairs import write_mixtures

    music, noises = sources_of(clean, noise, split.value)
    plan = plan_of(
        noises=len(noises),
        count=count,
        hours=hours,
        clean_count=clean_in,
        snr=snr,
        seconds=seconds,
        lead_in=lead_in,
        seed=seed,
    )
    work = write_mixtures(out, music, noises, plan)
    lines = list(progress(work, "mixtures", plan.count + plan.clean_count))
    typer.echo(f"{out}: {plan.count} mixtures, {len(lines) - plan.count} clean excerpts")


def evaluate(
    pairs: Annotated[Path, typer.Option(help="Folder that `mix` wrote.")],
    engine: Annotated[
        list[str] | None,
        typer.Option(
            help="Ours: auto, hybrid, net, net-blind (never told of the noise), dsp; or MODULE:FUNCTION of samples "
            "(n, channels) and rate. May be repeated; auto, net-blind and dsp if left out."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Weights that ship, by name, or a *.safetensors file of your own.")
    ] = None,
    peers: Annotated[
        str, typer.Option(help="Other programs: all that are installed, none, or names such as ffmpeg,sox.")
    ] = "all",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="JSON file with every score.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score restorers and other programs on mixtures whose clean music is known."""
    import json

    from hotpapers.common.console import console, progress
    from hotpapers.common.files import write_text
    from hotpapers.denoise.evaluation import evaluate as scores_of
    from hotpapers.denoise.evaluation import summarise
    from hotpapers.denoise.evaluation_report import divide_peers, named_restorers, record, sheet
    from hotpapers.denoise.pairs import read_manifest
    from hotpapers.denoise.peers import available_peers

    more, others = divide_peers(peers)
    beside = available_peers(others)
    read_manifest(pairs)  # before weights are loaded for it
    names = [*(engine or ["auto", "net-blind"]), *(more or ([] if engine else ["dsp"]))]
    ours = named_restorers(list(dict.fromkeys(names)), model)
    scores = list(progress(scores_of(pairs, ours, beside), "scores"))
    summaries = summarise(scores, beside)
    told = json.dumps(record(summaries, scores), indent=1)
    if out:
        write_text(out, told + "\n")
    if as_json:
        typer.echo(told)
    else:
        console().print(sheet(summaries))
