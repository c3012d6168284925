"""`hotpapers dpopt reproduce ...`: the paper's figures and the tables behind them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hotpapers.dpopt.experiments.comparison import Curve

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Out = Annotated[Path | None, typer.Option("-o", "--out", help="Figure to write: .svg, .png or .pdf.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Published = Annotated[
    bool,
    typer.Option(
        "--as-published",
        help="Emulate the published code's faults, for comparison only: they break the privacy it claims.",
    ),
]
Repeats = Annotated[int, typer.Option(help="Repeats, run at once.")]
Seed = Annotated[int, typer.Option(help="Of the noise.")]
Iterations = Annotated[list[int] | None, typer.Option("--iterations", "-T", help="T; may be given again.")]


@app.callback()
def _reproduce() -> None:
    """Run the paper's own experiments, with noise of the right scale."""


@app.command()
def fig1(out: Out = None, as_json: Json = False, as_published: Published = False) -> None:
    """Heavy ball's rate against its momentum, and the bound of its error."""
    from hotpapers.dpopt.experiments.tables import bound_sweeps

    sweeps = bound_sweeps(as_published=as_published)
    if out is not None:
        from hotpapers.dpopt.experiments.figures import draw_bounds

        draw_bounds(sweeps, out)
    rows = [
        {
            "step": sweep.alpha,
            "noise": constant,
            "momentum": beta,
            "ln E(50)": float(logs[49]),
            "ln E(250)": float(logs[249]),
        }
        for sweep in sweeps
        for constant, lines in sweep.bounds
        for beta, logs in lines
    ]
    _print(rows, as_json)


@app.command()
def fig2(out: Out = None, as_json: Json = False) -> None:
    """The division of the budget among the iterations of multi-stage Nesterov."""
    from hotpapers.dpopt.experiments.tables import divisions

    found = divisions()
    if out is not None:
        from hotpapers.dpopt.experiments.figures import draw_divisions

        draw_divisions(found, out)
    rows = [
        {
            "stages": division.stages,
            "T": len(division.scales),
            "b_1": float(division.scales[0]),
            "b_T": float(division.scales[-1]),
            "bound / uniform": division.ratio,
        }
        for division in found
    ]
    _print(rows, as_json)


@app.command()
def fig3(
    out: Out = None,
    as_json: Json = False,
    as_published: Published = False,
    repeats: Repeats = 20,
    seed: Seed = 0,
    iterations: Iterations = None,
) -> None:
    """Six methods with all 100,000 rows in every iteration."""
    _comparison(None, out, as_json, as_published, repeats, seed, iterations)


@app.command()
def fig4(
    out: Out = None,
    as_json: Json = False,
    as_published: Published = False,
    repeats: Repeats = 20,
    seed: Seed = 0,
    iterations: Iterations = None,
) -> None:
    """Six methods with 1,000 rows drawn for every iteration."""
    _comparison(1000, out, as_json, as_published, repeats, seed, iterations)


@app.command(name="hb-quad")
def hb_quad(
    as_json: Json = False,
    chains: Annotated[int, typer.Option(help="Simulated chains.")] = 20_000,
    seed: Seed = 0,
) -> None:
    """GD, heavy ball and Nesterov on a noisy quadratic: closed form beside simulation."""
    from dataclasses import asdict

    from hotpapers.dpopt.experiments.tables import long_runs

    _print([asdict(run) for run in long_runs(chains=chains, seed=seed)], as_json)


def _comparison(
    drawn: int | None,
    out: Path | None,
    as_json: bool,
    as_published: bool,
    repeats: int,
    seed: int,
    iterations: list[int] | None,
) -> None:
    from hotpapers.common.console import progress
    from hotpapers.dpopt.experiments.comparison import grid
    from hotpapers.dpopt.experiments.setting import paper_setting
    from hotpapers.dpopt.experiments.tables import curve_records

    setting = paper_setting(smoothness_from_rows=as_published)
    curves: list[Curve] = list(
        grid(
            setting,
            iterations=tuple(iterations or (100, 200, 500, 1000)),
            drawn=drawn,
            repeats=repeats,
            seed=seed,
            as_published=as_published,
            watch=lambda runs: progress(runs, "runs"),
        )
    )
    if out is not None:
        from hotpapers.dpopt.experiments.figures import draw_curves

        noise = "noise as published (too small by √2)" if as_published else "ε = 1, correct noise"
        draw_curves(
            curves, out, title=f"{'all rows' if drawn is None else f'{drawn} rows'} an iteration, {noise}"
        )
    _print(curve_records(curves), as_json)


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    import json

    from hotpapers.common.console import console, table

    if as_json:
        typer.echo(json.dumps(rows))
        return
    numbers = [name for name, value in rows[0].items() if not isinstance(value, str)]
    sheet = table(*rows[0], numbers=numbers)
    for row in rows:
        sheet.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
    console().print(sheet)
