"""Block by block over the stored patterns, for few queries and very many patterns.

No more than one block of scores exists at a time: the forward pass keeps a running maximum and sum a
query (online softmax), the backward pass computes each block's scores again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["associate", "block_scores", "blocks"]

# Values of one block of stored patterns, four megabytes in float32: few enough for the cache, many enough
# that the calls around a block don't count.
_BLOCK_VALUES = 1 << 20


def blocks(count: int, values_each: int) -> Iterator[slice]:
    """Slices over `count` patterns of which each has `values_each` values in all batch items and heads."""
    step = max(64, _BLOCK_VALUES // max(values_each, 1))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def block_scores(scores: Tensor, mask: Tensor | None, block: slice) -> Tensor:
    """The block's scores ``[..., n]`` with its part of the mask."""
    if mask is None:
        return scores
    part = mask[..., block] if mask.shape[-1] != 1 else mask
    return scores.masked_fill_(~part, -math.inf) if mask.dtype == torch.bool else scores.add_(part)


class _Chunked(torch.autograd.Function):
    """``softmax(q k^T + mask) v`` with the scores recomputed in backward."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        top = q.new_full((*q.shape[:-1], 1), -math.inf)
        total = torch.zeros_like(top)
        z = q.new_zeros((*q.shape[:-1], v.shape[-1]))
        for block in _blocks_of(k):
            s = block_scores(q @ k[..., block, :].mT, mask, block)
            new_top = torch.maximum(top, s.amax(-1, keepdim=True))
            # A query that has seen nothing allowed yet has -inf as maximum; 0 keeps exp(-inf - 0) = 0.
            safe = new_top.masked_fill(new_top == -math.inf, 0.0)
            e = s.sub_(safe).exp_()
            shrink = (top - safe).exp_()
            total.mul_(shrink).add_(e.sum(-1, keepdim=True))
            z.mul_(shrink).add_(e @ v[..., block, :])
            top = new_top
        z.div_(total.clamp_min(torch.finfo(total.dtype).tiny))
        lse = top + total.log()
        ctx.save_for_backward(q, k, v, mask, z, lse)
        return z

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dz: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, mask, z, lse = ctx.saved_tensors
        lse = lse.masked_fill(lse == -math.inf, math.inf)  # nothing allowed: all weights 0
        needs_q, needs_k, needs_v = ctx.needs_input_grad[:3]
        dq = torch.zeros_like(q)
        dk = _like(k) if needs_k else None
        dv = _like(v) if needs_v else None
        offset = (dz * z).sum(-1, keepdim=True)
        for block in _blocks_of(k):
            keys, values = k[..., block, :], v[..., block, :]
            a = block_scores(q @ keys.mT, mask, block).sub_(lse).exp_()
            if dv is not None:
                dv[..., block, :] = a.mT @ dz
            if needs_q or dk is not None:
                ds = (dz @ values.mT).sub_(offset).mul_(a)
                dq += ds @ keys
                if dk is not None:
                    dk[..., block, :] = ds.mT @ q
        return dq, dk, dv, None


def _blocks_of(k: Tensor) -> Iterator[slice]:
    return blocks(k.shape[-2], k.shape[:-2].numel() * k.shape[-1])


def _like(tensor: Tensor) -> Tensor:
    """Memory for a gradient in the layout [B, N, H, h], in which the projections want it back."""
    batch, heads, count, width = tensor.shape
    return tensor.new_empty((batch, count, heads, width)).transpose(1, 2)


def associate(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """``softmax(q k^T + mask) v``; in float32 at least, the mask gets no gradient."""
    dtype = v.dtype
    with torch.autocast(q.device.type, enabled=False):
        full = torch.promote_types(torch.promote_types(q.dtype, k.dtype), torch.float32)
        if mask is not None and mask.dtype != torch.bool:
            mask = mask.detach().to(full)
        apply: Callable[..., Tensor] = _Chunked.apply
        found = apply(q.to(full), k.to(full), v.to(full), mask)
    return found.to(dtype)
