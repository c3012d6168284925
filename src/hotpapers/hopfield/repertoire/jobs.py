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
from hotpapers.hopfield.repertoire.motifs import Motif, aligned, letter_effects, motif_of, windows_of
from hotpapers.hopfield.repertoire.reading import read_cohort
from hotpapers.hopfield.repertoire.sequences import AMINO_ACIDS, Repertoire, repertoire_of

__all__ = ["explained", "fit_files", "motif_as_dict", "predictions"]


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


def explained(model: DeepRCClassifier, bags: list[Repertoire], *, top: int, width: int) -> Motif:
    """The motif that sequences of most attention share, in repertoires judged to be of the second class.

    Parameters
    ----------
    model
        Fitted.
    bags
        Repertoires; those judged to be of the first class are left out.
    top
        Sequences of each, at most.
    width
        Letters of the motif.

    Raises
    ------
    HopfieldError
        If no repertoire is judged to be of the second class, or a number is out of range.
    """
    if top < 1:
        raise HopfieldError(f"--top must be at least 1: got {top}")
    judged = model.predict(bags) == model.classes_[1]
    chosen = [bag for bag, positive in zip(bags, judged, strict=True) if positive]
    if not chosen:
        raise HopfieldError(
            f"no repertoire is judged to be {model.classes_[1]!s}: there is nothing to explain"
        )
    sequences, counts, weights = [], [], []
    for bag in chosen:
        table = model.top_sequences([bag], top)
        sequences += table["sequence"].tolist()
        weights += table["weight"].tolist()
        counts += bag.counts[np.searchsorted(bag.kept, table["row"].to_numpy())].tolist()
    together = repertoire_of(sequences, counts, name="sequences of most attention")
    effects = letter_effects(model.network_, together, scaling=model.count_scaling)
    heavy = np.array(weights)
    starts = aligned(sequences, effects, heavy, width)
    return motif_of(windows_of(sequences, starts, width), heavy)


def motif_as_dict(motif: Motif) -> dict[str, Any]:
    """The motif as plain values; letters of each place from the commonest on, those below 1 % left out."""
    return {
        "consensus": motif.consensus,
        "sequences": motif.sequences,
        "effective_sequences": round(motif.effective, 1),
        "places": [
            {
                "bits": round(float(bits), 4),
                "letters": {
                    AMINO_ACIDS[at]: round(float(row[at]), 4)
                    for at in np.argsort(-row, kind="stable")
                    if row[at] >= 0.01
                },
            }
            for row, bits in zip(motif.frequencies, motif.information, strict=True)
        ],
    }
