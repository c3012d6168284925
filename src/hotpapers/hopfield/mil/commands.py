"""The commands of bags: `hotpapers hopfield mil fit`, `cv`, `predict`, `explain`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False)


class Pool(StrEnum):
    """How a bag's rows become one pattern."""

    hopfield = "hopfield"
    gated = "gated"


Data = Annotated[
    Path, typer.Argument(help="Rows of bags: .csv, .tsv, .parquet, .feather; or .npz with X, offsets, y.")
]
Model = Annotated[Path, typer.Argument(help="Folder of a model that `fit` wrote.")]
BagColumn = Annotated[str | None, typer.Option("--bag", help="Column that says which bag a row belongs to.")]
LabelColumn = Annotated[str | None, typer.Option("--label", help="Column of the bags' labels, two classes.")]
Drop = Annotated[
    list[str] | None, typer.Option("--drop", help="A column that is no feature; may be repeated.")
]
Groups = Annotated[
    str | None,
    typer.Option("--groups", help="Column of groups, such as patients: bags of one never straddle folds."),
]
Seed = Annotated[int, typer.Option(help="Of weights, order, dropout and folds.")]
Device = Annotated[str, typer.Option(help="Where torch computes: cpu, cuda.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Kind = Annotated[Pool, typer.Option(help="Pooling: a Hopfield association, or gated attention.")]
Jobs = Annotated[int, typer.Option(help="Folds at a time, each in a process of its own.")]


@app.callback()
def _bags() -> None:
    """Classify bags of rows with one label each: train, cross-validate, predict, explain."""


@app.command()
def fit(
    data: Data,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model.")],
    bag: BagColumn = None,
    label: LabelColumn = None,
    drop: Drop = None,
    cv: Annotated[int, typer.Option(help="Folds of a nested cross-validation beforehand; 0: none.")] = 0,
    pooling: Kind = Pool.hopfield,
    beta: Annotated[float, typer.Option(help="Inverse temperature of the pooling.")] = 1.0,
    epochs: Annotated[int, typer.Option(help="Times through the bags, at most.")] = 40,
    networks: Annotated[int, typer.Option(help="Networks whose probabilities are averaged.")] = 5,
    groups: Groups = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from OUT.epoch, which an interrupted run has left.")
    ] = False,
    jobs: Jobs = 1,
    seed: Seed = 0,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Train a model on labelled bags and write it to a folder."""
    from hotpapers.hopfield.mil.classifier import HopfieldMILClassifier
    from hotpapers.hopfield.mil.jobs import crossed, fit_file, labelled

    given = labelled(data, bag, label, drop or [], groups)
    model = HopfieldMILClassifier(
        pooling=pooling.value,
        beta=beta,
        max_epochs=epochs,
        n_ensembles=networks,
        bag=bag,
        random_state=seed,
        device=device,
    )
    said: dict[str, Any] = {}
    if cv:
        run, _ = crossed(
            given, data.stem, folds=cv, pooling=pooling.value, seed=seed, device=device, jobs=jobs
        )
        from hotpapers.hopfield.mil.report import verdict

        said["cross_validation"] = verdict(run)
    said |= fit_file(model, given, label, out, groups=given.groups, resume=resume)
    _tell(said, as_json)


@app.command()
def cv(
    data: Data,
    bag: BagColumn = None,
    label: LabelColumn = None,
    drop: Drop = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for cv.json, folds.csv and roc.svg.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(help="Outer folds; the file's published ones, else 10, if left out.")
    ] = None,
    repetitions: Annotated[
        int | None, typer.Option(help="Times that folds are drawn; all or 1 if left out.")
    ] = None,
    inner: Annotated[int, typer.Option(help="Inner folds, which choose settings and epochs.")] = 4,
    pooling: Kind = Pool.hopfield,
    groups: Groups = None,
    resume: Annotated[
        Path | None, typer.Option(help="Folder for finished folds: an interrupted run goes on there.")
    ] = None,
    jobs: Jobs = 1,
    seed: Seed = 0,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Nested cross-validation beside a random forest, with a verdict."""
    from hotpapers.hopfield.mil.jobs import crossed, labelled
    from hotpapers.hopfield.mil.report import lines, record, verdict, write_report

    given = labelled(data, bag, label, drop or [], groups)
    run, protocol = crossed(
        given,
        data.stem,
        folds=folds,
        repetitions=repetitions,
        inner=inner,
        pooling=pooling.value,
        seed=seed,
        device=device,
        jobs=jobs,
        resume=resume,
    )
    paths = write_report(run, protocol, out) if out else []
    if as_json:
        _tell(record(run, protocol), as_json=True)
        return
    for line in (*lines(run), verdict(run), f"{run.seconds:.0f} s of choosing, training and judging"):
        typer.echo(line)
    for path in paths:
        typer.echo(path)


@app.command()
def predict(
    model: Model,
    data: Data,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Table of predictions: .csv, .tsv, .parquet, .feather.")
    ] = None,
    attention: Annotated[
        Path | None, typer.Option(help="Table with the weight of every row in its bag.")
    ] = None,
    drop: Drop = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Predict the class of every bag."""
    from hotpapers.hopfield.mil.explaining import row_weights
    from hotpapers.hopfield.mil.jobs import load_with_bags, predictions
    from hotpapers.hopfield.mil.tables import write_table

    found, bags = load_with_bags(model, data, drop or [], device)
    table = predictions(found, bags)
    if attention:
        write_table(row_weights(found, bags), attention)
    _show(table, out, as_json)


@app.command()
def explain(
    model: Model,
    data: Data,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Table of rows: .csv, .tsv, .parquet, .feather.")
    ] = None,
    top: Annotated[int, typer.Option(help="Rows of each bag.")] = 5,
    drop: Drop = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Which rows of each bag weigh most, and what leaving each out does to the probability."""
    from hotpapers.hopfield.mil.explaining import explain as explain_bags
    from hotpapers.hopfield.mil.jobs import load_with_bags

    found, bags = load_with_bags(model, data, drop or [], device)
    _show(explain_bags(found, bags, top=top), out, as_json)


def _tell(said: dict[str, Any], as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    for name, value in said.items():
        typer.echo(value if name == "cross_validation" else f"{name.replace('_', ' ')}: {value}")


def _show(table: Any, out: Path | None, as_json: bool) -> None:
    from hotpapers.hopfield.mil.tables import write_table

    if out:
        write_table(table, out)
    if as_json:
        typer.echo(table.to_json(orient="records"))
    elif out:
        typer.echo(f"{out}: {len(table)} lines")
    else:
        typer.echo(table.to_string(index=False))
