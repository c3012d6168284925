"""Rows too many for memory, in a private file that is read slice by slice."""

from __future__ import annotations

import os
import tempfile
import weakref
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hotpapers.common.errors import FailureError

__all__ = ["StoredMatrix"]

Floats = npt.NDArray[np.float32]


class StoredMatrix:
    """Rows of float32 in a file that only its owner can read and that goes with the matrix, or when it is closed.

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
        self._end = weakref.finalize(self, self._file.close)

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

    def resize(self, rows: int) -> None:
        """Cut off what lies beyond so many rows, or add rows of zeros at the end."""
        try:
            self._file.truncate(rows * self._columns * 4)
        except OSError as error:
            raise FailureError(f"cannot keep rows in a temporary file: {error.strerror}") from None
        self._rows = rows

    def __getitem__(self, index: slice | npt.NDArray[np.integer[Any]]) -> Floats:
        """Consecutive rows, or the rows at places ``[m]``."""
        if isinstance(index, np.ndarray):
            rows = np.empty((len(index), self._columns), np.float32)
            for row, at in zip(rows, index.tolist(), strict=True):
                self._read(row, at)
            return rows
        start, stop, step = index.indices(self._rows)
        if step != 1:
            raise IndexError("a stored matrix gives consecutive rows")
        rows = np.empty((max(stop - start, 0), self._columns), np.float32)
        self._read(rows.reshape(-1), start)
        return rows

    def _read(self, values: Floats, row: int) -> None:
        view, at = values.view(np.uint8).data, row * self._columns * 4
        while len(view):
            read = os.preadv(self._file.fileno(), [view], at)
            if not read:
                raise FailureError("the temporary file of rows was cut short")
            view, at = view[read:], at + read

    def close(self) -> None:
        """Delete the file."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
