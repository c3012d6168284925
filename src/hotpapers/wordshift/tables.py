"""The numbers behind a word shift graph as columns, and as CSV, JSON, Parquet or text."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.errors import InputError
from hotpapers.common.files import atomic_path, write_text
from hotpapers.wordshift.figures.geometry import Intervals
from hotpapers.wordshift.shifts import Shift, WordShiftError

__all__ = [
    "COLUMNS",
    "Columns",
    "framed",
    "meta_of",
    "table",
    "to_csv",
    "to_json",
    "write_columns",
    "write_table",
]

Columns = dict[str, "NDArray[Any] | list[Any]"]

COLUMNS = (
    "rank", "type", "f1", "f2", "p1", "p2", "s1", "s2", "p_diff", "s_diff", "p_avg", "s_ref_diff",
    "p_part", "s_part", "contribution", "score", "kind", "adopted", "ci_low", "ci_high", "sd", "in_top_share",
)  # fmt: skip
"""Names of the columns, in order."""


class Uncertain(Protocol):
    """What has the uncertainty of some words: ends and sd in the contribution's unit."""

    @property
    def types(self) -> Sequence[Any]:
        """The words."""

    @property
    def low(self) -> NDArray[np.float64]:
        """Lower ends."""

    @property
    def high(self) -> NDArray[np.float64]:
        """Upper ends."""

    @property
    def sd(self) -> NDArray[np.float64]:
        """Standard deviations."""

    @property
    def in_top_share(self) -> NDArray[np.float64]:
        """Shares of replicates in which a word stays among the largest."""


def table(shift: Shift, top: int | None = None, intervals: Intervals | Uncertain | None = None) -> Columns:
    """One row a type, by falling absolute contribution.

    Parameters
    ----------
    top
        Rows; None: all kept types, those that contribute nothing included.
    intervals
        Type -> (low, high[, sd[, in_top_share]]) in the unit of ``shift.score``, or the object that
        `intervals` made.

    Returns
    -------
    `COLUMNS` -> values. Frequencies are integers where all are whole. ``ci_low``, ``ci_high`` and ``sd``
    are in the unit of ``score``; they and ``in_top_share`` are NaN where not known.

    Raises
    ------
    WordShiftError
        If `top` is not positive.
    """
    if top is not None and top < 1:
        raise WordShiftError(f"top={top}: a table needs at least 1 row")
    order = shift.order[:top]
    columns: Columns = {
        "rank": np.arange(1, len(order) + 1),
        "type": [shift.types[index] for index in order.tolist()],
        "f1": _whole(shift.f1, order),
        "f2": _whole(shift.f2, order),
    }
    names = ("p1", "p2", "s1", "s2", "p_diff", "s_diff", "p_avg", "s_ref_diff", "p_part", "s_part")
    columns |= {name: getattr(shift, name)[order] for name in (*names, "contribution", "score")}
    signs = np.where(shift.s_ref_diff[order] > 0, "pos_s_", "neg_s_")
    ups = np.where(shift.p_diff[order] > 0, "pos_p", "neg_p")
    columns["kind"] = [sign + up for sign, up in zip(signs.tolist(), ups.tolist(), strict=True)]
    columns["adopted"] = shift.adopted[order]
    known = _uncertainty(shift, intervals)
    rows = [known.get(word, ()) for word in columns["type"]] if known else []
    for place, name in enumerate(COLUMNS[-4:]):
        values = np.full(len(order), np.nan)
        for row, found in enumerate(rows):
            if place < len(found):
                values[row] = found[place]
        columns[name] = values
    return {name: columns[name] for name in COLUMNS}


