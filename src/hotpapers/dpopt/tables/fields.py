"""Fields as numbers and as words, each by itself: what stands in one row never changes how another is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["is_numeric", "numbers", "words"]

# The fields that Arrow reads as a number other than NaN and the words for infinity.
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_EXACT = float(1 << 53)  # whole numbers below are exact in float64


def is_numeric(kind: Any) -> bool:
    """Whether columns of this Arrow type can hold numbers, as text or as numbers."""
    return bool(
        _is_text(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)  # a column without any value, to which one row may give one
        or (pa.types.is_dictionary(kind) and is_numeric(kind.value_type))
    )


def numbers(column: Any) -> npt.NDArray[np.float64]:
    """A column as float64 ``[m]``; what is no finite number is NaN."""
    column = _decoded(column)
    if _is_text(column.type):
        trimmed = pc.ascii_trim_whitespace(_as_text(column))
        try:
            column = pc.cast(trimmed, pa.float64())
        except pa.ArrowInvalid:
            numeric = pc.match_substring_regex(trimmed, _NUMBER)
            column = pc.cast(pc.if_else(numeric, trimmed, pa.scalar(None, trimmed.type)), pa.float64())
    else:
        column = pc.cast(column, pa.float64(), safe=False)
    found: npt.NDArray[np.float64] = column.to_numpy(zero_copy_only=False).astype(np.float64, copy=True)
    found[~np.isfinite(found)] = np.nan
    return found


def words(column: Any) -> Any:
    """A column as trimmed strings; whole numbers as 1, not 1.0; booleans as true and false."""
    column = _decoded(column)
    if _is_text(column.type):
        return pc.ascii_trim_whitespace(_as_text(column))
    if not pa.types.is_floating(column.type):
        return pc.cast(column, pa.large_string())
    column = pc.cast(column, pa.float64())
    whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), _EXACT))
    digits = pc.cast(pc.cast(pc.if_else(whole, column, 0.0), pa.int64()), pa.large_string())
    return pc.if_else(whole, digits, pc.cast(column, pa.large_string()))


def _decoded(column: Any) -> Any:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _as_text(column: Any) -> Any:
    """Strings without a look at their encoding: bytes that are no UTF-8 match no declared value."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    return column.cast(pa.large_binary()).view(pa.large_string())
