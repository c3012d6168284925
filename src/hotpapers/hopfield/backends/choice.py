"""Which backend computes a retrieval where the caller leaves the choice (``backend="auto"``)."""

from __future__ import annotations

from typing import Literal, get_args

import torch

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.sparse_maps import Attention
from hotpapers.hopfield.stopping import tracing

__all__ = ["Backend", "check_backend", "choose", "few_queries"]

Backend = Literal["auto", "sdpa", "matmul", "chunked", "flex"]

# On CPUs the fused kernel works a query block at a time: with so few queries that a block is mostly
# empty, and enough patterns to matter, matrix products are faster by one to two orders of magnitude.
_FEW, _MANY = 16, 1024


def few_queries(queries: int, patterns: int) -> bool:
    """Whether `queries` (of all heads of an item) are so few for `patterns` that blocks of patterns win."""
    return patterns >= _MANY and queries <= max(_FEW, min(128, patterns // 256))


def choose(
    *,
    heads: int,
    queries: int,
    patterns: int,
    device: torch.device,
    dropout: bool,
    mask_learns: bool,
) -> Literal["sdpa", "matmul", "chunked"]:
    """The fastest backend for softmax with these sizes.

    Parameters
    ----------
    heads, queries, patterns
        H, S (per head) and N.
    device
        Where the tensors are.
    dropout
        Whether associations are dropped.
    mask_learns
        Whether a float mask wants a gradient.
    """
    if device.type == "cpu" and few_queries(heads * queries, patterns):
        return "matmul" if tracing() or dropout or mask_learns else "chunked"
    return "sdpa"


def check_backend(backend: str, attention: Attention) -> Backend:
    """`backend` as it is.

    Raises
    ------
    HopfieldError
        If there is no such backend, or it can't compute the map from scores to weights.
    """
    for name in get_args(Backend):
        if name == backend:
            if attention != "softmax" and name not in {"auto", "matmul"}:
                raise HopfieldError(
                    f"backend {name!r} computes softmax only: {attention!r} takes 'matmul' or 'auto'"
                )
            found: Backend = name
            return found
    raise HopfieldError(f"no backend {backend!r}: there are {', '.join(get_args(Backend))}")
