"""`hotpapers dpopt schema`, `plan` and `budget`: what is decided before any row is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hotpapers.dpopt.commands.options import (
    AsJson,
    Delta,
    Epsilon,
    Relation,
    RelationOption,
    Rho,
    budget_of,
    say,
)

__all__ = ["budget", "plan", "schema"]


def schema(
    data: Annotated[Path, typer.Argument(help="The table.")],
    declare: Annotated[
        bool, typer.Option("--declare", help="A template of the columns' names, every bound left open.")
    ] = False,
    public_data: Annotated[
        bool,
        typer.Option("--public-data", help="Read bounds and categories off the rows: for public rows only."),
    ] = False,
    target: Annotated[str | None, typer.Option(help="Column that is predicted.")] = None,
    names: Annotated[
        str | None, typer.Option(help="Names of the columns, between commas, where the first line is a row.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write, .toml; else printed.")
    ] = None,
) -> None:
    """Write a schema to fill in: what is publicly known of a table's columns."""
    from hotpapers.common.errors import InputError
    from hotpapers.common.files import write_text
    from hotpapers.dpopt.tables.template import declared_schema, observed_schema

    if declare == public_data:
        raise InputError("say --declare (a template, no row is read) or --public-data (the rows are read)")
    if public_data and names is not None:
        raise InputError(
            "--names goes with --declare: --public-data reads a file whose first line has the names"
        )
    columns = None if names is None else [name.strip() for name in names.split(",")]
    text = (
        observed_schema(data, target=target)
        if public_data
        else declared_schema(data, target=target, names=columns)
    )
    if out is None:
        typer.echo(text)
        return
    write_text(out, text)
    typer.echo(out)


def plan(
    n: Annotated[int, typer.Option("--n", help="Number of rows, as far as it is public.")],
    d: Annotated[int, typer.Option("--d", help="Number of coefficients.")],
    epsilon: Epsilon = None,
    delta: Delta = None,
    rho: Rho = None,
    relation: RelationOption = Relation.add_remove,
    lam: Annotated[float, typer.Option(help="Weight of the regulariser (λ/2)|θ|² of the mean loss.")] = 1e-4,
    norm_l1: Annotated[
        float | None, typer.Option("--norm-l1", help="Bound of a row's L1 norm; √(slots) for one-hot rows.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the methods at a budget without any data: iterations, step, momentum, predicted excess risk."""
    import json
    from dataclasses import asdict

    from hotpapers.common.console import console, table
    from hotpapers.dpopt.method_table import method_table

    found = method_table(n, d, budget_of(epsilon, delta, rho, relation), lam=lam, norm_l1=norm_l1)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found]))
        return
    numbers = ("passes", "step", "momentum", "predicted excess")
    sheet = table("method", "noise", *numbers, "", numbers=numbers)
    for one in found:
        cells = ["-" if value is None else f"{value:.3g}" for value in (one.step, one.momentum)]
        sheet.add_row(
            one.method,
            one.noise,
            str(one.iterations),
            *cells,
            f"{one.predicted_excess:.3g}",
            "chosen by auto" if one.chosen else "",
        )
    console().print(sheet)
    typer.echo("Predicted on a model quadratic: right within a factor of about 4. No row was read.")


def budget(
    ledger: Annotated[Path, typer.Argument(help="File of the account, .jsonl.")],
    epsilon: Epsilon = None,
    delta: Delta = None,
    rho: Rho = None,
    relation: RelationOption = Relation.add_remove,
    unit: Annotated[
        str, typer.Option(help="What neighbours differ in: row, or the schema's unit column.")
    ] = "row",
    as_json: AsJson = False,
) -> None:
    """Open an account that several trainings on the same rows share, or show what is left of it."""
    from hotpapers.common.errors import InputError
    from hotpapers.dpopt.accounting import create_account, read_account, read_durable
    from hotpapers.dpopt.accounting.spending import spent_of

    if epsilon is not None or rho is not None:
        create_account(ledger, budget_of(epsilon, delta, rho, relation, unit))
    elif not ledger.exists():
        raise InputError(f"{ledger} is not there: open it with --epsilon (and --delta) or --rho")
    allowed, spent = read_account(ledger), read_durable(ledger)
    currency, most, used = spent_of(allowed, spent)
    say(
        {
            "account": str(ledger),
            "protects": f"one {allowed.unit}, {allowed.relation}",
            "currency": currency,
            "allowed": most,
            "spent": used,
            "releases": sum(event.count for event in spent),
        },
        as_json,
    )
