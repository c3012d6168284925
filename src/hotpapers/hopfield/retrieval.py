"""How far stored patterns are apart, and what that guarantees about retrieving one (Theorems 4 and 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hotpapers.hopfield.arrays import check_beta, floating, patterns
from hotpapers.hopfield.errors import HopfieldError

__all__ = ["RetrievalBound", "largest_norm", "retrieval_bound", "separation", "separation_needed"]

_BLOCK = 4096


def separation(stored: Any) -> Tensor:
    """Separation of each pattern from the others, ``Delta_i = x_i.x_i - max_{j != i} x_i.x_j``.

    Parameters
    ----------
    stored
        X, ``[N, d]``.

    Returns
    -------
    Tensor
        ``[N]``; 0 for a duplicate, negative where another pattern matches x_i better than itself, inf
        for N = 1.

    Examples
    --------
    >>> [float(value) for value in separation([[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]])]
    [4.0, 4.0, 4.0]
    """
    x = patterns(stored)
    if x.ndim != 2:
        raise HopfieldError(f"stored patterns must be one array [N, d]: got shape {list(x.shape)}")
    pieces = []
    for start in range(0, x.shape[0], _BLOCK):
        block = x[start : start + _BLOCK]
        dots = block @ x.mT
        rows = torch.arange(block.shape[0], device=x.device)
        own = dots[rows, rows + start]  # from the same product, so that duplicates give exactly 0
        dots[rows, rows + start] = -math.inf
        pieces.append(own - dots.amax(-1))
    return torch.cat(pieces)


def largest_norm(stored: Any) -> float:
    """M, the largest Euclidean norm of a stored pattern."""
    return float(torch.linalg.vector_norm(patterns(stored), dim=-1).amax())


def separation_needed(count: int, norm: float, beta: float) -> float:
    """Separation from which a pattern counts as well separated, so that it is stored for certain.

    ``2/(beta N) + 1/beta ln(2 (N - 1) N beta M^2)`` with N patterns of norm at most M; 0 for N = 1.
    """
    beta = check_beta(beta)
    if count == 1 or norm == 0:
        return 0.0
    inside = math.log(2) + math.log(count - 1) + math.log(count) + math.log(beta) + 2 * math.log(norm)
    return 2 / (beta * count) + inside / beta


@dataclass(frozen=True, kw_only=True)
class RetrievalBound:
    """What the theorems guarantee for one pattern, a state near it and its fixed point.

    Parameters
    ----------
    separation
        Delta_i of the pattern.
    norm
        M, the largest norm of a stored pattern.
    needed
        Separation from which the pattern is well separated.
    well_separated
        Whether it is.
    error
        Theorem 5: bound of ``|f(xi) - x_i|`` after one update.
    fixed_point_error
        Theorem 5: bound of ``|x_i* - x_i|``; inf where its condition (state and fixed point within
        ``1/(2 beta M)`` of the pattern) fails.
    contraction
        Theorem 4: ``|f(xi) - x_i*| <= contraction * |xi - x_i*|``.
    """

    separation: float
    norm: float
    needed: float
    well_separated: bool
    error: float
    fixed_point_error: float
    contraction: float

    @property
    def void(self) -> bool:
        """Whether the bound of the error says nothing: two vectors of norm M are never further apart than 2 M."""
        return not self.error <= 2 * self.norm


def retrieval_bound(
    stored: Any, index: int, state: Any, beta: float, fixed_point: Any = None
) -> RetrievalBound:
    """Bounds of Theorems 4 and 5 for retrieving pattern `index` from `state`.

    Parameters
    ----------
    stored
        X, ``[N, d]``.
    index
        i, the pattern that should be retrieved.
    state
        xi, ``[d]``.
    beta
        Inverse temperature, > 0.
    fixed_point
        x_i*, ``[d]``; found by updating from x_i until nothing changes where it is not given.

    Raises
    ------
    HopfieldError
        If beta is not positive, the index is not there, or the shapes do not fit.
    """
    beta = check_beta(beta)
    x = patterns(stored)
    if x.ndim != 2 or not -x.shape[0] <= index < x.shape[0]:
        raise HopfieldError(f"no pattern {index} among stored patterns of shape {list(x.shape)}")
    x, xi = x.double(), floating(state, "state").double()
    if xi.shape != x.shape[1:]:
        raise HopfieldError(f"state of shape {list(xi.shape)} is not one pattern of dimension {x.shape[1]}")
    own = x[index]
    dots = x @ own
    delta = _delta(dots, index % x.shape[0])
    star = _fixed_point_near(x, own, beta) if fixed_point is None else floating(fixed_point, "x*").double()
    count, norm = x.shape[0], largest_norm(x)
    away, star_away = float(torch.dist(xi, own)), float(torch.dist(star, own))
    # exp(-beta (Delta_i - 2 max(|xi - x_i|, |x_i* - x_i|) M)), shared by both theorems
    exponent = -beta * (delta - 2 * max(away, star_away) * norm)
    near = max(away, star_away) * 2 * beta * norm <= 1
    needed = separation_needed(count, norm, beta)
    return RetrievalBound(
        separation=delta,
        norm=norm,
        needed=needed,
        well_separated=delta >= needed,
        error=_product(2 * (count - 1) * norm, exponent),  # Theorem 5
        fixed_point_error=_product(2 * math.e * (count - 1) * norm, -beta * delta) if near else math.inf,
        contraction=_product(2 * beta * count * norm**2 * (count - 1), exponent),  # Theorem 4
    )


def _delta(dots: Tensor, index: int) -> float:
    others = torch.cat([dots[:index], dots[index + 1 :]])
    return float(dots[index] - others.amax()) if len(others) else math.inf


def _fixed_point_near(x: Tensor, start: Tensor, beta: float, most: int = 1000) -> Tensor:
    state = start
    for _ in range(most):
        new = torch.softmax(beta * (x @ state), dim=0) @ x
        if float(torch.dist(new, state)) <= 1e-14:
            return new
        state = new
    return state


def _product(factor: float, exponent: float) -> float:
    """``factor exp(exponent)``, 0 for no other pattern, inf instead of an overflow."""
    if factor == 0:
        return 0.0
    return factor * math.exp(exponent) if exponent < 700 else math.inf
