"""A memory's store on disk: a folder with a data file, and a journal of what changed since it was written.

`patterns.safetensors` holds patterns, values, centre and ids, with settings and checksums as metadata. It
is replaced as a whole, by renaming; each has a generation, and a journal of another one is void. So a
process may be killed at any moment: what it was told is stored, is stored.
"""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from hotpapers.common.errors import FailureError, InputError
from hotpapers.common.files import atomic_path
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.memory.changes import Change, decode_ids, encode_ids
from hotpapers.hopfield.memory.journal import Journal, sync_folder

if TYPE_CHECKING:
    from hotpapers.hopfield.memory.store import HopfieldMemory

__all__ = ["MemoryFile", "open_store", "read_store", "store_size", "write_store"]

_FORMAT = "hotpapers.hopfield.memory"
_VERSION = "1"
_DATA, _JOURNAL, _LOCK = "patterns.safetensors", "journal", "lock"
_SHORT = 2**20  # a journal of up to a mebibyte is never long
_TRIES = 20

Memory = TypeVar("Memory", bound="HopfieldMemory")


# ---- the data file


def _checksum(tensor: Tensor) -> str:
    flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return format(zlib.crc32(flat.numpy().data), "08x")


def _write_data(memory: HopfieldMemory, path: Path, generation: int) -> None:
    held = memory.contents
    tensors = {
        "ids": torch.frombuffer(bytearray(encode_ids(held.ids).encode()), dtype=torch.uint8),
        "patterns": held.raw.cpu().contiguous(),
    }
    if held.values is not None:
        tensors["values"] = held.values.cpu().contiguous()
    if held.preparation.centre is not None:
        tensors["centre"] = held.preparation.centre.cpu()
    settings = {
        "dim": held.dim, "values": held.value_width, "center": held.center, "normalize": held.normalize,
        "dtype": str(held.dtype).removeprefix("torch."), "beta": memory.beta_given, "centred_at": held.centred_at,
        "largest_id": held.largest_id, "checksums": {name: _checksum(tensor) for name, tensor in tensors.items()},
    }  # fmt: skip
    metadata = {
        "format": _FORMAT,
        "version": _VERSION,
        "generation": str(generation),
        "settings": json.dumps(settings),
    }
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata)
    sync_folder(path.parent)


@dataclass(frozen=True)
class _Data:
    generation: int
    settings: dict[str, Any]
    tensors: dict[str, Tensor]


