"""k of attention rows, and the class of a head (the paper's analysis of BERT)."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from torch import Tensor

from hotpapers.hopfield.fixed_points import k_mass

__all__ = ["CLASSES", "SHORTEST", "HeadClass", "class_of", "k_of_rows", "visible_places"]

HeadClass = Literal["I", "II", "III", "IV"]
CLASSES: tuple[HeadClass, ...] = get_args(HeadClass)

SHORTEST = 32
"""Rows that see fewer tokens say nothing about classes: k <= n/32 would ask for less than one pattern."""

_BOUNDS: tuple[tuple[float, HeadClass], ...] = ((1 / 2, "I"), (1 / 8, "II"), (1 / 32, "III"))


def visible_places(attention: Tensor) -> Tensor:
    """Which tokens each query can see: those that any head of its layer gives weight.

    Masks (causal, padding, a window) set weights to exactly 0 in all heads, whatever the model.

    Parameters
    ----------
    attention
        ``[B, H, S, N]``.

    Returns
    -------
    Tensor
        bool ``[B, S, N]``.
    """
    return (attention > 0).any(1)


def k_of_rows(attention: Tensor) -> Tensor:
    """Of each row k, the least number of tokens with 90 % of the weight, int64 ``[B, H, S]``."""
    return k_mass(attention.detach())


def class_of(k: np.ndarray[Any, Any], n: np.ndarray[Any, Any]) -> HeadClass | None:
    """Class of a head by the median of k/n over rows that see at least 32 tokens; None without such rows.

    I: very large, global averaging (k > n/2); II: large (> n/8); III: medium (> n/32); IV: small, or a
    single pattern. With n = N in all rows this is the paper's rule for the median of k.

    Examples
    --------
    >>> class_of(np.array([300, 310]), np.array([512, 512]))
    'I'
    """
    long = n >= SHORTEST
    if not long.any():
        return None
    share = float(np.median(k[long] / n[long]))
    return next((name for bound, name in _BOUNDS if share > bound), "IV")
