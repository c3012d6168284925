"""The space that queries and patterns are compared in: all coordinates, or those that a query knows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

__all__ = ["Space"]

# From so many queries on torch's fused kernel wins, which never writes the scores to memory; with fewer it
# may be slower by far on some CPUs, as it works a block of queries at a time.
_FUSED = 32


@dataclass(frozen=True)
class Space:
    """Stored patterns as the S queries of a block see them.

    With known coordinates each query has a network of its own, whose patterns are the known parts of the
    stored ones, at unit norm where the memory normalizes. No pattern is copied for that: the masks stand
    on the queries' side, and one factor a pattern.

    Parameters
    ----------
    patterns
        Rows of the association space, ``[N, d]``.
    norm
        M for each query, ``[S]`` or ``[1]``.
    known
        1 where a coordinate is known, else 0, ``[S, d]`` or ``[1, d]``; None where all are.
    scale
        One over the norm of each pattern's known part, ``[S, N]`` or ``[1, N]``; None for 1.
    """

    patterns: Tensor
    norm: Tensor
    known: Tensor | None = None
    scale: Tensor | None = None

    @classmethod
    def of(cls, patterns: Tensor, norm: float, known: Tensor | None, *, normalize: bool) -> Space:
        """The space in which `known`, bool ``[S, d]`` or ``[1, d]``, is what counts."""
        if known is None:
            return cls(patterns, patterns.new_tensor([norm]))
        mask = known.to(patterns.dtype)
        length = (patterns.square() @ mask.mT).mT.clamp(min=0).sqrt()
        if not normalize:
            return cls(patterns, length.amax(1), mask)
        scale = torch.where(length > 0, 1 / length, 0.0)
        return cls(patterns, (length > 0).any(1).to(patterns.dtype), mask, scale)

    def select(self, queries: Tensor) -> Space:
        """The same for some of the queries."""

        def pick(values: Tensor | None) -> Tensor | None:
            return values if values is None or values.shape[0] == 1 else values[queries]

        norm = self.norm if self.norm.shape[0] == 1 else self.norm[queries]
        return Space(self.patterns, norm, pick(self.known), pick(self.scale))

    def products(self, states: Tensor) -> Tensor:
        """``X xi`` for each state: ``[S, d] -> [S, N]``."""
        seen = states if self.known is None else states * self.known
        dots = seen @ self.patterns.mT
        return dots if self.scale is None else dots * self.scale

    def mean(self, weights: Tensor) -> Tensor:
        """``X^T p`` for each query's weights: ``[S, N] -> [S, d]``."""
        mixed = (weights if self.scale is None else weights * self.scale) @ self.patterns
        return mixed if self.known is None else mixed * self.known

    def pattern(self, index: Tensor) -> Tensor:
        """For each query the pattern that `index`, ``[S]``, names: ``[S, d]``."""
        rows = self.patterns[index]
        if self.known is not None:
            rows = rows * self.known
        if self.scale is not None:
            rows = rows * self.scale.expand(len(index), -1).gather(1, index[:, None])
        return rows

    def retrieve(self, states: Tensor, beta: float, read: Tensor) -> Tensor:
        """The mean of the rows `read`, ``[N, p]``, by the weights of each state: ``[S, d] -> [S, p]``."""
        if self.known is None and len(states) >= _FUSED:
            parts = ((states * beta)[None, None], self.patterns[None, None], read[None, None])
            return scaled_dot_product_attention(*parts, scale=1.0)[0, 0]
        return torch.softmax(self.products(states * beta), dim=-1) @ read

    def update(self, states: Tensor, beta: float) -> Tensor:
        """One update of each state, equation 3."""
        if self.known is None:
            return self.retrieve(states, beta, self.patterns)
        return self.mean(torch.softmax(self.products(states * beta), dim=-1))
