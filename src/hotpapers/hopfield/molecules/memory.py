"""A memory of molecules that recalls their labels: untrained, and with a projection that was learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hotpapers.hopfield.arrays import check_beta
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.scores import area
from hotpapers.hopfield.molecules.folds import label_folds
from hotpapers.hopfield.molecules.projection import Recipe, epochs, recalled, scores, unit

__all__ = ["BETAS", "MoleculeMemory", "mean_area"]

BETAS = (2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0)
_BLOCK = 512  # states whose scores with all stored patterns are held at once
_MOST_JUDGED = 4096  # molecules that inner folds judge temperatures on
_INNER = 5

Floats = npt.NDArray[np.float64]


def mean_area(shares: Any, labels: Any) -> float:
    """Mean over labels of the area under the ROC curve, known labels alone; NaN where no label has both kinds.

    Parameters
    ----------
    shares
        ``[n, L]``, larger for label 1.
    labels
        1, 0 or NaN, ``[n, L]``.
    """
    found = []
    for share, truth in zip(np.asarray(shares).T, np.asarray(labels).T, strict=True):
        known = ~np.isnan(truth)
        if len(np.unique(truth[known])) == 2:
            found.append(float(area(share[known], truth[known])))
    return float(np.mean(found)) if found else float("nan")


class MoleculeMemory:
    """Recall labels of molecules from those that are like them.

    All training fingerprints are stored, at unit norm, with their labels. A molecule recalls the labels' mean,
    each stored one weighted by ``softmax(beta cosine)``: one update of a modern Hopfield network, with nothing
    learned. With `learn` a projection of states and patterns is learned as well, for as many epochs as
    held-out molecules find useful, which may be none.

    Parameters
    ----------
    betas
        Inverse temperatures that five inner folds choose from.
    learn
        Learn a projection.
    recipe
        How.
    seed
        Of inner folds, order, subsets and dropout.
    device
        Where torch computes.

    Attributes
    ----------
    beta_
        The temperature chosen.
    epochs_
        Epochs that the projection was learned; 0: it is none.
    projection_
        ``[d, d]``, or None.
    stored_, values_, known_
        Patterns at unit norm ``[N, d]``; labels, 0 where not known, and 1 where they are, ``[N, L]``.

    Examples
    --------
    >>> bits = np.eye(8, dtype=np.uint8)[np.arange(40) % 8]
    >>> memory = MoleculeMemory(learn=False).fit(bits, (np.arange(40) % 8 < 4).astype(float))
    >>> bool(memory.recall(bits[:1])[0, 0] > 0.7 > 0.3 > memory.recall(bits[7:8])[0, 0])
    True
    """

    def __init__(
        self,
        *,
        betas: Sequence[float] = BETAS,
        learn: bool = True,
        recipe: Recipe | None = None,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.betas = tuple(check_beta(beta) for beta in betas)
        if not self.betas:
            raise HopfieldError("betas must be one number or more")
        self.learn, self.recipe, self.seed, self.device = learn, recipe or Recipe(), seed, device
        self.projection_: Tensor | None = None
        self.epochs_ = 0

    def fit(self, bits: Any, labels: Any) -> MoleculeMemory:
        """Store molecules, choose the temperature, learn.

        Parameters
        ----------
        bits
            Fingerprints, ``[N, d]``.
        labels
            1, 0, or NaN where not known: ``[N]`` or ``[N, L]``.

        Raises
        ------
        HopfieldError
            If shapes don't fit, or a label is not known to be 1 and 0 often enough for inner folds.
        """
        truth = _labels(labels)
        self.stored_ = self._states(bits)
        if len(truth) != len(self.stored_):
            raise HopfieldError(f"{len(self.stored_)} molecules have {len(truth)} rows of labels")
        known = ~np.isnan(truth)
        self.known_ = torch.from_numpy(known).float().to(self.device)
        self.values_ = torch.from_numpy(np.where(known, truth, 0.0)).float().to(self.device)
        self.n_bits_, self.n_labels_ = self.stored_.shape[1], truth.shape[1]
        fold_of = label_folds(truth, _INNER, seed=self.seed)
        self.projection_, self.epochs_ = None, 0
        self.beta_ = self._best_beta(truth, fold_of)
        if self.learn:
            self._learn(truth, fold_of == 0)
        return self

    def restore(
        self, bits: Any, *, values: Tensor, known: Tensor, beta: float, epochs: int, projection: Tensor | None
    ) -> None:
        """Take up what another one had learned, as its attributes say."""
        self.stored_ = self._states(bits)
        self.values_, self.known_ = values, known
        self.n_bits_, self.n_labels_ = self.stored_.shape[1], values.shape[1]
        self.beta_, self.epochs_, self.projection_ = beta, epochs, projection

    def _states(self, bits: Any) -> Tensor:
        given = torch.as_tensor(np.asarray(bits, dtype=np.float32))
        if given.ndim != 2 or not given.numel():
            raise HopfieldError(f"fingerprints must be an array [n, bits]: got shape {list(given.shape)}")
        return unit(given.to(self.device))

    def _best_beta(self, truth: Floats, fold_of: npt.NDArray[np.int64]) -> float:
        """The temperature with the best mean area over inner folds, each judged by the other folds' molecules."""
        rng = np.random.default_rng(self.seed)
        judged = np.arange(len(truth))
        if len(judged) > _MOST_JUDGED:
            judged = np.sort(rng.choice(judged, _MOST_JUDGED, replace=False))
        folds = torch.from_numpy(fold_of).to(self.device)
        found: list[list[Tensor]] = [[] for _ in self.betas]
        for at in torch.split(torch.from_numpy(judged).to(self.device), _BLOCK):
            cosines = scores(self.stored_[at], self.stored_, None)
            same = folds[at][:, None] == folds
            for beta, parts in zip(self.betas, found, strict=True):
                parts.append(recalled(cosines, beta, self.values_, self.known_, same))
        areas = []
        for parts in found:
            shares = torch.cat(parts).cpu().numpy()
            of_folds = [
                mean_area(shares[fold_of[judged] == fold], truth[judged[fold_of[judged] == fold]])
                for fold in range(_INNER)
            ]
            areas.append(-1.0 if np.isnan(of_folds).all() else float(np.nanmean(of_folds)))
        return self.betas[int(np.argmax(areas))]

    def _learn(self, truth: Floats, held: npt.NDArray[np.bool_]) -> None:
        """Learn without the held-out molecules to see how long is good, then with all."""
        generator = torch.Generator(self.device).manual_seed(self.seed)
        rest = torch.from_numpy(~held).to(self.device)
        kept = self.stored_[rest], self.values_[rest], self.known_[rest]
        judges = np.flatnonzero(held)
        if len(judges) > self.recipe.largest_set:
            rng = np.random.default_rng(self.seed)
            judges = np.sort(rng.choice(judges, self.recipe.largest_set, replace=False))
        states = self.stored_[torch.from_numpy(judges).to(self.device)]

        def judged(projection: Tensor | None) -> float:
            return mean_area(_recall(states, *kept, self.beta_, projection), truth[judges])

        areas = [judged(None)]
        areas += [judged(each) for each in epochs(*kept, self.beta_, self.recipe, generator)]
        self.epochs_ = int(np.nan_to_num(areas, nan=-1.0).argmax())
        if self.epochs_:
            generator = torch.Generator(self.device).manual_seed(self.seed)
            learning = epochs(self.stored_, self.values_, self.known_, self.beta_, self.recipe, generator)
            for _ in range(self.epochs_):
                self.projection_ = next(learning)

    def recall(self, bits: Any, *, projected: bool = True) -> Floats:
        """Share of label 1 in what each molecule recalls, ``[n, L]``.

        Parameters
        ----------
        bits
            Fingerprints, ``[n, d]``.
        projected
            False: as if no projection had been learned.
        """
        states = self._checked(bits)
        projection = self.projection_ if projected else None
        return _recall(states, self.stored_, self.values_, self.known_, self.beta_, projection)

    def nearest(self, bits: Any, top: int = 3) -> tuple[npt.NDArray[np.int64], Floats]:
        """Stored molecules of most weight for each of ``[n, d]``: positions and weights, both ``[n, top]``."""
        weights, places = [], []
        for cosines in _blocks(self._checked(bits), self.stored_, self.projection_):
            found = torch.softmax(self.beta_ * cosines, 1).topk(min(top, len(self.stored_)))
            weights.append(found.values.double().cpu().numpy())
            places.append(found.indices.cpu().numpy())
        return np.concatenate(places), np.concatenate(weights)

    def _checked(self, bits: Any) -> Tensor:
        states = self._states(bits)
        if states.shape[1] != self.n_bits_:
            raise HopfieldError(f"fingerprints of {states.shape[1]} bits: the memory holds {self.n_bits_}")
        return states


def _labels(given: Any) -> Floats:
    truth = np.asarray(given, dtype=np.float64)
    truth = truth[:, None] if truth.ndim == 1 else truth
    if truth.ndim != 2 or not np.isin(truth[~np.isnan(truth)], (0.0, 1.0)).all():
        raise HopfieldError("labels must be 1, 0 or NaN: [n], or [n, labels]")
    return truth


def _blocks(states: Tensor, stored: Tensor, projection: Tensor | None) -> Iterator[Tensor]:
    """Cosines of some states with all stored patterns at a time; the stored ones are projected once."""
    if projection is not None:
        states, stored = unit(states @ projection), unit(stored @ projection)
    for block in torch.split(states, _BLOCK):
        yield scores(block, stored, None)


def _recall(
    states: Tensor, stored: Tensor, values: Tensor, known: Tensor, beta: float, projection: Tensor | None
) -> Floats:
    parts = [recalled(cosines, beta, values, known) for cosines in _blocks(states, stored, projection)]
    found: Floats = torch.cat(parts).double().cpu().numpy()
    return found
