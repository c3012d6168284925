"""A table as the matrix of a model, in memory or in a private file where it is too large for that."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hotpapers.common.errors import FailureError
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.tables.design import Design
from hotpapers.dpopt.tables.rows import read_rows
from hotpapers.dpopt.tables.schema import Schema
from hotpapers.dpopt.tables.units import UnitCap

__all__ = ["StoredMatrix", "TableMatrix", "read_matrix"]

Floats = npt.NDArray[np.float32]


class StoredMatrix:
    """Rows of float32 in a file that only its owner can read and that goes when the matrix is closed.

    A slice ``matrix[a:b]`` reads those rows into memory: pages of a mapped file would count as memory used.

    Parameters
    ----------
    columns
        Width of a row.
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rows = 0
        try:
            self._file = tempfile.TemporaryFile(prefix="hotpapers-")  # noqa: SIM115 - closed by `close`
        except OSError as error:
            raise FailureError(f"cannot keep rows in a temporary file: {error.strerror}") from None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._rows, self._columns

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: Floats) -> None:
        """Add rows ``[m, columns]`` at the end."""
        try:
            self._file.seek(0, os.SEEK_END)
            self._file.write(np.ascontiguousarray(rows, np.float32).tobytes())
            self._file.flush()
        except OSError as error:
            raise FailureError(f"cannot keep rows in a temporary file: {error.strerror}") from None
        self._rows += len(rows)

    def __getitem__(self, index: slice) -> Floats:
        start, stop, step = index.indices(self._rows)
        if step != 1:
            raise IndexError("a stored matrix gives consecutive rows")
        rows = np.empty((max(stop - start, 0), self._columns), np.float32)
        view, at = rows.reshape(-1).view(np.uint8).data, start * self._columns * 4
        while len(view):
            read = os.preadv(self._file.fileno(), [view], at)
            if not read:
                raise FailureError("the temporary file of rows was cut short")
            view, at = view[read:], at + read
        return rows

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True)
class TableMatrix:
    """A table ready for a model.

    Parameters
    ----------
    features
        ``[n, d]`` float32: an array, or a `StoredMatrix`.
    target
        ``[n]`` float64; None where the schema has no target.
    design
        What the columns mean.
    """

    features: Floats | StoredMatrix
    target: npt.NDArray[np.float64] | None
    design: Design


def read_matrix(path: Path, schema: Schema, *, memory: int = 512 << 20) -> TableMatrix:
    """Read a file of rows by its schema.

    Parameters
    ----------
    path
        CSV, Parquet, Arrow, libsvm or NPZ.
    schema
        The public schema.
    memory
        Bytes of features from which on they are kept in a private temporary file.

    Raises
    ------
    SchemaError
        If the file's columns are not as declared.
    RowsError
        If the file cannot be read as a whole.
    FailureError
        If there is no room for the temporary file.
    """
    if memory < 0:
        raise PrivacyError(f"memory must be at least 0 bytes: got {memory}")
    design = Design(schema)
    blocks: list[Floats] = []
    targets: list[npt.NDArray[np.float64]] = []
    stored: StoredMatrix | None = None
    held = 0
    for rows, target in _encoded(path, schema, design):
        held += rows.nbytes
        if target is not None:
            targets.append(target)
        if stored is None and held > memory:
            stored = StoredMatrix(len(design.names))
            for block in blocks:
                stored.append(block)
            blocks.clear()
        if stored is None:
            blocks.append(rows)
        else:
            stored.append(rows)
    width = len(design.names)
    features: Floats | StoredMatrix = (
        stored if stored is not None else np.concatenate([np.zeros((0, width), np.float32), *blocks])
    )
    together = np.concatenate([np.zeros(0), *targets]) if schema.target is not None else None
    return TableMatrix(features, together, design)


def _encoded(path: Path, schema: Schema, design: Design) -> Iterator[tuple[Floats, Any]]:
    cap = UnitCap(schema.rows_per_unit) if schema.unit is not None else None
    for block in read_rows(path, schema):
        if schema.target is None:
            rows, target = design.features(block), None
        else:
            rows, target = design.rows(block)
        if cap is not None and schema.unit is not None:
            kept = cap.keep(block[schema.unit])
            rows, target = rows[kept], None if target is None else target[kept]
        yield rows, target
