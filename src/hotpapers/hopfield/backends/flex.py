"""FlexAttention: masks inside a fused kernel on NVIDIA GPUs; on CPUs it runs forward only."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["associate"]


@cache
def _kernel(device: str) -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention) if device == "cuda" else flex_attention


def associate(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """``softmax(q k^T + mask) v``.

    Raises
    ------
    HopfieldError
        If gradients are wanted on a device where FlexAttention has none.
    """
    wanted = torch.is_grad_enabled() and any(t.requires_grad for t in (q, k, v))
    if wanted and q.device.type != "cuda":
        raise HopfieldError(
            f"backend 'flex' has no gradients on {q.device.type}: use backend='auto', or torch.no_grad()"
        )
    change = None
    if mask is not None:
        shape = (q.shape[0], q.shape[1], q.shape[2], k.shape[2])
        added = (
            torch.zeros((), dtype=q.dtype, device=q.device).masked_fill(~mask, float("-inf"))
            if (mask.dtype == torch.bool)
            else mask.to(q.dtype)
        )
        added = added.expand(shape)

        def change(score: Tensor, b: Tensor, h: Tensor, s: Tensor, n: Tensor) -> Tensor:
            return score + added[b, h, s, n]

    with warnings.catch_warnings():
        # On CPUs it runs uncompiled on purpose: there it is for comparison, not for speed.
        warnings.filterwarnings("ignore", message="flex_attention called without torch.compile")
        found: Tensor = _kernel(q.device.type)(
            q.contiguous(), k.contiguous(), v.contiguous(), score_mod=change, scale=1.0
        )
    return found
