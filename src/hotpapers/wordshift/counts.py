"""Word counts of one text, however they were given, and two of them side by side."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.shifts import WordShiftError, WordShiftWarning
from hotpapers.wordshift.vocabulary import merged, ordered

if TYPE_CHECKING:
    from hotpapers.wordshift.text.reading import Origin

__all__ = ["Counts", "Documents", "align", "as_counts"]

_EXACT = 2.0**53  # from here on not every whole number is a float


@dataclass(frozen=True, kw_only=True, eq=False)
class Documents:
    """Counts of each document of a text, for document-level uncertainty (compressed sparse rows).

    Parameters
    ----------
    names
        One a document.
    indptr, indices, data
        Row d holds types ``indices[indptr[d]:indptr[d + 1]]`` (positions in `Counts.types`) with
        counts ``data[...]``.
    """

    names: Sequence[str]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    data: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Frequencies of the types of one text.

    Parameters
    ----------
    types
        Distinct types, sorted (strings by code point).
    values
        Their frequencies, >= 0 and finite, shape (types,); fractional weights are allowed.
    name
        What the text is called in titles.
    documents
        Per-document counts, where they were kept.
    meta
        How it was counted: tokenizer, inputs with SHA-256.
    origin
        Where the text is, to read its words in context.
    """

    types: Sequence[Any]
    values: NDArray[np.float64]
    name: str = ""
    documents: Documents | None = None
    meta: Mapping[str, Any] | None = None
    origin: Origin | None = None

    @property
    def total(self) -> float:
        """Number of tokens."""
        return float(self.values.sum())

    def __len__(self) -> int:
        return len(self.types)

    def as_dict(self) -> dict[Any, float]:
        """Type -> frequency."""
        return dict(zip(self.types, self.values.tolist(), strict=True))


def as_counts(given: Any, name: str = "") -> Counts:
    """Counts from whatever holds them.

    Parameters
    ----------
    given
        One of

        * `Counts`, a mapping such as `collections.Counter`, a sequence of (type, count) pairs;
        * a pandas Series (index -> count), a pandas or Polars frame or an Arrow table with a column of
          types and one of counts, a Polars Series of (type, count) structs or of words to be counted;
        * a pair (sparse row, vocabulary) as scikit-learn's vectorizers make them; the vocabulary is a
          sequence of terms or a mapping term -> column.

        Types are any hashable labels. Those that come more than once are summed.
    name
        What the text is called; "" keeps the name that `given` has, if any.

    Raises
    ------
    WordShiftError
        If `given` is none of these, or a count is no number, NaN, infinite or negative: names the type.

    Warns
    -----
    WordShiftWarning
        If the counts' sum is beyond 2^53, where floats no longer hold every whole number.

    Examples
    --------
    >>> counts = as_counts([("b", 2), ("a", 1), ("b", 3)])
    >>> list(counts.types), counts.values.tolist()
    (['a', 'b'], [1.0, 5.0])
    >>> as_counts({"a": -1})
    Traceback (most recent call last):
        ...
    hotpapers.wordshift.shifts.WordShiftError: the count of 'a' is -1: counts are finite numbers >= 0
    """
    from hotpapers.wordshift.coercion import labels_and_frequencies

    if isinstance(given, Counts):
        return replace(given, name=name) if name and name != given.name else given
    labels, frequencies = labels_and_frequencies(given)
    types, values = ordered(labels, frequencies)
    total = float(values.sum())
    if total > _EXACT:
        warnings.warn(
            f"{name or 'the text'} has {total:.4g} tokens, more than 2^53: counts are rounded to floats",
            WordShiftWarning,
            stacklevel=2,
        )
    return Counts(types=types, values=values, name=name)


def align(a: Counts, b: Counts) -> tuple[Sequence[Any], NDArray[np.float64], NDArray[np.float64]]:
    """Two texts over the sorted union of their types.

    Returns
    -------
    types
        Sorted; strings by code point.
    f1, f2
        Frequencies in `a` and in `b`, 0 where the text lacks the type, shape (types,).

    Raises
    ------
    WordShiftError
        If a `Counts` object does not have one value a type.

    Examples
    --------
    >>> types, f1, f2 = align(as_counts({"a": 1, "c": 2}), as_counts({"b": 3, "c": 4}))
    >>> list(types), f1.tolist(), f2.tolist()
    (['a', 'b', 'c'], [1.0, 0.0, 2.0], [0.0, 3.0, 4.0])
    """
    for counts in (a, b):
        if np.shape(counts.values) != (len(counts.types),):
            raise WordShiftError(
                f"{counts.name or 'a text'} has {len(counts.types)} types but counts of shape {np.shape(counts.values)}"
            )
    return merged(a.types, np.asarray(a.values, dtype=float), b.types, np.asarray(b.values, dtype=float))
