"""The association: queries updated as often as the rule says, then values retrieved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.backends import chunked, flex, matmul, sdpa
from hotpapers.hopfield.backends.choice import Backend, choose
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.masks import Mask
from hotpapers.hopfield.sparse_maps import Attention, association_map
from hotpapers.hopfield.stopping import Rule, frobenius_bound, settle

__all__ = ["Method", "associate", "association_matrix", "retrieve"]

# Rows of queries whose associations are compared at a time.
_ROWS = 256


@dataclass(frozen=True, kw_only=True)
class Method:
    """How associations are computed.

    Parameters
    ----------
    attention, top_k
        The map from scores to weights.
    backend
        Where the retrievals are computed.
    dropout
        Probability with which the last associations are dropped; 0 outside training.
    """

    attention: Attention = "softmax"
    top_k: int = 8
    backend: Backend = "auto"
    dropout: float = 0.0

    @property
    def map_(self) -> Callable[[Tensor], Tensor]:
        """The map as a function."""
        return association_map(self.attention, self.top_k)


def associate(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    mask: Mask,
    rule: Rule,
    method: Method,
    *,
    counted: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Retrieve values after all updates.

    Parameters
    ----------
    q, k, v
        ``[B, H, S, h]`` without beta, ``[B, H, N, h]``, ``[B, H, N, p]``.
    beta
        Broadcastable to ``[H, S, h]``.
    mask
        Which places are open.
    rule, method
        How often the queries are updated, and how retrievals are computed.
    counted
        Queries that count for stopping, ``[B, 1, S]`` bool; None: all.

    Returns
    -------
    tuple of Tensor
        z ``[B, H, S, p]``; the executed extra updates, ``[B or 1, H]``.
    """
    q, executed = _settled(q * beta, k, beta, mask, rule, method, counted)
    z = retrieve(q, k, v, mask.scores, method, dropout=method.dropout)
    return _without_dead(z, mask), executed


def association_matrix(
    q: Tensor,
    k: Tensor,
    beta: Tensor,
    mask: Mask,
    rule: Rule,
    method: Method,
    *,
    counted: Tensor | None = None,
) -> Tensor:
    """The last association matrix, ``[B, H, S, N]``, without dropout; rows of masked queries are zero."""
    q, _ = _settled(q * beta, k, beta, mask, rule, method, counted)
    return _without_dead(matmul.association(q, k, mask.scores, method.map_), mask)


def _settled(
    q: Tensor, k: Tensor, beta: Tensor, mask: Mask, rule: Rule, method: Method, counted: Tensor | None
) -> tuple[Tensor, Tensor]:
    def change(new: Tensor, old: Tensor) -> Tensor:
        square = torch.zeros(q.shape[:2], device=q.device, dtype=torch.promote_types(q.dtype, torch.float32))
        for start in range(0, q.shape[2], _ROWS):
            rows = slice(start, start + _ROWS)
            part = mask.scores
            if part is not None and part.shape[2] != 1:
                part = part[:, :, rows]
            a = matmul.association(new[:, :, rows], k, part, method.map_)
            gap = (a - matmul.association(old[:, :, rows], k, part, method.map_)).square().sum(-1)
            if mask.dead is not None:
                dead = mask.dead if mask.dead.shape[2] == 1 else mask.dead[:, :, rows]
                gap = gap.masked_fill(dead.squeeze(-1), 0)
            if counted is not None:
                gap = gap * counted[..., rows]
            square += gap.sum(-1)
        norm: Tensor = square.sqrt()
        return norm

    return settle(
        q,
        rule,
        lambda state: retrieve(state, k, k, mask.scores, method),
        lambda retrieved: retrieved * beta,
        change,
        (lambda: frobenius_bound(k)) if counted is None and mask.dead is None else None,
    )


def _without_dead(found: Tensor, mask: Mask) -> Tensor:
    return found if mask.dead is None else found.masked_fill(mask.dead, 0.0)


def retrieve(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, method: Method, dropout: float = 0.0
) -> Tensor:
    """One retrieval ``[B, H, S, p]`` from scaled queries, by the backend that the method names or leaves open."""
    backend = method.backend
    learns = mask is not None and mask.requires_grad and torch.is_grad_enabled()
    if method.attention != "softmax":
        backend = "matmul"
    elif backend == "auto":
        backend = choose(
            heads=q.shape[1],
            queries=q.shape[2],
            patterns=k.shape[2],
            device=q.device,
            dropout=dropout > 0,
            mask_learns=learns,
        )
    if backend in {"chunked", "flex"} and (dropout or learns):
        why = "dropout of associations" if dropout else "a mask that learns"
        raise HopfieldError(f"backend {backend!r} has no {why}: use 'auto', 'sdpa' or 'matmul'")
    if backend == "matmul":
        return matmul.associate(q, k, v, mask, map_=method.map_, dropout=dropout)
    if backend == "sdpa":
        return sdpa.associate(q, k, v, mask, dropout=dropout)
    if backend == "chunked":
        return chunked.associate(q, k, v, mask)
    return flex.associate(q, k, v, mask)
