"""Sets of patterns as users have them: padded, unbatched, nested, or rows with offsets; brought to one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Ragged", "Sets", "as_sets", "buckets", "is_ragged"]


@dataclass(frozen=True, kw_only=True)
class Ragged:
    """Bags of any sizes: bag i is ``values[offsets[i]:offsets[i + 1]]``.

    Parameters
    ----------
    values
        ``[T, d]``.
    offsets
        int64 ``[B + 1]``, from 0 to T.
    nested
        Whether it came as a nested tensor, as which it goes back.
    """

    values: Tensor
    offsets: Tensor
    nested: bool = False

    @property
    def sizes(self) -> Tensor:
        """Rows of each bag, ``[B]``."""
        return self.offsets.diff()

    def pad(self, bags: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """The chosen bags as ``[b, length, d]``, and True where a row is one of theirs."""
        sizes = self.sizes[bags]
        at = torch.arange(length, device=self.values.device)
        there = at < sizes[:, None]
        rows = torch.where(there, self.offsets[bags][:, None] + at, 0)
        if not len(self.values):
            return self.values.new_zeros((len(bags), length, self.values.shape[-1])), there
        return self.values[rows] * there[..., None], there

    def like(self, values: Tensor) -> Any:
        """New values of the same bags in the form in which these came."""
        if self.nested:
            return torch.nested.nested_tensor_from_jagged(values, self.offsets)
        return values


@dataclass(frozen=True, kw_only=True)
class Sets:
    """One input: dense ``[B, n, d]`` or ragged, and whether it came without a batch."""

    dense: Tensor | None = None
    ragged: Ragged | None = None
    unbatched: bool = False


def is_ragged(given: Any) -> bool:
    """Whether `given` is a nested tensor or a pair (values, offsets)."""
    if isinstance(given, Tensor):
        return given.is_nested
    if not (isinstance(given, tuple | list) and len(given) == 2):
        return False
    values, offsets = given
    return (
        isinstance(values, Tensor)
        and isinstance(offsets, Tensor)
        and values.ndim == 2
        and offsets.ndim == 1
        and not (offsets.is_floating_point() or offsets.dtype == torch.bool)
    )


def as_sets(given: Any, name: str, *, batch_first: bool = True) -> Sets:
    """`given` as sets of patterns.

    Parameters
    ----------
    given
        ``[B, n, d]`` (``[n, B, d]`` without `batch_first`), one set ``[n, d]``, a nested tensor of jagged
        layout, or a pair of values ``[T, d]`` and offsets ``[B + 1]``.
    name
        What it is, for messages.
    batch_first
        Which axis of a dense tensor counts the sets.

    Raises
    ------
    HopfieldError
        If it is none of these, or its offsets don't fit.
    """
    if is_ragged(given):
        if isinstance(given, Tensor):
            if given.layout != torch.jagged:
                raise HopfieldError(f"{name}: a nested tensor must have layout=torch.jagged")
            return Sets(ragged=Ragged(values=given.values(), offsets=offsets_of(given), nested=True))
        values, offsets = given
        offsets = offsets.to(device=values.device, dtype=torch.int64)
        steps = offsets.diff()
        if (
            len(offsets) < 2
            or int(offsets[0]) != 0
            or int(offsets[-1]) != len(values)
            or bool((steps < 0).any())
        ):
            raise HopfieldError(
                f"{name}: offsets must rise from 0 to the number of rows, {len(values)}: got {_shown(offsets)}"
            )
        return Sets(ragged=Ragged(values=values, offsets=offsets))
    if not isinstance(given, Tensor):
        raise HopfieldError(f"{name} must be a tensor, or values with offsets: got {type(given).__name__}")
    if given.ndim == 2:
        return Sets(dense=given.unsqueeze(0), unbatched=True)
    if given.ndim != 3:
        raise HopfieldError(f"{name} must be [B, n, d] or one set [n, d]: got shape {list(given.shape)}")
    return Sets(dense=given if batch_first else given.transpose(0, 1))


def offsets_of(nested: Any) -> Tensor:
    """A jagged tensor's offsets, ``[B + 1]``."""
    offsets: Tensor = nested.offsets()
    return offsets


def _shown(offsets: Tensor) -> str:
    few = offsets.tolist()
    return str(few if len(few) <= 8 else [*few[:4], "...", *few[-3:]])


def buckets(sizes: Tensor, *, whole: bool, waste: float = 1.25) -> Iterator[Tensor]:
    """Indices of bags that are padded together: similar sizes, padding at most `waste` times the rows.

    Parameters
    ----------
    sizes
        Rows of each bag, ``[B]``.
    whole
        Take all bags at once, whatever the padding.
    waste
        Padded rows over rows.
    """
    if whole or len(sizes) == 1:
        yield torch.arange(len(sizes), device=sizes.device)
        return
    order = sizes.argsort(descending=True, stable=True)
    lengths = sizes[order].tolist()
    start, rows = 0, 0
    for at, length in enumerate(lengths):
        padded = lengths[start] * (at - start + 1)
        if at > start and padded > waste * (rows + length) + 1024:
            yield order[start:at]
            start, rows = at, 0
        rows += length
    yield order[start:]
