"""What the claims are measured by."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from denoise.worn import notes

from hotpapers.denoise import arrays, claim_checks
from hotpapers.denoise.claim_checks import _harm, works_on_old_recordings


def test_what_comes_back_as_it_was_is_kept_whole():
    music = notes(2.0)
    assert _harm(music, music) == (100.0, 0.0, 0.0)


def test_what_is_turned_down_has_lost_music_though_its_ratio_is_perfect():
    music = notes(2.0)
    ratio, octaves, correlation = _harm(0.5 * music, music)
    assert ratio == 100.0
    assert octaves == pytest.approx(6.02, abs=0.01)
    assert correlation == pytest.approx(1.0)


def test_noise_that_is_added_is_not_music_that_is_taken():
    music = notes(2.0)
    noise = np.random.default_rng(1).standard_normal(len(music)).astype(np.float32)
    noise *= np.linalg.norm(music) / np.linalg.norm(noise) / 100
    ratio, _, correlation = _harm(music + noise, music)
    assert ratio == pytest.approx(40.0, abs=0.1)
    assert correlation < 0.02


def test_old_recordings_have_to_lose_noise_and_keep_the_rest(shared_data, monkeypatch):
    monkeypatch.setattr(claim_checks, "_need_weights", lambda: None)
    monkeypatch.setattr(arrays, "denoise", lambda sound, sr: 0.5 * sound)
    found = works_on_old_recordings()
    assert "falls by 6.0 dB, the rest changes by 6.02 dB" in found.measured
    assert found.holds is False
