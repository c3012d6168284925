"""Recordings and engines made for the tests."""

from __future__ import annotations

import pytest

for library in ("numpy", "scipy", "soundfile", "soxr", "mutagen"):
    pytest.importorskip(library)


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> str:
    """Path of weights with random filters."""
    pytest.importorskip("torch")
    from denoise.worn import save_random_net

    return save_random_net(tmp_path_factory.mktemp("weights") / "random.safetensors")
