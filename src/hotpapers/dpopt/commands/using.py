"""`hotpapers dpopt predict`, `evaluate`, `report`, `export`: what is done with a model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hotpapers.dpopt.commands.options import AsJson, Data, Model, Target, say

__all__ = ["evaluate", "export", "predict", "report"]


class Format(StrEnum):
    """Of a report."""

    html = "html"
    md = "md"
    json = "json"


def predict(
    model: Model,
    data: Data,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Table to write: .csv, .tsv, .parquet, .feather, .arrow.")
    ],
    keep: Annotated[
        str | None, typer.Option(help="Column to copy beside the predictions, such as an id.")
    ] = None,
) -> None:
    """Predict every row of a table by the model's schema."""
    from hotpapers.dpopt.model_folder import load_model
    from hotpapers.dpopt.predicting import predict_file

    predict_file(load_model(model).model, data, out, keep=keep)
    typer.echo(out)


def evaluate(
    model: Model,
    data: Data,
    epsilon_eval: Annotated[
        float | None, typer.Option(help="ε that the score may cost the test rows.")
    ] = None,
    public_data: Annotated[
        bool, typer.Option("--public-data", help="The test rows are public: the exact score.")
    ] = False,
    target: Target = None,
    rows: Annotated[
        int | None, typer.Option(help="The public number of test rows, for relation replace_one.")
    ] = None,
    ledger: Annotated[Path | None, typer.Option(help="Account of the test rows; it is charged too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Score the model on test rows: with noise that is charged, or exactly where they are public."""
    from hotpapers.dpopt.evaluating import evaluate_folder

    score = evaluate_folder(
        model, data, epsilon=epsilon_eval, public=public_data, target=target, rows=rows, account=ledger
    )
    facts: dict[str, Any] = {score.name: score.value}
    if score.epsilon:
        facts |= {"within": score.margin, "confidence": 0.95, "epsilon": score.epsilon}
    say(facts, as_json)


def report(
    model: Model,
    kind: Annotated[Format, typer.Option("--format", help="html, md or json.")] = Format.html,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write; else printed.")] = None,
) -> None:
    """Write the privacy report of a model."""
    import json

    from hotpapers.common.files import write_text
    from hotpapers.dpopt.model_folder import load_model

    found = load_model(model).report
    if kind == Format.json:
        text = json.dumps(found.to_json(), indent=2, allow_nan=False)
    else:
        text = found.to_html() if kind == Format.html else found.to_markdown()
    if out is None:
        typer.echo(text)
        return
    write_text(out, text + "\n")
    typer.echo(out)


def export(
    model: Model,
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write, .onnx.")],
) -> None:
    """Write the model as an ONNX graph over its features; needs the package onnx."""
    from hotpapers.dpopt.model_folder import load_model
    from hotpapers.dpopt.onnx_export import export_onnx

    export_onnx(load_model(model).model, out)
    typer.echo(out)
