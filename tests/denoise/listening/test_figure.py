"""The picture for print: written whole, the floor where the noise was."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from hotpapers.common.errors import InputError
from hotpapers.denoise.listening.figure import noise_floor, save_figure
from hotpapers.denoise.listening.spectrograms import log_spectrogram


def test_the_floor_is_the_noise_between_the_notes() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(44_100 * 4) / 44_100
    music = np.sin(2 * np.pi * 1000 * time) * (time % 1 < 0.7)
    floors = []
    for gain in (0.001, 0.01):
        mixture = music + gain * rng.standard_normal(len(time))
        floors.append(noise_floor(log_spectrogram(mixture.astype(np.float32), 44_100)))
    assert np.median(floors[1] - floors[0]) == pytest.approx(20, abs=1)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_it_is_written_in_each_format(tmp_path, ending) -> None:
    x = np.random.default_rng(0).standard_normal((22_050, 2)).astype(np.float32) * 0.1
    path = save_figure(tmp_path / f"a.{ending}", x, x * 0.5, 22_050, title="Side A")
    assert path.read_bytes()[:4] in {b"\x89PNG", b"<?xm", b"%PDF"}


def test_another_ending_is_refused_and_nothing_written(tmp_path) -> None:
    with pytest.raises(InputError, match=r"\.png, \.svg, \.pdf"):
        save_figure(tmp_path / "a.gif", np.zeros(9, np.float32), np.zeros(9, np.float32), 8000)
    assert list(tmp_path.iterdir()) == []
