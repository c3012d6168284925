"""Rows of files in blocks of columns: CSV, Parquet, Arrow, libsvm, NPZ; what a field holds never stops the reading."""

from __future__ import annotations

import csv
import gzip
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from hotpapers.dpopt.errors import RowsError, SchemaError
from hotpapers.dpopt.tables.lines import LONGEST_LINE, line_blocks
from hotpapers.dpopt.tables.schema import Schema

__all__ = ["FORMATS", "Block", "column_names", "read_rows"]

FORMATS = ".csv, .tsv (also .gz), .parquet, .arrow, .feather, .svm (libsvm) and .npz"

Block = Mapping[str, Any]
"""Column name -> Arrow array, all of one length."""


def read_rows(path: Path, schema: Schema) -> Iterator[Block]:
    """The columns that a schema uses, a block of rows at a time.

    A row that cannot be read (a wrong number of fields, an open quotation mark) is left out in silence, for
    neither its presence nor its content is public; a row of a text table is a line.

    Raises
    ------
    SchemaError
        If the file lacks a column of the schema: names of columns are public.
    RowsError
        If the file as a whole cannot be read.
    """
    path = Path(path)
    kind = _kind(path)
    try:
        if kind in {".csv", ".tsv"}:
            yield from _text_rows(path, schema, "," if kind == ".csv" else "\t")
        elif kind == ".parquet":
            # So Arrow streams the chunks of columns; otherwise, or with threads, it holds far more than a block.
            file = pyarrow.parquet.ParquetFile(path, buffer_size=1 << 16, pre_buffer=False)
            _present(path, schema, file.schema_arrow.names)
            for batch in file.iter_batches(1 << 14, columns=list(schema.used), use_threads=False):
                yield _columns(batch, schema.used)
        elif kind in {".arrow", ".feather"}:
            yield from _arrow_rows(path, schema)
        else:
            columns = _npz_columns(path) if kind == ".npz" else _libsvm_columns(path, len(schema.columns))
            _present(path, schema, list(columns))
            yield {name: pa.array(columns[name]) for name in schema.used}
    except (OSError, EOFError) as error:
        raise RowsError(
            f"cannot read {path}: {getattr(error, 'strerror', None) or 'not a whole file'}"
        ) from None
    except (pa.ArrowException, ValueError) as error:
        if isinstance(error, SchemaError):
            raise
        raise RowsError(f"{path} cannot be read as {kind.removeprefix('.')}") from None


def column_names(path: Path) -> tuple[str, ...]:
    """Names of a file's columns, from its first line or its own schema."""
    path = Path(path)
    kind = _kind(path)
    try:
        if kind in {".csv", ".tsv"}:
            with _opened(path) as stream:
                return _header(stream, "," if kind == ".csv" else "\t")
        if kind == ".parquet":
            return tuple(pyarrow.parquet.read_schema(path).names)
        if kind in {".arrow", ".feather"}:
            with pa.memory_map(str(path)) as source:
                return tuple(pyarrow.ipc.open_file(source).schema.names)
    except (OSError, pa.ArrowException):
        raise RowsError(f"cannot read {path} as {kind.removeprefix('.')}") from None
    raise SchemaError(f"{path}: columns of {kind} have no names; they go by x1, x2, ... and y")


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    packed = len(suffixes) == 2 and suffixes[1] == ".gz" and suffixes[0] in {".csv", ".tsv"}
    kind = suffixes[0] if packed else "".join(suffixes[-1:])
    kind = {".libsvm": ".svm", ".ipc": ".arrow"}.get(kind, kind)
    if kind not in {".csv", ".tsv", ".parquet", ".arrow", ".feather", ".svm", ".npz"}:
        raise SchemaError(f"{path}: rows are read from {FORMATS}")
    if not path.is_file():
        raise RowsError(f"cannot read {path}: there is no such file")
    return kind


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def _header(stream: BinaryIO, separator: str) -> tuple[str, ...]:
    line = stream.readline(LONGEST_LINE).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    return tuple(name.strip() for name in next(csv.reader([line.rstrip("\r\n")], delimiter=separator), []))


def _text_rows(path: Path, schema: Schema, separator: str) -> Iterator[Block]:
    """Every column as strings, block by block; Arrow parses, lines were made safe before."""
    with _opened(path) as stream:
        names = schema.header or _header(stream, separator)
        _present(path, schema, names)
        reading = pyarrow.csv.ReadOptions(column_names=list(names), use_threads=False)
        parsing = pyarrow.csv.ParseOptions(delimiter=separator, invalid_row_handler=lambda _row: "skip")
        converting = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(schema.used, pa.string()),
            include_columns=list(schema.used),
            check_utf8=False,
        )
        for block in line_blocks(stream):
            reading.block_size = len(block) + 1
            yield _columns(
                pyarrow.csv.read_csv(
                    pa.BufferReader(block),
                    read_options=reading,
                    parse_options=parsing,
                    convert_options=converting,
                ),
                schema.used,
            )


def _arrow_rows(path: Path, schema: Schema) -> Iterator[Block]:
    with pa.OSFile(str(path)) as source:  # pages of a mapped file would count as memory used
        file = pyarrow.ipc.open_file(source)
        _present(path, schema, file.schema.names)
        for index in range(file.num_record_batches):
            yield _columns(file.get_batch(index), schema.used)


def _columns(table: Any, names: Sequence[str]) -> Block:
    found = {name: table.column(name) for name in names}
    return {
        name: column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for name, column in found.items()
    }


def _npz_columns(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
    except zipfile.BadZipFile:
        raise RowsError(f"{path} cannot be read as npz") from None
    if arrays.get("X", np.empty(0)).ndim != 2:
        raise SchemaError(f"{path} needs an array X [rows, columns], and y [rows] for the target")
    columns: dict[str, Any] = {f"x{at + 1}": values for at, values in enumerate(arrays["X"].T)}
    return columns if "y" not in arrays else {**columns, "y": arrays["y"]}


def _libsvm_columns(path: Path, features: int) -> dict[str, Any]:
    """A libsvm file as dense columns; its width is the schema's, for the widest row is private.

    Places count from 1. scikit-learn's reader ends at the first line that is wrong, and lets one place 0 move all rows.
    """
    rows: list[npt.NDArray[np.float64]] = []
    with path.open("rb") as stream:
        for block in line_blocks(stream):
            rows += [row for line in block.split(b"\n") if (row := _libsvm_row(line, features)) is not None]
    table = np.array(rows).reshape(-1, features + 1)
    return {**{f"x{at + 1}": table[:, at + 1] for at in range(features)}, "y": table[:, 0]}


def _libsvm_row(line: bytes, features: int) -> npt.NDArray[np.float64] | None:
    """Target and features of a line; None, and so left out, where it is not as the format has it."""
    words = line.split(b"#")[0].split()
    row = np.zeros(features + 1)
    try:
        row[0] = float(words[0])
        for word in words[1:]:
            place, value = word.split(b":")
            if not 1 <= int(place) <= features:
                return None
            row[int(place)] = float(value)
    except (ValueError, IndexError, OverflowError):
        return None
    return row


def _present(path: Path, schema: Schema, names: Sequence[str]) -> None:
    for name in schema.used:
        if name not in names:
            raise SchemaError(f"{path} has no column {name!r} of the schema")
