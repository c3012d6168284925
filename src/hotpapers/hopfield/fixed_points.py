"""What a state was retrieved to: one pattern, the mean of a few, or the mean of all (k and the regimes)."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from hotpapers.hopfield.arrays import check_beta, floating, patterns
from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Regime", "has_one_fixed_point", "k_mass", "regime"]

Regime = Literal["single", "metastable", "global"]

# Rounding of a sum of probabilities must not ask for one pattern more: uniform over 10 gives 9, not 10.
_SLACK = 1e-6


def k_mass(p: Any, mass: float = 0.9) -> Tensor:
    """Least number of the largest entries of `p` that hold `mass` of it (the paper's k).

    Parameters
    ----------
    p
        Attention weights, ``[..., N]``, each row >= 0 with sum 1.
    mass
        Share to be held, in (0, 1].

    Returns
    -------
    Tensor
        int64 ``[...]``.

    Examples
    --------
    >>> int(k_mass([0.5, 0.3, 0.15, 0.05]))
    3
    """
    if not 0 < mass <= 1:
        raise HopfieldError(f"mass must lie in (0, 1]: got {mass!r}")
    weights = floating(p, "p")
    if weights.ndim == 0 or weights.shape[-1] == 0:
        raise HopfieldError(f"p must have at least one entry: got shape {list(weights.shape)}")
    ordered = weights.float() if weights.element_size() < 4 else weights
    held = ordered.sort(dim=-1, descending=True).values.double().cumsum(-1)
    return ((held < mass - _SLACK).sum(-1) + 1).clamp(max=weights.shape[-1])


def regime(p: Any) -> Regime:
    """Which of the three kinds of fixed point the weights of one query show.

    Parameters
    ----------
    p
        Attention weights over N patterns, ``[N]``.

    Returns
    -------
    str
        ``"single"`` where one pattern holds 90 % of the mass, ``"global"`` where it takes more than half
        of all patterns, else ``"metastable"``.
    """
    weights = floating(p, "p")
    if weights.ndim != 1:
        raise HopfieldError(f"p must be the weights of one query, [N]: got shape {list(weights.shape)}")
    k = int(k_mass(weights))
    if k == 1:
        return "single"
    return "global" if k > weights.shape[0] / 2 else "metastable"


def has_one_fixed_point(stored: Any, beta: float) -> bool:
    """Whether the update is a contraction, so that every start ends in one global fixed point.

    Sufficient: ``beta M_max^2 < 1`` with M_max the largest distance of a pattern from the mean of all.

    Parameters
    ----------
    stored
        X, ``[N, d]``.
    beta
        Inverse temperature, > 0.
    """
    x = patterns(stored)
    centred = x - x.mean(-2, keepdim=True)
    return bool(check_beta(beta) * torch.linalg.vector_norm(centred, dim=-1).amax() ** 2 < 1)
