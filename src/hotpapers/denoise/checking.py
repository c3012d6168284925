"""What must be right before a recording is restored: names, places, room on the disk."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from hotpapers.denoise.errors import DenoiseError

__all__ = ["check_room", "check_targets", "parse_time"]

_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)")


def parse_time(text: str) -> float:
    """Seconds out of ``"83.5"``, ``"1:23.5"`` or ``"1:02:03"``.

    Raises
    ------
    DenoiseError
        If it is none of them.

    Examples
    --------
    >>> parse_time("1:02:03.5")
    3723.5
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise DenoiseError(f"{text!r} is no time: give seconds, M:SS or H:MM:SS, such as 83.5 or 1:23.5")
    hours, minutes, seconds = found.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)


def check_targets(source: Path, targets: Iterable[Path], *, overwrite: bool) -> None:
    """Make sure that no file is replaced that may not be, the recording least of all.

    Raises
    ------
    DenoiseError
        If a target is the source or another target, a folder, or exists and `overwrite` is not set.
    """
    seen: list[Path] = []
    for target in targets:
        if _same(source, target):
            raise DenoiseError(
                f"{target} is the recording itself, which is never changed: choose another name"
            )
        if any(_same(other, target) for other in seen):
            raise DenoiseError(f"{target} is given for two results: choose another name for one of them")
        if target.is_dir():
            raise DenoiseError(f"{target} is a folder: give a file name")
        if not overwrite and (target.exists() or target.is_symlink()):
            raise DenoiseError(f"{target} exists already: choose another name, or say --overwrite")
        seen.append(target)


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return Path(os.path.normcase(one.resolve())) == Path(os.path.normcase(other.resolve()))


def check_room(sizes: Iterable[tuple[Path, int]]) -> None:
    """Make sure that the disks have room for new files of about these sizes in bytes.

    Raises
    ------
    DenoiseError
        If one has not.
    """
    needed: dict[int, int] = {}
    for path, size in sizes:
        folder = next(parent for parent in path.resolve().parents if parent.exists())
        disk = folder.stat().st_dev
        needed[disk] = needed.get(disk, 0) + size
        free = shutil.disk_usage(folder).free
        if free < needed[disk]:
            raise DenoiseError(
                f"no space for {path}: about {needed[disk] / 1e6:,.0f} MB are needed and "
                f"{free / 1e6:,.0f} MB are free in {folder}"
            )
