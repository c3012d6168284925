"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hotpapers.dpopt.accounting import Budget

__all__ = [
    "AsJson",
    "Data",
    "Delta",
    "Epsilon",
    "Model",
    "Relation",
    "RelationOption",
    "Rho",
    "Target",
    "budget_of",
    "say",
]


class Relation(StrEnum):
    """What neighbouring data sets differ in."""

    add_remove = "add_remove"
    replace_one = "replace_one"


Data = Annotated[
    Path, typer.Argument(help="Rows: .csv, .tsv (also .gz), .parquet, .arrow, .feather, .svm, .npz.")
]
Model = Annotated[Path, typer.Argument(help="Folder of a model that `train` wrote.")]
Epsilon = Annotated[float | None, typer.Option(help="ε of the budget; without --delta it is pure.")]
Delta = Annotated[float | None, typer.Option(help="δ of the budget, far below one over the number of rows.")]
Rho = Annotated[float | None, typer.Option(help="ρ of zero-concentrated DP, in place of --epsilon.")]
RelationOption = Annotated[
    Relation,
    typer.Option(
        help="Neighbours have one row more or less, or one replaced by another (its number is then public)."
    ),
]
Target = Annotated[str | None, typer.Option(help="Column that is predicted; must be the schema's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def budget_of(
    epsilon: float | None, delta: float | None, rho: float | None, relation: Relation, unit: str = "row"
) -> Budget:
    """The budget that was typed.

    Raises
    ------
    PrivacyError
        If it is none, or two.
    """
    from hotpapers.dpopt.accounting import Budget

    return Budget(epsilon=epsilon, delta=delta, rho=rho, relation=relation.value, unit=unit)


def say(facts: dict[str, Any], as_json: bool) -> None:
    """Names and values: as lines, or as JSON."""
    import json

    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, allow_nan=False))
        return
    for name, value in facts.items():
        typer.echo(f"{name}: {f'{value:.6g}' if isinstance(value, float) else value}")
