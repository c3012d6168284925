"""`hotpapers wordshift series` and `matrix`: many texts, step by step or all pairs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import hotpapers
from hotpapers.common.console import printable
from hotpapers.wordshift.commands.measuring import shift_options
from hotpapers.wordshift.commands.options import MeasureOptions, OutputOptions
from hotpapers.wordshift.commands.outputs import Target, targets
from hotpapers.wordshift.commands.texts import Counting
from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.matrices import Matrix, matrix
from hotpapers.wordshift.shifts import Shift, WordShiftError
from hotpapers.wordshift.tables import Columns, meta_of, table, write_columns
from hotpapers.wordshift.timelines import series, trajectories

__all__ = ["matrix_rows", "run_matrix", "run_series", "step_rows"]

_TABLES = ("csv", "tsv", "json", "parquet")
_DRAWN = ("svg", "png", "pdf")
Steps = list[tuple[str, Shift]]


def run_series(
    sources: Sequence[str],
    counting: Counting,
    measure: MeasureOptions,
    outputs: OutputOptions,
    *,
    chosen: Sequence[str] = (),
    versus: str = "previous",
    track: Sequence[str] = (),
    top: int = 20,
    palette: str = "paper",
    seed: int = 0,
) -> tuple[Steps, list[Path]]:
    """A shift per group, in order, and the files that were asked for.

    Parameters
    ----------
    chosen
        Groups to compare, in this order; all where none are named.
    track
        Words to follow through the groups: figures and tables are of these, and there is no page.

    Raises
    ------
    WordShiftError
        If an input or option can't be used; nothing is written then.
    """
    pages = () if track else ("html",)
    files = targets(outputs, (*_DRAWN, *_TABLES, *pages), stem="series")
    if top < 1:
        raise WordShiftError(f"--top {top}: a number of words >= 1")
    options = shift_options(measure, counting.tokenizer)
    groups = counting.groups(sources, chosen, documents=bool(track))
    steps = series(groups, versus=versus, **options)
    record = {"version": hotpapers.__version__, "inputs": _inputs(groups)}
    if track:
        _write_tracks(groups, [counting.tokenizer.cased(word) for word in track], files, record, seed)
    else:
        _write_steps(steps, files, record, top, palette)
    return steps, [path for _, path in files]


def _inputs(groups: dict[str, Counts]) -> list[Any]:
    seen = {one["name"]: one for counts in groups.values() for one in (counts.meta or {}).get("inputs", [])}
    return list(seen.values())


def _write_tracks(
    groups: dict[str, Counts], words: list[str], files: list[Target], record: dict[str, Any], seed: int
) -> None:
    there = {word for counts in groups.values() for word in counts.types if word in words}
    if absent := [word for word in words if word not in there]:
        warnings.warn(f"in no text: {', '.join(absent)}", UserWarning, stacklevel=3)
    found = trajectories(groups, words, seed=seed)
    if drawn := [path for kind, path in files if kind in _DRAWN]:
        from hotpapers.wordshift.figures.lines import save_trajectories

        save_trajectories(found, drawn, metadata=record | {"title": "words over time"})
    count = len(words)
    columns: Columns = {
        "text": [label for label in found.labels for _ in words],
        "type": [word for _ in found.labels for word in words],
        "share": found.share.T.ravel(),
        "low": found.low.T.ravel(),
        "high": found.high.T.ravel(),
        "method": [method for method in found.method for _ in range(count)],
    }
    for kind, path in files:
        if kind in _TABLES:
            write_columns(columns, path, meta=record)


def _write_steps(steps: Steps, files: list[Target], record: dict[str, Any], top: int, palette: str) -> None:
    if drawn := [path for kind, path in files if kind in _DRAWN]:
        from hotpapers.wordshift.figures.graphs import save_graphs

        save_graphs(
            [step for _, step in steps],
            drawn,
            titles=[f"{step.names[0]} → {label}" for label, step in steps],
            order="shared",
            style="column",
            palette=palette,
            top_n=top,
            ranks=False,
            ylabel="",
            cumulative_inset=False,
            text_size_inset=False,
            metadata=record,
        )
    if any(kind in _TABLES for kind, _ in files):
        tables = [(label, step, table(step)) for label, step in steps]
        columns: Columns = {
            "text_1": [step.names[0] for _, step, made in tables for _ in made["type"]],
            "text_2": [label for label, _, made in tables for _ in made["type"]],
        }
        for name in tables[0][2]:
            parts = [made[name] for _, _, made in tables]
            joined = isinstance(parts[0], list)
            columns[name] = (
                [one for part in parts for one in part]
                if joined
                else np.concatenate([np.asarray(p) for p in parts])
            )
        meta = record | {"steps": [meta_of(step) for _, step in steps]}
        for kind, path in files:
            if kind in _TABLES:
                write_columns(columns, path, meta=meta)
    for kind, path in files:
        if kind == "html":
            from hotpapers.wordshift.page.steps import write_steps

            write_steps(steps, path, top=top, meta=record)


def step_rows(steps: Steps, words: int = 6) -> list[tuple[str, str, str]]:
    """For the terminal: the step, its total, and the words that contribute most with their direction."""
    rows = []
    for label, step in steps:
        chosen = []
        for at in step.top(words).tolist():
            if step.contribution[at] != 0:
                more = (
                    step.p_diff[at] > 0
                    if step.measure in {"jsd", "kld", "proportion"}
                    else step.score[at] > 0
                )
                chosen.append(("+" if more else "−") + printable(str(step.types[at])))
        size = 0.5 * float(abs(step.p_diff).sum()) if step.measure == "proportion" else step.difference
        rows.append((printable(f"{step.names[0]} → {label}"), f"{size:.4g}", "  ".join(chosen)))
    return rows


def run_matrix(
    sources: Sequence[str],
    counting: Counting,
    outputs: OutputOptions,
    *,
    chosen: Sequence[str] = (),
    base: float = 2.0,
    top: int = 10,
) -> tuple[Matrix, list[Path]]:
    """Jensen-Shannon divergences of all pairs, and the files that were asked for.

    Raises
    ------
    WordShiftError
        If an input or option can't be used; nothing is written then.
    """
    files = targets(outputs, (*_DRAWN, *_TABLES), stem="matrix")
    if top < 1:
        raise WordShiftError(f"--top {top}: a number of words >= 1")
    groups = counting.groups(sources, chosen)
    found = matrix(groups, base=base, top=4 * top)
    record = {"version": hotpapers.__version__, "inputs": _inputs(groups), "unit": found.unit}
    if drawn := [path for kind, path in files if kind in _DRAWN]:
        from hotpapers.wordshift.figures.heat import save_matrix

        save_matrix(found, drawn, metadata=record | {"title": "Jensen-Shannon divergences"})
    for kind, path in files:
        if kind in _TABLES:
            write_columns(_pairs(found, top), path, meta=record)
    return found, [path for _, path in files]


def _pairs(found: Matrix, top: int) -> Columns:
    count = len(found.labels)
    pairs = [(row, column) for row in range(count) for column in range(row + 1, count)]

    def words(row: int, column: int) -> str:
        return " ".join(str(word) for word, amount in found.words[row, column] if amount > 0)

    return {
        "text_1": [found.labels[row] for row, _ in pairs],
        "text_2": [found.labels[column] for _, column in pairs],
        "divergence": np.array([found.values[pair] for pair in pairs]),
        "more_in_text_1": [" ".join(words(column, row).split(" ")[:top]) for row, column in pairs],
        "more_in_text_2": [" ".join(words(row, column).split(" ")[:top]) for row, column in pairs],
    }


def matrix_rows(found: Matrix) -> list[list[str]]:
    """For the terminal: a row a text, its divergences from all others."""
    return [
        [printable(label), *("·" if value == 0 else f"{value:.3f}" for value in row)]
        for label, row in zip(found.labels, found.values.tolist(), strict=True)
    ]
