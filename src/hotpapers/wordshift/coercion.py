"""Labels and frequencies out of whatever holds counts: mappings, pairs, frames, sparse rows.

Libraries are recognised by what their objects can do, so none of them is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.shifts import WordShiftError

__all__ = ["labels_and_frequencies"]

Vector = NDArray[np.float64]
# Labels are a list, or a Polars column of strings.
Columns = tuple[Any, Vector]

_TYPE_COLUMNS = ("type", "types", "word", "words", "token", "term", "ngram", "label")
_COUNT_COLUMNS = ("count", "counts", "freq", "frequency", "n", "f", "len", "weight")


def labels_and_frequencies(given: Any) -> Columns:
    """Labels and their frequencies, in the order given and with repeats.

    Raises
    ------
    WordShiftError
        If `given` is of no known kind, or a frequency is not a finite number >= 0.
    """
    if isinstance(given, Mapping):
        return _checked(list(given.keys()), list(given.values()))
    if _is_sparse_pair(given):
        return _from_sparse(*given)
    for known, read in (
        (_is_arrow_table, _from_arrow),
        (_is_polars_frame, _from_polars_frame),
        (_is_polars_series, _from_polars_series),
        (_is_pandas_frame, _from_pandas_frame),
        (_is_pandas_series, _from_pandas_series),
    ):
        if known(given):
            return read(given)
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | set | frozenset):
        return _from_pairs(list(given))
    raise WordShiftError(
        f"counts from {type(given).__name__}: accepted are Counts, a mapping type -> count, "
        "(type, count) pairs, a frame or table of the two, or (sparse row, vocabulary)"
    )


# --- the kinds ---------------------------------------------------------------------------------------


def _from_pairs(given: list[Any]) -> Columns:
    labels, values = [], []
    for pair in given:
        if isinstance(pair, str | bytes) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise WordShiftError(
                f"{_short(pair)} is no (type, count) pair: count words first, as with collections.Counter"
            )
        labels.append(pair[0])
        values.append(pair[1])
    return _checked(labels, values)


def _is_sparse_pair(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and hasattr(given[0], "tocoo")


def _from_sparse(row: Any, vocabulary: Any) -> Columns:
    coordinates = row.tocoo()
    columns, values = np.asarray(coordinates.coords[-1]), np.asarray(coordinates.data)
    if len(row.shape) == 2 and row.shape[0] != 1:
        raise WordShiftError(f"a sparse matrix of {row.shape[0]} rows: give one row, or the sum of rows")
    if isinstance(vocabulary, Mapping):
        places = sorted(vocabulary.items(), key=lambda item: int(item[1]))
        terms = [term for term, _ in places]
    else:
        terms = list(vocabulary)
    if len(terms) != row.shape[-1]:
        raise WordShiftError(f"a row of {row.shape[-1]} columns but a vocabulary of {len(terms)} terms")
    return _checked([terms[column] for column in columns.tolist()], values)


def _is_arrow_table(given: Any) -> bool:
    return hasattr(given, "column_names") and hasattr(given, "to_pydict")


def _from_arrow(table: Any) -> Columns:
    label, value = _two_columns(list(table.column_names))
    return _checked(table.column(label).to_pylist(), table.column(value).to_pylist())


def _is_polars_frame(given: Any) -> bool:
    return hasattr(given, "get_columns") and hasattr(given, "to_series")


def _from_polars_frame(frame: Any) -> Columns:
    label, value = _two_columns(list(frame.columns))
    return _polars_columns(frame[label], frame[value])


def _is_polars_series(given: Any) -> bool:
    return hasattr(given, "value_counts") and hasattr(given, "get_chunks")


def _from_polars_series(series: Any) -> Columns:
    if hasattr(series, "struct") and str(series.dtype).startswith("Struct"):
        return _from_polars_frame(series.struct.unnest())
    if str(series.dtype) not in {"String", "Categorical"} and not str(series.dtype).startswith("Enum"):
        raise WordShiftError(f"a Polars Series of {series.dtype}: give words, or structs of type and count")
    counted = series.value_counts(name="count")
    return _polars_columns(counted[counted.columns[0]], counted["count"])


def _polars_columns(labels: Any, values: Any) -> Columns:
    kind = str(labels.dtype)
    if kind == "Categorical" or kind.startswith(("Categorical", "Enum")):
        labels = labels.cast(str)
    as_column = str(labels.dtype) == "String" and not labels.null_count()
    listed = values.to_list() if values.null_count() else values.to_numpy()
    return _checked(labels if as_column else labels.to_list(), listed)


def _is_pandas_frame(given: Any) -> bool:
    return hasattr(given, "columns") and hasattr(given, "iloc")


def _from_pandas_frame(frame: Any) -> Columns:
    if len(frame.columns) == 1:
        return _from_pandas_series(frame.iloc[:, 0])
    label, value = _two_columns([str(name) for name in frame.columns])
    places = {str(name): place for place, name in enumerate(frame.columns)}
    return _checked(frame.iloc[:, places[label]].tolist(), frame.iloc[:, places[value]].tolist())


def _is_pandas_series(given: Any) -> bool:
    return hasattr(given, "iloc") and hasattr(given, "index") and not callable(given.index)


def _from_pandas_series(series: Any) -> Columns:
    return _checked(series.index.tolist(), series.tolist())


def _two_columns(names: list[str]) -> tuple[str, str]:
    """The column of types and that of counts, by name, else the only two there are."""
    lowered = {name.lower(): name for name in names}
    label = next((lowered[known] for known in _TYPE_COLUMNS if known in lowered), None)
    value = next((lowered[known] for known in _COUNT_COLUMNS if known in lowered), None)
    if label is not None and value is not None:
        return label, value
    if len(names) == 2:
        return names[0], names[1]
    raise WordShiftError(
        f"a table with columns {', '.join(names) or '(none)'}: name two of them 'type' and 'count'"
    )


# --- validation --------------------------------------------------------------------------------------


def _checked(labels: Any, values: Any) -> Columns:
    """`values` as finite floats >= 0, one a label."""
    array = _numbers(labels, values)
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise _bad(labels[at], values[at])
    return labels, array


def _numbers(labels: Any, values: Any) -> Vector:
    try:
        array = np.asarray(values)
    except (ValueError, OverflowError):  # lists within, or numbers beyond 64 bits
        array = np.empty(0, dtype=object)
    if array.dtype.kind in "iufb" and array.ndim == 1:
        return array.astype(np.float64, copy=False)
    numbers = np.empty(len(values))
    for at, value in enumerate(values):
        if isinstance(value, str | bytes):  # float would read it
            raise _bad(labels[at], value)
        try:
            numbers[at] = float(value)
        except (TypeError, ValueError, OverflowError):
            raise _bad(labels[at], value) from None
    return numbers


def _bad(label: Any, value: Any) -> WordShiftError:
    shown = value.item() if isinstance(value, np.generic) else value
    what = f"the text {shown!r}" if isinstance(shown, str | bytes) else _short(shown)
    return WordShiftError(f"the count of {_short(label)} is {what}: counts are finite numbers >= 0")


def _short(thing: Any) -> str:
    text = repr(thing)
    return text if len(text) <= 60 else text[:57] + "..."
