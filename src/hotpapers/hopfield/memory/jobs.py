"""What the commands of the memory do: from files to a store, from a store to answers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from hotpapers.hopfield.devices import check_device
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.memory.file import store_size
from hotpapers.hopfield.memory.retrieval import Retrieval
from hotpapers.hopfield.memory.retrieving import Steps
from hotpapers.hopfield.memory.store import HopfieldMemory
from hotpapers.hopfield.memory.vectors import read_vectors

__all__ = ["add", "describe", "parse_beta", "parse_steps", "remove", "retrieve", "said", "store"]


@contextmanager
def said() -> Iterator[list[str]]:
    """Collect warnings as lines, so that a command can print them in one place."""
    lines: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield lines
    lines += [str(one.message) for one in caught if one.category is UserWarning]


def parse_beta(text: str) -> float | Literal["auto"]:
    """``"auto"`` or a positive number.

    Raises
    ------
    HopfieldError
        If it is neither.
    """
    if text == "auto":
        return "auto"
    try:
        return float(text)
    except ValueError as error:
        raise HopfieldError(f"--beta {text!r}: a positive number or 'auto'") from error


def parse_steps(text: str) -> Steps:
    """A number of extra updates, or ``"converge"``.

    Raises
    ------
    HopfieldError
        If it is neither.
    """
    if text == "converge":
        return "converge"
    if not text.isdecimal():
        raise HopfieldError(f"--steps {text!r}: a whole number >= 0 or 'converge'")
    return int(text)


def store(
    source: Path,
    out: Path,
    *,
    id_column: str | None = None,
    value_columns: Sequence[str] = (),
    beta: float | Literal["auto"] = "auto",
    center: bool = True,
    normalize: bool = True,
    double: bool = False,
    device: str = "cpu",
) -> HopfieldMemory:
    """Store the vectors of a file as a new memory at `out`."""
    where = check_device(device)
    given = read_vectors(source, id_column=id_column, value_columns=value_columns)
    dtype = torch.float64 if double else torch.float32
    memory = HopfieldMemory(beta=beta, center=center, normalize=normalize, dtype=dtype, device=where)
    memory.store(given.rows, given.ids, given.values)
    memory.save(out)
    return memory


def add(
    memory: Path, source: Path, *, id_column: str | None = None, value_columns: Sequence[str] = ()
) -> tuple[int, int]:
    """Add the vectors of a file to a store; returns how many came and how many there are."""
    given = read_vectors(source, id_column=id_column, value_columns=value_columns)
    with HopfieldMemory.open(memory) as opened:
        return len(opened.store(given.rows, given.ids, given.values)), len(opened)


def remove(memory: Path, ids: Sequence[str]) -> int:
    """Remove patterns from a store by their ids; returns how many are left.

    Text that is the number of an id stands for that, unless there is an id of that text.
    """
    with HopfieldMemory.open(memory) as opened:
        opened.remove([_id_of(text, opened) for text in ids])
        return len(opened)


def _id_of(text: str, memory: HopfieldMemory) -> int | str:
    if text not in memory and text.lstrip("-").isdecimal():
        return int(text)
    return text


def retrieve(
    memory: Path, source: Path, *, id_column: str | None, steps: Steps, complete: bool, device: str
) -> tuple[Retrieval, list[Any], Sequence[str]]:
    """Answers for the queries of a file, the queries' names, and the names of the vectors' numbers."""
    given = read_vectors(source, id_column=id_column, missing=complete)
    loaded = HopfieldMemory.load(memory, check_device(device))
    known = ~np.isnan(given.rows) if complete else None
    found: Retrieval = loaded.retrieve(given.rows, steps, known=known)
    names = list(range(len(given.rows))) if given.ids is None else list(given.ids)
    return found, names, given.columns


def describe(memory: Path, device: str = "cpu") -> dict[str, Any]:
    """What is in a store: counts, settings, separations and sizes."""
    loaded = HopfieldMemory.load(memory, check_device(device))
    data, journal = store_size(memory)
    known: dict[str, Any] = {
        "patterns": len(loaded),
        "dimension": loaded.dim,
        "values": loaded.contents.value_width,
        "centred": loaded.contents.center,
        "unit norm": loaded.contents.normalize,
        "type": str(loaded.contents.dtype).removeprefix("torch."),
        "beta asked for": loaded.beta_given,
        "bytes of data": data,
        "bytes of journal": journal,
    }
    if len(loaded):
        beta, delta = loaded.beta, loaded.separation()
        known |= {
            "beta": beta.beta,
            "beta capped": beta.capped,
            "median separation": float(delta.median()) if len(loaded) > 1 else None,
            "patterns with separation <= 0": int((delta <= 0).sum()),
        }
    return known
