"""Repertoires from files: DeepRC's folders (a table of labels, a file a person) and AIRR tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotpapers.common.errors import InputError
from hotpapers.hopfield.repertoire.sequences import Repertoire, repertoire_of

__all__ = ["Cohort", "read_cohort", "read_repertoire"]

# Columns of sequences and their counts: DeepRC's (as in immunoSEQ's export) and AIRR's.
_COLUMNS = (("amino_acid", "templates"), ("junction_aa", "duplicate_count"))
_SUFFIXES = ("", ".tsv", ".tsv.gz", ".txt")


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Repertoires with their labels.

    Parameters
    ----------
    repertoires
        In the order of the table.
    labels
        One each, strings; None where no column was asked for.
    """

    repertoires: list[Repertoire]
    labels: npt.NDArray[np.str_] | None


def read_repertoire(path: Path, *, name: str | None = None) -> Repertoire:
    """One repertoire: a TSV with ``amino_acid`` and ``templates``, or with ``junction_aa`` and ``duplicate_count``.

    The column of counts may be missing: every sequence then counts 1. Rows that AIRR marks as not productive
    are left out, as are sequences that `repertoire_of` can't use.

    Raises
    ------
    InputError
        If the file can't be read, has none of these columns, or no usable sequence.
    """
    head = _read(path, nrows=0)
    found = next(((text, count) for text, count in _COLUMNS if text in head.columns), None)
    if found is None:
        raise InputError(
            f"{path} has neither a column 'amino_acid' nor 'junction_aa': it has {_few(head.columns)}"
        )
    text, count = found
    wanted = [column for column in (text, count, "productive") if column in head.columns]
    table = _read(path, usecols=wanted, dtype={text: "object", "productive": "object"})
    if "productive" in table.columns:
        table = table[~table["productive"].astype(str).str.upper().isin(["F", "FALSE"])]
    counts = None
    if count in table.columns:
        numbers = pd.to_numeric(table[count], errors="coerce")
        wrong = numbers.isna() & table[count].notna()
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise InputError(f"{path}: column {count!r}: {table[count].iloc[row]!r} is no number")
        counts = numbers.to_numpy()
    return repertoire_of(table[text].tolist(), counts, name=name or path.name.partition(".")[0])


def read_cohort(
    metadata: Path,
    folder: Path | None = None,
    *,
    label: str | None = "label",
    identifier: str = "ID",
) -> Cohort:
    """Repertoires of all rows of a table of labels.

    Parameters
    ----------
    metadata
        TSV with a column of names and one of labels.
    folder
        Where the files lie, called by those names with or without ``.tsv`` or ``.tsv.gz``;
        ``repertoires/`` beside the table, or its own folder, if left out.
    label, identifier
        Columns of labels (None: none is needed) and of names.

    Raises
    ------
    InputError
        If a column, a label or a file is missing, or a name stands there twice.
    """
    table = _read(metadata, dtype="object")
    for column in [identifier, *([label] if label else [])]:
        if column not in table.columns:
            raise InputError(f"{metadata} has no column {column!r}: it has {_few(table.columns)}")
        empty = table[column].isna()
        if empty.any():
            raise InputError(
                f"{metadata}: column {column!r} is empty in row {int(empty.to_numpy().argmax()) + 1}"
            )
    names = table[identifier].astype(str).tolist()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{metadata}: {twice!r} stands there twice")
    places = [folder] if folder else [metadata.parent / "repertoires", metadata.parent]
    repertoires = [read_repertoire(path, name=name) for name, path in _files(names, places)]
    return Cohort(
        repertoires=repertoires, labels=table[label].astype(str).to_numpy(dtype=np.str_) if label else None
    )


def _files(names: Sequence[str], places: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for name in names:
        tried = [place / f"{name}{suffix}" for place in places for suffix in _SUFFIXES]
        path = next((path for path in tried if path.is_file()), None)
        if path is None:
            raise InputError(
                f"no file for repertoire {name!r}: looked for {name}.tsv in {_few(map(str, places))}"
            )
        yield name, path


def _read(path: Path, **options: object) -> pd.DataFrame:
    try:
        found: pd.DataFrame = pd.read_csv(path, sep="\t", **options)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:  # pandas' parser errors are of this kind
        raise InputError(f"{path} is no table with tabs: {' '.join(str(error).split())[:160]}") from error
    return found


def _few(names: Iterable[object]) -> str:
    shown = [repr(str(name)) for name in names]
    return ", ".join([*shown[:8], "..."] if len(shown) > 8 else shown)
