"""Types in order: sorted, distinct, and two lists of them merged, at a million types in a tenth of a second.

Long lists of strings are held by Polars as one column of UTF-8, whose order by bytes is the order by code
points; short ones, and labels that are no strings, are held as Python lists.
"""

from __future__ import annotations

import importlib.util
import operator
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

__all__ = ["LARGE", "Labels", "in_order", "merged", "ordered", "selected"]

Vector = NDArray[np.float64]

LARGE = 20_000  # types from which a column pays for Polars' import


class Labels(Sequence[str]):
    """Strings in one column, read as a sequence; Python strings are made only for those asked for.

    Parameters
    ----------
    column
        Polars strings, sorted, distinct, none missing.
    """

    __slots__ = ("_list", "column")

    def __init__(self, column: pl.Series) -> None:
        self.column = column
        self._list: list[str] | None = None

    def tolist(self) -> list[str]:
        """All of them as Python strings, kept for the next time."""
        if self._list is None:
            self._list = self.column.to_list()
        return self._list

    def __len__(self) -> int:
        return len(self.column)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return self.tolist()[index] if self._list is not None else self.column[index].to_list()
        return self.column[operator.index(index)] if self._list is None else self._list[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __contains__(self, label: object) -> bool:
        if not isinstance(label, str):
            return False
        try:
            place = int(self.column.search_sorted(label))
        except UnicodeEncodeError:  # half a surrogate pair is in no UTF-8
            return False
        return place < len(self) and self.column[place] == label

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Labels):
            return len(self) == len(other) and bool((self.column == other.column).all())
        return self.tolist() == list(other) if isinstance(other, list | tuple) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3]))
        return f"Labels([{shown}{', ...' if len(self) > 3 else ''}], {len(self)} types)"


def _column(labels: Sequence[Any] | pl.Series) -> pl.Series | None:
    """`labels` as a column of strings; None where that is not possible or not worth it."""
    if isinstance(labels, Labels):
        return labels.column
    if not isinstance(labels, list | tuple):  # a column that came as one
        return labels if str(getattr(labels, "dtype", "")) == "String" else None  # type: ignore[return-value]
    if len(labels) < LARGE or importlib.util.find_spec("polars") is None:
        return None
    import polars as pl

    try:
        column = pl.Series(labels, dtype=pl.String, strict=True)
    except (TypeError, UnicodeEncodeError, pl.exceptions.PolarsError):
        return None  # not all are strings, or one is half a surrogate pair
    return None if column.null_count() else column


def ordered(labels: Sequence[Any] | pl.Series, values: Vector) -> tuple[Sequence[Any], Vector]:
    """Distinct labels in order, with the sums of their values.

    Strings are in code-point order; numbers, bytes and tuples of them in their own; labels that can't be
    compared by the name of their Python type, then by ``repr``.

    Parameters
    ----------
    labels
        Any hashable labels, repeated or not; or a Polars column of strings.
    values
        One a label, shape (labels,).
    """
    column = _column(labels)
    if column is None:
        return _ordered_list(list(labels), values)
    import polars as pl

    # one thread: two take no less time, and half as much again of both
    frame = pl.DataFrame({"label": column, "value": values})
    frame = frame.sort("label", maintain_order=True, multithreaded=False)
    column = frame["label"]
    if len(column) > 1 and bool((column.head(-1) == column.slice(1)).any()):
        frame = frame.group_by("label", maintain_order=True).agg(pl.col("value").sum())
    return Labels(frame["label"]), frame["value"].to_numpy()


def in_order(types: list[str]) -> tuple[Sequence[str], NDArray[np.intp]]:
    """Distinct strings sorted by code point, and where each of them stood before.

    Examples
    --------
    >>> types, places = in_order(["b", "c", "a"])
    >>> types, places.tolist()
    (['a', 'b', 'c'], [2, 0, 1])
    """
    column = _column(types)
    if column is None:
        listed = sorted(range(len(types)), key=types.__getitem__)
        return [types[place] for place in listed], np.array(listed, dtype=np.intp)
    order = column.arg_sort()
    return Labels(column.gather(order)), order.to_numpy().astype(np.intp)


