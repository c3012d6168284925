"""What a nested cross-validation found: the table of folds, the comparison with the forest, a sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hotpapers.common.files import write_text
from hotpapers.common.provenance import provenance
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.scores import PairedDifference, corrected_difference
from hotpapers.hopfield.mil.validation import FoldResult, Protocol

__all__ = ["CrossValidation", "fold_table", "verdict", "write_report"]


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """All folds of a run.

    Parameters
    ----------
    name
        Of the data set.
    folds
        The outer folds.
    bags, rows, features
        Sizes of the data set.
    """

    name: str
    folds: tuple[FoldResult, ...]
    bags: int
    rows: int
    features: int

    def __post_init__(self) -> None:
        if len(self.folds) < 2:
            raise HopfieldError("a cross-validation has two folds or more")

    def mean_and_deviation(self, which: str = "auc") -> tuple[float, float]:
        """Mean and standard deviation over folds, of ``"auc"`` or ``"forest_auc"``."""
        values = np.array([getattr(fold, which) for fold in self.folds])
        return float(values.mean()), float(values.std(ddof=1))

    @property
    def difference(self) -> PairedDifference:
        """The network's area less the forest's, with the corrected resampled t-test."""
        share = float(np.mean([len(fold.bags) / fold.trained_on for fold in self.folds]))
        ours, theirs = zip(*((fold.auc, fold.forest_auc) for fold in self.folds), strict=True)
        return corrected_difference(ours, theirs, test_share=share)

    @property
    def seconds(self) -> float:
        """Time that choosing, training and judging of the networks took, over all folds."""
        return sum(fold.seconds for fold in self.folds)


def fold_table(run: CrossValidation) -> pd.DataFrame:
    """One line a fold: areas, what was chosen first, time."""
    return pd.DataFrame(
        [
            {
                "repetition": fold.repetition + 1,
                "fold": fold.fold + 1,
                "bags": len(fold.bags),
                "auc": fold.auc,
                "forest_auc": fold.forest_auc,
                **asdict(fold.chosen[0].candidate),
                "epochs": fold.chosen[0].epochs,
                "seconds": fold.seconds,
            }
            for fold in run.folds
        ]
    )


def verdict(run: CrossValidation) -> str:
    """One sentence: who is better, by how much, and whether chance would do that."""
    ours, theirs = run.mean_and_deviation(), run.mean_and_deviation("forest_auc")
    gap = run.difference
    areas = f"mean AUC {ours[0]:.3f} (SD {ours[1]:.3f}) against {theirs[0]:.3f} (SD {theirs[1]:.3f})"
    by = f"{abs(gap.mean):.3f}, 95 % interval of the difference {gap.low:+.3f} to {gap.high:+.3f}, p = {gap.p:.2f}"
    if gap.low > 0:
        return f"{run.name}: the network beats the random forest, {areas}: by {by}."
    if gap.high < 0:
        return f"{run.name}: the random forest beats the network, {areas}: by {by}."
    if gap.mean < 0:
        who = "the random forest scores higher than the network"
    elif gap.mean > 0:
        who = "the network scores higher than the random forest"
    else:
        return f"{run.name}: network and random forest score the same, {areas}."
    return f"{run.name}: {who}, {areas}, but by no more than chance may do: by {by}."


def write_report(run: CrossValidation, protocol: Protocol, folder: Path) -> list[Path]:
    """Write ``cv.json``, ``folds.csv`` and ``roc.svg``; returns their paths."""
    from hotpapers.hopfield.mil.figures import roc_with_band
    from hotpapers.hopfield.mil.tables import write_table

    paths = [folder / "cv.json", folder / "folds.csv", folder / "roc.svg"]
    write_text(paths[0], json.dumps(record(run, protocol), indent=2, ensure_ascii=False) + "\n")
    write_table(fold_table(run), paths[1])
    write_text(paths[2], roc_with_band(run))
    return paths


def record(run: CrossValidation, protocol: Protocol) -> dict[str, Any]:
    """The run as it goes into JSON, single bags' probabilities left out."""
    left_out = {"bags", "labels", "probabilities", "forest_probabilities"}
    summaries = {
        name: dict(zip(("mean", "sd"), run.mean_and_deviation(which), strict=True))
        for name, which in (("auc", "auc"), ("forest_auc", "forest_auc"))
    }
    return {
        "made": provenance(),
        "data": {"name": run.name, "bags": run.bags, "rows": run.rows, "features": run.features},
        "protocol": asdict(protocol),
        "verdict": verdict(run),
        **summaries,
        "difference": asdict(run.difference),
        "seconds": round(run.seconds, 1),
        "folds": [
            {key: value for key, value in asdict(fold).items() if key not in left_out} for fold in run.folds
        ],
    }


def lines(run: CrossValidation) -> Sequence[str]:
    """Repetitions, one line each, for the terminal."""
    table = fold_table(run).groupby("repetition")[["auc", "forest_auc"]].mean()
    return [
        f"repetition {index}: network {row.auc:.3f}, random forest {row.forest_auc:.3f}"
        for index, row in table.iterrows()
    ]
