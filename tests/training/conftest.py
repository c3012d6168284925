"""Runs in other processes, and what a run leaves, bit by bit."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("lightning_fabric", reason="the loop needs lightning-fabric")

Runner = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_toy(root: Path) -> Runner:
    """Train a toy in a process of its own."""

    def run(task: str, arguments: dict[str, Any], folder: Path, **changes: Any) -> subprocess.CompletedProcess[str]:
        paths = [str(root / "src"), str(root / "tests")]
        script = root / "tests" / "training" / "run_toy.py"
        return subprocess.run(
            [sys.executable, script, task, json.dumps(arguments), folder, json.dumps(changes)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture
def left() -> Callable[[Path], tuple[dict[str, Any], list[dict[str, str]]]]:
    """What a run left in its folder: the checkpoint and the rows of the log, without the time they took."""

    def read(folder: Path) -> tuple[dict[str, Any], list[dict[str, str]]]:
        content = torch.load(folder / "last.ckpt", weights_only=True)
        with (folder / "log.csv").open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        del content["seconds"]
        for row in rows:
            del row["seconds"]
        return content, rows

    return read
