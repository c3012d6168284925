"""From scores to weights: softmax, and maps that give most patterns a weight of exactly zero.

Each takes scores ``[..., N]`` in which forbidden places are -inf, at least one place a row being
allowed, and returns weights >= 0 that sum to 1 over the last axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Attention", "association_map"]

Attention = Literal["softmax", "entmax15", "sparsemax", "topk"]


def association_map(attention: Attention, top_k: int = 8) -> Callable[[Tensor], Tensor]:
    """The map called `attention`.

    Parameters
    ----------
    attention
        ``"softmax"``; ``"entmax15"`` and ``"sparsemax"`` (Hopfield-Fenchel-Young networks; retrieval
        is exact once a pattern is separated by the map's margin); ``"topk"``: softmax over the `top_k`
        largest scores.
    top_k
        How many patterns ``"topk"`` keeps, >= 1.

    Raises
    ------
    HopfieldError
        If there is no such map.
    """
    if attention not in get_args(Attention):
        raise HopfieldError(f"no attention {attention!r}: there are {', '.join(get_args(Attention))}")
    if top_k < 1:
        raise HopfieldError(f"top_k must be at least 1: got {top_k!r}")
    if attention == "topk":
        return lambda scores: _topk(scores, top_k)
    return {"softmax": _softmax, "entmax15": _entmax15, "sparsemax": _sparsemax}[attention]


def _softmax(scores: Tensor) -> Tensor:
    return torch.softmax(scores, dim=-1)


def _topk(scores: Tensor, top_k: int) -> Tensor:
    kept = scores.topk(min(top_k, scores.shape[-1]), dim=-1)
    weights = torch.softmax(kept.values, dim=-1)
    return torch.zeros_like(scores).scatter(-1, kept.indices, weights)


def _finite(scores: Tensor) -> Tensor:
    """Scores below the row's maximum by more than any support reaches, in place of -inf."""
    top = scores.detach().amax(-1, keepdim=True)
    return torch.maximum(scores - top, scores.new_tensor(-1e4))


def _entmax15(scores: Tensor) -> Tensor:
    from entmax import entmax15

    weights: Tensor = entmax15(_finite(scores), dim=-1)
    return weights


def _sparsemax(scores: Tensor) -> Tensor:
    from entmax import sparsemax

    weights: Tensor = sparsemax(_finite(scores), dim=-1)
    return weights
