"""Nested cross-validation: what is chosen is chosen by inner folds, and outer test bags are only judged.

For each outer fold, settings and the number of epochs are chosen by inner folds of its training bags, an ensemble
is trained on all of them with these, and the test bags get their probabilities. Scaling, too, sees training bags
only. A random forest is grown on the same training bags and judged on the same test bags.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hotpapers.common.files import write_text
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.classifier import HopfieldMILClassifier
from hotpapers.hopfield.mil.data import Bags
from hotpapers.hopfield.mil.forest import forest_probabilities
from hotpapers.hopfield.mil.network import Pooling, Shape
from hotpapers.hopfield.mil.scores import area
from hotpapers.hopfield.mil.selection import CANDIDATES, Candidate, Choice, choose, stratified_folds
from hotpapers.hopfield.mil.training import Recipe

__all__ = ["FoldResult", "Protocol", "judge_fold", "nested_cross_validation", "outer_folds"]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What a nested cross-validation does in each outer fold.

    Parameters
    ----------
    inner_folds, candidates, max_epochs
        How settings and epochs are chosen.
    embedding, heads, hidden_size, pooling
        Of the networks.
    kept, n_ensembles
        The ensemble's probability is the mean over this many of the best candidates, and for each over
        this many networks: inner folds are too small to tell the best from the second best.
    trees
        Of the forest beside it.
    seed, device
        Of everything, and where torch computes.
    """

    inner_folds: int = 4
    candidates: tuple[Candidate, ...] = CANDIDATES
    max_epochs: int = 40
    embedding: tuple[int, ...] = (64, 64)
    heads: int = 8
    hidden_size: int = 16
    pooling: Pooling = "hopfield"
    kept: int = 3
    n_ensembles: int = 4
    trees: int = 200
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True, kw_only=True)
class FoldResult:
    """One outer fold.

    Parameters
    ----------
    repetition, fold
        Which one, from 0.
    auc, forest_auc
        Areas on its test bags.
    chosen
        What its inner folds chose, best first.
    trained_on
        Number of training bags.
    bags, labels
        The test bags' positions, and 1 where they are of the second class.
    probabilities, forest_probabilities
        Of the second class.
    seconds
        How long the network's part took: choosing, training and judging.
    """

    repetition: int
    fold: int
    auc: float
    forest_auc: float
    chosen: list[Choice]
    trained_on: int
    bags: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    forest_probabilities: list[float] = field(default_factory=list)
    seconds: float = 0.0


def outer_folds(
    positive: npt.NDArray[np.float32],
    *,
    folds: int,
    repetitions: int,
    seed: int,
    groups: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.int64]:
    """The fold in which each bag is tested, ``[repetitions, B]``, drawn anew each time."""
    if repetitions < 1:
        raise HopfieldError(f"repetitions must be at least 1: got {repetitions}")
    return np.stack(
        [
            stratified_folds(positive, folds, seed=seed + repetition, groups=groups)
            for repetition in range(repetitions)
        ]
    )


def nested_cross_validation(
    bags: Bags,
    positive: npt.NDArray[np.float32],
    fold_test: npt.NDArray[Any],
    protocol: Protocol | None = None,
    *,
    groups: npt.NDArray[np.int64] | None = None,
    jobs: int = 1,
    folder: Path | None = None,
) -> Iterator[FoldResult]:
    """Judge every outer fold; results come as they are ready, in order.

    Parameters
    ----------
    bags, positive
        All bags, and 1.0 for those of the second class, ``[B]``.
    fold_test
        The fold in which each bag is tested, ``[repetitions, B]``.
    protocol
        What is done in each.
    groups
        Bags of one group never stand on both sides of an inner split, ``[B]``.
    jobs
        Folds at a time, each in a process of its own.
    folder
        Where results of folds are kept, and taken from where they are there already: an interrupted run
        goes on where it was.
    """
    protocol = protocol or Protocol()
    if jobs < 1:
        raise HopfieldError(f"jobs must be at least 1: got {jobs}")
    tests = np.asarray(fold_test, dtype=np.int64)
    if tests.ndim != 2 or tests.shape[1] != len(bags):
        raise HopfieldError(f"fold_test must be [repetitions, {len(bags)}]: got {list(tests.shape)}")
    places = [
        (repetition, int(fold))
        for repetition, each in enumerate(tests)
        for fold in np.unique(each[each >= 0])
    ]
    for repetition, fold in places:
        if len(np.unique(positive[tests[repetition] == fold])) < 2:
            raise HopfieldError(f"fold {fold} of repetition {repetition} tests bags of one class only")
    key = _key(bags, positive, tests, protocol, groups)
    tasks = [
        (bags, positive, tests[repetition] == fold, protocol, groups, repetition, fold, folder, key)
        for repetition, fold in places
    ]
    if jobs == 1:
        yield from (_kept_or_judged(*task) for task in tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_alone) as pool:
        yield from pool.map(_kept_or_judged, *zip(*tasks, strict=True))


