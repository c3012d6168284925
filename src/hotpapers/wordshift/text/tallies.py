"""What counting leaves: types, their counts, and who they belong to; tallies add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Counts, Documents
from hotpapers.wordshift.vocabulary import in_order

__all__ = ["Tally", "added"]

Integers = NDArray[np.int64]


@dataclass(kw_only=True)
class Tally:
    """Counts of types, and where wanted of each document: entry i of the last three arrays.

    Parameters
    ----------
    types
        Distinct, in no order.
    values
        Shape (types,).
    names, groups
        One a document; empty where documents are not kept apart.
    documents, indices, counts
        Document ``documents[i]`` holds type ``indices[i]`` ``counts[i]`` times; shape (entries,).
    """

    types: list[str]
    values: Integers
    names: list[str]
    groups: list[str]
    documents: Integers
    indices: Integers
    counts: Integers

    def as_counts(self, name: str, *, documents: bool, meta: Mapping[str, Any]) -> Counts:
        """All of it as `Counts`, types sorted by code point."""
        types, order = in_order(self.types)
        rows = None
        if documents:
            place = _inverse(order)
            everyone, everything = np.arange(len(self.names)), np.arange(len(self.counts))
            rows = self._rows(everyone, everything, place[self.indices], self.names)
        return Counts(
            types=types,
            values=self.values[order].astype(np.float64),
            name=name,
            documents=rows,
            meta=meta,
        )

    def by_group(self, *, documents: bool, meta: Mapping[str, Any]) -> dict[str, Counts]:
        """One `Counts` a group, groups sorted by name."""
        types, order = in_order(self.types)
        listed, place = list(types), _inverse(order)
        labels = sorted(set(self.groups))
        number = {label: at for at, label in enumerate(labels)}
        group_of = np.array([number[group] for group in self.groups], dtype=np.int64)
        owner = group_of[self.documents]
        order = np.argsort(owner, kind="stable")
        edges = np.searchsorted(owner[order], np.arange(len(labels) + 1))
        result = {}
        for at, label in enumerate(labels):
            chosen = order[edges[at] : edges[at + 1]]
            present, within = np.unique(place[self.indices[chosen]], return_inverse=True)
            values = np.zeros(len(present), dtype=np.float64)
            np.add.at(values, within, self.counts[chosen])
            rows = None
            if documents:
                members = np.flatnonzero(group_of == at)
                rows = self._rows(members, chosen, within, [self.names[one] for one in members])
            kept = [listed[one] for one in present]
            result[label] = Counts(types=kept, values=values, name=label, documents=rows, meta=meta)
        return result

    def _rows(
        self, members: Integers, chosen: Integers, indices: Integers, names: Sequence[str]
    ) -> Documents:
        """Entries `chosen`, whose types are `indices`, as rows of the documents `members`."""
        row = np.full(len(self.names), -1)
        row[members] = np.arange(len(members))
        rows = row[self.documents[chosen]]
        order = np.lexsort((indices, rows))
        indptr = np.zeros(len(members) + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=len(members)), out=indptr[1:])
        return Documents(
            names=list(names),
            indptr=indptr,
            indices=indices[order],
            data=self.counts[chosen][order].astype(np.float64),
        )


def _inverse(order: NDArray[np.intp]) -> Integers:
    """The place of each type in `order`."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place


def added(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies, whose documents follow each other."""
    index: dict[str, int] = {}
    names: list[str] = []
    groups: list[str] = []
    places, amounts, parts = [], [], []
    for tally in tallies:
        place = np.array([index.setdefault(word, len(index)) for word in tally.types], dtype=np.int64)
        places.append(place)
        amounts.append(tally.values)
        parts.append((tally.documents + len(names), place[tally.indices], tally.counts))
        names += tally.names
        groups += tally.groups
    values = np.zeros(len(index), dtype=np.int64)
    for place, amount in zip(places, amounts, strict=True):
        values[place] += amount
    return Tally(
        types=list(index),
        values=values,
        names=names,
        groups=groups,
        documents=_joined([part[0] for part in parts]),
        indices=_joined([part[1] for part in parts]),
        counts=_joined([part[2] for part in parts]),
    )


def _joined(arrays: list[Integers]) -> Integers:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)


class Entries:
    """Sums equal (document, type) entries as they come, in bounded memory beyond the result."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._waiting: list[tuple[Integers, Integers, Integers]] = []
        self._size = 0
        self._limit = 4_000_000

    def index(self, words: Iterable[str]) -> list[int]:
        """The index of each type; new ones are taken in."""
        index = self._index
        return [index.setdefault(word, len(index)) for word in words]

    def add(self, documents: Integers, indices: Integers, counts: Integers) -> None:
        """Take in entries; equal ones may come again."""
        self._waiting.append((documents, indices, counts))
        self._size += len(counts)
        if self._size > self._limit:
            # Twice the result before the next time, so that the work stays linear.
            self._size = len(self._sum()[2])
            self._limit = max(self._limit, 2 * self._size)

    def tally(self, names: list[str], groups: list[str], *, apart: bool) -> Tally:
        """The result; without `apart` all documents are one and only their sum is kept."""
        documents, indices, counts = self._sum()
        values = np.zeros(len(self._index), dtype=np.int64)
        np.add.at(values, indices, counts)
        if not apart:
            documents = indices = counts = np.zeros(0, dtype=np.int64)
        return Tally(
            types=list(self._index),
            values=values,
            names=names if apart else [],
            groups=groups if apart else [],
            documents=documents,
            indices=indices,
            counts=counts,
        )

    def _sum(self) -> tuple[Integers, Integers, Integers]:
        documents, indices, counts = (_joined([part[at] for part in self._waiting]) for at in range(3))
        if len(counts):
            order = np.lexsort((indices, documents))
            documents, indices, counts = documents[order], indices[order], counts[order]
            first = np.flatnonzero(np.r_[True, (np.diff(documents) != 0) | (np.diff(indices) != 0)])
            documents, indices, counts = documents[first], indices[first], np.add.reduceat(counts, first)
        self._waiting = [(documents, indices, counts)]
        return documents, indices, counts
