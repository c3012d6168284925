"""Two matrix products with the whole association matrix between them: any map, any mask, dropout."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["associate", "association", "scores"]


def scores(q: Tensor, k: Tensor, mask: Tensor | None) -> Tensor:
    """``q k^T + mask``, forbidden places -inf: ``[B, H, S, N]``."""
    found = q @ k.mT
    if mask is None:
        return found
    if mask.dtype == torch.bool:
        return found.masked_fill(~mask, float("-inf"))
    return found + mask.to(found.dtype)


def association(q: Tensor, k: Tensor, mask: Tensor | None, map_: Callable[[Tensor], Tensor]) -> Tensor:
    """The association matrix a, ``[B, H, S, N]``; at least in float32, also under autocast."""
    found = scores(q, k, mask)
    return map_(found if found.element_size() >= 4 else found.float())


def associate(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    *,
    map_: Callable[[Tensor], Tensor],
    dropout: float = 0.0,
) -> Tensor:
    """``dropout(map(q k^T + mask)) v``."""
    a = association(q, k, mask, map_)
    if dropout:
        a = torch.nn.functional.dropout(a, dropout)
    return a.to(v.dtype) @ v
