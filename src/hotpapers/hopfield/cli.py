"""The commands of modern Hopfield networks."""

from __future__ import annotations

from pathlib import Path
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


@app.command()
def bench(
    peer: Annotated[
        Path | None, typer.Option(help="A checkout of hopfield-layers (package hflayers) to run beside ours.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="At full sizes, with growth and memory: minutes.")
    ] = False,
    only: Annotated[str, typer.Option(help="Only sections whose titles hold this.")] = "",
    threads: Annotated[int, typer.Option(help="Of torch; on a busy machine more only wait.")] = 1,
    device: Annotated[str, typer.Option(help="Where torch computes: cpu, cuda.")] = "cpu",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="All tables as a .json file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Time layers and memory beside bare attention, and beside a peer's layers."""
    import json
    from dataclasses import replace

    from hotpapers.hopfield.bench.jobs import measure, show, write
    from hotpapers.hopfield.bench.sections import FULL, SMALL

    setting = replace(
        FULL if full else SMALL,
        threads=threads,
        device=device,
        peer=None if peer is None else peer.resolve(),
    )
    tables = measure(setting, only)
    if out is not None:
        write(tables, out)
    if as_json:
        typer.echo(json.dumps(tables, ensure_ascii=False))
    else:
        show(tables)
        if out is not None:
            typer.echo(out)


@app.command()
def verify(
    golden: Annotated[
        Path | None,
        typer.Option(help="Folder with golden_layers.npz and golden_theory.npz, the reference's values."),
    ] = None,
    device: Annotated[str, typer.Option(help="Where torch computes: cpu, cuda.")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check in seconds that what is installed here computes what it should; exit code 1 if not."""
    import json
    from dataclasses import asdict

    from hotpapers.hopfield.verifying import verify as checks_of

    found = []
    for check in checks_of(golden=golden, device=device):
        found.append(check)
        if not as_json:
            typer.echo(f"{'ok  ' if check.holds else 'FAIL'}  {check.name}: {check.measured}")
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in found], ensure_ascii=False))
    if not all(check.holds for check in found):
        raise typer.Exit(1)
