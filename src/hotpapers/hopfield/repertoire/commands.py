"""The commands of repertoires: `hotpapers hopfield repertoire fit`, `predict`, `explain`, `synthetic`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False)

Metadata = Annotated[
    Path, typer.Argument(help="Table (TSV) with a row per repertoire: its ID, and its label.")
]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="Where ID.tsv lie; repertoires/ beside the table if left out.")
]
Identifier = Annotated[str, typer.Option("--id", help="Column of the repertoires' names.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Seed = Annotated[int, typer.Option(help="Of all draws.")]
Device = Annotated[str, typer.Option(help="Where torch computes: cpu, cuda.")]


@app.callback()
def _repertoires() -> None:
    """Classify immune repertoires, bags of amino-acid sequences, by DeepRC."""


@app.command()
def fit(
    metadata: Metadata,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model.")],
    folder: Folder = None,
    label: Annotated[str, typer.Option(help="Column of labels, two classes.")] = "label",
    identifier: Identifier = "ID",
    hold_out: Annotated[
        float, typer.Option(help="Part of the repertoires kept for a test, which is printed.")
    ] = 0.0,
    counts: Annotated[bool, typer.Option("--counts", help="Multiply letters by log(1 + count).")] = False,
    epochs: Annotated[int, typer.Option(help="Times through the repertoires, at most.")] = 40,
    warm_up: Annotated[int, typer.Option(help="Epochs before only the best tenth of sequences counts.")] = 15,
    seed: Seed = 0,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Train a model on labelled repertoires and write it to a folder."""
    from hotpapers.hopfield.repertoire.classifier import DeepRCClassifier
    from hotpapers.hopfield.repertoire.jobs import fit_files

    model = DeepRCClassifier(
        max_epochs=epochs, warm_up=warm_up, count_scaling=counts, random_state=seed, device=device
    )
    said = fit_files(
        model, metadata, folder, label=label, identifier=identifier, hold_out=hold_out, seed=seed, out=out
    )
    _tell(said, as_json)


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="Folder of a model that `fit` wrote.")],
    metadata: Metadata,
    folder: Folder = None,
    identifier: Identifier = "ID",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Table of predictions: .csv, .tsv, .parquet, .feather.")
    ] = None,
    attention: Annotated[Path | None, typer.Option(help="Table of the sequences of most attention.")] = None,
    top: Annotated[int, typer.Option(help="Sequences of each repertoire in that table.")] = 20,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Predict the class of every repertoire of a table."""
    from hotpapers.hopfield.devices import check_device
    from hotpapers.hopfield.mil.tables import write_table
    from hotpapers.hopfield.repertoire.classifier import DeepRCClassifier
    from hotpapers.hopfield.repertoire.jobs import predictions
    from hotpapers.hopfield.repertoire.reading import read_cohort

    check_device(device)
    found = DeepRCClassifier.load(model, device)
    bags = read_cohort(metadata, folder, label=None, identifier=identifier).repertoires
    table = predictions(found, bags)
    if attention:
        write_table(found.top_sequences(bags, top), attention)
    if out:
        write_table(table, out)
    if as_json:
        typer.echo(table.to_json(orient="records"))
    else:
        typer.echo(f"{out}: {len(table)} lines" if out else table.to_string(index=False))


@app.command()
def explain(
    model: Annotated[Path, typer.Argument(help="Folder of a model that `fit` wrote.")],
    metadata: Metadata,
    folder: Folder = None,
    identifier: Identifier = "ID",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The logo: a .svg, .png or .pdf.")] = None,
    top: Annotated[int, typer.Option(help="Sequences of most attention of each repertoire.")] = 20,
    width: Annotated[int, typer.Option(help="Letters of the motif, flanks included.")] = 8,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Which motif the sequences of most attention share, as a logo."""
    import json

    from hotpapers.hopfield.devices import check_device
    from hotpapers.hopfield.figures import check_figure
    from hotpapers.hopfield.repertoire.classifier import DeepRCClassifier
    from hotpapers.hopfield.repertoire.figures import draw_logo
    from hotpapers.hopfield.repertoire.jobs import explained, motif_as_dict
    from hotpapers.hopfield.repertoire.reading import read_cohort

    check_device(device)
    if out is not None:
        check_figure(out)
    found = DeepRCClassifier.load(model, device)
    motif = explained(
        found,
        read_cohort(metadata, folder, label=None, identifier=identifier).repertoires,
        top=top,
        width=width,
    )
    if out is not None:
        draw_logo(motif, out, f"{motif.sequences:,} sequences of most attention")
    said = motif_as_dict(motif)
    if as_json:
        typer.echo(json.dumps(said))
        return
    typer.echo(f"{said['consensus'] or 'no motif'}, from {motif.sequences:,} sequences")
    for place, one in enumerate(said["places"], start=1):
        letters = ", ".join(f"{letter} {share:.0%}" for letter, share in list(one["letters"].items())[:4])
        typer.echo(f"{place}: {one['bits']:.2f} bits, {letters}")
    if out is not None:
        typer.echo(out)


@app.command()
def synthetic(
    out: Annotated[Path, typer.Argument(help="Folder for metadata.tsv and repertoires/.")],
    bags: Annotated[int, typer.Option(help="Repertoires, half of them positive.")] = 200,
    sequences: Annotated[int, typer.Option(help="Sequences of each.")] = 2000,
    motif: Annotated[str, typer.Option(help="What positive repertoires hold.")] = "SFEN",
    share: Annotated[
        float, typer.Option(help="Share of a positive repertoire's sequences with the motif.")
    ] = 0.01,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Make up repertoires with an implanted motif, as DeepRC's files."""
    from hotpapers.hopfield.repertoire.synthetic import write_implanted

    path = write_implanted(out, bags, sequences, motif=motif, share=share, seed=seed)
    if as_json:
        _tell({"metadata": str(path), "repertoires": bags, "sequences": bags * sequences}, as_json)
    else:
        typer.echo(path)


def _tell(said: dict[str, Any], as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    for name, value in said.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")
