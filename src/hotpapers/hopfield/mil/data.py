"""Bags as people have them (lists of arrays, rows with offsets, tables) brought to one form and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Bags", "Floats", "Integers", "as_bags", "bag_labels", "classes_of"]

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Bags:
    """B bags; bag i is ``rows[offsets[i]:offsets[i + 1]]``.

    Parameters
    ----------
    rows
        float32 ``[T, d]``, finite.
    offsets
        int64 ``[B + 1]``, from 0 to T, rising.
    names
        What the bags are called, B strings.
    features
        What the columns are called, d strings; () where they came without names.
    source
        Position of each row in what was given, int64 ``[T]``: tables are grouped by bag.
    """

    rows: Floats
    offsets: Integers
    names: tuple[str, ...]
    features: tuple[str, ...] = ()
    source: Integers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> Integers:
        """Rows of each bag, ``[B]``."""
        return np.diff(self.offsets)

    def take(self, chosen: Any) -> Bags:
        """Some of the bags, in the order asked for."""
        chosen = np.asarray(chosen, dtype=np.int64)
        pieces = [np.arange(self.offsets[i], self.offsets[i + 1]) for i in chosen]
        at = np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
        ends = np.cumsum(self.sizes[chosen], dtype=np.int64)
        return Bags(
            rows=self.rows[at],
            offsets=np.concatenate([np.zeros(1, np.int64), ends]),
            names=tuple(self.names[i] for i in chosen),
            features=self.features,
            source=self.source[at],
        )


def as_bags(given: Any, *, bag: str | None = None, leave_out: Sequence[str] = ()) -> Bags:
    """`given` as bags.

    Parameters
    ----------
    given
        A sequence of arrays ``[n_i, d]``; a pair of rows ``[T, d]`` and offsets ``[B + 1]``; or a pandas
        table with a row per instance, whose bags need not stand together.
    bag
        Column of the table that says which bag a row belongs to.
    leave_out
        Columns of the table that are no features.

    Raises
    ------
    HopfieldError
        If it is none of these, a bag is empty, or a value is missing, infinite or no number.
    """
    if isinstance(given, Bags):
        return given
    if hasattr(given, "columns") and hasattr(given, "iloc"):
        return _from_table(given, bag, leave_out)
    if isinstance(given, np.ndarray) and given.dtype != object:
        if given.ndim != 3:
            raise HopfieldError(
                f"bags must be a list of arrays [n, d], rows with offsets, or a table: got one array of "
                f"shape {list(given.shape)}"
            )
        given = list(given)
    if isinstance(given, tuple) and len(given) == 2 and _is_offsets(given[0], given[1]):
        return _from_offsets(_numbers(given[0], "rows"), given[1])
    return _from_list(given)


def _is_offsets(rows: Any, offsets: Any) -> bool:
    rows, offsets = np.asarray(rows), np.asarray(offsets)
    return rows.ndim == 2 and offsets.ndim == 1 and offsets.dtype.kind in "iu"


def _from_offsets(rows: Floats, offsets: Any) -> Bags:
    if np.asarray(offsets).dtype == np.uint64 and np.max(offsets, initial=0) > np.iinfo(np.int64).max:
        raise HopfieldError("offsets do not fit into 64-bit integers")
    ends = np.asarray(offsets).astype(np.int64)
    if len(ends) < 2 or ends[0] != 0 or ends[-1] != len(rows) or (np.diff(ends) < 0).any():
        raise HopfieldError(f"offsets must rise from 0 to the number of rows, {len(rows)}")
    names = tuple(str(i) for i in range(len(ends) - 1))
    return _checked(rows, ends, names, (), np.arange(len(rows)))


def _from_list(given: Any) -> Bags:
    try:
        arrays = [np.asarray(one) for one in given]
    except (TypeError, ValueError) as error:
        raise HopfieldError("bags must be a list of arrays [n, d], rows with offsets, or a table") from error
    if not arrays:
        raise HopfieldError("there is no bag")
    for index, one in enumerate(arrays):
        if one.ndim != 2 or one.shape[1] != arrays[0].shape[-1]:
            raise HopfieldError(
                f"bag {index} must be an array [n, {arrays[0].shape[-1] if arrays[0].ndim == 2 else 'd'}]: "
                f"got shape {list(one.shape)}"
            )
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in arrays])]).astype(np.int64)
    rows = _numbers(np.concatenate(arrays), "rows")
    return _checked(rows, offsets, tuple(map(str, range(len(arrays)))), (), np.arange(len(rows)))


def _from_table(table: Any, bag: str | None, leave_out: Sequence[str]) -> Bags:
    columns = [str(name) for name in table.columns]
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise HopfieldError(f"the table has two columns {twice!r}")
    if bag is None:
        raise HopfieldError("a table of rows needs to know its bags: name the column that holds them")
    for name in (bag, *leave_out):
        if name not in columns:
            raise HopfieldError(f"the table has no column {name!r}: it has {_few(columns)}")
    if not len(table):
        raise HopfieldError("the table has no row")
    features = [name for name in columns if name not in {bag, *leave_out}]
    if not features:
        raise HopfieldError(f"the table has no features beside {_few([bag, *leave_out])}")
    codes, ids = table[bag].factorize()
    if (codes < 0).any():
        raise HopfieldError(f"column {bag!r}: row {int(np.argmax(codes < 0)) + 1} names no bag")
    pieces = [_numbers(table[name].to_numpy(), f"column {name!r}") for name in features]
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(ids)))
    return _checked(
        np.stack(pieces, axis=1)[order],
        np.concatenate([[0], ends]).astype(np.int64),
        tuple(str(name) for name in ids),
        tuple(features),
        order.astype(np.int64),
    )


def _numbers(values: Any, what: str) -> Floats:
    """`values` as finite float32."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise HopfieldError(f"{what}: {_first_text(array)}") from None
    with np.errstate(over="ignore"):
        found = array.astype(np.float32)
    wrong = ~np.isfinite(found)
    if wrong.any():
        row, *rest = (int(i) for i in np.argwhere(wrong)[0])
        place = f"column {rest[0]} of the rows" if rest else what
        value = array[(row, *rest)]
        reason = "is missing" if np.isnan(value) else f"is {value:g}, which no 32-bit number can hold"
        raise HopfieldError(f"{place}: the value in row {row + 1} {reason}: fill it in or leave it out")
    return found


