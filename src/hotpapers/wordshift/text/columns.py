"""Tables as input: the text column of CSV, TSV, JSON lines and Parquet, and tables of word counts."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from hotpapers.common.errors import MissingExtraError
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text.inputs import Input, without_surrogates
from hotpapers.wordshift.text.reading import Piece, Reading, decoded, read_text

__all__ = ["pieces", "read_count_table", "read_rows"]

# Characters in one field of a table.
_FIELD_LIMIT = 2**31 - 1


def read_rows(given: Input, reading: Reading) -> Iterator[Piece]:
    """Each row's text as a document named ``file:row``, with its group; rows without text are left out.

    Raises
    ------
    WordShiftError
        If a column is not there (the message lists those that are), a row is damaged, or a value is
        not what the column needs.
    """
    rows = {"csv": _csv_rows, "tsv": _csv_rows, "jsonl": _json_rows, "parquet": _parquet_rows}[given.kind]
    text_col = reading.text_col or ""
    group_col = reading.group_col or reading.time_col
    for at, (number, row) in enumerate(rows(given, reading)):
        for column in filter(None, (text_col, group_col)) if at == 0 else ():
            if column not in row:
                raise WordShiftError(
                    f"{given.name} has no column {column!r}: it has {', '.join(map(str, row))}"
                )
        text = row.get(text_col)
        if text is None or text == "":
            continue
        where = f"{given.name}:{number}"
        if not isinstance(text, str):
            raise WordShiftError(f"{where}: column {text_col!r} holds {text!r:.40}, text is expected")
        group = ""
        if group_col:
            value = row.get(group_col)
            if value is None or value == "":
                continue
            group = _period(value, reading.by, where) if reading.by else str(value)
        yield Piece(without_surrogates(text.replace("\0", " "), where), where, True, group)


def _lines(given: Input, reading: Reading) -> Iterator[str]:
    """Lines with their line feeds; nothing but a line feed ends one."""
    rest = ""
    with given.open() as stream:
        for text in decoded(stream, given.name, reading):
            for line in io.StringIO(text, newline="\n"):
                rest = rest + line if rest else line
                if rest.endswith("\n"):
                    yield rest
                    rest = ""
    if rest:
        yield rest


@contextmanager
def _long_fields() -> Iterator[None]:
    before = csv.field_size_limit(_FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _fields(given: Input, reading: Reading) -> Iterator[list[str]]:
    """Rows of a CSV or TSV file; quotes mean nothing in the latter."""
    lines = _lines(given, reading)
    with _long_fields():
        if given.kind == "csv":
            rows = csv.reader(lines, strict=True)
        else:
            rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
        try:
            yield from filter(None, rows)
        except csv.Error as error:
            raise WordShiftError(f"{given.name} line {rows.line_num}: {error}") from error


def _csv_rows(given: Input, reading: Reading) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = _fields(given, reading)
    header = next(rows, [])
    for number, row in enumerate(rows, 1):
        if len(row) > len(header):
            raise WordShiftError(f"{given.name} row {number} has {len(row)} fields, its header {len(header)}")
        yield number, dict(zip(header, row + [""] * (len(header) - len(row)), strict=True))


def _json_rows(given: Input, reading: Reading) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(_lines(given, reading), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise WordShiftError(f"{given.name} line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise WordShiftError(f"{given.name} line {number} is not a JSON object with columns")
        yield number, row


def _parquet_rows(given: Input, reading: Reading) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("to read Parquet files, install pyarrow: pip install pyarrow") from error
    with given.open() as stream:  # read through once for the hash; Parquet itself needs to jump about
        while stream.read(1 << 20):
            pass
    try:
        file = pq.ParquetFile(given.path)
        wanted = {reading.text_col, reading.group_col or reading.time_col}
        columns = [name for name in file.schema_arrow.names if name in wanted]
        if len(columns) < len(wanted - {None}):
            yield 1, dict.fromkeys(file.schema_arrow.names)
        number = 0
        for batch in file.iter_batches(batch_size=1024, columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pa.ArrowException, OSError) as error:
        raise WordShiftError(f"{given.name} is not a Parquet file: {str(error).splitlines()[0]}") from error


def _period(value: Any, by: str, where: str) -> str:
    """The year, month, week or day of a date, written so that it sorts by time."""
    moment: date
    try:
        if isinstance(value, date):
            moment = value
        elif isinstance(value, int | float) or (isinstance(value, str) and value.isdigit()):
            # Four digits are a year; anything longer counts seconds since 1970.
            moment = (
                date(int(value), 1, 1) if 0 < int(value) < 10_000 else datetime.fromtimestamp(int(value), UTC)
            )
        else:
            moment = datetime.fromisoformat(str(value).strip())
    except (ValueError, OverflowError, OSError) as error:
        raise WordShiftError(f"{where}: {value!r:.40} is no date: write 2024-01-31 or a year") from error
    if by == "week":
        year, week, _ = moment.isocalendar()
        return f"{year:04d}-W{week:02d}"
    return moment.isoformat()[: {"year": 4, "month": 7, "day": 10}[by]]


def read_count_table(given: Input, reading: Reading) -> dict[str, float]:
    """Frequencies of types from a table of two columns, type and count; rows of one type are added up.

    A first row whose second field is no number is the header.

    Raises
    ------
    WordShiftError
        If rows don't have two fields, or a count is not a finite number >= 0 (the type is named).
    """
    counts: dict[str, float] = {}
    for number, row in enumerate(_fields(given, reading), 1):
        if len(row) != 2:
            raise WordShiftError(
                f"{given.name} row {number} has {len(row)} fields: a table of word counts has two, word and count;"
                " for a table of texts, name its text column"
            )
        word, written = row
        try:
            count = float(written)
        except ValueError as error:
            if number == 1:
                continue
            raise WordShiftError(
                f"{given.name} row {number}: count of {word!r} is {written!r}, not a number"
            ) from error
        if not math.isfinite(count) or count < 0:
            raise WordShiftError(
                f"{given.name} row {number}: count of {word!r} is {written}, not a finite number >= 0"
            )
        counts[word] = counts.get(word, 0.0) + count
    return counts


def pieces(inputs: Iterable[Input], reading: Reading) -> Iterator[Piece]:
    """The pieces of all inputs, in order: plain text, or rows where a text column was named."""
    for given in inputs:
        if given.kind == "text":
            yield from read_text(given, reading)
        elif reading.text_col is None:
            columns = "its text column" if given.kind != "parquet" else "a column of text"
            raise WordShiftError(f"{given.name} is a table: name {columns}")
        else:
            yield from read_rows(given, reading)
