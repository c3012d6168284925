"""Which files a command is to write, decided before any work is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hotpapers.wordshift.commands.options import OutputOptions
from hotpapers.wordshift.shifts import WordShiftError

__all__ = ["Target", "targets"]


class Target(NamedTuple):
    """A file to write and its kind, ``"svg"``."""

    kind: str
    path: Path


def targets(outputs: OutputOptions, accepted: Sequence[str], *, stem: str) -> list[Target]:
    """The files that ``-o`` and ``--format`` name.

    Parameters
    ----------
    accepted
        Kinds that the command can write.
    stem
        Name of the files in a folder, without ending.

    Raises
    ------
    WordShiftError
        If a kind is not accepted, a folder comes without kinds or kinds without a folder, or two
        outputs are one file.
    """
    kinds = [kind.strip().lower().removeprefix(".") for kind in outputs.format.split(",") if kind.strip()]
    for kind in kinds:
        if kind not in accepted:
            raise WordShiftError(f"--format {kind!r}: accepted are {', '.join(accepted)}")
    found, folders = [], []
    for path in outputs.out or []:
        kind = path.suffix.lower().removeprefix(".")
        if kind in accepted and not path.is_dir():
            found.append(Target(kind, path))
        elif kinds and (path.is_dir() or not kind):
            folders.append(path)
        else:
            raise WordShiftError(
                f"{path}: accepted are .{', .'.join(accepted)}; or name a folder, and kinds with --format"
            )
    if kinds and found and not folders:
        raise WordShiftError("--format goes with a folder: name one with -o, or leave it out")
    if kinds and not outputs.out:
        folders = [Path()] if set(kinds) - {"txt"} else []  # the terminal has the text anyway
    found += [Target(kind, folder / f"{stem}.{kind}") for folder in folders for kind in dict.fromkeys(kinds)]
    if len({target.path for target in found}) < len(found):
        raise WordShiftError("two outputs have the same name: give each a name of its own")
    return found
