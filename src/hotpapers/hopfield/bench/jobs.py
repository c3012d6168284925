"""Run the benchmark, show its tables, keep them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from hotpapers.common.console import console, progress, table
from hotpapers.common.files import write_text
from hotpapers.common.provenance import provenance
from hotpapers.hopfield.bench.sections import Setting, sections
from hotpapers.hopfield.bench.timing import use
from hotpapers.hopfield.devices import check_device
from hotpapers.hopfield.errors import HopfieldError

__all__ = ["measure", "show", "write"]

Tables = dict[str, dict[str, Any]]


def measure(setting: Setting, only: str = "") -> Tables:
    """Every section whose title holds `only`: title -> what was measured, behind the setting.

    Raises
    ------
    HopfieldError
        If the peer or the device can't be used, or no title holds `only`.
    """
    check_device(setting.device)
    if setting.threads < 1:
        raise HopfieldError(f"--threads must be at least 1: got {setting.threads}")
    chosen = {title: run for title, run in sections(setting).items() if only in title}
    if not chosen:
        titles = "; ".join(sections(setting))
        raise HopfieldError(f"no section's title holds {only!r}: there are {titles}")
    use(setting.peer, setting.threads)
    named = {"threads": setting.threads, "torch": torch.__version__, "device": setting.device}
    if setting.device.startswith("cuda"):
        named["device"] = torch.cuda.get_device_name(setting.device)
    found: Tables = {"setting": named}
    for title in progress(list(chosen), "measuring"):
        found[title] = chosen[title]()
    return found


def show(tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Print all tables."""
    for title, found in tables.items():
        console().print(title, style="italic")  # by itself: a table would break it at its own width
        sheet = table("what", "measured", numbers=["measured"])
        for name, value in found.items():
            sheet.add_row(name, f"{value:.3g}" if isinstance(value, float) else str(value))
        console().print(sheet)


def write(tables: Tables, path: Path) -> None:
    """Write all tables as JSON with where they come from."""
    made = {"made": provenance(), "sections": tables}
    write_text(path, json.dumps(made, indent=2, ensure_ascii=False) + "\n")
