"""The commands that show the paper's small experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False)

Seeds = Annotated[int, typer.Option(min=1, help="How many seeds.")]
Seed = Annotated[int, typer.Option(help="The first seed: of data, weights and order.")]
Device = Annotated[str, typer.Option(help="Where torch computes: cpu, cuda.")]
Jobs = Annotated[int, typer.Option(min=1, help="Seeds that are learned side by side, each on one core.")]
Networks = Annotated[
    list[str] | None, typer.Option("--network", help="association, pooling, lookup or LSTM; may be repeated.")
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Epochs at most; the paper's number if left out.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Curves = Annotated[Path | None, typer.Option("-o", "--out", help="Learning curves: a .svg, .png or .pdf.")]


@app.callback()
def _demo() -> None:
    """Show the paper's small experiments."""


@app.command()
def digits(
    out: Annotated[Path, typer.Option("-o", "--out", help="Figure: .svg, .png or .pdf.")] = Path(
        "digits.svg"
    ),
    beta: Annotated[
        list[float] | None,
        typer.Option(help="An inverse temperature; may be repeated; 2, 20 and auto if left out."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Chooses the images.")] = 3,
    as_json: Json = False,
) -> None:
    """Complete digits from half an image, from hot to cold."""
    from hotpapers.hopfield.experiments.digits import BETAS, complete_digits
    from hotpapers.hopfield.figures import check_figure, draw_digits

    check_figure(out)
    done = complete_digits(beta or BETAS, seed)
    draw_digits(done, out)
    rows = [
        {"beta": used, "k": [report.k for report in found.reports], "verdicts": found.verdict}
        for used, found in zip(done.betas, done.found, strict=True)
    ]
    lines = [f"beta {row['beta']:.4g}: k = {', '.join(map(str, row['k']))}" for row in rows]
    _say(rows, [*lines, str(out)], as_json)


@app.command()
def regimes(
    out: Annotated[Path, typer.Option("-o", "--out", help="Figure: .svg, .png or .pdf.")] = Path(
        "regimes.svg"
    ),
    beta: Annotated[
        list[float] | None,
        typer.Option(help="An inverse temperature; may be repeated; 0.1, 0.5 and 4 if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Where states in the plane come to rest among three patterns, by temperature."""
    from hotpapers.hopfield.experiments.regimes import BETAS, explore
    from hotpapers.hopfield.figures import check_figure, draw_landscapes

    check_figure(out)
    found = explore(beta or BETAS)
    draw_landscapes(found, out)
    rows = [{"beta": one.beta, "fixed points": one.ends.tolist(), "k": list(one.k)} for one in found]
    lines = [
        f"beta {one.beta:g}: "
        + "; ".join(f"({x:.3f}, {y:.3f}) k = {k}" for (x, y), k in zip(one.ends, one.k, strict=True))
        for one in found
    ]
    _say(rows, [*lines, str(out)], as_json)


@app.command()
def bits(
    seeds: Seeds = 1,
    network: Networks = None,
    epochs: Epochs = None,
    out: Curves = None,
    seed: Seed = 0,
    device: Device = "cpu",
    jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Learn which bags hold one of eight bit patterns (minutes a network and seed)."""
    _learn("bits", network, seeds, epochs, out, seed, device, jobs, as_json)


@app.command()
def latch(
    seeds: Seeds = 5,
    network: Networks = None,
    epochs: Epochs = None,
    out: Curves = None,
    seed: Seed = 0,
    device: Device = "cpu",
    jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Learn to remember the first of 32 symbols."""
    _learn("latch", network, seeds, epochs, out, seed, device, jobs, as_json)


def _learn(
    task: str,
    networks: list[str] | None,
    seeds: int,
    epochs: int | None,
    out: Path | None,
    seed: int,
    device: str,
    jobs: int,
    as_json: bool,
) -> None:
    from hotpapers.hopfield.devices import check_device
    from hotpapers.hopfield.experiments.toy_tasks import outcomes_of
    from hotpapers.hopfield.figures import check_figure, draw_learning

    if out is not None:
        check_figure(out)
    check_device(device)
    outcomes = outcomes_of(task, networks, seeds=seeds, epochs=epochs, first=seed, device=device, jobs=jobs)
    if out is not None:
        title = {"bits": "Bit patterns in bags", "latch": "The first symbol of a string"}[task]
        draw_learning({one.network: one.runs for one in outcomes}, out, title)
    rows = [
        {"network": one.network, "accuracies": one.accuracies, "mean and 95 % interval": one.interval}
        for one in outcomes
    ]
    _say(rows, [str(one) for one in outcomes] + ([] if out is None else [str(out)]), as_json)


def _say(rows: object, lines: list[str], as_json: bool) -> None:
    import json

    typer.echo(json.dumps(rows) if as_json else "\n".join(lines))
