"""The commands that get noise: `extract-noise` from recordings, `synth-noise` from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the room's."""
    app.command("extract-noise")(extract_noise)
    app.command("synth-noise")(synth_noise)


def extract_noise(
    recordings: Annotated[Path, typer.Argument(help="A recording, or a folder of them.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the bank of noise.")],
    window: Annotated[float, typer.Option(help="Seconds over which the deviation is taken.")] = 0.1,
    q: Annotated[
        float, typer.Option(help="Quantile of a recording's deviations below which it is quiet.")
    ] = 0.04,
    min_length: Annotated[float, typer.Option(help="Shortest quiet stretch, in seconds.")] = 0.25,
    trim: Annotated[float, typer.Option(help="Seconds left out at either end of a recording.")] = 0.4,
    margin: Annotated[
        float,
        typer.Option(
            help="Raise the threshold by so many dB; 0 is the paper's rule, 2 keeps long gaps whole."
        ),
    ] = 0.0,
    gates: Annotated[
        bool, typer.Option(help="Leave out stretches that are tonal, digitally silent or clipped.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find the quiet stretches of old recordings and keep them as noise, with an index, split by recording."""
    import json

    from hotpapers.common.console import progress
    from hotpapers.denoise.noise_bank import audio_files, build_noise_bank
    from hotpapers.denoise.noise_jobs import bank_summary

    refused: dict[Path, str] = {}
    work = build_noise_bank(
        recordings,
        out,
        refused=refused,
        window=window,
        q=q,
        min_length=min_length,
        trim=trim,
        margin_db=margin,
        gates=gates,
    )
    mined = dict(progress(work, "recordings", len(audio_files(recordings))))
    said = bank_summary(out, mined, refused)
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    for line in refused.values():
        typer.echo(f"left out: {line}", err=True)
    typer.echo(
        f"{out}: {said['segments']} stretches, {said['seconds']:.1f} s of noise from {said['recordings']} recordings"
    )


def synth_noise(
    out: Annotated[Path, typer.Option("-o", "--out", help="Sound file to write.")],
    preset: Annotated[
        str, typer.Option(help="Carrier: 78-worn, 78-acoustic, cylinder, lp, cassette ...")
    ] = "78-worn",
    seconds: Annotated[float, typer.Option(help="Length.")] = 10.0,
    rate: Annotated[int, typer.Option(help="Rate, in Hz.")] = 44_100,
    channels: Annotated[int, typer.Option(help="1 or 2.")] = 1,
    level: Annotated[float, typer.Option(help="Rms, in dB of full scale.")] = -26.0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same noise.")] = 0,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE or NAME=LOW..HIGH of the generator's table; may be repeated."),
    ] = None,
    table: Annotated[bool, typer.Option("--print-table", help="Print the preset's table and end.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Make noise of an old carrier: hiss, crackle, clicks, scratches, thumps, hum, rumble, tape."""
    from hotpapers.denoise.noise_jobs import rules_of, table_lines, write_noise

    rules = rules_of(change or [])
    if table:
        for line in table_lines(preset, rules):
            typer.echo(line)
        return
    lowered = write_noise(
        out,
        preset=preset,
        seconds=seconds,
        sr=rate,
        channels=channels,
        level_db=level,
        seed=seed,
        rules=rules,
        overwrite=overwrite,
    )
    typer.echo(f"{out}: {seconds:g} s of {preset}")
    if lowered:
        typer.echo(f"{lowered:.1f} dB quieter than asked for: its clicks would have been cut off", err=True)
