"""The commands of modern Hopfield networks."""

from __future__ import annotations

from typing import Annotated

import typer

from hotpapers.hopfield.experiments.commands import app as demo
from hotpapers.hopfield.heads.commands import app as heads
from hotpapers.hopfield.memory.commands import app as memory
from hotpapers.hopfield.mil.commands import app as mil
from hotpapers.hopfield.molecules.commands import app as molecules
from hotpapers.hopfield.repertoire.commands import app as repertoire

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(mil, name="mil")
app.add_typer(repertoire, name="repertoire")
app.add_typer(molecules, name="molecules")
app.add_typer(memory, name="memory")
app.add_typer(heads, name="heads")
app.add_typer(demo, name="demo")


@app.callback()
def _room() -> None:
    """Store and retrieve vectors with modern Hopfield networks."""


@app.command()
def bounds(
    dimension: Annotated[int, typer.Argument(metavar="D", help="Dimension of the patterns, at least 2.")],
    beta: Annotated[float, typer.Option(help="Inverse temperature.")] = 1.0,
    k: Annotated[float, typer.Option("--k", help="Radius of the sphere, in units of sqrt(D - 1).")] = 1.0,
    p: Annotated[float, typer.Option("--p", help="Probability that storing may fail.")] = 0.001,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How many random patterns can be stored for certain (Theorem 3)."""
    import json
    from dataclasses import asdict

    from hotpapers.hopfield.storage import capacity

    found = capacity(beta, k, dimension, p)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(f"c = {found.c:.6g}, which must reach {found.needed:.6g}")
    count = found.patterns  # refuses where the condition fails
    many = f"10^{found.log10_N:.2f}" if found.log10_N >= 6 else f"{count:.6g}"
    typer.echo(
        f"with probability {1 - p:g} at least {many} random patterns can be stored "
        "(a worst-case bound: in practice far more are)"
    )
