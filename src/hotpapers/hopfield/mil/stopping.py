"""Early stopping of many networks: each keeps the weights with which it judged its held-out bags best."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.network import BagNetworks
from hotpapers.hopfield.mil.resuming import EpochFile
from hotpapers.hopfield.mil.training import Recipe, Training, TrainingSet, logits_of

__all__ = ["parts_held_out", "train_all_epochs", "train_to_the_best"]

_FEWEST = 5  # bags of a class from which some can be held out
Parts = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


def parts_held_out(
    positive: npt.NDArray[np.float32], members: int, fraction: float, groups: Any, seed: int
) -> Parts | None:
    """For each network the bags that it learns from and those that stop it.

    Parameters
    ----------
    positive
        1.0 for bags of the second class, ``[B]``.
    members
        Number of networks; those of an ensemble are held out in turns, so that all bags are learned from.
    fraction
        Part of the bags that is held out.
    groups
        None, or one for each bag, ``[B]``: bags of a group stay together.
    seed
        Of the split.

    Returns
    -------
    list or None
        None where a class has too few bags to hold some out.
    """
    least = int(min(positive.sum(), (1 - positive).sum()))
    if least < _FEWEST:
        return None
    folds = min(max(2, round(1 / fraction)), least)
    if groups is None:
        splits = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(positive, positive))
    else:
        groups = np.asarray(groups)
        if groups.shape != positive.shape:
            raise HopfieldError(f"groups must be one for each of {len(positive)} bags")
        if len(np.unique(groups)) < folds:
            raise HopfieldError(f"{folds} parts to hold out need {folds} groups: set early_stopping=False")
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a class with fewer bags than parts
            splits = list(splitter.split(positive, positive, groups))
    return [splits[member % folds] for member in range(members)]


def train_all_epochs(training: Training, max_epochs: int, file: EpochFile | None = None) -> int:
    """Make all epochs, and keep each in a file if there is one; returns how many."""
    made = file.take_up(training, {}).get("made", 0) if file else 0
    while made < max_epochs:
        training.epoch()
        made += 1
        if file:
            file.write(training, {}, {"made": made})
    return made


def train_to_the_best(
    networks: BagNetworks,
    data: TrainingSet,
    parts: Parts,
    recipe: Recipe,
    generator: torch.Generator,
    *,
    max_epochs: int,
    patience: int,
    file: EpochFile | None = None,
) -> int:
    """Train, and leave every network as it was when its held-out loss was least; returns the epochs made.

    Parameters
    ----------
    networks, data, recipe, generator
        As in `Training`.
    parts
        What `parts_held_out` returns.
    max_epochs, patience
        The most epochs, and how many without a better loss of any network end training.
    file
        Where each epoch is kept, and taken up from.
    """
    device = data.rows.device
    learned = [torch.from_numpy(train).to(device) for train, _ in parts]
    judged = [torch.from_numpy(test).to(device) for _, test in parts]
    data = replace(data, bags=learned)
    training = Training(networks, data, recipe, generator)
    best = torch.full((networks.members,), torch.inf, device=device)
    kept = [parameter.detach().clone() for parameter in networks.parameters()]
    loop = {"best": best, **{f"kept{at}": one for at, one in enumerate(kept)}}
    numbers = file.take_up(training, loop) if file else {}
    since, made = numbers.get("since", 0), numbers.get("made", 0)
    while made < max_epochs and since < patience:
        training.epoch()
        made += 1
        losses = _losses(networks, data, judged)
        better = losses < best
        best.copy_(torch.minimum(best, losses))
        for old, new in zip(kept, networks.parameters(), strict=True):
            old[better] = new.detach()[better]
        since = 0 if bool(better.any()) else since + 1
        if file:
            file.write(training, loop, {"made": made, "since": since})
    with torch.no_grad():
        for old, new in zip(kept, networks.parameters(), strict=True):
            new.copy_(old)
    return made


def _losses(networks: BagNetworks, data: TrainingSet, judged: Sequence[Tensor]) -> Tensor:
    """Each network's weighted loss on the bags that it does not learn from, ``[M]``."""
    losses = []
    for member, (logits, bags) in enumerate(zip(logits_of(networks, data, judged), judged, strict=True)):
        weights = data.weights[data.version[member], bags]
        every = binary_cross_entropy_with_logits(logits, data.labels[bags], reduction="none")
        losses.append((every * weights).sum() / weights.sum().clamp_min(1e-12))
    return torch.stack(losses)
