"""A model on disk: `model.json`, `ledger.json`, `report.html`, and what later audits and evaluations add.

The folder appears whole or not at all, holds no pickle and nothing derived from rows but through noise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from hotpapers.common.errors import InputError
from hotpapers.common.files import atomic_folder, write_text
from hotpapers.dpopt.accounting import Ledger, read_durable
from hotpapers.dpopt.audit.verdicts import AuditResult
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.linear_model import LinearModel
from hotpapers.dpopt.report import Coefficients, PrivacyReport
from hotpapers.dpopt.tables.schema_file import schema_from, schema_words

__all__ = [
    "EVALUATIONS",
    "SavedModel",
    "add_audit",
    "coefficients_of",
    "load_model",
    "refresh_report",
    "save_model",
]

EVALUATIONS = "evaluations.jsonl"
_FORMAT = "hotpapers-dpopt-model"


@dataclass(frozen=True)
class SavedModel:
    """A model with its report, as a folder holds them.

    Parameters
    ----------
    model, report
        What is used, and what is read.
    options
        Settings of the training, plain values: with schema and budget they make the training again.
    """

    model: LinearModel
    report: PrivacyReport
    options: Mapping[str, Any] = field(default_factory=dict)


def save_model(saved: SavedModel, folder: Path) -> None:
    """Write a new folder, whole or not at all.

    Raises
    ------
    InputError
        If the folder is there already: a model is not replaced, as its ledger would go with it.
    """
    folder = Path(folder)
    if folder.exists():
        raise InputError(f"{folder} is there already: give another name, or remove it")
    with atomic_folder(folder) as fresh:
        write_text(fresh / "model.json", json.dumps(_record(saved), indent=2, allow_nan=False) + "\n")
        saved.report.ledger.save(fresh / "ledger.json")
        saved.report.save(fresh / "report.html")


def load_model(folder: Path) -> SavedModel:
    """Read what `save_model` wrote, with the audits and evaluations that were added.

    Raises
    ------
    PrivacyError
        If it is missing, damaged or of another version.
    """
    folder = Path(folder)
    record = _read(folder / "model.json")
    if record.get("format") != _FORMAT or record.get("version") != 1:
        raise PrivacyError(f"{folder} is not a model of version 1")
    try:
        model = LinearModel(
            loss=record["loss"],
            coefficients=np.array(record["coefficients"], dtype=np.float64),
            schema=schema_from(record["schema"]),
        )
        options = dict(record["options"])
        named = tuple(record["features"])
        report = PrivacyReport.from_json(
            {
                **record["report"],
                "ledger": Ledger.load(folder / "ledger.json").to_json(),
                "schema": record["schema"],
                "coefficients": None,
                "audits": _read(folder / "audits.json") if (folder / "audits.json").exists() else [],
                "evaluations": None,
            }
        )
    except PrivacyError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise PrivacyError(f"{folder / 'model.json'} is damaged") from error
    if named != model.design.names:
        raise PrivacyError(f"{folder / 'model.json'} is damaged: features and schema differ")
    found = coefficients_of(model, record["deviation"])
    spent = read_durable(folder / EVALUATIONS) if (folder / EVALUATIONS).exists() else None
    return SavedModel(model, replace(report, coefficients=found, evaluations=spent), options)


def add_audit(folder: Path, results: Sequence[AuditResult]) -> SavedModel:
    """Keep the outcomes of audits beside the model, and write its report anew."""
    saved = load_model(folder)
    audits = (*saved.report.audits, *results)
    write_text(folder / "audits.json", json.dumps([asdict(one) for one in audits], indent=2) + "\n")
    saved = replace(saved, report=replace(saved.report, audits=audits))
    saved.report.save(folder / "report.html")
    return saved


def refresh_report(folder: Path) -> None:
    """Write the folder's report anew, after an evaluation."""
    load_model(folder).report.save(Path(folder) / "report.html")


def coefficients_of(model: LinearModel, deviation: float | None) -> Coefficients:
    """The model's coefficients by name, for a report."""
    columns = np.atleast_2d(model.coefficients.T)
    return Coefficients(
        names=model.design.names,
        outputs=model.outputs,
        values=tuple(tuple(float(value) for value in column) for column in columns),
        deviation=deviation,
    )


def _record(saved: SavedModel) -> dict[str, Any]:
    model, report = saved.model, saved.report
    kept = report.to_json()
    for name in ("ledger", "schema", "coefficients", "audits", "evaluations"):
        del kept[name]
    return {
        "format": _FORMAT,
        "version": 1,
        "loss": model.loss,
        "features": list(model.design.names),
        "outputs": list(model.outputs),
        "coefficients": model.coefficients.tolist(),
        "deviation": None if report.coefficients is None else report.coefficients.deviation,
        "schema": schema_words(model.schema),
        "options": dict(saved.options),
        "report": kept,
    }


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PrivacyError(f"{path} is not readable: `hotpapers dpopt train` writes it") from error
