"""Choose settings and the number of epochs by inner folds, all candidates of all folds trained at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.data import Bags
from hotpapers.hopfield.mil.network import BagNetworks, Shape
from hotpapers.hopfield.mil.scaling import Scaling
from hotpapers.hopfield.mil.scores import area
from hotpapers.hopfield.mil.training import Recipe, Training, TrainingSet, class_weights, logits_of

__all__ = ["CANDIDATES", "Candidate", "Choice", "choose", "stratified_folds"]

_WINDOW = 5  # epochs over which an area is averaged, as a single one's is noisy


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Settings that may be chosen; parameters of the classifier by the same names."""

    beta: float = 1.0
    bag_dropout: float = 0.0
    feature_dropout: float = 0.0


CANDIDATES = tuple(
    Candidate(beta=beta, bag_dropout=bag, feature_dropout=feature)
    for beta, bag, feature in product((1.0, 10.0), (0.0, 0.5), (0.0, 0.3))
)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the inner folds chose.

    Parameters
    ----------
    candidate, epochs
        The settings and when to stop.
    score
        Their mean area over the inner folds; as the best of many it is too high for a promise.
    """

    candidate: Candidate
    epochs: int
    score: float


def stratified_folds(
    positive: npt.NDArray[np.float32], folds: int, *, seed: int, groups: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.int64]:
    """The fold in which each bag is tested, ``[B]``; groups stay together, classes are spread evenly.

    Raises
    ------
    HopfieldError
        If a class has fewer bags than there are folds, or there are fewer groups.
    """
    least = int(min((positive > 0.5).sum(), (positive <= 0.5).sum()))
    if folds < 2 or least < folds:
        raise HopfieldError(
            f"{folds} folds need {folds} bags of each class, and at least 2 folds: the rarer class has {least}"
        )
    if groups is not None and len(np.unique(groups)) < folds:
        raise HopfieldError(f"{folds} folds need {folds} groups: there are {len(np.unique(groups))}")
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    found = np.zeros(len(positive), np.int64)
    for fold, (_, test) in enumerate(
        kind(folds, shuffle=True, random_state=seed).split(positive, positive, groups)
    ):
        found[test] = fold
    return found


def choose(
    bags: Bags,
    positive: npt.NDArray[np.float32],
    fold_of: npt.NDArray[np.int64],
    *,
    shape: Shape,
    recipe: Recipe,
    candidates: Sequence[Candidate] = CANDIDATES,
    max_epochs: int = 40,
    limit: float | None = 5.0,
    seed: int = 0,
    device: str = "cpu",
) -> list[Choice]:
    """Candidates, each with the epoch of its largest mean area over the inner folds, the best one first.

    Parameters
    ----------
    bags, positive
        The bags that may be learned from, and 1.0 for those of the second class, ``[B]``.
    fold_of
        The inner fold in which each is judged, ``[B]``.
    shape, recipe
        Of the networks and of their training.
    candidates
        What is tried.
    max_epochs
        The most epochs that are tried.
    limit
        Where scaled features are cut off.
    seed, device
        Of weights, order and dropout; where torch computes.
    """
    folds = int(fold_of.max()) + 1
    data, judged = _inner_sets(bags, positive, fold_of, folds * len(candidates), limit, device)
    generator = torch.Generator(device).manual_seed(seed)
    settings: dict[str, Any] = {
        name: torch.tensor([each for one in candidates for each in [asdict(one)[name]] * folds])
        for name in asdict(candidates[0])
    }
    networks = BagNetworks(shape, folds * len(candidates), **settings).to(device)
    networks.reset_parameters(generator)
    training = Training(networks, data, recipe, generator)
    areas = np.zeros((max_epochs, len(candidates), folds))
    for epoch in range(max_epochs):
        training.epoch()
        logits = logits_of(networks, data, judged)
        for fold in range(folds):
            of_fold = torch.stack(logits[fold::folds]).cpu().numpy()
            areas[epoch, :, fold] = area(of_fold, positive[fold_of == fold])
    means = _smoothed(areas.mean(2))
    best = [
        Choice(candidate=one, epochs=int(means[:, at].argmax()) + 1, score=float(means[:, at].max()))
        for at, one in enumerate(candidates)
    ]
    return sorted(best, key=lambda choice: -choice.score)


def _inner_sets(
    bags: Bags,
    positive: npt.NDArray[np.float32],
    fold_of: npt.NDArray[np.int64],
    members: int,
    limit: float | None,
    device: str = "cpu",
) -> tuple[TrainingSet, list[torch.Tensor]]:
    """Each fold's rows, scaled by its own training bags, and the bags that judge each network."""
    folds = int(fold_of.max()) + 1
    labels = torch.from_numpy(positive)
    rows, weights, train, test = [], [], [], []
    for fold in range(folds):
        learn = np.flatnonzero(fold_of != fold)
        rows.append(torch.from_numpy(Scaling.of(bags.take(learn), limit).apply(bags.rows)))
        of_bags = torch.zeros(len(bags))
        of_bags[learn] = class_weights(labels[learn])
        weights.append(of_bags)
        train.append(torch.from_numpy(learn).to(device))
        test.append(torch.from_numpy(np.flatnonzero(fold_of == fold)).to(device))
    version = torch.arange(members) % folds
    data = TrainingSet(
        rows=torch.stack(rows).to(device),
        offsets=torch.from_numpy(bags.offsets).to(device),
        labels=labels.to(device),
        weights=torch.stack(weights).to(device),
        version=version.to(device),
        bags=[train[int(fold)] for fold in version],
    )
    return data, [test[int(fold)] for fold in version]


def _smoothed(areas: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Running means over epochs, ``[epochs, candidates]``, of fewer at both ends."""
    sums = np.cumsum(np.concatenate([np.zeros((1, areas.shape[1])), areas]), axis=0)
    at = np.arange(len(areas))
    low, high = np.maximum(at - _WINDOW // 2, 0), np.minimum(at + _WINDOW // 2 + 1, len(areas))
    found: npt.NDArray[np.float64] = (sums[high] - sums[low]) / (high - low)[:, None]
    return found
