"""Rows in a buffer that grows by doubling, so that appending one costs O(1) on average."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["GrowingRows"]

_SMALLEST = 16


class GrowingRows:
    """Rows of one width, appended to, replaced and removed.

    Parameters
    ----------
    width
        Numbers in a row.
    dtype, device
        Of the rows.

    Examples
    --------
    >>> kept = GrowingRows(2, torch.float32, torch.device("cpu"))
    >>> kept.append(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    >>> kept.keep(torch.tensor([False, True]))
    >>> kept.rows.tolist()
    [[3.0, 4.0]]
    """

    def __init__(self, width: int, dtype: torch.dtype, device: torch.device) -> None:
        self._room = torch.empty((0, width), dtype=dtype, device=device)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return self._room.shape[1]

    @property
    def rows(self) -> Tensor:
        """What is kept, ``[N, width]``: a view, valid until the next change."""
        return self._room[: self._count]

    def append(self, rows: Tensor) -> None:
        """Add `rows`, ``[n, width]``, at the end."""
        needed = self._count + rows.shape[0]
        if needed > self._room.shape[0]:
            grown = self._room.new_empty((max(needed, 2 * self._room.shape[0], _SMALLEST), self.width))
            grown[: self._count] = self.rows
            self._room = grown
        self._room[self._count : needed] = rows
        self._count = needed

    def replace(self, at: int, row: Tensor) -> None:
        """Put `row`, ``[width]``, where row `at` is."""
        self._room[at] = row

    def keep(self, chosen: Tensor) -> None:
        """Keep the rows that `chosen`, bool ``[N]``, names, in their order."""
        left = self.rows[chosen]
        self._room[: left.shape[0]] = left
        self._count = left.shape[0]
