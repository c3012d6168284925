"""The commands of molecules: `hotpapers hopfield molecules cv`, `fit`, `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False)

Data = Annotated[Path, typer.Argument(help="One row a molecule: .csv, .tsv, .parquet, .feather.")]
Smiles = Annotated[str, typer.Option("--smiles", help="Column of SMILES.")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", help="Column with two classes, or a pattern like 'SIDER*'; may be repeated."),
]
Learn = Annotated[bool, typer.Option(help="Learn a projection of the fingerprints as well.")]
Seed = Annotated[int, typer.Option(help="Of folds, forests and learning.")]
Device = Annotated[str, typer.Option(help="Where torch computes: cpu, cuda.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _molecules() -> None:
    """Tell properties of molecules from those of molecules that are like them."""


@app.command()
def cv(
    data: Data,
    smiles: Smiles = "smiles",
    label: Labels = None,
    split: Annotated[
        str | None,
        typer.Option(help="Column of a published split: learn from 'train', judge the others; no folds."),
    ] = None,
    folds: Annotated[int, typer.Option(help="Folds, in which every label is spread evenly.")] = 5,
    learn: Learn = True,
    trees: Annotated[int, typer.Option(help="Trees of the forest beside it; 0: no forest.")] = 500,
    machine: Annotated[bool, typer.Option(help="Support vectors beside it.")] = True,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Everything, as a .json file.")] = None,
    seed: Seed = 0,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Cross-validate a memory of molecules beside a random forest and support vectors."""
    import json

    from hotpapers.hopfield.molecules.jobs import compare
    from hotpapers.hopfield.molecules.validation import Plan

    plan = Plan(learn=learn, trees=trees, machine=machine, seed=seed, device=device)
    found = compare(data, smiles=smiles, labels=label or [], split=split, folds=folds, plan=plan)
    if out is not None:
        found.write(out)
    if as_json:
        typer.echo(json.dumps(found.record(), ensure_ascii=False))
        return
    for line in found.lines():
        typer.echo(line)
    if out is not None:
        typer.echo(out)


@app.command()
def fit(
    data: Data,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the memory.")],
    smiles: Smiles = "smiles",
    label: Labels = None,
    learn: Learn = True,
    seed: Seed = 0,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Store molecules with their labels in a memory and write it to a folder."""
    import json

    from hotpapers.hopfield.molecules.jobs import fit_file

    said = fit_file(data, out, smiles=smiles, labels=label or [], learn=learn, seed=seed, device=device)
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    for name, value in said.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="Folder of a memory that `fit` wrote.")],
    data: Data,
    smiles: Annotated[
        str | None, typer.Option("--smiles", help="Column of SMILES, if not called as when storing.")
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Most alike stored molecules to show.")] = 1,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Table: .csv, .tsv, .parquet, .feather.")
    ] = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Recall the labels of molecules, and which stored molecules they come from."""
    from hotpapers.hopfield.mil.tables import write_table
    from hotpapers.hopfield.molecules.jobs import predictions

    table, line = predictions(model, data, smiles=smiles, top=top, device=device)
    if line:
        typer.echo(f"hotpapers: warning: {line}", err=True)
    if out is not None:
        write_table(table, out)
    if as_json:
        typer.echo(table.to_json(orient="records"))
    else:
        typer.echo(f"{out}: {len(table)} lines" if out else table.to_string(index=False))
