"""Where a result comes from: date, version, commit, machine, command."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import hotpapers

__all__ = ["provenance"]


def provenance() -> dict[str, str]:
    """Facts that let somebody repeat a measurement; no host or user name, no path."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": hotpapers.__version__,
        "commit": _commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_memory_gib()} GiB, {platform.system()}",
        "python": platform.python_version(),
        "command": " ".join(
            ["hotpapers" if _is_front_door() else Path(sys.argv[0]).name, *map(_placeless, sys.argv[1:])]
        ),
    }


def _placeless(word: str) -> str:
    """The last part of an absolute path, which means nothing on another machine; other words as they are."""
    return Path(word).name if Path(word).is_absolute() else word


def _is_front_door() -> bool:
    return Path(sys.argv[0]).name in {"hotpapers", "__main__.py"}


def _memory_gib() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f}"
    except (ValueError, OSError, AttributeError):
        return "?"


def _commit() -> str:
    """The checkout's commit, marked ``+`` when it has changes; "released" outside a checkout."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return "released"
    git = ["git", "-C", str(root)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no", "--", "src"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
