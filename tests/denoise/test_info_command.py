"""`hotpapers denoise info`."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from hotpapers.denoise.cli import app

SR = 22_050


@pytest.fixture
def recording(tmp_path):
    rng = np.random.default_rng(0)
    t = np.arange(8 * SR) / SR
    music = np.where(t > 1.5, 0.2 * np.sin(2 * np.pi * 440 * t) * (1 + np.sin(2 * np.pi * 1.5 * t)), 0)
    x = music + 0.01 * rng.standard_normal(len(t)) + 0.02 * np.sin(2 * np.pi * 50 * t)
    x += 0.02 * np.sin(2 * np.pi * 100 * t) + 0.02 * np.sin(2 * np.pi * 150 * t)
    x[rng.choice(len(x), 80)] += 0.5
    path = tmp_path / "old.wav"
    soundfile.write(path, x, SR, subtype="PCM_24")
    return path


def call(*words):
    return CliRunner().invoke(app, ["info", *map(str, words)])


def test_json(recording) -> None:
    told = json.loads(call(recording, "--json").output)
    assert (told["sr"], told["channels"], told["seconds"]) == (SR, 1, 8.0)
    assert told["clicks_per_second"] == pytest.approx(10, abs=1.5)
    assert [line["hz"] for line in told["hum"]][:3] == pytest.approx([50, 100, 150], abs=0.5)
    assert told["noise_stretches"][0][1] <= 1.6
    assert not told["clean"]


def test_words(recording) -> None:
    words = call(recording).output
    assert "hum: 50.0 Hz, 100.0 Hz, 150.0 Hz" in words
    assert "22050 Hz, 1 channel" in words


def test_what_is_no_sound_is_refused(tmp_path) -> None:
    path = tmp_path / "words.wav"
    path.write_text("not audio")
    found = call(path)
    assert "words.wav" in str(found.exception)
    assert found.exception.exit_code == 2