def _whole(frequencies: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[Any]:
    whole = bool(np.all(frequencies == np.floor(frequencies))) and float(frequencies.max(initial=0)) < 2**53
    return frequencies[order].astype(np.int64) if whole else frequencies[order]


def _uncertainty(shift: Shift, intervals: Intervals | Uncertain | None) -> dict[Any, tuple[float, ...]]:
    if intervals is None:
        return {}
    if isinstance(intervals, Mapping):
        return {word: tuple(map(float, values)) for word, values in intervals.items()}
    columns = [(values / shift.norm).tolist() for values in (intervals.low, intervals.high, intervals.sd)]
    columns.append(np.asarray(intervals.in_top_share).tolist())
    return dict(zip(intervals.types, zip(*columns, strict=True), strict=True))


def meta_of(shift: Shift, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the table's numbers were made with and what they add up to; JSON holds it as it is.

    Parameters
    ----------
    extra
        Put over it: versions, options, hashes of the inputs.
    """
    meta = {
        "measure": shift.measure,
        "parameters": dict(shift.parameters),
        "names": list(shift.names),
        "difference": shift.difference,
        "unit": shift.unit,
        "averages": None if shift.averages is None else [float(value) for value in shift.averages],
        "reference": shift.reference,
        "normalization": shift.normalization,
        "norm": shift.norm,
        "degenerate": shift.degenerate,
        "components": shift.components,
        "types": len(shift.types),
        "coverage": {
            "tokens": list(shift.coverage.tokens),
            "share": list(shift.coverage.share),
            "dropped": dict(shift.coverage.dropped),
        },
    }
    return _finite(meta | dict(extra or {}))  # type: ignore[no-any-return]


def _finite(value: Any) -> Any:
    """`value` in what JSON knows: numbers that are none become null, other objects their words."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, list | tuple | np.ndarray):
        return [_finite(item) for item in value]
    return str(value)


def to_csv(columns: Columns) -> str:
    r"""Comma-separated values: a header, numbers by `repr` (they read back exactly), texts always quoted.

    A type is written as it is, also one that begins with ``=``, ``+``, ``-`` or ``@``: it is data, and a
    mark put before it would not read back. Import the column as text in a spreadsheet that computes such
    cells. What is not known is empty.

    Examples
    --------
    >>> to_csv({"rank": [1], "type": ["=1+1"], "score": [0.1]})
    'rank,type,score\n1,"=1+1",0.1\n'
    """
    cells = map(_cells, columns.values())
    lines = [",".join(columns), *(",".join(row) for row in zip(*cells, strict=True))]
    return "\n".join(lines) + "\n"


def _plain(values: NDArray[Any] | list[Any]) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _cells(values: NDArray[Any] | list[Any]) -> list[str]:
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
        return [_cell(value) for value in _plain(values)]
    cells = list(map(repr, values.tolist()))
    for at in np.flatnonzero(np.isnan(values)).tolist():
        cells[at] = ""
    return cells


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return '"' + str(value).replace('"', '""') + '"'


def to_json(columns: Columns, meta: Mapping[str, Any] | None = None) -> str:
    """``{"meta": ..., "table": {column: [...]}}``: floats by `repr`, what is not known null."""
    content = {
        "meta": _finite(dict(meta or {})),
        "table": {name: _finite(_plain(values)) for name, values in columns.items()},
    }
    return (
        json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=False)
        + "\n"
    )


def framed(columns: Columns, to: str) -> Any:
    """The columns as an Arrow table, a pandas or Polars frame, or as they are.

    Raises
    ------
    WordShiftError
        If `to` is none of arrow, pandas, polars, columns.
    """
    if to == "columns":
        return columns
    if to == "pandas":
        import pandas as pd

        return pd.DataFrame(columns)
    if to == "polars":
        import polars as pl

        return pl.DataFrame(columns)
    if to == "arrow":
        return _arrow(columns)
    raise WordShiftError(f"to {to!r}: accepted are arrow, pandas, polars, columns")


def write_table(
    shift: Shift,
    path: str | Path,
    *,
    top: int | None = None,
    intervals: Intervals | Uncertain | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Path:
    """Write the table in the format of `path`'s suffix: .csv, .json, .parquet or .txt.

    The text has `top` words (20 if None) as bars, without colour, 100 columns wide.

    Raises
    ------
    InputError
        For another suffix.
    """
    path = Path(path)
    if path.suffix.lower() == ".txt":
        from hotpapers.wordshift.figures.bars import to_text

        shown = (
            intervals
            if intervals is None or isinstance(intervals, Mapping)
            else _uncertainty(shift, intervals)
        )
        text = to_text(shift, top=top or 20, width=100, colour=False, ascii=False, intervals=shown)
        write_text(path, _encodable(text))
        return path
    return write_columns(table(shift, top, intervals), path, meta=meta_of(shift, meta))


def write_columns(columns: Columns, path: str | Path, *, meta: Mapping[str, Any] | None = None) -> Path:
    """Write columns of equal length as .csv, .tsv, .json or .parquet, the latter two with `meta`.

    Raises
    ------
    InputError
        For another suffix.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind in {".csv", ".tsv"}:
        write_text(path, _encodable(to_csv(columns) if kind == ".csv" else _to_tsv(columns)))
    elif kind == ".json":
        write_text(path, _encodable(to_json(columns, meta)))
    elif kind == ".parquet":
        _write_parquet(path, columns, meta or {})
    else:
        raise InputError(f"{path}: a table is written as .csv, .tsv, .json or .parquet")
    return path


def _to_tsv(columns: Columns) -> str:
    """Tab-separated values, without quotes: a text's tabs and line ends become blanks."""
    lines = ["\t".join(columns)]
    rows = zip(*(_plain(values) for values in columns.values()), strict=True)
    for row in rows:
        cells = (" ".join(one.split()) if isinstance(one, str) else _cell(one) for one in row)
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def _encodable(text: str) -> str:
    r"""`text` with lone surrogates, which UTF-8 can't hold, as ``\udc80``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _arrow(columns: Columns) -> Any:
    import pyarrow as pa

    arrays = {}
    for name, values in columns.items():
        if isinstance(values, list) and any(isinstance(one, str) for one in values):
            arrays[name] = pa.array([_encodable(str(one)) for one in values], pa.string())
        else:
            arrays[name] = pa.array(np.asarray(values), from_pandas=True)
    return pa.table(arrays)


def _write_parquet(path: Path, columns: Columns, meta: Mapping[str, Any]) -> None:
    from pyarrow import parquet

    made = _arrow(columns).replace_schema_metadata({"hotpapers": json.dumps(_finite(meta), sort_keys=True)})
    buffer = io.BytesIO()
    parquet.write_table(made, buffer, compression="zstd")
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
