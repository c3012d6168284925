"""The energy of a state, the update that lowers it, and the update's Jacobian (the paper's section 2).

Stored patterns x_1 .. x_N are the rows of ``X [N, d]`` (the paper writes them as columns), xi is the
state, beta > 0 the inverse temperature, M the largest norm of a stored pattern.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from hotpapers.hopfield.arrays import check_beta, floating, patterns
from hotpapers.hopfield.errors import HopfieldError

__all__ = ["energy", "jacobian", "lse", "update"]


def lse(beta: float, z: Tensor) -> Tensor:
    """Log-sum-exp ``1/beta log sum_i exp(beta z_i)`` over the last axis: ``[..., N] -> [...]``."""
    return torch.logsumexp(beta * z, dim=-1) / beta


def _state_and_stored(state: Any, stored: Any) -> tuple[Tensor, Tensor]:
    xi, x = floating(state, "state"), patterns(stored)
    if xi.ndim == 0 or xi.shape[-1] != x.shape[-1]:
        raise HopfieldError(
            f"state of shape {list(xi.shape)} does not fit stored patterns of shape {list(x.shape)}: "
            "the last axes must be equal"
        )
    # Under low precision the sums over patterns are taken in float32.
    dtype = torch.promote_types(torch.promote_types(xi.dtype, x.dtype), torch.float32)
    return xi.to(dtype), x.to(dtype)


def energy(state: Any, stored: Any, beta: float) -> Tensor:
    """Energy of a state; an update never raises it, and it is never negative.

    ``E(xi) = -lse(beta, X xi) + 1/2 xi.xi + 1/beta log N + 1/2 M^2`` (equation 2).

    Parameters
    ----------
    state
        xi, ``[..., d]``.
    stored
        X, ``[N, d]``.
    beta
        Inverse temperature, > 0.

    Returns
    -------
    Tensor
        ``[...]``; between ``1/2 (|xi| - M)^2`` and, for ``|xi| <= M``, ``2 M^2``.

    Examples
    --------
    >>> round(float(energy([1.0, 0.25], [[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], beta=1.0)), 4)
    1.3972
    """
    beta = check_beta(beta)
    xi, x = _state_and_stored(state, stored)
    square = (xi * xi).sum(-1)
    largest = (x * x).sum(-1).amax(-1)
    return -lse(beta, xi @ x.mT) + square / 2 + math.log(x.shape[-2]) / beta + largest / 2  # (2)


def update(state: Any, stored: Any, beta: float) -> Tensor:
    """One update ``f(xi) = X^T softmax(beta X xi)`` (equation 3): ``[..., d] -> [..., d]``.

    Examples
    --------
    >>> new = update([1.0, 0.25], [[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], beta=4.0)
    >>> [round(float(value), 3) for value in new]
    [1.995, 0.005]
    """
    beta = check_beta(beta)
    xi, x = _state_and_stored(state, stored)
    p = torch.softmax(beta * (xi @ x.mT), dim=-1)
    return p @ x  # (3)


def jacobian(state: Any, stored: Any, beta: float) -> Tensor:
    """Jacobian of the update, ``J = beta X^T (diag(p) - p p^T) X = beta Cov_p(x)``.

    The norm of ``diag(p) - p p^T`` is at most ``2 max_i p_i (1 - p_i) <= 1/2``: 1/n for p uniform over
    n patterns, 0 at a single one.

    Parameters
    ----------
    state
        xi, ``[..., d]``.
    stored
        X, ``[N, d]``.
    beta
        Inverse temperature, > 0.

    Returns
    -------
    Tensor
        ``[..., d, d]``, symmetric and positive semi-definite.
    """
    beta = check_beta(beta)
    xi, x = _state_and_stored(state, stored)
    p = torch.softmax(beta * (xi @ x.mT), dim=-1)
    centred = x - (p @ x).unsqueeze(-2)  # about the weighted mean: no difference of large numbers
    return beta * (centred * p.unsqueeze(-1)).mT @ centred
