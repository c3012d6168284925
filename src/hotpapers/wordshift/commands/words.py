"""`hotpapers wordshift count`, `context`, `keyness` and `lexicons`: words by themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import hotpapers
from hotpapers.common.console import printable
from hotpapers.wordshift.commands.options import OutputOptions
from hotpapers.wordshift.commands.outputs import targets
from hotpapers.wordshift.commands.texts import Counting
from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.tables import Columns, write_columns

__all__ = ["context_lines", "keyness_rows", "lexicon_rows", "run_context", "run_count", "run_keyness"]

_TABLES = ("csv", "tsv", "json", "parquet")


def run_count(source: str, counting: Counting, outputs: OutputOptions) -> tuple[Counts, list[Path]]:
    """Count a text, and write the table where one was asked for: words in order, without a header in .tsv."""
    files = targets(outputs, ("tsv", *_TABLES), stem="counts")
    found = counting.text(source)
    whole = bool(np.all(found.values == np.floor(found.values)))
    values = found.values.astype(np.int64) if whole and found.total < 2**53 else found.values
    columns: Columns = {"type": list(found.types), "count": values}
    for kind, path in files:
        if kind == "tsv":
            from hotpapers.common.files import write_text

            write_text(path, count_lines(found))
        else:
            write_columns(columns, path, meta={"version": hotpapers.__version__, **(found.meta or {})})
    return found, [path for _, path in files]


def count_lines(found: Counts, *, by_count: bool = False) -> str:
    """Lines of word, tab, count: in order of the words, or by falling count."""
    pairs = list(zip(found.types, found.values.tolist(), strict=True))
    if by_count:
        pairs.sort(key=lambda pair: -pair[1])
    return "".join(f"{word}\t{value:.15g}\n" for word, value in pairs)


def run_context(
    source: str,
    words: Sequence[str],
    counting: Counting,
    outputs: OutputOptions,
    *,
    k: int,
    width: int,
    seed: int,
) -> tuple[dict[str, list[Any]], list[Path]]:
    """Sampled occurrences of each word, and the files that were asked for.

    Raises
    ------
    WordShiftError
        If an input or option can't be used, or none of the words is in the text.
    """
    from hotpapers.wordshift.text.contexts import contexts
    from hotpapers.wordshift.text.reading import Reading

    files = targets(outputs, ("txt", *_TABLES), stem="context")
    texts, tokenizer = counting.texts, counting.tokenizer
    reading = Reading(encoding=texts.encoding, strict_encoding=texts.strict_encoding, text_col=texts.text_col)
    wanted = [" ".join(tokenizer.cased(word).replace("’", "'").split()) for word in words]
    found = contexts(source, wanted, k=k, width=width, seed=seed, tokenizer=tokenizer, reading=reading)
    if not any(found.values()):
        shown = ", ".join(map(repr, wanted))
        raise WordShiftError(f"{shown}: not in {source}; words are compared as {tokenizer.case} case, whole")
    rows = [(word, one) for word, ones in found.items() for one in ones]
    columns: Columns = {"type": [word for word, _ in rows]}
    columns |= {
        name: [getattr(one, name) for _, one in rows] for name in ("left", "word", "right", "document")
    }
    for kind, path in files:
        if kind == "txt":
            from hotpapers.common.files import write_text

            write_text(path, context_lines(found))
        else:
            write_columns(
                columns, path, meta={"version": hotpapers.__version__, "source": source, "seed": seed}
            )
    return found, [path for _, path in files]


def context_lines(found: dict[str, list[Any]]) -> str:
    """Keywords in context: what stands before flush right, the word, what follows, the document."""
    from hotpapers.wordshift.figures.bars import display_width

    lines = []
    for word, ones in found.items():
        lines.append(f"{printable(word)}: {len(ones) or 'not found'}")
        lefts = [printable(one.left) for one in ones]
        wide = max(map(display_width, lefts), default=0)
        lines += [
            f"{' ' * (wide - display_width(left))}{left}[{printable(one.word)}]{printable(one.right)}  "
            f"({printable(one.document)})"
            for left, one in zip(lefts, ones, strict=True)
        ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def run_keyness(
    pair: tuple[Counts, Counts],
    outputs: OutputOptions,
    *,
    method: str = "log-odds",
    prior: str = "informative",
    cells: int = 4,
    alpha: float = 1 / 3,
    top: int = 25,
) -> tuple[list[dict[str, Any]], str, list[Path]]:
    """Words by keyness, text 2 against text 1: rows for a table, a line about the whole, files written.

    Parameters
    ----------
    method
        One of `keyness`, or ``"rank-turbulence"`` with its `alpha`.

    Raises
    ------
    WordShiftError
        If an option can't be used.
    """
    turbulent = method == "rank-turbulence"
    files = targets(outputs, (*_TABLES, *(("svg", "png", "pdf") if turbulent else ())), stem="keyness")
    if top < 1:
        raise WordShiftError(f"--top {top}: a number of words >= 1")
    record: dict[str, Any] = {"version": hotpapers.__version__, "method": method}
    if turbulent:
        from hotpapers.wordshift.rank_turbulence import rank_turbulence_divergence

        found = rank_turbulence_divergence(*pair, alpha=alpha)
        rows = [
            {
                "rank": rank, "type": found.types[at], "f1": found.f1[at], "f2": found.f2[at],
                "r1": found.r1[at], "r2": found.r2[at], "score": found.contribution[at] * found.direction[at],
            }
            for rank, at in enumerate(found.order.tolist(), start=1)
        ]  # fmt: skip
        line = (
            f"rank-turbulence divergence {found.total:.4f} (alpha = {alpha:.4g}): 0 alike, 1 nothing shared"
        )
        if drawn := [path for kind, path in files if kind not in _TABLES]:
            from hotpapers.wordshift.figures.allotaxonograph import save_allotaxonograph

            save_allotaxonograph(found, drawn, metadata=record | {"title": "allotaxonograph"})
    else:
        from hotpapers.wordshift.keyness_measures import keyness

        chosen: dict[str, Any] = {"method": method, "cells": cells}
        if method == "log-odds":
            chosen["prior"] = prior
        keys = keyness(*pair, **chosen)
        rows = keys.rows(top=len(keys.types))
        line = f"{method}: positive where {keys.names[1]} uses the word more than {keys.names[0]}"
    for kind, path in files:
        if kind in _TABLES:
            write_columns({name: _column([row[name] for row in rows]) for name in rows[0]}, path, meta=record)
    return rows[:top], line, [path for _, path in files]


def _column(values: list[Any]) -> Any:
    return values if isinstance(values[0], str) else np.asarray(values)


def keyness_rows(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells for the terminal."""
    shown = [name for name in rows[0] if name not in {"documents_1", "documents_2", "p_value"}]
    cells = [
        [printable(str(row["type"])) if name == "type" else _number(row[name]) for name in shown]
        for row in rows
    ]
    return shown, cells


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.4g}"


def lexicon_rows() -> list[list[str]]:
    """Lexicons that go by a name, those that are here marked."""
    from hotpapers.wordshift.lexicon.lexicons import lexicons
    from hotpapers.wordshift.lexicon.shelf import SHELF

    here = {info.name for info in lexicons()}
    return [
        [
            item.info.name,
            "shipped" if item.info.shipped else "here" if item.info.name in here else "not here",
            "-" if item.info.centre is None else f"{item.info.centre:g}",
            item.info.licence,
            item.info.source,
        ]
        for item in SHELF
    ]
