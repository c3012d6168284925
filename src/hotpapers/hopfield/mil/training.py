"""Train many networks for bags at once: each on its own bags, in its own order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.batches import Batch, lay_out
from hotpapers.hopfield.mil.network import BagNetworks

__all__ = ["Recipe", "Training", "TrainingSet", "class_weights", "logits_of", "weights_of"]

_MOST_ROWS = 1 << 16  # rows times networks that one call of prediction reads


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How networks are trained.

    Parameters
    ----------
    learning_rate, weight_decay
        Of AdamW.
    decay
        The learning rate's factor after each epoch.
    batch_size
        Bags of one step, at most.
    largest_gradient
        Norm to which a network's gradient is cut.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    decay: float = 0.98
    batch_size: int = 32
    largest_gradient: float = 1.0

    def __post_init__(self) -> None:
        positive = (self.learning_rate, self.decay, self.batch_size, self.largest_gradient)
        if not min(positive) > 0 or self.weight_decay < 0 or self.batch_size != int(self.batch_size):
            raise HopfieldError(f"a recipe's numbers must be positive: got {self}")


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """Rows, labels and weights that all networks share, and which bags each learns from.

    Parameters
    ----------
    rows
        V versions of the rows (each scaled by other training bags), ``[V, T, d]``.
    offsets
        int64 ``[B + 1]``.
    labels
        1.0 or 0.0, ``[B]``.
    weights
        What each bag counts in each version, ``[V, B]``.
    version
        The version that each network reads, int64 ``[M]``.
    bags
        The bags that each network learns from; M of them.
    """

    rows: Tensor
    offsets: Tensor
    labels: Tensor
    weights: Tensor
    version: Tensor
    bags: Sequence[Tensor] = field(default_factory=tuple)


class Training:
    """Networks on their way; each `epoch` goes once through the bags.

    Parameters
    ----------
    networks
        M networks.
    data
        What they learn from.
    recipe
        How.
    generator
        Where order and dropout come from.
    """

    def __init__(
        self, networks: BagNetworks, data: TrainingSet, recipe: Recipe, generator: torch.Generator
    ) -> None:
        self.networks, self.data, self.recipe, self.generator = networks, data, recipe, generator
        self.parameters = [parameter for parameter in networks.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )

    def epoch(self) -> Tensor:
        """Go once through the bags; returns each network's mean loss, ``[M]``."""
        networks, data = self.networks, self.data
        networks.train()
        losses = []
        for chosen in self._batches():
            batch = lay_out(chosen, data.offsets)
            logits = networks(read(data, batch), batch, self.generator)
            weights = data.weights[data.version[:, None], chosen]
            every = binary_cross_entropy_with_logits(logits, data.labels[chosen], reduction="none")
            loss = (every * weights).mean(1)
            self.optimizer.zero_grad()
            loss.sum().backward()  # type: ignore[no-untyped-call]
            self._cut_gradients()
            self.optimizer.step()
            losses.append(loss.detach())
        for group in self.optimizer.param_groups:
            group["lr"] *= self.recipe.decay
        return torch.stack(losses).mean(0)

    def _batches(self) -> Iterator[Tensor]:
        """Bags of each step, ``[M, b]``: as many steps for all, a network with more bags leaves some over."""
        least = min(len(bags) for bags in self.data.bags)
        order = torch.stack(
            [
                bags[torch.randperm(len(bags), generator=self.generator, device=bags.device)[:least]]
                for bags in self.data.bags
            ]
        )
        steps = max(1, round(least / self.recipe.batch_size))
        yield from order.tensor_split(steps, dim=1)

    def _cut_gradients(self) -> None:
        """Cut each network's own gradient to the largest norm."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        squares = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients])
        factor = (self.recipe.largest_gradient / squares.sum(0).sqrt().clamp_min(1e-12)).clamp_max(1.0)
        for gradient in gradients:
            gradient.mul_(factor.reshape(-1, *[1] * (gradient.ndim - 1)))


def read(data: TrainingSet, batch: Batch) -> Tensor:
    """The rows of a batch, ``[M, R, d]``, each network's from its version."""
    return data.rows[data.version[:, None], batch.take]