def _first_text(array: Any) -> str:
    for at, value in np.ndenumerate(array):
        try:
            float(value)
        except (TypeError, ValueError):
            missing = value is None or type(value).__name__ in {"NAType", "NaTType"}
            shown = "is missing" if missing else f"is {str(value)[:40]!r}, no number"
            return f"the value in row {at[0] + 1} {shown}: encode the column as numbers, or leave it out"
    return f"numbers are needed, not {array.dtype}"


def _checked(
    rows: Floats, offsets: Integers, names: tuple[str, ...], features: tuple[str, ...], source: Any
) -> Bags:
    empty = np.flatnonzero(np.diff(offsets) == 0)
    if len(empty):
        raise HopfieldError(f"bag {names[empty[0]]!r} has no rows: leave it out")
    if rows.shape[1] == 0:
        raise HopfieldError("the rows have no features")
    return Bags(
        rows=rows, offsets=offsets, names=names, features=features, source=np.asarray(source, np.int64)
    )


def bag_labels(bags: Bags, given: Any, name: str = "the label") -> npt.NDArray[Any]:
    """One label a bag, from labels of bags or of rows.

    Parameters
    ----------
    bags
        The bags.
    given
        ``[B]``, one for each bag in order; or one for each row as given, ``[T]``.
    name
        What the labels are called, for messages.

    Raises
    ------
    HopfieldError
        If there are more or fewer, one is missing, or the rows of one bag differ.
    """
    labels = np.asarray(given)
    if labels.ndim != 1 or len(labels) not in {len(bags), len(bags.rows)}:
        raise HopfieldError(
            f"{name} must be one for each of {len(bags)} bags, or of {len(bags.rows)} rows: "
            f"got shape {list(labels.shape)}"
        )
    missing = np.array([value is None or value != value for value in labels.tolist()])  # noqa: PLR0124 - NaN
    if missing.any():
        raise HopfieldError(f"{name} is missing in place {int(missing.argmax()) + 1}")
    if len(labels) == len(bags):  # also where each bag has one row: both orders are then the same
        return labels
    labels = labels[bags.source]
    first = labels[bags.offsets[:-1]]
    differs = labels != np.repeat(first, bags.sizes)
    if differs.any():
        at = int(np.searchsorted(bags.offsets, int(differs.argmax()), side="right")) - 1
        both = f"{first[at]!s} and {labels[int(differs.argmax())]!s}"
        raise HopfieldError(
            f"{name} must be the same in all rows of a bag: bag {bags.names[at]!r} has {both}"
        )
    return first


def classes_of(labels: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
    """The two classes, sorted, and 1.0 where a label is the second.

    Raises
    ------
    HopfieldError
        If there is one class only, or more than two.
    """
    classes = np.unique(labels.astype(str) if labels.dtype == object else labels)
    if len(classes) != 2:
        what = "is only one class" if len(classes) == 1 else f"are {len(classes)} classes"
        raise HopfieldError(f"labels must be of two classes: there {what}, {_few([str(c) for c in classes])}")
    values = labels.astype(str) if labels.dtype == object else labels
    return classes, (values == classes[1]).astype(np.float32)


def _few(names: Sequence[str]) -> str:
    shown = [repr(name) for name in names[:8]]
    return ", ".join([*shown, "..."] if len(names) > 8 else shown)
