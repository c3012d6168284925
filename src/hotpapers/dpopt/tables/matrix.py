"""A table as the matrix of a model, in memory or in a private file where it is too large for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.tables.design import Design
from hotpapers.dpopt.tables.rows import read_rows
from hotpapers.dpopt.tables.schema import Schema
from hotpapers.dpopt.tables.stored_matrix import StoredMatrix
from hotpapers.dpopt.tables.units import UnitCap

__all__ = ["StoredMatrix", "TableMatrix", "read_matrix"]

Floats = npt.NDArray[np.float32]


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
