"""What the commands of repertoires do: files in, models and tables out."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from hotpapers.hopfield.devices import check_device
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.repertoire.classifier import DeepRCClassifier
from hotpapers.hopfield.repertoire.reading import read_cohort
from hotpapers.hopfield.repertoire.sequences import Repertoire

__all__ = ["fit_files", "predictions"]


def fit_files(
    model: DeepRCClassifier,
    metadata: Path,
    folder: Path | None,
    *,
    label: str,
    identifier: str,
    hold_out: float,
    seed: int,
    out: Path,
) -> dict[str, Any]:
    """Train on the repertoires of a table, judge those held out, save; returns what there is to say."""
    check_device(model.device)
    cohort = read_cohort(metadata, folder, label=label, identifier=identifier)
    bags, labels = cohort.repertoires, np.asarray(cohort.labels)
    learned, tested = np.arange(len(bags)), np.zeros(0, np.int64)
    if hold_out:
        rarest = int(np.unique(labels, return_counts=True)[1].min())
        if not 0 < hold_out < 1 or rarest < 2:
            raise HopfieldError(
                f"--hold-out must lie in (0, 1), with 2 repertoires of each class: got {hold_out}"
            )
        learned, tested = train_test_split(learned, test_size=hold_out, stratify=labels, random_state=seed)
    started = perf_counter()
    model.fit([bags[index] for index in learned], labels[learned])
    said: dict[str, Any] = {
        "model": str(out),
        "repertoires": len(learned),
        "sequences": sum(len(bags[index]) for index in learned),
        "sequences_left_out": sum(bags[index].given - len(bags[index]) for index in learned),
        "classes": ", ".join(map(str, model.classes_)),
        "epochs": model.n_epochs_,
        "seconds": round(perf_counter() - started, 1),
    }
    if len(tested):
        p = model.predict_proba([bags[index] for index in tested])[:, 1]
        area = float(roc_auc_score(labels[tested] == model.classes_[1], p))
        said["auc_of_held_out"] = f"{area:.4f} ({len(tested)} repertoires)"
    model.save(out)
    return said


def predictions(model: DeepRCClassifier, bags: list[Repertoire]) -> pd.DataFrame:
    """One line a repertoire: ``repertoire``, ``sequences``, ``left_out``, ``predicted``, ``probability``."""
    probability = model.predict_proba(bags)[:, 1]
    return pd.DataFrame(
        {
            "repertoire": [bag.name for bag in bags],
            "sequences": [len(bag) for bag in bags],
            "left_out": [bag.given - len(bag) for bag in bags],
            "predicted": model.classes_[(probability > 0.5).astype(int)],
            "probability": probability,
        }
    )
