"""Data sets by name: where their files lie, whether they are the right bytes, and who owns them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hotpapers.common.errors import FailureError, InputError, UnavailableError

__all__ = ["DATA_VARIABLE", "DataSet", "data_file", "data_folders"]

DATA_VARIABLE = "HOTPAPERS_DATA"
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Files that belong together, each with its checksum; a room declares the ones it uses.

    Parameters
    ----------
    name
        Folder of the data set below a data folder: ``"digest"``.
    files
        File name -> SHA-256 in hexadecimal.
    licence
        What may be done with the files, in a few words.
    source
        Who published them and where, for people.
    url
        Folder address below which the files can be downloaded; None where they can't be.

    Raises
    ------
    InputError
        If a file name leads out of the data set's folder or a checksum is not a SHA-256.
    """

    name: str
    files: Mapping[str, str]
    licence: str
    source: str
    url: str | None = None

    def __post_init__(self) -> None:
        for name, checksum in self.files.items():
            path = PurePosixPath(name)
            if not name or path.is_absolute() or ".." in path.parts or "\\" in name:
                raise InputError(f"data set {self.name!r}: {name!r} is not a file name below its folder")
            if len(checksum) != 64 or not set(checksum) <= set("0123456789abcdef"):
                raise InputError(f"data set {self.name!r}: {checksum!r} is not a SHA-256 of {name}")


def data_folders() -> Iterator[Path]:
    """Folders that hold data sets, best first: ``$HOTPAPERS_DATA``, then ``shared/data`` beside a checkout."""
    named = os.environ.get(DATA_VARIABLE)
    if named:
        yield Path(named).expanduser()
    if (_ROOT / "pyproject.toml").is_file():
        yield _ROOT.parent / "shared" / "data"


def data_file(dataset: DataSet, filename: str) -> Path:
    """Path of one file of a data set, its bytes checked; downloaded where that is possible.

    Looks below the folders of `data_folders`, then in the download cache.

    Raises
    ------
    InputError
        If the data set has no such file, or the file found has other bytes than declared.
    UnavailableError
        If the file is nowhere and can't be downloaded: says where it comes from and where to put it.
    FailureError
        If the file is there but can't be read.
    """
    if filename not in dataset.files:
        raise InputError(
            f"data set {dataset.name!r} has no file {filename!r}: it has {', '.join(dataset.files)}"
        )
    for folder in data_folders():
        path = folder / dataset.name / filename
        if path.is_file():
            _verify(path, dataset.files[filename])
            return path
    if dataset.url is not None:
        return _download(dataset, filename)
    raise UnavailableError(
        f"{filename} of data set {dataset.name!r} is not here: it comes from {dataset.source} ({dataset.licence}); "
        f"put it at DATA/{dataset.name}/{filename} and set {DATA_VARIABLE}=DATA"
    )


def _verify(path: Path, expected: str) -> None:
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FailureError(f"cannot read {path}: {error.strerror}") from error
    if found != expected:
        raise InputError(
            f"{path} is not the declared file: its SHA-256 is {found[:12]}..., expected {expected[:12]}..."
        )


def _download(dataset: DataSet, filename: str) -> Path:
    """The file in pooch's cache, fetched on first use; pooch checks the bytes before it keeps them."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    cache = Path(pooch.os_cache("hotpapers")) / dataset.name
    try:
        fetched = pooch.retrieve(
            url=f"{str(dataset.url).rstrip('/')}/{filename}",
            known_hash=f"sha256:{dataset.files[filename]}",
            fname=PurePosixPath(filename).name,
            path=cache / PurePosixPath(filename).parent,
        )
    except OSError as error:  # what requests raises is an OSError too
        raise UnavailableError(
            f"{filename} of data set {dataset.name!r} could not be downloaded from {dataset.url} "
            f"({type(error).__name__}): try again, or put it at DATA/{dataset.name}/{filename} "
            f"and set {DATA_VARIABLE}=DATA"
        ) from error
    except ValueError as error:
        raise InputError(
            f"{filename} of data set {dataset.name!r} at {dataset.url} is not the declared file: "
            "its SHA-256 differs"
        ) from error
    return Path(fetched)
