"""What the commands of bags do: files in, models and tables out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from hotpapers.common.console import progress
from hotpapers.hopfield.devices import check_device
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.classifier import HopfieldMILClassifier
from hotpapers.hopfield.mil.data import Bags, classes_of
from hotpapers.hopfield.mil.report import CrossValidation
from hotpapers.hopfield.mil.tables import LabelledBags, read_bags
from hotpapers.hopfield.mil.validation import Protocol, nested_cross_validation, outer_folds

__all__ = ["crossed", "fit_file", "labelled", "load_with_bags", "predictions"]


def labelled(
    data: Path,
    bag: str | None,
    label: str | None,
    leave_out: Sequence[str],
    group: str | None = None,
) -> LabelledBags:
    """Bags of a file whose labels are known, with their groups if a column or array holds these.

    Raises
    ------
    HopfieldError
        If they aren't.
    """
    given = read_bags(data, bag=bag, label=label, leave_out=leave_out, group=group)
    if given.labels is None:
        where = "an array y" if data.suffix.lower() == ".npz" else "the column of labels: give --label"
        raise HopfieldError(f"{data}: training needs {where}")
    return given


def fit_file(
    model: HopfieldMILClassifier,
    given: LabelledBags,
    label: str | None,
    out: Path,
    *,
    groups: npt.NDArray[Any] | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """Train on bags of a file and save; returns what there is to say.

    While training lasts, ``OUT.epoch`` beside the model's folder holds its state after the last epoch.
    """
    check_device(model.device)
    epoch_file = out.with_name(out.name + ".epoch")
    model.fit(given.bags, given.labels, groups, epoch_file=epoch_file, resume=resume)
    model.label_column_ = label
    model.save(out)
    names = [str(name) for name in model.classes_]
    counts = [int((given.labels == name).sum()) for name in model.classes_]
    return {
        "model": str(out),
        "bags": len(given.bags),
        "rows": len(given.bags.rows),
        "features": model.n_features_in_,
        "classes": ", ".join(f"{name} ({count})" for name, count in zip(names, counts, strict=True)),
        "epochs": model.n_epochs_,
        **({"resumed_after_epoch": model.resumed_after_} if resume else {}),
    }


def crossed(
    given: LabelledBags,
    name: str,
    *,
    folds: int | None = None,
    repetitions: int | None = None,
    inner: int = 4,
    pooling: Any = "hopfield",
    seed: int = 0,
    device: str = "cpu",
    jobs: int = 1,
    resume: Path | None = None,
) -> tuple[CrossValidation, Protocol]:
    """Nested cross-validation over the file's published folds, or over new ones where a number is given."""
    check_device(device)
    torch.set_num_threads(1)  # small networks: folds side by side are faster than threads inside one
    _, positive = classes_of(np.asarray(given.labels))
    groups = given.groups
    if given.fold_test is not None and folds is None:
        if groups is not None:
            raise HopfieldError("the file's published folds know no groups: give --folds to draw others")
        if repetitions is not None and not 1 <= repetitions <= len(given.fold_test):
            raise HopfieldError(
                f"the file has folds of {len(given.fold_test)} repetitions, not {repetitions}"
            )
        tests = given.fold_test[:repetitions]
    else:
        tests = outer_folds(
            positive, folds=folds or 10, repetitions=repetitions or 1, seed=seed, groups=groups
        )
    protocol = Protocol(inner_folds=inner, pooling=pooling, seed=seed, device=device)
    running = nested_cross_validation(
        given.bags, positive, tests, protocol, groups=groups, jobs=jobs, folder=resume
    )
    total = sum(len(np.unique(each[each >= 0])) for each in tests)
    run = CrossValidation(
        name=name,
        folds=tuple(progress(running, "folds", total)),
        bags=len(given.bags),
        rows=len(given.bags.rows),
        features=given.bags.rows.shape[1],
    )
    return run, protocol


def load_with_bags(
    model: Path, data: Path, leave_out: Sequence[str], device: str
) -> tuple[HopfieldMILClassifier, Bags]:
    """A saved model, and the bags of a file with the features that it knows, in its order."""
    check_device(device)
    found = HopfieldMILClassifier.load(model, device)
    if data.suffix.lower() == ".npz":
        return found, found.check_bags(read_bags(data).bags)
    from hotpapers.hopfield.mil.tables import read_table

    table = read_table(data)
    if found.bag is None:
        raise HopfieldError(f"{model} was trained on .npz, which has no names: give an .npz")
    unknown = [name for name in leave_out if name not in table.columns]
    if unknown:
        raise HopfieldError(f"{data} has no column {unknown[0]!r} to drop")
    if found.bag not in table.columns:
        raise HopfieldError(f"{data} has no column {found.bag!r}, which holds the bags")
    return found, found.check_bags(table.drop(columns=list(leave_out)))


def predictions(model: HopfieldMILClassifier, bags: Bags) -> pd.DataFrame:
    """One line a bag: ``bag``, ``rows``, ``predicted``, ``probability`` of the second class."""
    probability = model.predict_proba(bags)[:, 1]
    predicted = model.classes_[(probability > 0.5).astype(int)]
    return pd.DataFrame(
        {
            "bag": list(bags.names),
            "rows": bags.sizes,
            "predicted": predicted,
            "probability": probability,
        }
    )
