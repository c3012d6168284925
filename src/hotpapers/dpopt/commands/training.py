"""`hotpapers dpopt train`: a file of rows and its schema in, a model with its privacy report out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hotpapers.dpopt.commands.options import (
    AsJson,
    Data,
    Delta,
    Epsilon,
    Relation,
    RelationOption,
    Rho,
    Target,
    budget_of,
    say,
)

__all__ = ["train"]


class Method(StrEnum):
    """How the model is found."""

    auto = "auto"
    gd = "gd"
    hb = "hb"
    nag = "nag"
    masg = "masg"
    objective = "objective"
    sgd = "sgd"
    ssp = "ssp"


class Loss(StrEnum):
    """What is minimised."""

    logistic = "logistic"
    svm = "svm"
    ridge = "ridge"
    huber = "huber"


class Law(StrEnum):
    """Of the noise."""

    gaussian = "gaussian"
    laplace = "laplace"
    knorm = "knorm"


class Allocation(StrEnum):
    """Of the budget among iterations."""

    auto = "auto"
    uniform = "uniform"
    geometric = "geometric"
    spectrum = "spectrum"
    paper = "paper"


def train(
    data: Data,
    schema: Annotated[Path, typer.Option(help="The table's public schema, .toml or .json.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model; must not be there.")],
    target: Target = None,
    epsilon: Epsilon = None,
    delta: Delta = None,
    rho: Rho = None,
    relation: RelationOption = Relation.add_remove,
    rows: Annotated[
        int | None,
        typer.Option(help="The number of rows, if it is public; else the schema's, else it is bought."),
    ] = None,
    loss: Annotated[
        Loss | None, typer.Option(help="Logistic regression for classes, ridge for numbers, if left out.")
    ] = None,
    method: Annotated[Method, typer.Option(help="How the model is found; see `plan`.")] = Method.auto,
    noise: Annotated[Law | None, typer.Option(help="Law of the noise; the quietest, if left out.")] = None,
    allocation: Annotated[Allocation, typer.Option(help="Budget among the iterations.")] = Allocation.auto,
    lam: Annotated[float, typer.Option(help="Weight of the regulariser (λ/2)|θ|² of the mean loss.")] = 1e-4,
    iterations: Annotated[int | None, typer.Option(help="By the planner, if left out.")] = None,
    batch: Annotated[float | None, typer.Option(help="Expected rows of a sample, for sgd.")] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Account that several trainings share; `budget` opens one.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was killed.")] = False,
    seed: Annotated[
        int | None, typer.Option(help="For experiments: reproducible noise, and so NOT PRIVATE.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a model on private rows, and write it with its ledger and its privacy report."""
    from dataclasses import replace
    from typing import Any, cast

    from hotpapers.dpopt.accounting.spending import spent_of
    from hotpapers.dpopt.errors import SchemaError
    from hotpapers.dpopt.report.sections import STAMP, headline
    from hotpapers.dpopt.table_training import Options, TableTraining
    from hotpapers.dpopt.tables.schema_file import read_schema
    from hotpapers.dpopt.training_folder import train_to_folder

    declared = read_schema(schema)
    if target is not None and (declared.target is None or declared.target.column != target):
        raise SchemaError(f"{schema}: [target] is not column {target!r}")
    if rows is not None:
        declared = replace(declared, rows=rows)
    budget = budget_of(epsilon, delta, rho, relation, declared.unit or "row")
    options = Options(
        loss=cast(Any, None if loss is None else loss.value),
        method=method.value,
        noise=cast(Any, None if noise is None else noise.value),
        allocation=allocation.value,
        lam=lam,
        iterations=iterations,
        batch=batch,
        seed=seed,
    )
    training = TableTraining(declared, budget, options)
    saved = train_to_folder(training, data, out, account=ledger, resume=resume)
    report = saved.report
    currency, allowed, spent = spent_of(report.budget, report.ledger)
    facts: dict[str, Any] = {
        "model": str(out),
        "subject": report.subject,
        "guarantee": headline(report),
        "report": str(out / "report.html"),
    }
    if not report.private:
        facts["warning"] = STAMP
    if as_json:
        facts |= {"currency": currency, "allowed": allowed, "spent": spent, "fingerprint": report.fingerprint}
    say(facts, as_json)
