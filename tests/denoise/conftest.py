"""Recordings and engines made for the tests."""

from __future__ import annotations

import pytest

for library in ("numpy", "scipy", "soundfile", "soxr", "mutagen"):
    pytest.importorskip(library)
