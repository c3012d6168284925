"""The commands of word shift graphs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False)


class Measure(StrEnum):
    """What is compared."""

    proportion = "proportion"
    entropy = "entropy"
    tsallis = "tsallis"
    kld = "kld"
    jsd = "jsd"
    sentiment = "sentiment"


class Uncertainty(StrEnum):
    """How intervals are made."""

    none = "none"
    token = "token"  # noqa: S105 - a word of a text
    delta = "delta"
    document = "document"


@app.command()
def graph(
    a: Annotated[str, typer.Argument(help="Text 1: a file, folder, pattern, word-count table, or -.")],
    b: Annotated[str, typer.Argument(help="Text 2.")],
    out: Annotated[
        list[Path] | None,
        typer.Option("-o", "--out", help="A file (.svg .png .pdf .html .csv .json .parquet .txt)."),
    ] = None,
    measure: Annotated[Measure, typer.Option(help="What is compared.")] = Measure.jsd,
    alpha: Annotated[float, typer.Option(help="Order of Tsallis entropy and generalized JSD.")] = 1.0,
    lexicon: Annotated[
        str | None, typer.Option(help="Scores: a file (word, score) or a shipped name.")
    ] = None,
    stop_lens: Annotated[
        tuple[float, float] | None, typer.Option(metavar="LOW HIGH", help="Leave out words scored within.")
    ] = None,
    reference: Annotated[
        float | None, typer.Option(help="Reference score; the measure's own if left out.")
    ] = None,
    names: Annotated[
        tuple[str, str] | None, typer.Option(metavar="A B", help="What the texts are called.")
    ] = None,
    top: Annotated[int, typer.Option(help="How many words are shown.")] = 50,
    ci: Annotated[Uncertainty, typer.Option(help="Intervals of the contributions.")] = Uncertainty.none,
    reps: Annotated[int, typer.Option(help="Replicates of the resampling.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
) -> None:
    """Compare two texts: bars in the terminal, and every file that -o names."""
    from hotpapers.wordshift.comparing import Comparison, compare, write
    from hotpapers.wordshift.figures.bars import to_text

    options: dict[str, object] = {"measure": measure.value, "alpha": alpha, "reference": reference}
    if lexicon is not None:
        from hotpapers.wordshift.lexicons.lexicon import load_lexicon

        options["lexicon"] = load_lexicon(lexicon)
    if stop_lens is not None:
        options["stop_lenses"] = [stop_lens]
    job = Comparison(
        a=a, b=b, names=names or (), options=options, interval_method=ci.value, reps=reps, seed=seed, top=top
    )
    found, spread = compare(job)
    typer.echo(to_text(found, top=min(top, 20), intervals=spread))
    for path in write(found, spread, out or [], top=top):
        typer.echo(path)


@app.command()
def count(
    source: Annotated[str, typer.Argument(help="A file, folder or pattern.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="A table of word counts (.tsv).")],
) -> None:
    """Count the words of a text into a table that `graph` takes."""
    from hotpapers.common.files import write_text
    from hotpapers.wordshift.text.counting import count as count_words

    counted = count_words(source)
    lines = (f"{word}\t{value:.15g}" for word, value in zip(counted.types, counted.values, strict=True))
    write_text(out, "\n".join(lines) + "\n")
    typer.echo(f"{out}: {counted.total:,.0f} tokens of {len(counted):,} types")