def logits_of(networks: BagNetworks, data: TrainingSet, bags: Sequence[Tensor]) -> list[Tensor]:
    """Logits of the bags that each network is asked about, ``[b_m]`` for each of M, without dropout.

    Parameters
    ----------
    networks
        M networks.
    data
        Rows of V versions.
    bags
        Bags for each network, M of them, none without any.
    """
    networks.eval()
    longest = max(len(one) for one in bags)
    # Networks with fewer bags judge some twice; what is over is cut off again.
    chosen = torch.stack([one[torch.arange(longest, device=one.device) % len(one)] for one in bags])
    with torch.no_grad():
        pieces = [_judged(networks, data, part) for part in _parts(chosen, data.offsets)]
    logits = torch.cat(pieces, dim=1)
    return [row[: len(one)] for row, one in zip(logits, bags, strict=True)]


def _judged(networks: BagNetworks, data: TrainingSet, part: Tensor) -> Tensor:
    return torch.cat([one(read(some, batch), batch) for one, some, batch in _calls(networks, data, part)])


def weights_of(networks: BagNetworks, data: TrainingSet) -> list[npt.NDArray[np.float64]]:
    """Association of each bag's rows, ``[n_i]`` each, the mean over heads and networks."""
    networks.eval()
    sizes = data.offsets.diff().tolist()
    found = [np.zeros(size) for size in sizes]
    every = torch.arange(len(sizes), device=data.offsets.device).expand(networks.members, -1)
    for part in _parts(every, data.offsets):
        for one, some, batch in _calls(networks, data, part):
            for bucket, a in zip(batch.buckets, one.weights(read(some, batch), batch), strict=True):
                means = a.double().mean(1).cpu().numpy() / networks.members
                at = part[0][bucket.bags % batch.size].tolist()
                for bag, row in zip(at, means, strict=True):
                    found[bag] += row[: sizes[bag]]
    return found


def _parts(chosen: Tensor, offsets: Tensor) -> Iterator[Tensor]:
    """Columns of `chosen` in pieces of a bearable number of rows."""
    rows = offsets.diff()[chosen].sum(0).cumsum(0)
    cuts = torch.unique_consecutive(rows // _MOST_ROWS, return_counts=True)[1].cumsum(0)[:-1]
    yield from (part for part in chosen.tensor_split(cuts.tolist(), dim=1) if part.shape[1])


def _calls(
    networks: BagNetworks, data: TrainingSet, part: Tensor
) -> Iterator[tuple[BagNetworks, TrainingSet, Batch]]:
    """All networks at once; where the bags are too large for that, one after the other."""
    if int(data.offsets.diff()[part].sum()) <= 2 * _MOST_ROWS or networks.members == 1:
        yield networks, data, lay_out(part, data.offsets)
        return
    for member in range(networks.members):
        alone = replace(data, version=data.version[member : member + 1])
        yield networks.only(member), alone, lay_out(part[member : member + 1], data.offsets)


def class_weights(labels: Tensor, pos_weight: float | str = "balanced") -> Tensor:
    """Weights of the bags, mean 1, ``[B]``: a positive one counts `pos_weight` times a negative one.

    Parameters
    ----------
    labels
        1.0 or 0.0, ``[B]``, of both kinds.
    pos_weight
        A number, or ``"balanced"``: both classes count the same in all.
    """
    positive = labels > 0.5
    if pos_weight == "balanced":
        pos_weight = float((~positive).sum() / positive.sum())
    if isinstance(pos_weight, str) or not pos_weight > 0:
        raise HopfieldError(f"pos_weight must be a positive number or 'balanced': got {pos_weight!r}")
    weights = torch.where(positive, float(pos_weight), 1.0)
    return weights / weights.mean()
