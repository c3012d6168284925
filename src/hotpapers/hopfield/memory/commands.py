"""The commands of the associative memory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False)

Memory = Annotated[Path, typer.Argument(metavar="MEMORY", help="A memory's folder.")]
IdColumn = Annotated[str | None, typer.Option("--id", help="Column of a table that names the rows.")]
Values = Annotated[
    list[str] | None, typer.Option("--values", help="Column of a table that holds a value; may be repeated.")
]
Device = Annotated[str, typer.Option(help="Where to compute, such as cpu or cuda.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _memory() -> None:
    """Store vectors; retrieve, clean up and complete them."""


@app.command()
def store(
    source: Annotated[Path, typer.Argument(help="Vectors: .npy, .npz, .csv, .tsv, .parquet or .feather.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the new memory.")],
    id_column: IdColumn = None,
    values: Values = None,
    beta: Annotated[str, typer.Option(help="Inverse temperature: a number, or auto.")] = "auto",
    center: Annotated[bool, typer.Option(help="Compare vectors without their mean.")] = True,
    normalize: Annotated[bool, typer.Option(help="Compare vectors at unit norm.")] = True,
    double: Annotated[bool, typer.Option("--double", help="Keep 64-bit numbers.")] = False,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Store the vectors of a file as a new memory."""
    from hotpapers.hopfield.memory import jobs

    with jobs.said() as lines:
        memory = jobs.store(
            source,
            out,
            id_column=id_column,
            value_columns=values or (),
            beta=jobs.parse_beta(beta),
            center=center,
            normalize=normalize,
            double=double,
            device=device,
        )
        found = memory.beta
    _warn(lines)
    facts = {"memory": str(out), "patterns": len(memory), "dimension": memory.dim, "beta": found.beta}
    capped = " (capped)" if found.capped else ""
    _say(
        facts,
        f"{out}: {len(memory):,} patterns of {memory.dim} numbers, beta {found.beta:.4g}{capped}",
        as_json,
    )


@app.command()
def add(
    memory: Memory,
    source: Annotated[Path, typer.Argument(help="Vectors: .npy, .npz, .csv, .tsv, .parquet or .feather.")],
    id_column: IdColumn = None,
    values: Values = None,
    as_json: Json = False,
) -> None:
    """Add the vectors of a file to a memory."""
    from hotpapers.hopfield.memory import jobs

    with jobs.said() as lines:
        came, there = jobs.add(memory, source, id_column=id_column, value_columns=values or ())
    _warn(lines)
    _say({"added": came, "patterns": there}, f"{memory}: {came:,} added, {there:,} patterns", as_json)


@app.command()
def remove(
    memory: Memory,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of the patterns to remove.")],
    as_json: Json = False,
) -> None:
    """Remove patterns from a memory."""
    from hotpapers.hopfield.memory import jobs

    left = jobs.remove(memory, ids)
    _say(
        {"removed": len(ids), "patterns": left}, f"{memory}: {len(ids):,} removed, {left:,} patterns", as_json
    )


@app.command()
def retrieve(
    memory: Memory,
    source: Annotated[Path, typer.Argument(help="Queries: vectors in a file, as for store.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Answers: .csv, .parquet, .json or .npy.")
    ] = None,
    steps: Annotated[str, typer.Option(help="Updates after the first, or converge.")] = "0",
    complete: Annotated[
        bool,
        typer.Option("--complete", help="Missing numbers are unknown: compare the others, fill these in."),
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Show all that says how far to trust an answer.")
    ] = False,
    id_column: IdColumn = None,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Retrieve what a memory has stored under the likeness of each query."""
    import json

    from hotpapers.common.console import console
    from hotpapers.hopfield.memory import jobs, results

    if out is not None:
        results.check_suffix(out)
    with jobs.said() as lines:
        found, names, columns = jobs.retrieve(
            memory,
            source,
            id_column=id_column,
            steps=jobs.parse_steps(steps),
            complete=complete,
            device=device,
        )
    _warn(lines)
    if as_json:
        typer.echo(json.dumps(results.as_records(found, names), ensure_ascii=False))
    elif out is None or report:
        console().print(results.as_table(found, names, report=report))
    if out is not None:
        results.write_answers(found, names, columns, out)
        typer.echo(out, err=as_json)


@app.command()
def info(memory: Memory, device: Device = "cpu", as_json: Json = False) -> None:
    """What a memory holds, and how well its patterns are separated."""
    from hotpapers.hopfield.memory import jobs

    with jobs.said() as lines:
        facts = jobs.describe(memory, device)
    _warn(lines)
    width = max(map(len, facts))
    _say(facts, "\n".join(f"{name:<{width}}  {_shown(value)}" for name, value in facts.items()), as_json)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else "-" if value is None else str(value)


def _say(facts: dict[str, object], line: str, as_json: bool) -> None:
    import json

    typer.echo(json.dumps(facts, ensure_ascii=False) if as_json else line)


def _warn(lines: list[str]) -> None:
    for line in lines:
        typer.echo(f"hotpapers: warning: {line}", err=True)
