"""Train DeepRC: the sequences with the highest scores of each bag, chosen anew for every update."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.repertoire.network import DeepRC, block_of
from hotpapers.hopfield.repertoire.sequences import Repertoire

__all__ = ["Recipe", "logits_of", "train"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    fraction
        Part of each bag, the best by score, that the bag is pooled from: DeepRC's tenth.
    warm_up
        Epochs in which all sequences count, before scores are worth choosing by.
    sampled
        Sequences of a bag that an update draws from at random, at most.
    learning_rate, weight_decay, eps
        Of Adam.
    batch_size
        Bags of an update.
    max_epochs, patience
        Times through the bags, and how many after warm-up without a better validation loss end training.
    scaling
        Multiply letters by ``log(1 + count)``.
    """

    fraction: float = 0.1
    warm_up: int = 15
    sampled: int = 10_000
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    eps: float = 1e-8
    batch_size: int = 8
    max_epochs: int = 40
    patience: int = 5
    scaling: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.fraction <= 1:
            raise HopfieldError(f"fraction must lie in (0, 1]: got {self.fraction!r}")
        counts = (self.sampled, self.batch_size, self.max_epochs, self.patience)
        if min(counts) < 1 or self.warm_up < 0 or not self.learning_rate > 0:
            raise HopfieldError(f"a recipe's numbers must be positive: got {self}")


def train(
    network: DeepRC,
    bags: Sequence[Repertoire],
    labels: npt.NDArray[np.float32],
    held_out: npt.NDArray[np.int64],
    recipe: Recipe,
    seed: int,
) -> int:
    """Train, leave the network as it judged the held-out bags best, return the epochs made.

    Parameters
    ----------
    network
        Trained in place.
    bags, labels
        Repertoires, and 1.0 for those of the second class.
    held_out
        Positions of the bags that are not learned from; () makes all epochs.
    recipe
        How.
    seed
        Of order and subsamples.
    """
    rng = np.random.default_rng(seed)
    learned = np.setdiff1d(np.arange(len(bags)), held_out)
    share = float(labels[learned].mean())
    device = network.bias.device
    pos_weight = torch.tensor((1 - share) / share, device=device)
    adam = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, eps=recipe.eps, weight_decay=recipe.weight_decay
    )
    truth = torch.from_numpy(labels).to(device)
    best, since, kept, epoch = np.inf, 0, None, 0
    while epoch < recipe.max_epochs and since < recipe.patience:
        fraction = 1.0 if epoch < recipe.warm_up else recipe.fraction
        order = rng.permutation(learned)
        for chosen in np.array_split(order, max(1, round(len(order) / recipe.batch_size))):
            blocks = []
            for index in chosen:
                among = _sample(len(bags[index]), recipe.sampled, rng)
                rows = network.best(bags[index], fraction, among=among, scaling=recipe.scaling)
                blocks.append(block_of(bags[index], rows, scaling=recipe.scaling))
            adam.zero_grad()
            loss = binary_cross_entropy_with_logits(network(blocks), truth[chosen], pos_weight=pos_weight)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
        epoch += 1
        if not len(held_out) or epoch < min(recipe.warm_up, recipe.max_epochs):
            continue
        judged = logits_of(network, [bags[index] for index in held_out], recipe)
        loss_there = float(
            binary_cross_entropy_with_logits(
                torch.from_numpy(judged).to(device), truth[held_out].double(), pos_weight=pos_weight.double()
            )
        )
        since += 1
        if loss_there < best:
            best, since, kept = loss_there, 0, copy.deepcopy(network.state_dict())
    if kept is not None:
        network.load_state_dict(kept)
    return epoch


def _sample(many: int, most: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.arange(many) if many <= most else np.sort(rng.choice(many, most, replace=False))


def logits_of(network: DeepRC, bags: Sequence[Repertoire], recipe: Recipe) -> npt.NDArray[np.float64]:
    """Logits of whole bags, each pooled from its best sequences, ``[B]``."""
    with torch.no_grad():
        found = [
            network(
                [
                    block_of(
                        bag,
                        network.best(bag, recipe.fraction, scaling=recipe.scaling),
                        scaling=recipe.scaling,
                    )
                ]
            )
            for bag in bags
        ]
    logits: npt.NDArray[np.float64] = torch.cat(found).double().cpu().numpy()
    return logits
