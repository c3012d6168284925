"""From what a caller gives to rows that the memory can associate: checked, centred, of unit norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hotpapers.hopfield.arrays import floating
from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Preparation", "checked_rows", "known_mask"]


def checked_rows(given: Any, name: str, dim: int | None, dtype: torch.dtype, device: torch.device) -> Tensor:
    """`given` as finite rows ``[n, d]`` of the memory's type.

    Raises
    ------
    HopfieldError
        If the rows have another dimension than `dim`, or a number is missing, infinite or too large for
        `dtype`: the message names the first row and column.
    """
    rows = floating(given, name)
    rows = rows.unsqueeze(0) if rows.ndim == 1 else rows
    if rows.ndim != 2 or 0 in rows.shape:
        raise HopfieldError(
            f"{name} must be rows of an array [N, d] with N >= 1 and d >= 1: got shape {list(rows.shape)}"
        )
    if dim is not None and rows.shape[1] != dim:
        raise HopfieldError(f"{name} have {rows.shape[1]} numbers a row, but this memory holds {dim} a row")
    made = rows.detach().to(device=device, dtype=dtype)
    bad = (~made.isfinite()).nonzero()
    if len(bad):
        row, column = bad[0].tolist()
        value = float(rows[row, column])
        why = "is no finite number" if not torch.isfinite(rows[row, column]) else f"is too large for {dtype}"
        raise HopfieldError(f"{name}: {value!r} in row {row}, column {column} (both from 0) {why}")
    return made


def known_mask(known: Any, queries: int, dim: int, device: torch.device) -> Tensor:
    """`known` as bool ``[1, d]`` or ``[S, d]``, True where a coordinate is known.

    Raises
    ------
    HopfieldError
        If it has another shape or type, or nothing is known of a query.
    """
    try:
        mask = torch.as_tensor(known, device=device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise HopfieldError(f"known must be a boolean array: {error}") from error
    mask = mask.unsqueeze(0) if mask.ndim == 1 else mask
    if mask.dtype != torch.bool or mask.shape not in {(1, dim), (queries, dim)}:
        raise HopfieldError(
            f"known must be boolean of shape [{dim}] or [{queries}, {dim}], True where a coordinate is known: "
            f"got {mask.dtype} of shape {list(mask.shape)}"
        )
    empty = (~mask.any(1)).nonzero()
    if len(empty):
        raise HopfieldError(f"nothing is known of query {int(empty[0])}: one coordinate at least")
    return mask


@dataclass(frozen=True)
class Preparation:
    """How raw rows become rows of the association space.

    Parameters
    ----------
    centre
        What is subtracted, ``[d]``; None to subtract nothing.
    normalize
        Whether rows get unit norm.
    """

    centre: Tensor | None
    normalize: bool

    @property
    def changes_nothing(self) -> bool:
        """Whether raw rows are associated as they are."""
        return self.centre is None and not self.normalize

    def __call__(self, rows: Tensor, known: Tensor | None = None) -> Tensor:
        """Rows ``[n, d]`` of the association space; unknown coordinates become 0, zero rows stay zero."""
        made = rows if self.centre is None else rows - self.centre
        if known is not None:
            made = torch.where(known, made, 0.0)
        if self.normalize:
            length = torch.linalg.vector_norm(made, dim=-1, keepdim=True)
            made = torch.where(length > 0, made / length, 0.0)
        return made
