"""What a memory answered, as a table for people and as files: .csv, .parquet, .json, .npy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hotpapers.common.console import printable, table
from hotpapers.common.files import atomic_path, write_text
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.memory.retrieval import Retrieval

__all__ = ["as_records", "as_table", "write_answers"]

_SUFFIXES = (".csv", ".parquet", ".json", ".npy")


def as_records(found: Retrieval, names: Sequence[Any]) -> list[dict[str, Any]]:
    """One record a query: its name, the report, the pattern and the value."""
    states = found.state.tolist()
    values = [None] * len(states) if found.value is None else found.value.tolist()
    records = []
    for name, report, state, value in zip(names, found.reports, states, values, strict=True):
        record = {"query": name, **report.as_dict(), "state": state}
        records.append(record if value is None else record | {"value": value})
    return records


def as_table(found: Retrieval, names: Sequence[Any], *, report: bool) -> Any:
    """A table for the terminal: what was retrieved, with all of the report if wanted."""
    short = ("query", "retrieved", "weight", "k", "verdict")
    long = ("separation", "needed", "bound", "change", "energy", "updates")
    sheet = table(*short, *(long if report else ()), numbers=("weight", "k", *long))
    for name, one in zip(names, found.reports, strict=True):
        cells = [printable(str(name)), printable(str(one.id)), f"{one.weight:.3f}", str(one.k), one.verdict]
        if report:
            bound = "void" if one.void else f"{one.error_bound:.1e}"
            fall = f"{one.energy_before:.4g} to {one.energy_after:.4g}"
            cells += [
                f"{one.separation:.4g}",
                f"{one.separation_needed:.4g}",
                bound,
                f"{one.change:.1e}",
                fall,
            ]
            cells.append(str(one.iterations))
        sheet.add_row(*cells)
    return sheet


def write_answers(found: Retrieval, names: Sequence[Any], columns: Sequence[str], path: Path) -> None:
    """Write the answers by the file's suffix; .npy holds the values, or the patterns where there are none.

    Raises
    ------
    HopfieldError
        For another suffix.
    """
    kind = check_suffix(path)
    if kind == ".json":
        write_text(path, json.dumps(as_records(found, names), indent=1, ensure_ascii=False) + "\n")
        return
    if kind == ".npy":
        read = found.state if found.value is None else found.value
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, read.cpu().numpy())
        return
    sheet = _sheet(found, names, columns)
    if kind == ".csv":
        write_text(path, sheet.to_csv(index=False))
        return
    with atomic_path(path) as temporary:
        sheet.to_parquet(temporary, index=False)


def check_suffix(path: Path) -> str:
    """The kind of file that `path` is to be.

    Raises
    ------
    HopfieldError
        If it can't be written.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise HopfieldError(f"{path}: answers are written as {', '.join(_SUFFIXES)}")
    return path.suffix.lower()


def _sheet(found: Retrieval, names: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    reports = pd.DataFrame(
        [{"query": name, **one.as_dict()} for name, one in zip(names, found.reports, strict=True)]
    )
    parts = [reports, pd.DataFrame(found.state.cpu().numpy(), columns=list(columns))]
    if found.value is not None:
        width = found.value.shape[1]
        parts.append(pd.DataFrame(found.value.cpu().numpy(), columns=[f"value_{at}" for at in range(width)]))
    return pd.concat(parts, axis=1)
