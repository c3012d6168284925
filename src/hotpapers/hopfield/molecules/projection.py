"""What a memory of fingerprints recalls, and the projection of its patterns that learns to recall better.

Patterns and states are fingerprints x at unit norm, so that the score of a stored pattern is a cosine, or, behind a
projection W, that of W x and W x_i. A state recalls the labels' mean under softmax(beta scores): the paper's lookup
with the training set as stored patterns and its labels as targets. W starts as the identity, so that learning starts
from the lookup without any.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Recipe", "epochs", "recalled", "scores", "unit"]

_CLOSE = 1e-4  # to 0 and 1: the loss of a share nearer than this is no larger


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the projection is learned.

    Parameters
    ----------
    epochs
        Times through the molecules at most; held-out ones say how many.
    learning_rate, batch_size
        Of AdamW, without decay.
    dropout
        Share of a state's bits that are hidden while it asks.
    largest_set
        Of more stored patterns each step draws so many at random, and each epoch so many states; so many
        held-out molecules at most say how many epochs are good.
    """

    epochs: int = 20
    learning_rate: float = 2e-4
    batch_size: int = 256
    dropout: float = 0.2
    largest_set: int = 2048

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_size, self.largest_set) < 1 or not self.learning_rate > 0:
            raise HopfieldError(f"a recipe's numbers must be positive: got {self}")
        if not 0 <= self.dropout < 1:
            raise HopfieldError(f"dropout must lie in [0, 1): got {self.dropout!r}")


def unit(x: Tensor) -> Tensor:
    """Rows at unit norm; a row of zeros stays, and matches all patterns alike."""
    lengths: Tensor = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    found: Tensor = x / lengths.clamp_min(1e-12)
    return found


def scores(states: Tensor, stored: Tensor, projection: Tensor | None) -> Tensor:
    """Cosines of states ``[S, d]`` and stored patterns ``[N, d]``, both behind the projection, ``[S, N]``."""
    if projection is None:
        return states @ stored.T
    return unit(states @ projection) @ unit(stored @ projection).T


def recalled(
    cosines: Tensor, beta: float, values: Tensor, known: Tensor, forbidden: Tensor | None = None
) -> Tensor:
    """Shares of label 1 in what states recall, ``[S, L]``.

    Parameters
    ----------
    cosines
        Of states and stored patterns, ``[S, N]``.
    beta
        Inverse temperature.
    values, known
        Labels 1 or 0, and 1 where a label is known, ``[N, L]``: what is not known weighs nothing.
    forbidden
        True where a state may not recall a pattern, broadcastable to ``[S, N]``.
    """
    at = beta * cosines
    if forbidden is not None:
        at = at.masked_fill(forbidden, -torch.inf)
    p = torch.softmax(at, dim=1)
    weight = p @ known
    # Where nothing near is known, the known ones' mean is all that is left to say.
    mean = (values * known).sum(0) / known.sum(0).clamp_min(1)
    tiny = torch.finfo(p.dtype).tiny
    return torch.where(weight > tiny, (p @ (values * known)) / weight.clamp_min(tiny), mean)


def epochs(
    stored: Tensor, values: Tensor, known: Tensor, beta: float, recipe: Recipe, generator: torch.Generator
) -> Iterator[Tensor]:
    """Learn a projection; yields it after each epoch, ``[d, d]``.

    A state never recalls itself: it would learn nothing else.

    Parameters
    ----------
    stored
        Patterns at unit norm, ``[N, d]``.
    values, known
        As for `recalled`.
    beta
        Inverse temperature.
    recipe
        How, and how long.
    generator
        Where order, subsets and dropout come from.
    """
    count, width = stored.shape
    device = stored.device
    change = torch.zeros(width, width, device=device, requires_grad=True)
    start = torch.eye(width, device=device)
    optimizer = torch.optim.AdamW([change], lr=recipe.learning_rate, weight_decay=0.0)

    def draw() -> Tensor:
        return torch.randperm(count, generator=generator, device=device)[: recipe.largest_set]

    for _ in range(recipe.epochs):
        for asked in torch.split(draw(), recipe.batch_size):
            among = draw() if count > recipe.largest_set else torch.arange(count, device=device)
            shown = torch.rand(len(asked), width, generator=generator, device=device) >= recipe.dropout
            cosines = scores(stored[asked] * shown, stored[among], start + change)
            share = recalled(cosines, beta, values[among], known[among], among == asked[:, None])
            share = share.clamp(_CLOSE, 1 - _CLOSE)
            truth, there = values[asked], known[asked]
            every = -(truth * share.log() + (1 - truth) * (1 - share).log()) * there
            optimizer.zero_grad()
            (every.sum() / there.sum().clamp_min(1)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        yield (start + change).detach()
