"""Axes taken apart, with types."""

from __future__ import annotations

from torch import Tensor

__all__ = ["split"]


def split(x: Tensor, dim: int, first: int) -> Tensor:
    """`x` with axis `dim` split into `first` parts and what each holds: ``[..., H * h] -> [..., H, h]``."""
    found: Tensor = x.unflatten(dim, (first, -1))  # type: ignore[no-untyped-call]
    return found
