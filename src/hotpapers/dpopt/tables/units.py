"""The rows of one person (household, patient): at most so many of them are used."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from hotpapers.dpopt.tables.fields import words

__all__ = ["UnitCap"]


class UnitCap:
    """Which rows are among the first `most` of their unit, block after block.

    One unit's rows never decide over another's, so a unit changes at most `most` rows of the matrix.

    Parameters
    ----------
    most
        Rows of a unit that are used.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: defaultdict[str | None, int] = defaultdict(int)

    def keep(self, units: Any) -> npt.NDArray[np.bool_]:
        """Whether each row of a block is used, ``[m]``, from the block's column of units.

        Fields that name no unit count as one unit of their own together.
        """
        names, first, which = np.unique(
            np.asarray(words(units).fill_null(""), dtype=object), return_index=True, return_inverse=True
        )
        del first
        order = np.argsort(which, kind="stable")
        counts = np.bincount(which, minlength=len(names))
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        rank = np.empty(len(which), np.int64)
        rank[order] = np.arange(len(which)) - starts
        before = np.array([self._seen[name] for name in names], np.int64)
        for name, count in zip(names, counts, strict=True):
            self._seen[name] += int(count)
        kept: npt.NDArray[np.bool_] = rank + before[which] < self._most
        return kept
