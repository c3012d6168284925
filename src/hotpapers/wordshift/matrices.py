"""Many texts at once: all pairs, and one divergence of all of them together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.shifts import WordShiftError

__all__ = ["Divergence", "Matrix", "divergence", "frequency_table", "matrix"]

Vector = NDArray[np.float64]
Cell = tuple[tuple[Any, float], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Matrix:
    """Jensen-Shannon divergences of all pairs of texts.

    Parameters
    ----------
    labels
        The K texts.
    values
        Divergences, shape (K, K), symmetric, 0 on the diagonal.
    words
        Row, column -> the words that contribute most to the pair with their contributions, largest
        first. The sign is the direction: positive where the column's text uses the word more.
    unit
        ``"bits"``, ``"nats"`` or the base.
    """

    labels: tuple[str, ...]
    values: Vector
    words: Mapping[tuple[int, int], Cell]
    unit: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Divergence:
    """The Jensen-Shannon divergence of K texts at once.

    Parameters
    ----------
    labels, weights
        The texts and their weights w_k, which sum to 1.
    types
        Union of the types, in code-point order.
    shares
        Relative frequencies p_k, shape (K, types).
    by_text
        w_k p_k log(p_k / m), shape (K, types): negative where a text uses a type less than the mixture.
    total
        The divergence.
    """

    labels: tuple[str, ...]
    weights: Vector
    types: Sequence[Any]
    shares: Vector
    by_text: Vector
    total: float

    @property
    def contribution(self) -> Vector:
        """c_i = sum_k w_k p_k log(p_k / m) >= 0, shape (types,)."""
        return np.asarray(self.by_text.sum(axis=0))

    def top(self, count: int = 50) -> list[tuple[Any, float, str]]:
        """The types that contribute most: type, contribution, the text that uses it most by share."""
        order = np.argsort(-self.contribution, kind="stable")[:count]
        users = self.shares.argmax(axis=0)
        return [(self.types[i], float(self.contribution[i]), self.labels[users[i]]) for i in order.tolist()]


def frequency_table(groups: Mapping[str, Counts]) -> tuple[list[Any], Vector]:
    """Union of all types in code-point order, and frequencies of shape (groups, types).

    Raises
    ------
    WordShiftError
        If a group has no tokens, or there are none.
    """
    if not groups:
        raise WordShiftError("no texts: give at least two groups")
    for label, counts in groups.items():
        if not counts.total > 0:
            raise WordShiftError(f"{label!r} has no words")
    types = sorted({word for counts in groups.values() for word in counts.types})
    place = {word: at for at, word in enumerate(types)}
    table = np.zeros((len(groups), len(types)))
    for row, counts in enumerate(groups.values()):
        table[row, [place[word] for word in counts.types]] = counts.values
    return types, table


def _unit(base: float) -> str:
    if base == 2:
        return "bits"
    return "nats" if math.isclose(base, math.e) else f"base {base:g}"


def _information(p: Vector, m: Vector) -> Vector:
    """Terms p ln(p / m) by log1p, 0 where p = 0."""
    ratio = np.where(p > 0, (p - m) / np.where(m > 0, m, 1.0), 0.0)
    return p * np.log1p(ratio)


def _checked_base(base: float) -> float:
    if not (math.isfinite(base) and base > 0 and base != 1):
        raise WordShiftError(f"base {base}: a positive number other than 1")
    return float(base)


def matrix(groups: Mapping[str, Counts], *, base: float = 2.0, top: int = 10) -> Matrix:
    """Divergences of all pairs at equal weights, with the words behind each.

    Counts are put on one table once; a row of the matrix is then one operation on arrays.

    Parameters
    ----------
    groups
        Label -> counts, at least two.
    base
        Of the logarithm.
    top
        Words a pair.

    Raises
    ------
    WordShiftError
        If there are fewer than two texts, one is empty, or an option is out of range.
    """
    base = _checked_base(base)
    if len(groups) < 2:
        raise WordShiftError("a matrix needs at least two texts")
    if top < 0:
        raise WordShiftError(f"top={top}: at least 0")
    types, table = frequency_table(groups)
    shares = table / table.sum(axis=1, keepdims=True)
    count = len(groups)
    values = np.zeros((count, count))
    words: dict[tuple[int, int], Cell] = {}
    for row in range(count - 1):
        first, others = shares[row], shares[row + 1 :]
        m = 0.5 * (first + others)
        parts = 0.5 * (_information(np.broadcast_to(first, m.shape), m) + _information(others, m))
        parts /= math.log(base)
        values[row, row + 1 :] = parts.sum(axis=1)
        for offset, part in enumerate(parts):
            column = row + 1 + offset
            signs = np.where(others[offset] >= first, 1.0, -1.0)
            cell = tuple((types[i], float(signs[i] * part[i])) for i in _largest(part, top) if part[i] > 0)
            words[row, column] = cell
            words[column, row] = tuple((word, -value) for word, value in cell)
    return Matrix(labels=tuple(groups), values=values + values.T, words=words, unit=_unit(base))


def _largest(part: Vector, top: int) -> list[int]:
    """Positions of the `top` largest, largest first, ties in type order, without sorting everything."""
    if top == 0:
        return []
    if top < len(part):
        cut = np.partition(part, -top)[-top]
        near = np.flatnonzero(part >= cut)
    else:
        near = np.arange(len(part))
    return [int(i) for i in near[np.argsort(-part[near], kind="stable")][:top]]


def divergence(
    groups: Mapping[str, Counts],
    *,
    weights: Sequence[float] | str = "equal",
    base: float = 2.0,
) -> Divergence:
    """Jensen-Shannon divergence of all texts at once: H(sum_k w_k P_k) - sum_k w_k H(P_k).

    Parameters
    ----------
    weights
        ``"equal"``, ``"pooled"`` (shares of all tokens), or one number a text that sum to 1.

    Raises
    ------
    WordShiftError
        If weights or base are out of range, or a text is empty.

    Examples
    --------
    >>> a = Counts(types=["x"], values=np.array([1.0]))
    >>> b = Counts(types=["y"], values=np.array([3.0]))
    >>> divergence({"a": a, "b": b}).total
    1.0
    """
    base = _checked_base(base)
    types, table = frequency_table(groups)
    sizes = table.sum(axis=1)
    w = _weights(weights, sizes)
    shares = table / sizes[:, None]
    parts = w[:, None] * _information(shares, w @ shares) / math.log(base)
    return Divergence(
        labels=tuple(groups),
        weights=w,
        types=types,
        shares=shares,
        by_text=parts,
        total=math.fsum(parts.sum(axis=0)),
    )


def _weights(weights: Sequence[float] | str, sizes: Vector) -> Vector:
    if isinstance(weights, str):
        if weights == "equal":
            return np.full(len(sizes), 1 / len(sizes))
        if weights == "pooled":
            return np.asarray(sizes / sizes.sum())
        raise WordShiftError(f"weights {weights!r}: accepted are equal, pooled, or one number a text")
    given = np.asarray(weights, dtype=float)
    if given.shape != sizes.shape or not np.all(given >= 0) or abs(float(given.sum()) - 1) > 1e-9:
        raise WordShiftError(f"weights {list(weights)}: {len(sizes)} numbers >= 0 that sum to 1 are needed")
    return given