def _read_data(path: Path) -> _Data:
    try:
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata() or {}
            _check_version(path, metadata)
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 - no mapping
        settings = json.loads(metadata["settings"])
        generation = int(metadata["generation"])
        for name, expected in settings["checksums"].items():
            if _checksum(tensors[name]) != expected:
                raise HopfieldError(
                    f"{path} is damaged: the checksum of its {name} is wrong; restore it from a copy"
                )
    except FileNotFoundError as error:
        raise HopfieldError(f"{path.parent} is no memory: it has no {path.name}") from error
    except OSError as error:
        raise FailureError(f"cannot read {path}: {error.strerror or error}") from error
    except (SafetensorError, KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise HopfieldError(f"{path} is damaged or no memory's file: restore it from a copy") from error
    return _Data(generation, settings, tensors)


def _check_version(path: Path, metadata: dict[str, str]) -> None:
    if metadata.get("format") != _FORMAT:
        raise HopfieldError(f"{path} holds tensors, but is no memory's file")
    if metadata.get("version") != _VERSION:
        raise HopfieldError(
            f"{path} is of version {metadata.get('version')} of the format, and this hotpapers reads {_VERSION}: "
            "install a newer hotpapers"
        )


def _memory_of(kind: type[Memory], data: _Data, device: str | torch.device) -> Memory:
    settings, tensors = data.settings, data.tensors
    memory = kind(
        dim=settings["dim"],
        beta=settings["beta"],
        center=settings["center"],
        normalize=settings["normalize"],
        dtype=getattr(torch, settings["dtype"]),
        device=device,
        values=settings["values"],
    )
    where = torch.device(device)
    rows, values, centre = (
        None if name not in tensors else tensors[name].to(where) for name in ("patterns", "values", "centre")
    )
    assert rows is not None  # noqa: S101 - written always
    ids = decode_ids(tensors["ids"].numpy().tobytes().decode())
    memory.contents.restore(ids, rows, values, centre, (settings["centred_at"], settings["largest_id"]))
    return memory


# ---- stores


class MemoryFile:
    """A store that one process has open for changes.

    Parameters
    ----------
    folder
        The store.
    lock
        Its lock file, held.
    """

    def __init__(self, folder: Path, lock: IO[str]) -> None:
        self.folder, self._lock = folder, lock
        self.generation = 0
        self.journal = Journal(folder / _JOURNAL, 0)
        self._data_size = 0

    def load(self, kind: type[Memory], device: str | torch.device) -> Memory:
        """The memory as it was left."""
        data = _read_data(self.folder / _DATA)
        memory = _memory_of(kind, data, device)
        self._begin(data.generation)
        for change in self.journal.replay():
            memory.contents.apply(_on(change, memory.contents.device))
        return memory

    def _begin(self, generation: int) -> None:
        self.journal.close()
        self.generation = generation
        self.journal = Journal(self.folder / _JOURNAL, generation)
        self._data_size = (self.folder / _DATA).stat().st_size

    @property
    def is_long(self) -> bool:
        """Whether the journal has outgrown the data file, so that writing that anew pays."""
        return self.journal.size > max(_SHORT, self._data_size)

    def append(self, change: Change) -> None:
        """Keep a change; it is on disk when this returns."""
        self.journal.append(change)

    def rewrite(self, memory: HopfieldMemory) -> None:
        """Write the data file anew; the journal is void from the moment that it takes its name."""
        _write_data(memory, self.folder / _DATA, self.generation + 1)
        self._begin(self.generation + 1)

    def close(self) -> None:
        """Let go of the store."""
        self.journal.close()
        self._lock.close()


def _on(change: Change, device: torch.device) -> Change:
    rows, values = (None if one is None else one.to(device) for one in (change.rows, change.values))
    return Change(kind=change.kind, ids=change.ids, rows=rows, values=values)


def _locked(folder: Path) -> IO[str]:
    """The store's lock file, held by this process until it is closed."""
    try:
        lock = (folder / _LOCK).open("a", encoding="utf-8")
    except OSError as error:
        raise FailureError(f"cannot write in {folder}: {error.strerror}") from error
    try:
        import fcntl
    except ImportError:  # no locks on this system
        return lock
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise HopfieldError(f"{folder} is open in another process: try again when it is done") from error
    return lock


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise HopfieldError(f"{folder} is no memory: there is no such folder")


def open_store(kind: type[Memory], folder: Path, device: str | torch.device) -> Memory:
    """A memory whose store is open for changes."""
    _check_folder(folder)
    if not (folder / _DATA).exists():
        raise HopfieldError(f"{folder} is no memory: it has no {_DATA}")
    file = MemoryFile(folder, _locked(folder))
    try:
        memory = file.load(kind, device)
        memory.attach(file)
    except BaseException:
        file.close()
        raise
    return memory


def read_store(kind: type[Memory], folder: Path, device: str | torch.device) -> Memory:
    """A memory as its store has it now, also while another process changes that."""
    _check_folder(folder)
    path = folder / _DATA
    for _ in range(_TRIES):
        data = _read_data(path)
        memory = _memory_of(kind, data, device)
        try:
            changes = list(Journal(folder / _JOURNAL, data.generation).replay())
        except HopfieldError:
            if _read_data_generation(path) == data.generation:
                raise
            continue
        if _read_data_generation(path) == data.generation:
            for change in changes:
                memory.contents.apply(_on(change, memory.contents.device))
            return memory
        time.sleep(0.01)
    raise FailureError(f"{folder} is written anew all the time: try again later")


def _read_data_generation(path: Path) -> int:
    with safe_open(path, framework="pt") as stream:
        return int(stream.metadata()["generation"])


def write_store(memory: HopfieldMemory, folder: Path) -> None:
    """Write `memory` as the store at `folder`; one that is there is replaced, if nobody has it open."""
    if folder.exists() and not folder.is_dir():
        raise HopfieldError(f"{folder} is a file: a memory is a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _DATA).exists():
        raise HopfieldError(f"{folder} holds other files and is no memory: give another name")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}") from error
    lock = _locked(folder)
    try:
        generation = _read_data(folder / _DATA).generation if (folder / _DATA).exists() else 0
        _write_data(memory, folder / _DATA, generation + 1)
        (folder / _JOURNAL).unlink(missing_ok=True)
    finally:
        lock.close()


def store_size(folder: Path) -> tuple[int, int]:
    """Bytes of the data file and of the journal."""
    journal = folder / _JOURNAL
    return (folder / _DATA).stat().st_size, journal.stat().st_size if journal.exists() else 0
