"""Bags from files: CSV, TSV, Parquet, Feather and NPZ; predictions back into tables."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotpapers.common.errors import InputError
from hotpapers.common.files import atomic_path
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.data import Bags, as_bags, bag_labels

__all__ = ["LabelledBags", "read_bags", "read_table", "write_table"]

_FORMATS = ".csv, .tsv, .parquet, .feather (also .csv.gz, .tsv.gz)"


@dataclass(frozen=True, kw_only=True)
class LabelledBags:
    """Bags of a file.

    Parameters
    ----------
    bags
        The bags.
    labels
        One a bag, ``[B]``; None where none were asked for and the file has none.
    fold_test
        The fold in which each bag is tested, ``[repetitions, B]``, where the file says so.
    groups
        Number of the group that each bag belongs to, ``[B]``, where one was asked for.
    table
        The table that they came from; None for NPZ.
    """

    bags: Bags
    labels: npt.NDArray[Any] | None
    fold_test: npt.NDArray[np.int64] | None = None
    groups: npt.NDArray[np.int64] | None = None
    table: pd.DataFrame | None = None


def read_table(path: Path) -> pd.DataFrame:
    """A table with a row per instance.

    Raises
    ------
    InputError
        If the file isn't there, can't be read, or is of another kind.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    kind = suffixes[0] if len(suffixes) == 2 and suffixes[1] == ".gz" else "".join(suffixes[-1:])
    readers = {
        ".csv": lambda: pd.read_csv(path, low_memory=False),
        ".tsv": lambda: pd.read_csv(path, sep="\t", low_memory=False),
        ".parquet": lambda: pd.read_parquet(path),
        ".feather": lambda: pd.read_feather(path),
    }
    if kind not in readers:
        raise InputError(f"{path}: tables of bags are read from {_FORMATS}, or .npz with X, offsets and y")
    try:
        found: pd.DataFrame = readers[kind]()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # parsers raise errors of many libraries
        raise InputError(f"{path} can't be read as {kind.removeprefix('.')}: {_line(error)}") from error
    found.columns = [str(name) for name in found.columns]
    return found


def read_bags(
    path: Path,
    *,
    bag: str | None = None,
    label: str | None = None,
    leave_out: Sequence[str] = (),
    group: str | None = None,
) -> LabelledBags:
    """Bags of a file, with their labels.

    Parameters
    ----------
    path
        A table with a row per instance, or NPZ with ``X`` ``[T, d]``, ``offsets`` ``[B + 1]``, ``y`` ``[B]``
        and, if there are published folds, ``fold_test`` ``[repetitions, B]``.
    bag, label
        Columns of the table; NPZ needs neither.
    leave_out
        Columns that are no features.
    group
        Column, or array of the NPZ, of the groups that bags belong to; it is no feature.

    Raises
    ------
    InputError
        If the file can't be used; says which column and row.
    """
    if path.suffix.lower() == ".npz":
        return _from_npz(path, group)
    table = read_table(path)
    columns = list(table.columns)
    if bag is None:
        raise HopfieldError(f"{path}: name the column of bags with --bag; there are {_shown(columns)}")
    beside = [*([label] if label else []), *([group] if group else []), *leave_out]
    for name in (bag, *beside):
        if name not in columns:
            raise HopfieldError(f"{path} has no column {name!r}: it has {_shown(columns)}")
    bags = as_bags(table, bag=bag, leave_out=list(dict.fromkeys(beside)))
    labels = None
    if label is not None:
        labels = bag_labels(bags, table[label].to_numpy(), f"column {label!r}")
    groups = None
    if group is not None:
        groups = _codes(bag_labels(bags, table[group].to_numpy(), f"column {group!r}"))
    return LabelledBags(bags=bags, labels=labels, groups=groups, table=table)


def _codes(groups: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Groups of whatever kind as numbers from 0."""
    return np.asarray(pd.factorize(groups)[0], dtype=np.int64)


def _from_npz(path: Path, group: str | None) -> LabelledBags:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise InputError(f"cannot read {path} as NPZ: {_line(error)}") from error
    for key in ("X", "offsets", *([group] if group else [])):
        if key not in arrays:
            raise InputError(f"{path} has no array {key!r}: it has {_shown(list(arrays))}")
    bags = as_bags((arrays["X"], arrays["offsets"]))
    labels = bag_labels(bags, arrays["y"], "y") if "y" in arrays else None
    folds = arrays.get("fold_test")
    if folds is not None and (folds.ndim != 2 or folds.shape[1] != len(bags)):
        raise InputError(f"{path}: fold_test must be [repetitions, {len(bags)}]: got {list(folds.shape)}")
    return LabelledBags(
        bags=bags,
        labels=labels,
        fold_test=None if folds is None else folds.astype(np.int64),
        groups=_codes(bag_labels(bags, arrays[group], group)) if group else None,
    )


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, TSV, Parquet or Feather, whole or not at all."""
    writers = {
        ".csv": lambda to: table.to_csv(to, index=False),
        ".tsv": lambda to: table.to_csv(to, index=False, sep="\t"),
        ".parquet": lambda to: table.to_parquet(to, index=False),
        ".feather": table.to_feather,
    }
    if path.suffix.lower() not in writers:
        raise InputError(f"{path}: tables are written as .csv, .tsv, .parquet or .feather")
    with atomic_path(path) as temporary:
        writers[path.suffix.lower()](temporary)


def _shown(names: Sequence[str]) -> str:
    return ", ".join([repr(name) for name in names[:8]] + (["..."] if len(names) > 8 else []))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
