"""Runs a peer's library in a process of its own, under the Python that has it; arrays go through a temporary file."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotpapers.dpopt.errors import PrivacyError

if TYPE_CHECKING:
    from hotpapers.dpopt.comparison import Problem

__all__ = ["run_peer"]

_PROGRAMS = Path(__file__).parent / "peers"


def run_peer(
    name: str,
    python: str,
    problem: Problem,
    *,
    epsilon: float,
    delta: float,
    repeats: int,
    settings: Sequence[Any],
) -> dict[str, Any]:
    """Version, and coefficients for each of the settings.

    Parameters
    ----------
    name
        ``"diffprivlib"`` or ``"opacus"``.
    python
        The interpreter that can import it.
    problem
        Public rows.
    epsilon, delta, repeats, settings
        As the peer's program takes them.

    Raises
    ------
    PrivacyError
        If the program does not end well; with the last line of what it said.
    """
    with tempfile.TemporaryDirectory(prefix="hotpapers-") as folder:
        given, made = Path(folder) / "given.npz", Path(folder) / "made.json"
        np.savez(
            given,
            X=problem.features,
            y=(problem.targets > 0).astype(np.int64),
            epsilon=epsilon,
            delta=delta,
            repeats=repeats,
            data_norm=problem.data_norm,
            lam=problem.lam,
            settings=np.array(settings),
        )
        try:
            ended = subprocess.run(
                [python, str(_PROGRAMS / f"{name}_peer.py"), str(given), str(made)],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise PrivacyError(f"cannot run {python} for {name}: {error.strerror or error}") from error
        if ended.returncode != 0:
            said = ended.stderr.strip().splitlines() or ["no message"]
            raise PrivacyError(f"{python} could not run {name}: {said[-1]}")
        result: dict[str, Any] = json.loads(made.read_text(encoding="utf-8"))
        return result
