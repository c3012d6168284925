"""Retrieval as a plain function, for those who need no layer."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import torch
from torch import Tensor

from hotpapers.hopfield.arrays import check_beta, floating, patterns
from hotpapers.hopfield.association import Method, retrieve
from hotpapers.hopfield.backends.choice import Backend, check_backend
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.masks import Mask, open_places
from hotpapers.hopfield.sparse_maps import Attention
from hotpapers.hopfield.stopping import CAP

__all__ = ["hopfield_retrieve"]


def hopfield_retrieve(
    state: Any,
    stored: Any,
    beta: float,
    steps: int | Literal["converge"] = 0,
    eps: float = 1e-4,
    values: Any = None,
    mask: Tensor | None = None,
    *,
    attention: Attention = "softmax",
    top_k: int = 8,
    backend: Backend = "auto",
) -> Tensor:
    """Retrieve from stored patterns: one update, or several, and optionally other values than the patterns.

    Parameters
    ----------
    state
        xi: ``[d]``, ``[S, d]`` or ``[B, S, d]``.
    stored
        X: ``[N, d]``, or ``[B, N, d]``.
    beta
        Inverse temperature, > 0.
    steps
        Extra updates after the first, as in the layers: 0 returns ``f(xi)``, which is attention.
        ``"converge"``: until no state moves by more than `eps`, each state by itself, at most 1000 updates.
    eps
        Distance for ``"converge"``, > 0.
    values
        What is retrieved in the end, ``[N, p]`` or ``[B, N, p]``; the stored patterns if left out.
    mask
        Broadcastable to ``[B, S, N]``; bool, True = forbidden, or float, added to the scores.
    attention, top_k, backend
        As in `Hopfield`.

    Returns
    -------
    Tensor
        Of the state's shape, with the width of the values. A state that may retrieve nothing gets zeros.

    Raises
    ------
    HopfieldError
        If shapes don't fit, or a number is out of range.

    Examples
    --------
    >>> found = hopfield_retrieve([1.0, 0.25], [[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], beta=1.0, steps="converge")
    >>> [round(float(value), 2) for value in found]
    [1.95, 0.04]
    """
    beta = check_beta(beta)
    xi, x = floating(state, "state"), patterns(stored)
    v = x if values is None else patterns(values, "values")
    q, k, v = _in_batches(xi, x, v)
    allowed = Mask() if mask is None else open_places(mask, (q.shape[0], q.shape[2], k.shape[2]))
    method = Method(attention=attention, top_k=top_k, backend=check_backend(backend, attention))

    def step(q: Tensor, v: Tensor) -> Tensor:
        return retrieve(q * beta, k, v, allowed.scores, method)

    if steps == "converge":
        q = _converged(q, lambda q: step(q, k), eps)
    else:
        count: Any = steps
        if not isinstance(count, int) or count < 0:
            raise HopfieldError(f"steps must be a whole number >= 0 or 'converge': got {steps!r}")
        for _ in range(steps):
            q = step(q, k)
    found = step(q, v)
    if allowed.dead is not None:
        found = found.masked_fill(allowed.dead, 0.0)
    return found.reshape(*_shape_of(xi, x), v.shape[-1])


def _shape_of(xi: Tensor, x: Tensor) -> tuple[int, ...]:
    if x.ndim == 3 and xi.ndim < 3:
        return (x.shape[0], *xi.shape[:-1])
    return tuple(xi.shape[:-1])


def _in_batches(xi: Tensor, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``[B, 1, S, d]``, ``[B, 1, N, d]``, ``[B, 1, N, p]``, at one type."""
    if not 1 <= xi.ndim <= 3 or x.ndim > 3 or xi.shape[-1] != x.shape[-1]:
        raise HopfieldError(
            f"state of shape {list(xi.shape)} does not fit stored patterns of shape {list(x.shape)}"
        )
    if v.ndim not in {2, x.ndim} or v.shape[-2] != x.shape[-2]:
        raise HopfieldError(f"values of shape {list(v.shape)} are not one for each of {x.shape[-2]} patterns")
    batched = [t if t.ndim == 3 else t.reshape(1, -1, t.shape[-1]) for t in (xi, x, v)]
    batch = max(t.shape[0] for t in batched)
    if any(t.shape[0] not in {1, batch} for t in batched):
        raise HopfieldError(
            f"states and stored patterns of {[t.shape[0] for t in batched]} sets don't go together"
        )
    dtype = torch.promote_types(torch.promote_types(xi.dtype, x.dtype), v.dtype)
    q, k, v = (t.to(dtype).expand(batch, -1, -1).unsqueeze(1) for t in batched)
    return q, k, v


def _converged(q: Tensor, update: Any, eps: float) -> Tensor:
    """States updated, each until it moves by no more than `eps`."""
    if not eps > 0:
        raise HopfieldError(f"eps must be positive: got {eps!r}")
    # The caller makes one more update, the last one.
    active = torch.ones(q.shape[:-1], dtype=torch.bool, device=q.device)
    for _ in range(CAP - 1):
        new = update(q)
        moved = torch.linalg.vector_norm((new - q).detach().float(), dim=-1) > eps
        active = active & moved
        if not bool(active.any()):
            return q
        q = torch.where(active[..., None], new, q)
    warnings.warn(f"not converged after {CAP} updates: eps {eps:g} is too small", stacklevel=3)
    return q
