"""Molecules and their labels from tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.tables import read_table
from hotpapers.hopfield.molecules.fingerprints import Fingerprints, fingerprints

__all__ = ["Molecules", "left_out", "read_molecules"]


@dataclass(frozen=True, kw_only=True)
class Molecules:
    """Molecules of a table that could be read.

    Parameters
    ----------
    smiles
        As given, n of them.
    fingerprints
        Their bits, and which rows are no molecule.
    labels
        1 for a label's second class, 0 for its first, NaN where it is missing, ``[n, L]``.
    names
        Columns of the labels, L of them.
    classes
        Both classes of each label, sorted, as text.
    split
        What the column of a published split says, ``[n]``, or None.
    """

    smiles: tuple[str, ...]
    fingerprints: Fingerprints
    labels: npt.NDArray[np.float64]
    names: tuple[str, ...] = ()
    classes: tuple[tuple[str, str], ...] = ()
    split: npt.NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.smiles)


def left_out(molecules: Molecules) -> str:
    """One line about rows that are no molecule; "" where there is none."""
    refused = molecules.fingerprints.refused
    if not len(refused):
        return ""
    rows = ", ".join(str(at + 1) for at in refused[:5]) + (", ..." if len(refused) > 5 else "")
    return (
        f"{len(refused)} of {len(refused) + len(molecules)} SMILES are no molecule and left out: rows {rows}"
    )


def read_molecules(
    path: Path, *, smiles: str, labels: Sequence[str] = (), split: str | None = None
) -> Molecules:
    """Read molecules from a table.

    Parameters
    ----------
    path
        CSV, TSV, Parquet or Feather, one row a molecule.
    smiles
        Column of SMILES.
    labels
        Columns of labels with two classes each, or patterns such as ``"SIDER*"``; none to read molecules alone.
    split
        Column that says for each molecule which part of a published split it belongs to.

    Raises
    ------
    HopfieldError
        If a column is missing, a label has not two classes, or no row is a molecule.
    InputError
        If the file can't be read.
    MissingExtraError
        If rdkit is not installed.
    """
    table = read_table(path)
    for name in (smiles, *([split] if split else [])):
        if name not in table.columns:
            raise HopfieldError(f"{path} has no column {name!r}: it has {_shown(table.columns)}")
    names = _label_columns(path, [name for name in table.columns if name not in {smiles, split}], labels)
    made = fingerprints(table[smiles].tolist())
    rows = table.iloc[made.kept]
    columns = [_two_classes(rows[name], name) for name in names]
    return Molecules(
        smiles=tuple(rows[smiles]),
        fingerprints=made,
        labels=np.stack([values for values, _ in columns], axis=1) if columns else np.zeros((len(rows), 0)),
        names=tuple(names),
        classes=tuple(classes for _, classes in columns),
        split=rows[split].astype(str).to_numpy(dtype=np.str_) if split else None,
    )


def _label_columns(path: Path, columns: Sequence[str], wanted: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for pattern in wanted:
        matching = [pattern] if pattern in columns else [n for n in columns if fnmatchcase(n, pattern)]
        if not matching:
            raise HopfieldError(f"{path} has no column {pattern!r} for a label: it has {_shown(columns)}")
        found |= dict.fromkeys(matching)
    return list(found)


def _two_classes(column: pd.Series[Any], name: str) -> tuple[npt.NDArray[np.float64], tuple[str, str]]:
    """1.0, 0.0 or NaN for each molecule, and the two classes."""
    there = column.notna().to_numpy()
    values = column[there]
    kinds = sorted(values.unique(), key=lambda value: (str(type(value)), value))
    if len(kinds) != 2:
        raise HopfieldError(
            f"column {name!r} must hold two classes: it has {len(kinds)}, {_shown(map(str, kinds))}"
        )
    found = np.full(len(column), np.nan)
    found[there] = (values == kinds[1]).to_numpy()
    return found, (_plain(kinds[0]), _plain(kinds[1]))


def _plain(value: Any) -> str:
    """A class as text: 1 whether it was read as 1 or, beside missing ones, as 1.0."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(names: Iterable[str]) -> str:
    every = [repr(name) for name in names]
    return ", ".join([*every[:8], "..."] if len(every) > 8 else every)
