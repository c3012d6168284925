"""The options that several commands share, each group a dataclass, and how a command takes them in.

A command names the groups that it takes as parameters; `grouped` spreads their fields into options of
the command line and hands the command the filled groups. Nothing heavy is imported here.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_type_hints

import typer

__all__ = [
    "EngineOptions",
    "GraphOptions",
    "MeasureOptions",
    "OutputOptions",
    "TextOptions",
    "TokenOptions",
    "UncertaintyOptions",
    "given",
    "grouped",
]


Measure = Literal["proportion", "entropy", "tsallis", "kld", "jsd", "sentiment", "custom"]
Missing = Literal["error", "exclude", "adopt"]
Mixed = Literal["error", "drop", "keep"]
Support = Literal["error", "drop", "smooth"]
Norm = Literal["variation", "trajectory", "none"]
TsallisForm = Literal["paper", "qlog"]
Ci = Literal["none", "token", "delta", "document"]
CiForm = Literal["percentile", "basic", "bca", "studentized"]
Null = Literal["none", "token", "document"]
Kind = Literal["regex", "chars", "whitespace", "uniseg", "jieba", "spacy"]
Case = Literal["lower", "fold", "keep"]
Rule = Literal["split", "keep", "drop", "mark"]
Bounds = Literal["line", "sentence"]
Period = Literal["year", "month", "week", "day"]
EngineChoice = Literal["auto", "duckdb", "polars", "python"]
Style = Literal["tall", "slide", "column"]
Palette = Literal["paper", "cvd"]


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """Where text stands in the inputs."""

    text_col: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column that holds text, in CSV, TSV, JSONL, Parquet."),
    ] = None
    group_col: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column that says which text a row belongs to.")
    ] = None
    time_col: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of dates or times, to group rows by.")
    ] = None
    by: Annotated[Period | None, typer.Option(help="How the column of times makes groups.")] = None
    encoding: Annotated[
        str | None, typer.Option(help="Of the files; UTF-8 where left out, lines that are not as cp1252.")
    ] = None
    strict_encoding: Annotated[
        bool, typer.Option("--strict-encoding", help="Refuse files that are not in the encoding.")
    ] = False
    skip_errors: Annotated[
        bool, typer.Option("--skip-errors", help="Leave out files that can't be read, and say which.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class TokenOptions:
    """What a word is."""

    tokenizer: Annotated[Kind, typer.Option(help="How text is parted into words.")] = "regex"
    case: Annotated[Case, typer.Option(help="What happens to capital letters.")] = "lower"
    pattern: Annotated[
        str | None, typer.Option(metavar="REGEX", help="A word's pattern, instead of letters and digits.")
    ] = None
    keep_punct: Annotated[bool, typer.Option("--keep-punct", help="Punctuation marks are words too.")] = False
    emoji: Annotated[bool, typer.Option("--emoji", help="Emoji are words too.")] = False
    urls: Annotated[Rule, typer.Option(help="Web addresses: text, one word each, left out, <url>.")] = "split"
    mentions: Annotated[Rule, typer.Option(help="@mentions, in the same way.")] = "split"
    hashtags: Annotated[Rule, typer.Option(help="#hashtags, in the same way.")] = "split"
    ngrams: Annotated[str, typer.Option(metavar="N|M-N", help="Neighbouring words that make a type.")] = "1"
    bounds: Annotated[Bounds, typer.Option(help="What n-grams and phrases don't cross.")] = "line"
    phrases: Annotated[
        str | None,
        typer.Option(metavar="FILE|auto", help="Multi-word expressions counted as one: a file, or found."),
    ] = None
    language: Annotated[str, typer.Option(help="For the tokenizer spacy.")] = "en"


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """How counting is done; none of it changes a result."""

    engine: Annotated[EngineChoice, typer.Option(help="What counts.")] = "auto"
    memory_limit: Annotated[str, typer.Option(metavar="SIZE", help="For DuckDB, such as 500MB or 2GB.")] = (
        "1GB"
    )
    threads: Annotated[int | None, typer.Option(help="For DuckDB.")] = None
    cache: Annotated[
        Path | None, typer.Option(help="A folder that keeps each file's counts, to resume long runs.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """What is compared, and of which words."""

    measure: Annotated[Measure, typer.Option(help="What is compared.")] = "jsd"
    alpha: Annotated[float, typer.Option(help="Order of Tsallis entropy and of the generalized JSD.")] = 1.0
    base: Annotated[float, typer.Option(help="Of the logarithm: 2 for bits.")] = 2.0
    weights: Annotated[
        str, typer.Option(metavar="equal|pooled|W1,W2", help="Weights of both texts in a JSD.")
    ] = "equal"
    lexicon: Annotated[
        list[str] | None,
        typer.Option(help="Scores: a name (see `lexicons`) or a file; a second one scores text 2."),
    ] = None
    lexicon_column: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Which scores, where a lexicon's file has several.")
    ] = None
    centre: Annotated[float | None, typer.Option(help="Middle of the lexicon's scale.")] = None
    ref: Annotated[
        str | None,
        typer.Option(metavar="R|average", help="Reference score; the lexicon's middle or 0 where left out."),
    ] = None
    norm: Annotated[Norm, typer.Option(help="What contributions are divided by.")] = "variation"
    tsallis_form: Annotated[
        TsallisForm, typer.Option(help="qlog: scores that tend to Shannon's as alpha nears 1.")
    ] = "paper"
    kld_missing: Annotated[Support, typer.Option(help="Words of text 2 that text 1 lacks, in a KLD.")] = (
        "error"
    )
    pseudo_count: Annotated[float, typer.Option(help="Added to every count by --kld-missing smooth.")] = 0.5
    missing: Annotated[Missing, typer.Option(help="Words that one of two lexicons scores.")] = "error"
    stop_lens: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="Leave out words scored from LOW to HIGH."),
    ] = None
    lens_open: Annotated[bool, typer.Option("--lens-open", help="Keep words scored LOW or HIGH exactly.")] = (
        False
    )
    lens_mixed: Annotated[
        Mixed, typer.Option(help="Words with one score inside the lens and one outside.")
    ] = "error"
    stop_words: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Words to leave out, one a line.")
    ] = None
    min_count: Annotated[float, typer.Option(help="Least uses in both texts together.")] = 0.0


@dataclass(frozen=True, kw_only=True)
class UncertaintyOptions:
    """How sure it is."""

    ci: Annotated[
        Ci, typer.Option(help="Intervals: resampled documents, independent tokens, or a formula for these.")
    ] = "none"
    ci_form: Annotated[CiForm, typer.Option(help="How intervals come from resamples.")] = "percentile"
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95
    reps: Annotated[int, typer.Option(help="Resamples, and shuffles.")] = 1000
    null: Annotated[
        Null, typer.Option(help="Test whether the texts differ at all: shuffle documents or tokens.")
    ] = "none"
    seed: Annotated[int, typer.Option(help="Of everything random: intervals, test, contexts.")] = 0


@dataclass(frozen=True, kw_only=True)
class GraphOptions:
    """How it looks."""

    top: Annotated[int, typer.Option(help="Words shown; the terminal shows 20 of them at most.")] = 50
    detailed: Annotated[
        bool | None, typer.Option("--detailed/--simple", help="Both parts of each bar, or one bar.")
    ] = None
    title: Annotated[str | None, typer.Option(help="Instead of the usual one.")] = None
    style: Annotated[Style, typer.Option(help="Of figures: tall, for a slide, one journal column.")] = "tall"
    palette: Annotated[Palette, typer.Option(help="cvd: for any colour vision and for grey print.")] = "paper"
    width: Annotated[int | None, typer.Option(help="Columns of the bars in the terminal.")] = None


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Where it goes."""

    out: Annotated[
        list[Path] | None,
        typer.Option("-o", "--out", metavar="PATH", help="A file, its kind by its ending; or a folder."),
    ] = None
    format: Annotated[
        str, typer.Option(metavar="KIND,KIND", help="Kinds of files to write into the folder.")
    ] = ""


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters that are groups of options are spread into single options."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    groups = {one.name: one.annotation for one in own if dataclasses.is_dataclass(one.annotation)}
    spread: list[inspect.Parameter] = []
    for one in own:
        if one.name in groups:
            spread += _fields(groups[one.name])
        else:
            spread.append(one.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def run(**given: Any) -> None:
        filled = {
            name: cast("Any", group)(
                **{item.name: given.pop(item.name) for item in dataclasses.fields(group)}
            )
            for name, group in groups.items()
        }
        command(**given, **filled)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {one.name: one.annotation for one in spread}
    run.__signature__ = inspect.Signature(spread)  # type: ignore[attr-defined]
    return run


def _fields(group: Any) -> list[inspect.Parameter]:
    """The group's options, which its docstring heads in the help."""
    hints = get_type_hints(group, include_extras=True)
    for hint in hints.values():
        hint.__metadata__[0].rich_help_panel = str(group.__doc__).rstrip(".")
    return [
        inspect.Parameter(
            item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=hints[item.name]
        )
        for item in dataclasses.fields(group)
    ]


def given(group: Any) -> dict[str, Any]:
    """The options of a group that differ from their defaults, as JSON holds them."""
    return {
        item.name: _plain(value)
        for item in dataclasses.fields(group)
        if (value := getattr(group, item.name)) != item.default
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or type(value) in {bool, int, float} else str(value)
