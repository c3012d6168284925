"""Vectors from files: .npy, .npz, and tables (.csv, .tsv, .parquet, .feather)."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hotpapers.common.errors import FailureError
from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Vectors", "read_vectors"]

_TABLES = {".csv", ".tsv", ".parquet", ".feather"}
_ARRAYS = {".npy", ".npz"}


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """What a file held.

    Parameters
    ----------
    rows
        ``[N, d]``, float64.
    columns
        What the numbers of a row are called.
    ids
        One for each row; None where the file has none.
    values
        ``[N, p]``; None where the file has none.
    """

    rows: np.ndarray[Any, np.dtype[np.float64]]
    columns: Sequence[str]
    ids: list[int | str] | None
    values: np.ndarray[Any, np.dtype[np.float64]] | None


def read_vectors(
    path: Path, *, id_column: str | None = None, value_columns: Sequence[str] = (), missing: bool = False
) -> Vectors:
    """Vectors of a file.

    Parameters
    ----------
    path
        ``.npy``: rows; ``.npz``: the array `X` or the only one, with `ids` and `values` if they are there;
        a table: all columns but those named below.
    id_column, value_columns
        Of a table.
    missing
        Whether a number may be missing (NaN, an empty cell).

    Raises
    ------
    HopfieldError
        If the file is of another kind or holds something else than finite numbers: the message names the
        column and the first row.
    FailureError
        If it can't be read.
    """
    kind = path.suffix.lower()
    if kind not in _TABLES | _ARRAYS:
        raise HopfieldError(f"{path}: vectors are read from {', '.join(sorted(_ARRAYS | _TABLES))}")
    if not path.is_file():
        raise HopfieldError(f"{path}: there is no such file")
    try:
        found = _of_table(path, id_column, value_columns) if kind in _TABLES else _of_array(path)
    except OSError as error:
        raise FailureError(f"cannot read {path}: {error.strerror or error}") from error
    if kind in _ARRAYS and (id_column or value_columns):
        raise HopfieldError(f"{path}: --id and --values name columns of a table; an .npz has them as arrays")
    _check_finite(path, found.rows, found.columns, missing=missing)
    return found


def _of_array(path: Path) -> Vectors:
    try:
        with path.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            arrays = {"X": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise HopfieldError(f"{path} holds no plain array: save it with numpy.save or numpy.savez") from error
    name = "X" if "X" in arrays else next(iter(arrays), "X")
    if name != "X" and len(arrays.keys() - {"ids", "values"}) != 1:
        raise HopfieldError(f"{path} has no array 'X', but {', '.join(arrays) or 'nothing'}")
    rows = _numbers(path, name, arrays[name])
    ids = arrays["ids"].tolist() if "ids" in arrays else None
    values = _numbers(path, "values", arrays["values"]) if "values" in arrays else None
    return Vectors(rows=rows, columns=[str(at) for at in range(rows.shape[1])], ids=ids, values=values)


def _numbers(path: Path, name: str, array: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    if array.dtype.kind not in "fiub":
        raise HopfieldError(f"{path}: {name} must hold numbers, not {array.dtype}")
    rows = array[None] if array.ndim == 1 and name != "values" else array
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or 0 in rows.shape:
        raise HopfieldError(
            f"{path}: {name} must be rows [N, d] with N >= 1 and d >= 1, not {list(array.shape)}"
        )
    return np.asarray(rows, np.float64)


def _of_table(path: Path, id_column: str | None, value_columns: Sequence[str]) -> Vectors:
    sheet = _sheet(path)
    for name in (*([id_column] if id_column else []), *value_columns):
        if name not in sheet.columns:
            raise HopfieldError(
                f"{path} has no column {name!r}: it has {_some(list(map(str, sheet.columns)))}"
            )
    if not len(sheet):
        raise HopfieldError(f"{path} has no rows")
    ids = None if id_column is None else [_plain_id(value) for value in sheet[id_column].tolist()]
    named = set(value_columns) | ({id_column} if id_column else set())
    columns = [name for name in sheet.columns if name not in named]
    if not columns:
        raise HopfieldError(f"{path} has no column left for the vectors")
    rows = np.stack([_column(path, sheet, name) for name in columns], axis=1)
    values = (
        np.stack([_column(path, sheet, name) for name in value_columns], axis=1) if value_columns else None
    )
    if values is not None:
        _check_finite(path, values, value_columns, missing=False)
    return Vectors(rows=rows, columns=[str(name) for name in columns], ids=ids, values=values)


def _sheet(path: Path) -> pd.DataFrame:
    kind = path.suffix.lower()
    try:
        if kind == ".parquet":
            return pd.read_parquet(path)
        if kind == ".feather":
            return pd.read_feather(path)
        separator = "\t" if kind == ".tsv" else ","
        with path.open(encoding="utf-8-sig") as stream:
            first = stream.readline().rstrip("\n").split(separator)
        header = None if first and all(_is_number(cell) for cell in first) else 0
        return pd.read_csv(path, sep=separator, header=header, encoding="utf-8-sig")
    except (ValueError, UnicodeDecodeError) as error:  # pandas' and pyarrow's parser errors are ValueErrors
        line = " ".join(str(error).split())
        raise HopfieldError(f"{path} is no table: {line[:200]}") from error


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _column(path: Path, sheet: pd.DataFrame, name: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    column = sheet[name]
    numbers = pd.to_numeric(column, errors="coerce")
    bad = (numbers.isna() & column.notna()).to_numpy()
    if bad.any() or numbers.dtype.kind not in "fiub":
        row = int(bad.argmax())
        raise HopfieldError(
            f"{path}: column {str(name)!r} has {column.iloc[row]!r} in row {row + 1}, which is no number "
            "(a column of names goes with --id)"
        )
    return np.asarray(numbers.to_numpy(np.float64, na_value=np.nan))


def _check_finite(path: Path, rows: Any, columns: Sequence[str], *, missing: bool) -> None:
    bad = np.isinf(rows) if missing else ~np.isfinite(rows)
    if bad.any():
        row, column = (int(at[0]) for at in bad.nonzero())
        value = float(rows[row, column])
        hint = (
            "; `memory retrieve --complete` fills in what is missing"
            if np.isnan(value) and not missing
            else ""
        )
        raise HopfieldError(
            f"{path}: column {columns[column]!r} has {value} in row {row + 1}, which is no finite number{hint}"
        )


def _plain_id(value: Any) -> int | str:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else str(value)


def _some(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