def _key(bags: Bags, positive: Any, tests: Any, protocol: Protocol, groups: Any) -> str:
    """Changes with anything that a fold's result depends on."""
    digest = hashlib.sha256(json.dumps(asdict(protocol), sort_keys=True).encode())
    arrays = [bags.rows, bags.offsets, positive, tests, *([] if groups is None else [groups])]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _alone() -> None:
    """Let a process that works beside others keep to one core."""
    torch.set_num_threads(1)


def _kept_or_judged(
    bags: Bags,
    positive: npt.NDArray[np.float32],
    test: npt.NDArray[np.bool_],
    protocol: Protocol,
    groups: npt.NDArray[np.int64] | None,
    repetition: int,
    fold: int,
    folder: Path | None,
    key: str,
) -> FoldResult:
    path = folder and folder / f"{key}-{repetition:02d}-{fold:02d}.json"
    if path and path.is_file():
        record = json.loads(path.read_text("utf-8"))
        chosen = [
            Choice(**{**one, "candidate": Candidate(**one["candidate"])}) for one in record.pop("chosen")
        ]
        return FoldResult(**record, chosen=chosen)
    found = judge_fold(bags, positive, test, protocol, groups=groups, repetition=repetition, fold=fold)
    if path:
        write_text(path, json.dumps(asdict(found)) + "\n")
    return found


def judge_fold(
    bags: Bags,
    positive: npt.NDArray[np.float32],
    test: npt.NDArray[np.bool_],
    protocol: Protocol,
    *,
    groups: npt.NDArray[np.int64] | None = None,
    repetition: int = 0,
    fold: int = 0,
) -> FoldResult:
    """Choose and train on the bags that are not tested, then judge those that are.

    Parameters
    ----------
    bags, positive, protocol, groups
        As in `nested_cross_validation`.
    test
        True for the bags that are tested, ``[B]``.
    repetition, fold
        Which outer fold this is.
    """
    started = perf_counter()
    seed = protocol.seed + 1000 * repetition + fold
    learn, held = np.flatnonzero(~test), np.flatnonzero(test)
    train, labels = bags.take(learn), positive[learn]
    inner = stratified_folds(
        labels, protocol.inner_folds, seed=seed, groups=None if groups is None else groups[learn]
    )
    shape = Shape(
        features=bags.rows.shape[1],
        embedding=protocol.embedding,
        heads=protocol.heads,
        hidden_size=protocol.hidden_size,
        pooling=protocol.pooling,
    )
    chosen = choose(
        train,
        labels,
        inner,
        shape=shape,
        recipe=Recipe(),
        candidates=protocol.candidates,
        max_epochs=protocol.max_epochs,
        seed=seed,
        device=protocol.device,
    )[: protocol.kept]
    judged = bags.take(held)
    every = [
        final_model(protocol, choice, seed).fit(train, labels).predict_proba(judged)[:, 1]
        for choice in chosen
    ]
    probabilities = np.mean(every, axis=0)
    seconds = perf_counter() - started
    forest = forest_probabilities(train, labels, judged, trees=protocol.trees, seed=seed)
    return FoldResult(
        repetition=repetition,
        fold=fold,
        auc=float(area(probabilities, positive[held])),
        forest_auc=float(area(forest, positive[held])),
        chosen=chosen,
        trained_on=len(learn),
        bags=held.tolist(),
        labels=positive[held].astype(int).tolist(),
        probabilities=probabilities.tolist(),
        forest_probabilities=forest.tolist(),
        seconds=round(seconds, 3),
    )


def final_model(protocol: Protocol, choice: Choice, seed: int) -> HopfieldMILClassifier:
    """Networks that are to be trained on all training bags with what was chosen."""
    return HopfieldMILClassifier(
        embedding=protocol.embedding,
        heads=protocol.heads,
        hidden_size=protocol.hidden_size,
        pooling=protocol.pooling,
        max_epochs=choice.epochs,
        early_stopping=False,
        n_ensembles=protocol.n_ensembles,
        random_state=seed,
        device=protocol.device,
        **asdict(choice.candidate),
    )
