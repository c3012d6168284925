"""The commands of word shift graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from hotpapers.wordshift.commands.options import (
    EngineOptions,
    GraphOptions,
    MeasureOptions,
    OutputOptions,
    Palette,
    TextOptions,
    TokenOptions,
    UncertaintyOptions,
    grouped,
)

app = typer.Typer(no_args_is_help=True, add_completion=False)

TextA = Annotated[str, typer.Argument(help="Text 1: a file, folder, pattern, word-count table, or -.")]
TextB = Annotated[
    str | None, typer.Argument(help="Text 2; left out where a column parts text 1 into groups.")
]
Groups = Annotated[
    tuple[str, str] | None, typer.Option(metavar="A B", help="Which two groups of the column.")
]
Sources = Annotated[
    list[str], typer.Argument(help="Texts in order; or tables whose rows a column parts into texts.")
]
Chosen = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="LABEL", help="Which texts, in this order; all where left out."),
]
Names = Annotated[tuple[str, str] | None, typer.Option(metavar="A B", help="What the texts are called.")]
Top = Annotated[int, typer.Option(help="Words shown.")]
KeynessMethod = Literal["log-odds", "g2", "percent-diff", "log-ratio", "rank-turbulence"]


def _say(paths: list[Path]) -> None:
    for path in paths:
        typer.echo(path)


@app.command()
@grouped
def graph(
    a: TextA,
    b: TextB = None,
    *,
    output: OutputOptions,
    groups: Groups = None,
    names: Names = None,
    measure: MeasureOptions,
    look: GraphOptions,
    uncertainty: UncertaintyOptions,
    context: Annotated[
        int, typer.Option(help="Contexts of each word and text in the page; 0 for none.")
    ] = 20,
    texts: TextOptions,
    tokens: TokenOptions,
    engine: EngineOptions,
) -> None:
    """Compare two texts: bars in the terminal, and every file that -o names."""
    from hotpapers.wordshift.commands.graph import GraphJob

    job = GraphJob(
        a=a,
        b=b,
        groups=groups,
        names=names,
        context=context,
        texts=texts,
        tokens=tokens,
        engine=engine,
        measure=measure,
        uncertainty=uncertainty,
        look=look,
    )
    text, paths = job.run(output)
    typer.echo(text, nl=False)
    _say(paths)


@app.command()
@grouped
def rerun(
    file: Annotated[Path, typer.Argument(help="A .svg, .png, .html or .json that graph wrote.")],
    *,
    output: OutputOptions,
) -> None:
    """Make a graph again from what its file says about itself, if the texts are still the same."""
    from hotpapers.wordshift.commands.graph import rerun as run

    text, paths = run(file, output)
    typer.echo(text, nl=False)
    _say(paths)


@app.command()
@grouped
def series(
    sources: Sources,
    *,
    group: Chosen = None,
    versus: Annotated[
        str, typer.Option(help="Text 1 of each step: previous, first, rest, or a text's name.")
    ] = "previous",
    track: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="Follow these words; files are then of them.")
    ] = None,
    top: Top = 20,
    palette: Annotated[Palette, typer.Option(help="Of figures.")] = "paper",
    seed: Annotated[int, typer.Option(help="Of the bands of --track.")] = 0,
    output: OutputOptions,
    measure: MeasureOptions,
    texts: TextOptions,
    tokens: TokenOptions,
    engine: EngineOptions,
) -> None:
    """Compare many texts step by step: a shift each, side by side."""
    from hotpapers.common.console import console, table
    from hotpapers.wordshift.commands.groups import run_series, step_rows
    from hotpapers.wordshift.commands.texts import Counting

    steps, paths = run_series(
        sources,
        Counting(texts, tokens, engine),
        measure,
        output,
        chosen=group or (),
        versus=versus,
        track=track or (),
        top=top,
        palette=palette,
        seed=seed,
    )
    sheet = table("step", "difference", "words", numbers=["difference"])
    for row in step_rows(steps):
        sheet.add_row(*row)
    console().print(sheet, markup=False)
    _say(paths)


@app.command()
@grouped
def matrix(
    sources: Sources,
    *,
    group: Chosen = None,
    base: Annotated[float, typer.Option(help="Of the logarithm: 2 for bits.")] = 2.0,
    top: Annotated[int, typer.Option(help="Words of each pair in the files.")] = 10,
    output: OutputOptions,
    texts: TextOptions,
    tokens: TokenOptions,
    engine: EngineOptions,
) -> None:
    """Compare all pairs of many texts: their Jensen-Shannon divergences, and words behind each."""
    from hotpapers.common.console import console, table
    from hotpapers.wordshift.commands.groups import matrix_rows, run_matrix
    from hotpapers.wordshift.commands.texts import Counting

    counting = Counting(texts, tokens, engine)
    found, paths = run_matrix(sources, counting, output, chosen=group or (), base=base, top=top)
    rows = matrix_rows(found)
    names = [row[0] for row in rows]
    sheet = table(found.unit, *names, numbers=names)
    for row in rows:
        sheet.add_row(*row)
    console().print(sheet, markup=False)
    _say(paths)


@app.command()
@grouped
def count(
    source: Annotated[str, typer.Argument(help="A file, folder, pattern, or -.")],
    *,
    output: OutputOptions,
    texts: TextOptions,
    tokens: TokenOptions,
    engine: EngineOptions,
) -> None:
    """Count the words of a text: onto the terminal, or into a table that `graph` takes."""
    from hotpapers.wordshift.commands.texts import Counting
    from hotpapers.wordshift.commands.words import count_lines, run_count

    found, paths = run_count(source, Counting(texts, tokens, engine), output)
    if not paths:
        typer.echo(count_lines(found, by_count=True), nl=False)
    for path in paths:
        typer.echo(f"{path}: {found.total:,.0f} words, {len(found):,} different")


@app.command()
@grouped
def context(
    source: Annotated[str, typer.Argument(help="A file, folder, pattern, or -.")],
    words: Annotated[list[str], typer.Argument(help="Words, or quoted phrases with --ngrams.")],
    *,
    k: Annotated[
        int, typer.Option("-k", "--context", help="Occurrences of each word, drawn at random.")
    ] = 20,
    width: Annotated[int, typer.Option(help="Characters on either side.")] = 60,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
    output: OutputOptions,
    texts: TextOptions,
    tokens: TokenOptions,
    engine: EngineOptions,
) -> None:
    """Read words in context: a random sample of where they stand."""
    from hotpapers.wordshift.commands.texts import Counting
    from hotpapers.wordshift.commands.words import context_lines, run_context

    counting = Counting(texts, tokens, engine)
    found, paths = run_context(source, words, counting, output, k=k, width=width, seed=seed)
    typer.echo(context_lines(found), nl=False)
    _say(paths)


@app.command()
@grouped
def keyness(
    a: TextA,
    b: TextB = None,
    *,
    groups: Groups = None,
    method: Annotated[KeynessMethod, typer.Option(help="What keyness is.")] = "log-odds",
    prior: Annotated[
        Literal["informative", "uniform"], typer.Option(help="For log-odds: Dirichlet prior.")
    ] = "informative",
    cells: Annotated[int, typer.Option(help="For g2: 2 or 4 cells of the table.")] = 4,
    alpha: Annotated[float, typer.Option(help="For rank-turbulence: 0 stresses rare words.")] = 1 / 3,
    top: Top = 25,
    output: OutputOptions,
    texts: TextOptions,
    tokens: TokenOptions,
    engine: EngineOptions,
) -> None:
    """Rank words by how sure, or how large, their over-use in one text is."""
    from hotpapers.common.console import console, table
    from hotpapers.wordshift.commands.texts import Counting
    from hotpapers.wordshift.commands.words import keyness_rows, run_keyness

    pair = Counting(texts, tokens, engine).pair(a, b, groups, documents=True)
    rows, line, paths = run_keyness(
        pair, output, method=method, prior=prior, cells=cells, alpha=alpha, top=top
    )
    headings, found = keyness_rows(rows)
    typer.echo(line)
    sheet = table(*headings, numbers=[name for name in headings if name != "type"])
    for row in found:
        sheet.add_row(*row)
    console().print(sheet, markup=False)
    _say(paths)


@app.command()
def lexicons() -> None:
    """List the lexicons that --lexicon knows by name."""
    from hotpapers.common.console import console, table
    from hotpapers.wordshift.commands.words import lexicon_rows

    sheet = table("lexicon", "where", "middle", "licence", "source")
    for row in lexicon_rows():
        sheet.add_row(*row)
    console().print(sheet, markup=False)


@app.command()
def claims(
    full: Annotated[bool, typer.Option("--full", help="Also the checks that need data of your own.")] = False,
    results: Annotated[Path, typer.Option(help="Folder for wordshift/claims.json.")] = Path("results"),
) -> None:
    """Check what the paper claims: reported, measured here, verdict."""
    from hotpapers.common.listing import list_claims

    list_claims("wordshift", full=full, results=results)


@app.command()
def coverage(
    samples: Annotated[int, typer.Option(help="Simulated pairs of texts of each kind.")] = 400,
    reps: Annotated[int, typer.Option(help="Resamples of each interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 0,
    results: Annotated[Path, typer.Option(help="Folder for wordshift/coverage.json.")] = Path("results"),
) -> None:
    """Do the intervals hold what they promise? Their coverage on simulated texts whose truth is known."""
    from hotpapers.wordshift.commands.covering import run_coverage

    text, path = run_coverage(samples=samples, reps=reps, seed=seed, results=results)
    typer.echo(text)
    typer.echo(path)
