"""`hotpapers dpopt compare`: methods, ours and others', at the same budgets on public rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hotpapers.dpopt.comparison import Problem, Row

__all__ = ["compare"]


def compare(
    train: Annotated[Path, typer.Argument(help="Public rows: CSV, Parquet, Arrow, libsvm or NPZ.")],
    schema: Annotated[Path, typer.Option(help="Their schema, with two classes as target.")],
    public_data: Annotated[
        bool,
        typer.Option("--public-data", help="These rows are public: exact risks will be computed and shown."),
    ] = False,
    test: Annotated[Path | None, typer.Option(help="Rows for accuracy.")] = None,
    epsilons: Annotated[str, typer.Option(help="Comma-separated.")] = "0.1,0.5,1,2,4",
    delta: Annotated[float, typer.Option(help="Of the methods that need one.")] = 1e-5,
    repeats: Annotated[
        int, typer.Option(help="Unseeded runs of each of our methods and of diffprivlib.")
    ] = 20,
    opacus_repeats: Annotated[int, typer.Option(help="Runs of Opacus, which takes long.")] = 3,
    lam: Annotated[float, typer.Option(help="Regulariser (lam/2) |theta|^2 of the mean loss.")] = 1e-4,
    diffprivlib_python: Annotated[
        str | None, typer.Option(help="A Python that has diffprivlib; without it, it is left out.")
    ] = None,
    opacus_python: Annotated[
        str | None, typer.Option(help="A Python that has Opacus; without it, it is left out.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the table as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare private methods at the same budgets; on public rows, as the exact risk is a look at them."""
    import json
    from dataclasses import replace

    from hotpapers.common.console import progress
    from hotpapers.common.files import write_text
    from hotpapers.dpopt import comparison
    from hotpapers.dpopt.errors import PrivacyError

    if not public_data:
        raise PrivacyError(
            "the comparison shows exact risks of these rows: say --public-data if they are public"
        )
    amounts = _numbers(epsilons)
    problem = _problem(train, test, schema, lam)
    found = comparison.compare(
        problem, amounts, delta=delta, repeats=repeats, watch=lambda runs: progress(runs, "methods")
    )
    rows = list(found.rows)
    if diffprivlib_python is not None:
        rows += comparison.peer_rows(
            problem, "diffprivlib", diffprivlib_python, amounts, repeats=repeats, least=found.least_risk
        )
    if opacus_python is not None:
        rows += comparison.peer_rows(
            problem,
            "opacus",
            opacus_python,
            amounts,
            delta=delta,
            repeats=opacus_repeats,
            least=found.least_risk,
        )
    record = replace(found, rows=tuple(rows)).record()
    if out is not None:
        write_text(out, json.dumps(record, indent=2) + "\n")
    if as_json:
        typer.echo(json.dumps(record))
        return
    _print(rows)


def _numbers(text: str) -> list[float]:
    from hotpapers.dpopt.errors import PrivacyError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise PrivacyError(f"epsilons are numbers separated by commas: got {text!r}") from error


def _problem(train: Path, test: Path | None, schema: Path, lam: float) -> Problem:
    from hotpapers.dpopt.comparison import Problem
    from hotpapers.dpopt.errors import SchemaError
    from hotpapers.dpopt.losses import Logistic
    from hotpapers.dpopt.tables.matrix import read_matrix
    from hotpapers.dpopt.tables.schema import Classes
    from hotpapers.dpopt.tables.schema_file import read_schema

    declared = read_schema(schema)
    if not isinstance(declared.target, Classes) or len(declared.target.values) != 2:
        raise SchemaError(f"{schema}: a comparison needs a target with two classes")
    first = read_matrix(train, declared)
    second = None if test is None else read_matrix(test, declared)
    loss = Logistic()
    return Problem(
        first.features[:],
        loss.encode(first.target),
        None if second is None else second.features[:],
        None if second is None else loss.encode(second.target),
        data_norm=1.0,
        data_norm_l1=first.design.norm_l1,
        lam=lam,
    )


def _print(rows: list[Row]) -> None:
    from hotpapers.common.console import console, table

    headings = (
        "method",
        "guarantee",
        "epsilon",
        "excess",
        "sd",
        "accuracy",
        "runs",
        "CPU s",
        "settings",
        "charged",
    )
    sheet = table(*headings, numbers=headings[2:8])
    for row in rows:
        numbers: tuple[Any, ...] = (row.excess, row.excess_sd, row.accuracy)
        sheet.add_row(
            row.method,
            row.guarantee,
            f"{row.epsilon:g}",
            *(f"{number:.4g}" for number in numbers),
            str(row.repeats),
            f"{row.cpu_seconds:.2f}",
            row.settings,
            "all" if row.charged else "not the choice of settings",
        )
    console().print(sheet)
