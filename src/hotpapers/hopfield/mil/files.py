"""A trained classifier of bags as a folder: numbers in safetensors, everything else in JSON; no code in either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import hotpapers
from hotpapers.common.files import atomic_folder
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.scaling import Scaling

if TYPE_CHECKING:
    from hotpapers.hopfield.mil.classifier import HopfieldMILClassifier

__all__ = ["load", "save"]

FORMAT, VERSION = "hotpapers-hopfield-mil", 1


def save(model: HopfieldMILClassifier, folder: Path) -> None:
    """Write the model, whole or not at all."""
    parameters = model.get_params()
    del parameters["device"], parameters["random_state"]
    names = getattr(model, "feature_names_in_", None)
    record = {
        "format": FORMAT,
        "format_version": VERSION,
        "hotpapers": hotpapers.__version__,
        "parameters": parameters,
        "classes": model.classes_.tolist(),
        "features": None if names is None else list(names),
        "label_column": model.label_column_,
        "n_features": model.n_features_in_,
        "n_epochs": model.n_epochs_,
    }
    tensors = {f"networks.{name}": value for name, value in model.networks_.state_dict().items()}
    tensors |= {f"scaling.{name}": torch.from_numpy(getattr(model.scaling_, name)) for name in _SCALES}
    with atomic_folder(folder) as temporary:
        save_file(
            {name: value.cpu().contiguous() for name, value in tensors.items()},
            temporary / "model.safetensors",
        )
        (temporary / "model.json").write_text(
            json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8"
        )


_SCALES = ("mean", "deviation")


def load(folder: Path, device: str = "cpu") -> HopfieldMILClassifier:
    """Read a model.

    Raises
    ------
    HopfieldError
        If the folder holds no model, a broken one, or one of a later version.
    """
    from hotpapers.hopfield.mil.classifier import HopfieldMILClassifier

    record = _record(folder)
    try:
        tensors = load_file(folder / "model.safetensors", device=device)
        model = HopfieldMILClassifier(**record["parameters"], device=device)
        model.classes_ = np.array(record["classes"])
        model.n_features_in_, model.n_epochs_ = record["n_features"], record["n_epochs"]
        model.label_column_ = record["label_column"]
        if record["features"] is not None:
            model.feature_names_in_ = np.array(record["features"], dtype=object)
        scales = {name: tensors[f"scaling.{name}"].cpu().numpy() for name in _SCALES}
        model.scaling_ = Scaling(**scales, limit=model.limit)
        model.networks_ = model._new_networks()  # noqa: SLF001 - a model is read by its own module
        state = {
            name.removeprefix("networks."): t for name, t in tensors.items() if name.startswith("networks.")
        }
        model.networks_.load_state_dict(state)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise HopfieldError(f"{folder}: the model is damaged ({error}): train it again") from error
    model.networks_.eval()
    return model


def _record(folder: Path) -> dict[str, Any]:
    path = folder / "model.json"
    try:
        record = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise HopfieldError(f"{folder} is no model: {path.name} can't be read ({error.strerror})") from error
    except ValueError as error:
        raise HopfieldError(f"{path} is no JSON: train the model again") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise HopfieldError(f"{folder} is no model of a classifier of bags")
    if record.get("format_version") != VERSION:
        raise HopfieldError(
            f"{folder} is a model of format version {record.get('format_version')}: this is hotpapers "
            f"{hotpapers.__version__}, which reads version {VERSION}; train it again or install "
            f"hotpapers {record.get('hotpapers')}"
        )
    return record
