"""The table of recordings: disjoint splits, licences, the right bytes."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.common.errors import InputError
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.reading import read_clip, read_mono
from hotpapers.denoise.recordings import RECORDINGS, credits_of, path_of, recordings


def test_the_split_is_by_recording_and_as_agreed():
    assert len({recording.name for recording in RECORDINGS}) == len(RECORDINGS) == 37
    validation = {recording.name for recording in recordings(split="validation")}
    names = "macleod_vibe_ace sonicpi_guit_harmonics pop909_606 pop909_707 vinyl_crackle_1 gramophone_synth_b"
    assert validation == set(names.split())
    assert {r.name for r in recordings("noise", "test")} == {
        "vinyl_dust",
        "old_film_projector",
        "loose_connection_hum",
    }
    assert len(recordings("midi", "train")) == len(recordings("music", "train")) == 8
    assert [r.split for r in recordings("old")] == ["test"]


def test_cc_by_recordings_are_credited():
    lines = credits_of(each.source for each in recordings("music"))
    assert any("Kevin MacLeod" in line and "CC BY 3.0" in line for line in lines)
    assert any("Karissa Hobbs" in line and "CC BY 3.0" in line for line in lines)


def test_a_recording_is_found_by_name(shared_data):
    path = path_of("vinyl_dust")
    mono = read_mono(path, start=1.0, seconds=0.5)
    assert mono.shape == (22050,)
    stereo = read_clip(path, 22050, start=1.0, seconds=0.5)
    assert stereo.shape == (11025, 2)
    np.testing.assert_allclose(mono, read_clip(path, start=1.0, seconds=0.5).mean(axis=1), atol=1e-7)


def test_what_is_no_recording_is_refused(tmp_path):
    with pytest.raises(DenoiseError, match="there is no recording 'vinyl'"):
        path_of("vinyl")
    text = tmp_path / "not.wav"
    text.write_text("no audio")
    with pytest.raises(InputError, match=r"not\.wav is no sound file"):
        read_clip(text)
