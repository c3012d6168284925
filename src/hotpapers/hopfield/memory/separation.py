"""The separation of each stored pattern, kept up to date as patterns come and go; and the beta it asks for.

The separation is ``Delta_i = x_i.x_i - max_{j != i} x_i.x_j``. Kept are, for each pattern, the largest
product with another one and which one that is. New patterns cost one product of new with all; a removed
or changed pattern is worked through again only for those whose best rival it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.retrieval import separation_needed

__all__ = ["AutoBeta", "Rivals", "least_beta", "snapped"]

_BLOCK = 2048


def snapped(delta: Tensor, own: Tensor) -> Tensor:
    """`delta`, with what lies within the rounding of its two products as 0: a duplicate's is 0."""
    rounding = 8 * torch.finfo(delta.dtype).eps * own.abs()
    return torch.where(delta.abs() <= rounding, 0.0, delta)


class Rivals:
    """For each pattern the best match among the others: its product, and its place.

    The object is lazy: patterns that came since the last `catch_up` are worked in by the next one.
    """

    def __init__(self) -> None:
        self._product: Tensor | None = None  # [known]
        self._place: Tensor | None = None  # [known], int64
        self._stale: Tensor | None = None  # [known], bool

    @property
    def known(self) -> int:
        """How many patterns have been worked in."""
        return 0 if self._product is None else self._product.shape[0]

    def is_current(self, count: int) -> bool:
        """Whether all of `count` patterns are worked in, and none is stale."""
        return self.known == count and (self._stale is None or not bool(self._stale.any()))

    def cost(self, count: int, dim: int) -> int:
        """Multiply-adds that catching up with `count` patterns of `dim` numbers takes."""
        stale = 0 if self._stale is None else int(self._stale.sum())
        return (count - self.known + stale) * count * dim

    def forget(self) -> None:
        """Start anew, as after centring again."""
        self._product = self._place = self._stale = None

    def catch_up(self, x: Tensor) -> None:
        """Work in what came or changed since; `x` are all patterns, ``[N, d]``."""
        if self._product is None or self._place is None or self._stale is None:
            self._product = x.new_empty(0)
            self._place = torch.empty(0, dtype=torch.int64, device=x.device)
            self._stale = torch.empty(0, dtype=torch.bool, device=x.device)
        known = self.known
        for start in range(known, x.shape[0], _BLOCK):
            self._add(x, start, min(start + _BLOCK, x.shape[0]))
        for rows in torch.split(self._stale.nonzero().flatten(), _BLOCK):
            dots = x[rows] @ x.mT
            dots[torch.arange(len(rows), device=x.device), rows] = -math.inf
            self._product[rows], self._place[rows] = dots.max(1)
            self._stale[rows] = False

    def _add(self, x: Tensor, start: int, stop: int) -> None:
        """Work in rows `start` to `stop`: each pair of patterns once."""
        assert self._product is not None  # noqa: S101 - made in catch_up
        assert self._place is not None  # noqa: S101
        assert self._stale is not None  # noqa: S101
        dots = x[start:stop] @ x[:stop].mT
        at = torch.arange(stop - start, device=x.device)
        dots[at, at + start] = -math.inf
        if start:
            best, by = dots[:, :start].max(0)
            better = best > self._product
            self._product[better] = best[better]
            self._place[better] = by[better] + start
        best, by = dots.max(1)
        self._product = torch.cat([self._product, best])
        self._place = torch.cat([self._place, by])
        self._stale = torch.cat([self._stale, self._stale.new_zeros(stop - start)])

    def keep(self, chosen: Tensor) -> None:
        """Forget the patterns that `chosen`, bool ``[N]``, does not name."""
        if self._product is None or self._place is None or self._stale is None:
            return
        new_place = chosen.cumsum(0) - 1
        stale = self._stale | ~chosen[self._place]
        left = chosen[: self.known]
        self._product, self._place = self._product[left], new_place[self._place][left]
        self._stale = stale[left]
        self._place[self._stale] = 0

    def change(self, x: Tensor, at: int) -> None:
        """Work in that pattern `at` is another now; `x` are all patterns, with the new one."""
        if self._product is None or self._place is None or self._stale is None or at >= self.known:
            return
        self._stale |= self._place == at
        dots = x[: self.known] @ x[at]
        better = dots > self._product
        better[at] = False
        self._product[better] = dots[better]
        self._place[better] = at
        self._stale[at] = True

    def separation(self, x: Tensor) -> Tensor:
        """Delta of all patterns, ``[N]``, after catching up; inf for a single pattern."""
        self.catch_up(x)
        assert self._product is not None  # noqa: S101
        own = (x * x).sum(1)
        return snapped(own - self._product, own)


@dataclass(frozen=True, kw_only=True)
class AutoBeta:
    """The beta that ``beta="auto"`` means now.

    Parameters
    ----------
    beta
        The value.
    separation
        Separation of the median pattern that it was found from.
    capped
        Whether a larger one would have been needed.
    """

    beta: float
    separation: float
    capped: bool


def least_beta(delta: float, count: int, norm: float, most: float) -> AutoBeta:
    """Least beta from which on a pattern of separation `delta` is well separated.

    ``beta Delta - 2/N - ln(2 (N - 1) N beta M^2)`` falls until ``beta = 1/Delta`` and rises from there. It
    is positive for a beta near 0 as well, where the inequality holds for no reason: the ball in which the
    pattern counts as stored is then larger than all patterns. What is wanted is the upper of its two roots.

    Parameters
    ----------
    delta
        Delta, the pattern's separation.
    count
        N, the number of stored patterns.
    norm
        M, the largest norm of one.
    most
        The cap, in units of ``1/M^2``.
    """
    scale = norm**2 or 1.0
    cap = most / scale
    if count == 1:
        return AutoBeta(beta=1.0 / scale, separation=math.inf, capped=False)
    if delta <= 0 or separation_needed(count, norm, cap) > delta:
        return AutoBeta(beta=cap, separation=delta, capped=True)
    low, high = 1.0 / delta, cap
    if low >= high:
        return AutoBeta(beta=cap, separation=delta, capped=False)
    for _ in range(200):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if separation_needed(count, norm, middle) > delta:
            low = middle
        else:
            high = middle
    return AutoBeta(beta=high, separation=delta, capped=False)
