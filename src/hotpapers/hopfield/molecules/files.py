"""A memory of molecules as a folder: numbers in safetensors, everything else in JSON; no code in either."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import hotpapers
from hotpapers.common.files import atomic_folder
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.molecules.memory import MoleculeMemory
from hotpapers.hopfield.molecules.projection import Recipe

__all__ = ["StoredMemory", "load", "save"]

FORMAT, VERSION = "hotpapers-hopfield-molecules", 1


@dataclass(frozen=True, kw_only=True)
class StoredMemory:
    """A memory with the names of what it holds.

    Parameters
    ----------
    memory
        Fitted.
    smiles
        Of the stored molecules, N.
    smiles_column, labels, classes
        Column of SMILES; names of the labels, L; both classes of each.
    """

    memory: MoleculeMemory
    smiles: tuple[str, ...]
    smiles_column: str
    labels: tuple[str, ...]
    classes: tuple[tuple[str, str], ...]


def save(stored: StoredMemory, folder: Path) -> None:
    """Write the memory, whole or not at all."""
    memory = stored.memory
    bits = (memory.stored_ > 0).to(torch.uint8).cpu().numpy()
    tensors = {
        "bits": torch.from_numpy(np.packbits(bits, axis=1)),
        "values": memory.values_.to(torch.uint8).cpu(),
        "known": memory.known_.to(torch.uint8).cpu(),
    }
    if memory.projection_ is not None:
        tensors["projection"] = memory.projection_.cpu().contiguous()
    record = {
        "format": FORMAT,
        "format_version": VERSION,
        "hotpapers": hotpapers.__version__,
        "beta": memory.beta_,
        "epochs": memory.epochs_,
        "bits": memory.n_bits_,
        "betas": memory.betas,
        "learn": memory.learn,
        "recipe": asdict(memory.recipe),
        "seed": memory.seed,
        "smiles_column": stored.smiles_column,
        "labels": stored.labels,
        "classes": stored.classes,
        "smiles": stored.smiles,
    }
    with atomic_folder(folder) as temporary:
        save_file(tensors, temporary / "model.safetensors")
        (temporary / "model.json").write_text(json.dumps(record, ensure_ascii=False) + "\n", "utf-8")


def load(folder: Path, device: str = "cpu") -> StoredMemory:
    """Read what `save` wrote.

    Raises
    ------
    HopfieldError
        If the folder holds no such memory, a damaged one, or one of another version.
    """
    try:
        record = json.loads((folder / "model.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise HopfieldError(f"{folder} is no memory of molecules: model.json can't be read") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise HopfieldError(f"{folder} is no memory of molecules")
    if record.get("format_version") != VERSION:
        raise HopfieldError(
            f"{folder} is of format version {record.get('format_version')}: this reads {VERSION}; fit it again"
        )
    try:
        tensors = load_file(folder / "model.safetensors", device=device)
        memory = MoleculeMemory(
            betas=record["betas"],
            learn=record["learn"],
            recipe=Recipe(**record["recipe"]),
            seed=record["seed"],
            device=device,
        )
        bits = np.unpackbits(tensors["bits"].cpu().numpy(), axis=1, count=record["bits"])
        memory.restore(
            bits,
            values=tensors["values"].float(),
            known=tensors["known"].float(),
            beta=record["beta"],
            epochs=record["epochs"],
            projection=tensors.get("projection"),
        )
        return StoredMemory(
            memory=memory,
            smiles=tuple(record["smiles"]),
            smiles_column=record["smiles_column"],
            labels=tuple(record["labels"]),
            classes=tuple((first, second) for first, second in record["classes"]),
        )
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise HopfieldError(f"{folder}: the memory is damaged ({error}): fit it again") from error