def _ordered_list(labels: list[Any], values: Vector) -> tuple[list[Any], Vector]:
    places: dict[Any, int] = {}
    index = np.fromiter(
        (places.setdefault(label, len(places)) for label in labels), dtype=np.intp, count=len(labels)
    )
    distinct = _sorted(list(places))
    sums = np.bincount(index, weights=values, minlength=len(places)) if len(labels) else np.zeros(0)
    order = np.fromiter((places[label] for label in distinct), dtype=np.intp, count=len(distinct))
    return distinct, sums[order].astype(float)


def _sorted(labels: list[Any]) -> list[Any]:
    """Sorted in a way that never depends on hashing or on the order given."""
    kinds = set(map(type, labels))
    alike = len(kinds) <= 1 or any(all(issubclass(kind, family) for kind in kinds) for family in (str, Real))
    try:
        if alike and frozenset not in kinds:  # < of sets is not an order
            return sorted(labels)
    except TypeError:
        pass
    return sorted(labels, key=lambda label: (type(label).__qualname__, _written(label)))


def _written(label: Any) -> str:
    if isinstance(label, frozenset):
        return "{" + ", ".join(sorted(map(_written, label))) + "}"
    if isinstance(label, tuple):
        return "(" + ", ".join(map(_written, label)) + ")"
    return repr(label)


def merged(
    types_1: Sequence[Any], values_1: Vector, types_2: Sequence[Any], values_2: Vector
) -> tuple[Sequence[Any], Vector, Vector]:
    """Sorted union of two lists of types, with the values of both, 0 where a list lacks the type.

    Linear in the number of types where both are sorted columns.
    """
    first, second = _column(types_1), _column(types_2)
    if first is None or second is None:
        return _merged_lists(types_1, values_1, types_2, values_2)
    if not isinstance(types_1, Labels):
        types_1, values_1 = ordered(first, values_1)
    if not isinstance(types_2, Labels):
        types_2, values_2 = ordered(second, values_2)
    return _merged_columns(types_1, values_1, types_2, values_2)


def _merged_columns(
    types_1: Any, values_1: Vector, types_2: Any, values_2: Vector
) -> tuple[Labels, Vector, Vector]:
    import polars as pl

    left = pl.DataFrame({"type": types_1.column, "f1": values_1, "f2": np.zeros(len(values_1))})
    right = pl.DataFrame({"type": types_2.column, "f1": np.zeros(len(values_2)), "f2": values_2})
    both = left.lazy().merge_sorted(right.lazy(), key="type").collect()
    column, f1, f2 = both["type"], both["f1"].to_numpy().copy(), both["f2"].to_numpy().copy()
    if len(column) < 2:
        return Labels(column), f1, f2
    repeats = (column.head(-1) == column.slice(1)).to_numpy()
    at = np.flatnonzero(repeats)  # a type of both lists stands twice in a row
    f1[at] += f1[at + 1]
    f2[at] += f2[at + 1]
    first = np.concatenate(([True], ~repeats))
    return Labels(column.filter(pl.Series(first))), f1[first], f2[first]


def _merged_lists(
    types_1: Sequence[Any], values_1: Vector, types_2: Sequence[Any], values_2: Vector
) -> tuple[list[Any], Vector, Vector]:
    union = _sorted(list(dict.fromkeys((*types_1, *types_2))))
    places = {label: place for place, label in enumerate(union)}
    rows = np.zeros((2, len(union)))
    for row, types, values in ((rows[0], types_1, values_1), (rows[1], types_2, values_2)):
        index = np.fromiter((places[label] for label in types), dtype=np.intp, count=len(types))
        np.add.at(row, index, values)
    return union, rows[0], rows[1]


def selected(types: Sequence[Any], keep: NDArray[np.bool_]) -> Sequence[Any]:
    """The types where `keep`, in the same order."""
    if isinstance(types, Labels):
        import polars as pl

        return Labels(types.column.filter(pl.Series(keep)))
    return [types[place] for place in np.flatnonzero(keep).tolist()]
