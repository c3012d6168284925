"""Retrieval with few queries, without projecting the stored patterns at all.

With yh the stored patterns normalised (LayerNorm without affine part), gamma and b its affine part,

    q_h . k_h,i = q_h . (W_K,h (gamma yh_i + b) + b_K,h) = (gamma W_K,h^T q_h) . yh_i + (the same for all i),

and softmax cancels what is the same for all i. As a row of a sums to 1, what is retrieved from keys or
values is a linear map of ``m = a yh`` likewise. One pass over yh then costs 4 N d S H multiply-adds
where projecting keys and values takes 2 N d H (h + p), and nothing of size N is kept but the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hotpapers.hopfield.backends.normalised_rows import Pass, Rows
from hotpapers.hopfield.shapes import split
from hotpapers.hopfield.stopping import Rule, settle

__all__ = ["retrieve_folded"]


class _Folded(torch.autograd.Function):
    """All updates and the last retrieval: ``y, u_0, W, b -> m``, with u_t+1 = beta (m_t W + b) W^T."""

    @staticmethod
    def forward(
        ctx: Any,
        y: Tensor,
        u: Tensor,
        w: Tensor,
        b: Tensor,
        beta: Tensor,
        mask: Tensor | None,
        eps: float | None,
        rule: Rule,
        report: Callable[[Tensor], None],
    ) -> Tensor:
        rows = Rows(y, mask, eps)
        heads = w.shape[0]
        passes: list[Pass] = []

        def retrieve(u: Tensor) -> Tensor:
            passes.append(rows.retrieve(u.flatten(1, 2)))
            return split(passes[-1].m, 1, heads)

        def change(_u: Tensor, _earlier: Tensor) -> Tensor:
            each = split(rows.change(passes[-1], passes[-2]), 1, heads)
            norm: Tensor = torch.linalg.vector_norm(each, dim=-1)
            return norm

        u = split(u, 1, heads)
        u, executed = settle(u, rule, retrieve, lambda m: ((m @ w + b) * beta) @ w.mT, change)
        steps = int(executed.amax())
        if len(passes) == steps:  # else the last retrieval was made to see that nothing moves any more
            retrieve(u)
        report(executed)
        ctx.eps, ctx.steps = eps, steps
        statistics = () if eps is None else (rows.mean, rows.r)
        kept = [tensor for one in passes for tensor in (one.u, one.lse, one.m)]
        ctx.save_for_backward(y, w, b, beta, mask, executed, *statistics, *kept)
        return passes[-1].m

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dm: Tensor) -> tuple[Tensor | None, ...]:
        y, w, b, beta, mask, executed, *saved = ctx.saved_tensors
        heads = w.shape[0]
        statistics = None if ctx.eps is None else (saved.pop(0), saved.pop(0))
        rows = Rows(y, mask, ctx.eps, statistics)
        passes = [Pass(u=u, lse=lse, m=m) for u, lse, m in zip(*[iter(saved)] * 3, strict=True)]
        dw, db, dbeta = torch.zeros_like(w), torch.zeros_like(b), torch.zeros_like(beta)
        dm = rows.centre(dm)
        passes[-1] = replace(passes[-1], gradient=dm)
        du = rows.query_gradient(passes[-1], dm)
        for step in range(ctx.steps - 1, -1, -1):
            # u_step+1 = beta (m W + b) W^T where the head took the update, else u_step.
            new, m = split(du, 1, heads), split(passes[step].m, 1, heads)
            taken = (executed > step)[..., None, None]
            update = torch.where(taken, new, torch.zeros((), dtype=new.dtype, device=new.device))
            inner, outer = m @ w + b, update @ w
            scaled = outer * beta
            dw += (m.mT @ scaled + update.mT @ (inner * beta)).sum(0)
            db += _summed(scaled, db)
            dbeta += _summed(outer * inner, dbeta)
            dm = rows.centre((scaled @ w.mT).flatten(1, 2))
            passes[step] = replace(passes[step], gradient=dm)
            du = rows.query_gradient(passes[step], dm) + (new - update).flatten(1, 2)
        dy = rows.pattern_gradient(passes) if ctx.needs_input_grad[0] else None
        return dy, du, dw, db, dbeta, None, None, None, None


def _summed(gradient: Tensor, like: Tensor) -> Tensor:
    """`gradient` summed to the shape of what was broadcast."""
    return gradient.sum_to_size(like.shape)


def retrieve_folded(
    y: Tensor,
    u: Tensor,
    w: Tensor,
    b: Tensor,
    beta: Tensor,
    *,
    mask: Tensor | None,
    eps: float | None,
    rule: Rule,
) -> tuple[Tensor, Tensor]:
    """Retrieve ``m = a yh`` after all updates.

    Parameters
    ----------
    y
        Stored patterns, ``[B, N, d]``, not normalised.
    u
        Queries in the space of yh, ``[B, H, S, d]``: ``beta q_h W^T``.
    w, b
        Map from yh to the keys, ``[H, d, h]`` and ``[H, 1, h]``.
    beta
        ``[H or 1, 1, 1 or h]``.
    mask
        True = may be retrieved, ``[B or 1, N, 1]``, or None.
    eps
        LayerNorm's eps, or None where the patterns are not normalised.
    rule
        When heads stop.

    Returns
    -------
    tuple of Tensor
        m ``[B, H, S, d]``; the executed extra updates.
    """
    counts: list[Tensor] = []
    with torch.autocast(y.device.type, enabled=False):
        full = torch.promote_types(y.dtype, torch.float32)
        y, u, w, b, beta = (tensor.to(full) for tensor in (y, u, w, b, beta))
        apply: Callable[..., Tensor] = _Folded.apply
        m = apply(y, u.flatten(1, 2), w, b, beta, mask, eps, rule, counts.append)
    return split(m, 1, w.shape[0]), counts[0]
