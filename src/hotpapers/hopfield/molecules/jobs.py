"""What the commands of molecules do: tables in, comparisons, memories and tables out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hotpapers.common.console import progress
from hotpapers.hopfield.devices import check_device
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.molecules.files import StoredMemory, load, save
from hotpapers.hopfield.molecules.memory import MoleculeMemory
from hotpapers.hopfield.molecules.report import Comparison
from hotpapers.hopfield.molecules.tables import left_out, read_molecules
from hotpapers.hopfield.molecules.validation import Plan, judge, parts_of

__all__ = ["compare", "fit_file", "predictions"]


def compare(
    data: Path, *, smiles: str, labels: Sequence[str], split: str | None, folds: int, plan: Plan
) -> Comparison:
    """Judge memory and peers on the molecules of a file."""
    check_device(plan.device)
    if not labels:
        raise HopfieldError("name the column of labels with --label")
    molecules = read_molecules(data, smiles=smiles, labels=labels, split=split)
    parts = parts_of(molecules, folds=folds, seed=plan.seed)
    judged = tuple(progress(judge(molecules, parts, plan), "folds", len(parts)))
    return Comparison(
        name=data.name.partition(".")[0],
        labels=molecules.names,
        parts=judged,
        plan=plan,
        are_folds=split is None,
        left_out=left_out(molecules),
    )


def fit_file(
    data: Path, out: Path, *, smiles: str, labels: Sequence[str], learn: bool, seed: int, device: str
) -> dict[str, Any]:
    """Store the molecules of a file with their labels; returns what there is to say."""
    check_device(device)
    if not labels:
        raise HopfieldError("name the column of labels with --label")
    molecules = read_molecules(data, smiles=smiles, labels=labels)
    memory = MoleculeMemory(learn=learn, seed=seed, device=device)
    memory.fit(molecules.fingerprints.bits, molecules.labels)
    save(
        StoredMemory(
            memory=memory,
            smiles=molecules.smiles,
            smiles_column=smiles,
            labels=molecules.names,
            classes=molecules.classes,
        ),
        out,
    )
    return {
        "model": str(out),
        "molecules": len(molecules),
        "left_out": len(molecules.fingerprints.refused),
        "labels": ", ".join(molecules.names),
        "beta": memory.beta_,
        "epochs_of_projection": memory.epochs_,
    }


def predictions(
    model: Path, data: Path, *, smiles: str | None, top: int, device: str
) -> tuple[pd.DataFrame, str]:
    """One line a molecule, and a line about those left out.

    Columns: ``row`` (from 1, as in the file), ``smiles``, for each label ``NAME`` (the likelier class) and
    ``NAME share`` (of its second class in what is recalled), and for each of the `top` most alike
    stored molecules ``like 1`` and ``weight 1``.
    """
    check_device(device)
    stored = load(model, device)
    molecules = read_molecules(data, smiles=smiles or stored.smiles_column)
    bits = molecules.fingerprints.bits
    shares = stored.memory.recall(bits)
    table: dict[str, Any] = {"row": molecules.fingerprints.kept + 1, "smiles": list(molecules.smiles)}
    for at, (name, (first, second)) in enumerate(zip(stored.labels, stored.classes, strict=True)):
        table[name] = np.where(shares[:, at] > 0.5, second, first)
        table[f"{name} share"] = shares[:, at]
    if top:
        places, weights = stored.memory.nearest(bits, top)
        for rank in range(places.shape[1]):
            table[f"like {rank + 1}"] = [stored.smiles[place] for place in places[:, rank]]
            table[f"weight {rank + 1}"] = weights[:, rank]
    return pd.DataFrame(table), left_out(molecules)
