"""Judge the memory beside its peers on the same molecules: over folds, or over a published split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import process_time

import numpy as np
import numpy.typing as npt

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.scores import area
from hotpapers.hopfield.molecules.folds import label_folds
from hotpapers.hopfield.molecules.memory import MoleculeMemory
from hotpapers.hopfield.molecules.peers import forest_scores, support_vector_scores
from hotpapers.hopfield.molecules.tables import Molecules

__all__ = ["FOREST", "LEARNED", "LOOKUP", "MACHINE", "Judged", "Part", "Plan", "judge", "parts_of"]

LOOKUP, LEARNED = "memory", "memory with learned projection"
FOREST, MACHINE = "random forest", "support vectors"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is judged in each part.

    Parameters
    ----------
    learn
        Also learn a projection.
    trees
        Of the forest; 0: no forest.
    machine
        Also support vectors.
    seed, device
        Of everything, and where torch computes.
    """

    learn: bool = True
    trees: int = 500
    machine: bool = True
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.trees < 0:
            raise HopfieldError(f"trees must be 0 or more: got {self.trees}")


@dataclass(frozen=True, kw_only=True)
class Part:
    """Molecules that are judged, and those that they are judged by.

    Parameters
    ----------
    name
        Number of the fold, or what the split's column says.
    train, test
        Positions of molecules.
    """

    name: str
    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One part, judged.

    Parameters
    ----------
    part
        Its name.
    trained_on, molecules
        How many molecules were learned from, and judged.
    areas
        Method -> area under the ROC curve of each label, ``[L]``; NaN where the part has one kind only.
    beta, epochs
        Temperature and epochs that inner folds chose.
    seconds
        Method -> processor time; both memories are one fit.
    """

    part: str
    trained_on: int
    molecules: int
    areas: dict[str, list[float]]
    beta: float
    epochs: int
    seconds: dict[str, float] = field(default_factory=dict)

    def mean(self, method: str) -> float:
        """Mean area over labels."""
        return float(np.nanmean(self.areas[method]))


def parts_of(molecules: Molecules, *, folds: int, seed: int) -> list[Part]:
    """Folds in which every label is spread evenly, or the parts of the published split if there is one.

    Of a split, what is called ``train`` (in any case) is learned from, and every other part is judged.

    Raises
    ------
    HopfieldError
        If a split has no such part or no other, or the labels are too rare for the folds.
    """
    every = np.arange(len(molecules))
    if molecules.split is None:
        fold_of = label_folds(molecules.labels, folds, seed=seed)
        return [
            Part(name=str(k + 1), train=every[fold_of != k], test=every[fold_of == k]) for k in range(folds)
        ]
    is_train = np.char.lower(molecules.split) == "train"
    others = sorted(set(molecules.split[~is_train].tolist()))
    if not is_train.any() or not others:
        said = ", ".join(map(repr, sorted(set(molecules.split.tolist()))[:8]))
        raise HopfieldError(f"a split's column must say 'train' and something else: it says {said}")
    return [Part(name=name, train=every[is_train], test=every[molecules.split == name]) for name in others]


def judge(molecules: Molecules, parts: Sequence[Part], plan: Plan) -> Iterator[Judged]:
    """Judge each part by all methods of the plan; results come as they are ready.

    Parameters
    ----------
    molecules
        With labels.
    parts
        What `parts_of` returns.
    plan
        Which methods.
    """
    fitted: dict[bytes, MoleculeMemory] = {}  # parts of one split share what they are judged by
    for part in parts:
        key = part.train.tobytes()
        started = process_time()
        if key not in fitted:
            memory = MoleculeMemory(learn=plan.learn, seed=plan.seed, device=plan.device)
            bits = molecules.fingerprints.bits[part.train]
            fitted[key] = memory.fit(bits, molecules.labels[part.train])
        yield _judged(molecules, part, plan, fitted[key], process_time() - started)


def _judged(molecules: Molecules, part: Part, plan: Plan, memory: MoleculeMemory, fit: float) -> Judged:
    bits, labels = molecules.fingerprints.bits, molecules.labels
    train, known, test = bits[part.train], labels[part.train], bits[part.test]
    scores = {LOOKUP: memory.recall(test, projected=False)}
    seconds = {LOOKUP: fit}
    if plan.learn:
        scores[LEARNED] = memory.recall(test)
    if plan.trees:
        started = process_time()
        scores[FOREST] = forest_scores(train, known, test, trees=plan.trees, seed=plan.seed)
        seconds[FOREST] = process_time() - started
    if plan.machine:
        started = process_time()
        scores[MACHINE] = support_vector_scores(train, known, test)
        seconds[MACHINE] = process_time() - started
    return Judged(
        part=part.name,
        trained_on=len(train),
        molecules=len(test),
        areas={name: _areas(mine, labels[part.test]) for name, mine in scores.items()},
        beta=memory.beta_,
        epochs=memory.epochs_,
        seconds={name: round(value, 2) for name, value in seconds.items()},
    )


def _areas(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> list[float]:
    found = []
    for mine, labels in zip(scores.T, truth.T, strict=True):
        known = ~np.isnan(labels)
        both = len(np.unique(labels[known])) == 2 and not np.isnan(mine[known]).any()
        found.append(float(area(mine[known], labels[known])) if both else float("nan"))
    return found
