"""When an association can do without projecting its stored patterns, and how its weights are folded."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hotpapers.hopfield.association import Method
from hotpapers.hopfield.backends.choice import few_queries
from hotpapers.hopfield.backends.folded import retrieve_folded
from hotpapers.hopfield.core import HopfieldCore
from hotpapers.hopfield.masks import Mask
from hotpapers.hopfield.shapes import split
from hotpapers.hopfield.stopping import Rule, tracing

__all__ = ["associate_folded", "can_fold"]


def can_fold(
    core: HopfieldCore,
    norm_stored: nn.LayerNorm | None,
    norm_projection: nn.LayerNorm | None,
    method: Method,
    *,
    queries: int,
    patterns: int,
    device: torch.device,
) -> bool:
    """Whether folding is exact here, given one input for stored patterns and values, and pays."""
    eps = [norm.eps if norm is not None else None for norm in (norm_stored, norm_projection)]
    exact = (
        method.attention == "softmax"
        and method.dropout == 0
        and eps[0] == eps[1]
        and not core.normalize
        and core.extra_rows == 0
        and not tracing()
    )
    if not exact or core.head_dim is None or core.pattern_dim is None:
        return False
    rows = queries * core.num_heads
    if 2 * rows > core.num_heads * (core.head_dim + core.pattern_dim):
        return False
    if method.backend == "auto":
        return device.type == "cpu" and few_queries(rows, patterns)
    return method.backend == "chunked"


def _affine(norm: nn.LayerNorm | None, like: Tensor) -> tuple[Tensor, Tensor]:
    if norm is None or norm.weight is None:
        return like.new_ones(like.shape[-1]), like.new_zeros(like.shape[-1])
    return norm.weight, norm.bias


def associate_folded(
    core: HopfieldCore,
    norm_stored: nn.LayerNorm | None,
    norm_projection: nn.LayerNorm | None,
    y: Tensor,
    q: Tensor,
    beta: Tensor,
    mask: Mask,
    rule: Rule,
) -> tuple[Tensor, Tensor]:
    """What `associate` gives, from stored patterns that are neither normalised nor projected.

    Parameters
    ----------
    core, norm_stored, norm_projection
        Parameters; both norms have one eps, or neither is there.
    y
        Stored patterns and projection input, ``[B, N, d]``.
    q, beta
        Queries ``[B or 1, H, S, h]``, and their factor.
    mask
        Padding only, ``[B, 1, 1, N]``.
    rule
        When heads stop.

    Returns
    -------
    tuple of Tensor
        z ``[B, H, S, p]``; the executed extra updates.
    """
    heads = core.num_heads
    gamma, offset = _affine(norm_stored, y)
    weight, bias = core.weights_of(1)
    if weight is None:  # static: the normalised patterns are the keys of every head
        w = torch.diag(gamma).expand(heads, -1, -1)
        b = offset.expand(heads, 1, -1)
    else:
        by_head = split(weight, 0, heads)  # [H, h, d]
        w = (by_head * gamma).mT
        b = (by_head @ offset).unsqueeze(1)
        b = b if bias is None else b + split(bias, 0, heads).unsqueeze(1)
    u = ((q * beta) @ w.mT).expand(y.shape[0], -1, -1, -1)
    m, executed = retrieve_folded(
        y,
        u,
        w,
        b,
        beta,
        mask=None if mask.scores is None else mask.scores[:, 0].mT,
        eps=None if norm_stored is None else norm_stored.eps,
        rule=rule,
    )
    gamma, offset = _affine(norm_projection, y)
    # Values of all queries in all heads; each head keeps its own queries'.
    v = split(core.values((m * gamma + offset).flatten(1, 2)), 2, heads)
    z = v.diagonal(dim1=1, dim2=2).movedim(-1, 1)
    return z if mask.dead is None else z.masked_fill(mask.dead, 0.0), executed
