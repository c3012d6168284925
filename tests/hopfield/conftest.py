"""Golden values of the reference and of the theory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tests run side by side: threads of each would only wait for those of the others."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def theory(shared_data) -> dict[str, Any]:
    """``golden_theory.npz``: patterns, queries, errors and bounds computed in float64."""
    with np.load(shared_data / "hopfield" / "golden_theory.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="session")
def golden(shared_data) -> dict[str, Any]:
    """``golden_layers.npz``: 40 cases run through the reference."""
    with np.load(shared_data / "hopfield" / "golden_layers.npz") as stored:
        return dict(stored)
