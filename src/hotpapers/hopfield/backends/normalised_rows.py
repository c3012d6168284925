"""Stored patterns seen through LayerNorm without ever writing the normalised patterns down.

With ``yh_i = r_i (y_i - mean_i)``, r_i the reciprocal standard deviation, and a query u whose features sum
to zero, ``u . yh_i = r_i (u . y_i)``: the mean drops out. Likewise ``sum_i a_i yh_i`` is ``sum_i a_i r_i y_i``
less the mean of its features. All that is kept of the normalisation is r and the means, two numbers a
pattern; scores have the patterns first, ``[B, n, M]``, M being the queries of all heads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.backends.chunked import blocks

__all__ = ["Pass", "Rows"]


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One retrieval: queries u, logarithm of the softmax's sum, result m and the gradient it got.

    Shapes ``[B, M, d]``, ``[B, 1, M]``, ``[B, M, d]``, ``[B, M, d]``; features of u, m and gradient sum to zero
    where the patterns are normalised.
    """

    u: Tensor
    lse: Tensor
    m: Tensor
    gradient: Tensor | None = None


class Rows:
    """Stored patterns.

    Parameters
    ----------
    y
        ``[B, N, d]``.
    mask
        True = may be retrieved, ``[B or 1, N, 1]``, or None.
    eps
        LayerNorm's; None: the patterns are taken as they are.
    statistics
        Means and r, ``[B, N, 1]`` each, where they are known already.
    """

    def __init__(
        self,
        y: Tensor,
        mask: Tensor | None,
        eps: float | None,
        statistics: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        self.y, self.mask, self.eps = y, mask, eps
        # Smaller blocks than for projected patterns: a block is read several times in a row.
        self.blocks = list(blocks(y.shape[1], 4 * y.shape[0] * y.shape[2]))
        if eps is not None:
            self.mean, self.r = statistics or self._statistics(eps)

    def _statistics(self, eps: float) -> tuple[Tensor, Tensor]:
        y, width = self.y, self.y.shape[2]
        average = y.new_full((width, 1), 1 / width)
        mean, r = y.new_empty((*y.shape[:2], 1)), y.new_empty((*y.shape[:2], 1))
        for at in self.blocks:
            mean[:, at] = y[:, at] @ average
            r[:, at] = (y[:, at] - mean[:, at]).square_() @ average
        return mean, r.add_(eps).rsqrt_()

    def centre(self, vectors: Tensor) -> Tensor:
        """Vectors whose features sum to zero, which give the same products with normalised patterns."""
        return vectors if self.eps is None else vectors - vectors.mean(-1, keepdim=True)

    def products(self, vectors: Tensor, at: slice) -> Tensor:
        """``yh . vectors``, ``[B, n, M]``; the vectors are centred."""
        found = self.y[:, at] @ vectors.mT
        return found if self.eps is None else found.mul_(self.r[:, at])

    def scores(self, u: Tensor, at: slice) -> Tensor:
        """Products with the queries, forbidden places -inf."""
        found = self.products(u, at)
        return found if self.mask is None else found.masked_fill_(~self.mask[:, at], -math.inf)

    def weighted(self, weights: Tensor, at: slice) -> Tensor:
        """``weights^T yh`` but for centring, ``[B, M, d]``; may overwrite the weights."""
        if self.eps is not None:
            weights.mul_(self.r[:, at])
        return weights.mT @ self.y[:, at]

    def retrieve(self, u: Tensor) -> Pass:
        """``m = softmax(u yh^T) yh`` with a running maximum and sum."""
        u = self.centre(u)
        top = u.new_full((u.shape[0], 1, u.shape[1]), -math.inf)
        total, m = torch.zeros_like(top), torch.zeros_like(u)
        for at in self.blocks:
            s = self.scores(u, at)
            new_top = torch.maximum(top, s.amax(1, keepdim=True))
            # A query that has seen nothing allowed yet has -inf as maximum; 0 keeps exp(-inf - 0) = 0.
            safe = new_top.masked_fill(new_top == -math.inf, 0.0)
            e = s.sub_(safe).exp_()
            shrink = (top - safe).exp_()
            total.mul_(shrink).add_(e.sum(1, keepdim=True))
            m.mul_(shrink.mT).add_(self.weighted(e, at))
            top = new_top
        m.div_(total.clamp_min(torch.finfo(total.dtype).tiny).mT)
        return Pass(u=u, lse=top + total.log(), m=self.centre(m))

    def change(self, new: Pass, old: Pass) -> Tensor:
        """Norm of the difference of two passes' associations, each query's: ``[B, M]``."""
        square = torch.zeros_like(new.lse)
        for at in self.blocks:
            a = self.scores(new.u, at).sub_(new.lse).exp_()
            a -= self.scores(old.u, at).sub_(old.lse).exp_()
            square += a.square_().sum(1, keepdim=True)
        return square.squeeze(1).sqrt()

    def _weights(self, one: Pass, gradient: Tensor, at: slice) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Associations a, raw scores, products with the gradient, and the scores' gradients: ``[B, n, M]``."""
        raw = self.products(one.u, at)
        a = raw - one.lse
        if self.mask is not None:
            a.masked_fill_(~self.mask[:, at], -math.inf)
        a.exp_()
        along = self.products(gradient, at)
        offset = (gradient * one.m).sum(-1).unsqueeze(1)
        return a, raw, along, (along - offset).mul_(a)

    def query_gradient(self, one: Pass, gradient: Tensor) -> Tensor:
        """Gradient of u from the centred gradient of m."""
        du = torch.zeros_like(one.u)
        for at in self.blocks:
            du += self.weighted(self._weights(one, gradient, at)[3], at)
        return self.centre(du)

    def pattern_gradient(self, passes: list[Pass]) -> Tensor:
        """Gradient of y from all passes, written once.

        Of yh it is ``sum (a gradient + ds u)``; LayerNorm takes away what lies along yh and scales by r:
        ``dy = r (dyh - yh (dyh . yh) / d)``, where ``dyh . yh = sum (a along + ds raw)``.
        """
        y, width = self.y, self.y.shape[2]
        dy = torch.empty_like(y, memory_format=torch.contiguous_format)
        vectors = [vector for one in passes for vector in (one.gradient, one.u) if vector is not None]
        if self.eps is not None:
            vectors.append(y.new_ones((y.shape[0], 1, width)))
        directions = torch.cat(vectors, dim=1)
        for at in self.blocks:
            factors = []
            along_yh = y.new_zeros(())
            for one in passes:
                if one.gradient is None:
                    continue
                a, raw, along, ds = self._weights(one, one.gradient, at)
                if self.eps is not None:
                    along_yh = along_yh + along.mul_(a).add_(raw.mul_(ds)).sum(-1, keepdim=True)
                factors += [a, ds]
            if self.eps is None:
                torch.bmm(torch.cat(factors, dim=-1), directions, out=dy[:, at])
                continue
            r = self.r[:, at]
            part = along_yh.mul_(r).mul_(r).div_(-width)  # y's factor; the mean's is its opposite
            coefficients = torch.cat([*factors, -part * self.mean[:, at] / r], dim=-1).mul_(r)
            torch.bmm(coefficients, directions, out=dy[:, at]).addcmul_(y[:, at], part)
        return dy
