"""What tests find beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(config, items) -> None:
    """Leave tests that need the internet alone unless they were asked for by their marker."""
    if "network" in config.getoption("-m", default=""):
        return
    skip = pytest.mark.skip(reason="needs the internet: run with -m network")
    for item in items:
        if item.get_closest_marker("network"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets: ``$HOTPAPERS_DATA``, or ``../shared/data`` beside the checkout."""
    named = os.environ.get("HOTPAPERS_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no data sets here: set HOTPAPERS_DATA to their folder ({folder.name} was not found)")
    return folder
