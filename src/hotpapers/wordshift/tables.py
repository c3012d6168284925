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

__all__ = ["COLUMNS", "Columns", "meta_of", "table", "to_csv", "to_json", "write_table"]

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
    kind = path.suffix.lower()
    if kind == ".txt":
        from hotpapers.wordshift.figures.bars import to_text

        shown = (
            intervals
            if intervals is None or isinstance(intervals, Mapping)
            else _uncertainty(shift, intervals)
        )
        text = to_text(shift, top=top or 20, width=100, colour=False, ascii=False, intervals=shown)
        write_text(path, _encodable(text))
        return path
    if kind not in {".csv", ".json", ".parquet"}:
        raise InputError(f"{path}: a table is written as .csv, .json, .parquet or .txt")
    columns = table(shift, top, intervals)
    if kind == ".csv":
        write_text(path, _encodable(to_csv(columns)))
    elif kind == ".json":
        write_text(path, _encodable(to_json(columns, meta_of(shift, meta))))
    else:
        _write_parquet(path, columns, meta_of(shift, meta))
    return path


def _encodable(text: str) -> str:
    r"""`text` with lone surrogates, which UTF-8 can't hold, as ``\udc80``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _write_parquet(path: Path, columns: Columns, meta: Mapping[str, Any]) -> None:
    import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
    from pyarrow import parquet  # type: ignore[import-untyped, unused-ignore]

    arrays = {
        name: pa.array([_encodable(str(word)) for word in values], pa.string())
        if name in {"type", "kind"}
        else pa.array(np.asarray(values), from_pandas=True)
        for name, values in columns.items()
    }
    sheet = pa.table(arrays).replace_schema_metadata({"hotpapers": json.dumps(meta, sort_keys=True)})
    buffer = io.BytesIO()
    parquet.write_table(sheet, buffer, compression="zstd")
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
