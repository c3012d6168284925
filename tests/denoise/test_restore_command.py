"""`hotpapers denoise restore`: what is printed, where, and the exit code."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from hotpapers.cli import main
from hotpapers.media.audio import open_audio

GAIN = "denoise.simple_engines:gain"


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "old 78.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (44_100, 2)), 44_100)
    return path


@pytest.fixture
def call(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(["denoise", "restore", *map(str, words)])
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run


def test_one_line_says_what_was_done(tmp_path, recording, call):
    out = tmp_path / "clean.flac"
    code, printed, said = call(recording, "-o", out, "--engine", GAIN, "--strength", 0.5)
    assert (code, said) == (0, "")
    assert printed == f"{out}: 0:01.000, 44100 Hz, 2 channels, FLAC PCM_16; removed noise at -12.0 dB\n"


def test_options_reach_the_file(tmp_path, recording, call):
    out, noise = tmp_path / "clean.wav", tmp_path / "noise.wav"
    code, printed, _ = call(
        recording, "-o", out, "--engine", GAIN, "--residual", noise, "--start", "0.25", "--end", "0:00.75",
        "--subtype", "FLOAT", "--stereo", "mid-side", "--max-attenuation", "6", "--json",
    )  # fmt: skip
    told = json.loads(printed)
    assert (code, told["frames"], told["subtype"], told["residual"]) == (0, 22_050, "FLOAT", str(noise))
    assert open_audio(out).frames == open_audio(noise).frames == 22_050
    share = 1 - 10 ** (-6 / 20)
    assert told["removed_db"] == pytest.approx(20 * np.log10(share / 2), abs=0.01)


@pytest.mark.parametrize(("words", "said"), [
    (["--engine", "loud"], "no engine 'loud'"),
    (["--engine", GAIN, "--only", "hiss"], "takes no option 'only'"),
    (["--engine", GAIN, "--profile", "3"], "profile '3': give START-END"),
    (["--engine", GAIN, "--start", "soon"], "'soon' is no time"),
    (["--engine", GAIN, "--strength", "2"], "strength 2: from 0"),
    (["--engine", GAIN, "--stereo", "both"], "'both'"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_code_2(tmp_path, recording, call, words, said):
    code, printed, error = call(recording, "-o", tmp_path / "o.flac", *words)
    assert (code, printed) == (2, "")
    assert said in error
    assert error.startswith("hotpapers: ")
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "o.flac").exists()


def test_the_original_is_refused_as_output(recording, call):
    before = recording.read_bytes()
    code, _, error = call(recording, "-o", recording, "--engine", GAIN, "--overwrite")
    assert code == 2
    assert "never changed" in error
    assert recording.read_bytes() == before
