"""Several texts as one, document by document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hotpapers.wordshift.counts import Counts, Documents
from hotpapers.wordshift.matrices import frequency_table

__all__ = ["pooled"]


def pooled(groups: Mapping[str, Counts], name: str = "rest") -> Counts:
    """All groups' tokens together, types in code-point order.

    Documents are kept where every group has them; their names get the group's label in front.
    """
    types, table = frequency_table(groups)
    return Counts(types=types, values=table.sum(axis=0), name=name, documents=_documents(groups, types))


def _documents(groups: Mapping[str, Counts], types: Sequence[Any]) -> Documents | None:
    place = {word: at for at, word in enumerate(types)}
    names: list[str] = []
    indptr, indices, data = [np.zeros(1, dtype=np.int64)], [], []
    stored = 0
    for label, counts in groups.items():
        documents = counts.documents
        if documents is None:
            return None
        names += [f"{label}/{document}" for document in documents.names]
        moved = np.array([place[word] for word in counts.types], dtype=np.int64)
        indptr.append(np.asarray(documents.indptr[1:], dtype=np.int64) + stored)
        indices.append(moved[documents.indices])
        data.append(np.asarray(documents.data, dtype=float))
        stored += len(documents.indices)
    return Documents(
        names=names, indptr=np.concatenate(indptr), indices=np.concatenate(indices), data=np.concatenate(data)
    )
