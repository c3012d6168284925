"""The commands about attention heads."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False)

Model = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Local folder of a model in Hugging Face's format.")
]
Text = Annotated[Path | None, typer.Option("--text", help="A text file; Python's help topics if left out.")]
Length = Annotated[int | None, typer.Option(help="Tokens in a piece of text; the model's most, up to 512.")]
Sequences = Annotated[int, typer.Option(min=1, help="Pieces of text.")]
Device = Annotated[str, typer.Option(help="Where torch computes: cpu, cuda.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Kind(StrEnum):
    """What stands in a head's place."""

    uniform = "uniform"
    gaussian = "gaussian"


@app.callback()
def _heads() -> None:
    """Read a transformer's attention heads; replace those that only average."""


@app.command()
def analyze(
    model: Model,
    text: Text = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for heads.csv, .json and .svg.")
    ] = None,
    length: Length = None,
    sequences: Sequences = 16,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Over how many tokens each head averages, and its class."""
    import json

    from hotpapers.hopfield.heads import jobs

    report = jobs.analyze(model, text, out, length=length, sequences=sequences, device=device)
    typer.echo(json.dumps(jobs.report_as_dict(report)) if as_json else report.summary())
    if out is not None:
        typer.echo(out, err=as_json)


@app.command()
def replace(
    model: Model,
    text: Text = None,
    kind: Annotated[Kind, typer.Option(help="Equal weights, or a bell over positions.")] = Kind.uniform,
    budget: Annotated[float, typer.Option(help="Greatest relative rise of the loss.")] = 0.01,
    length: Length = None,
    sequences: Sequences = 16,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """What it costs to replace heads by averaging, and how many can be within a budget."""
    import json

    from hotpapers.hopfield.heads import jobs

    costs = jobs.replace(
        model, text, kind=kind.value, budget=budget, length=length, sequences=sequences, device=device
    )
    typer.echo(json.dumps(jobs.costs_as_dict(costs)) if as_json else jobs.as_lines(costs))
