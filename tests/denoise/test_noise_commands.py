"""The commands extract-noise, synth-noise, mix and evaluate from the outside."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from hotpapers.cli import main
from hotpapers.denoise.noise_bank import read_bank
from hotpapers.denoise.pairs import read_manifest

SR = 16_000


@pytest.fixture
def run(capsys):
    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main(["denoise", *map(str, words)])
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    return call


@pytest.fixture
def old(tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        x = 0.1 * rng.standard_normal(12 * SR)
        x[4 * SR : 5 * SR] *= 0.02
        soundfile.write(folder / f"{name}.wav", x, SR)
    return folder


def test_noise_is_mined_made_mixed_and_judged(run, old, tmp_path):
    bank, pairs = tmp_path / "bank", tmp_path / "pairs"
    code, out, _ = run("extract-noise", old, "-o", bank, "--margin", 2)
    assert (code, out) == (0, f"{bank}: 2 stretches, 1.8 s of noise from 2 recordings\n")
    assert len(read_bank(bank)) == 2
    split = read_bank(bank)[0].split
    (tmp_path / "music").mkdir()
    tone = 0.3 * np.sin(0.05 * np.arange(SR))
    soundfile.write(tmp_path / "music" / "tone.wav", tone, SR)
    words = ["mix", "-o", pairs, "--clean", tmp_path / "music", "--noise", bank, "--split", split]
    code, out, _ = run(
        *words, "--count", 2, "--snr", "3,9", "--seconds", 0.5, "--lead-in", 0.2, "--clean-in", 1
    )
    assert (code, out) == (0, f"{pairs}: 2 mixtures, 1 clean excerpts\n")
    assert [line.snr_db for line in read_manifest(pairs)[1]] == [3, 9, None]
    code, out, _ = run(
        "evaluate",
        "--pairs",
        pairs,
        "--peers",
        "none",
        "--engine",
        "numpy:multiply",
        "-o",
        tmp_path / "e.json",
    )
    assert code == 0
    assert "numpy:multiply" in out
    assert len(json.loads((tmp_path / "e.json").read_text())["scores"]) == 6
    assert run("eval", "--pairs", pairs, "--engine", "dsp", "--peers", "none", "--json")[0] == 0


def test_synth_noise_writes_what_was_asked(run, tmp_path):
    out = tmp_path / "n.wav"
    words = [
        "synth-noise",
        "-o",
        out,
        "--preset",
        "cassette",
        "--seconds",
        2,
        "--rate",
        48_000,
        "--level",
        -30,
    ]
    assert run(*words, "--channels", 2, "--seed", 4)[0] == 0
    x, sr = soundfile.read(out)
    assert (sr, x.shape) == (48_000, (96_000, 2))
    assert 20 * np.log10(np.sqrt(np.mean(x**2))) == pytest.approx(-30, abs=0.05)
    code, _, err = run(*words)
    assert code == 2
    assert "n.wav" in err


def test_clicks_beyond_full_scale_lower_the_noise(run, tmp_path):
    out = tmp_path / "n.wav"
    strong = ["--set", "clicks.level=60", "--set", "clicks.rate=10", "--set", "crackle.rate=100..200"]
    code, _, err = run("synth-noise", "-o", out, "--seconds", 1, "--level", -6, *strong)
    assert code == 0
    assert "dB quieter than asked for" in err
    assert np.abs(soundfile.read(out)[0]).max() == pytest.approx(0.99, abs=1e-3)


def test_the_table_is_printed_with_the_changes(run, tmp_path):
    code, out, _ = run("synth-noise", "-o", tmp_path / "x.wav", "--set", "hum.level=-9..-6", "--print-table")
    assert code == 0
    assert "hum.level = -9..-6\n" in out
    assert "crackle.rate = 300..3000 (logarithmic)\n" in out
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["extract-noise", "{}/nowhere", "-o", "{}/b"], "nowhere does not exist"),
        (["synth-noise", "-o", "{}/x.wav", "--preset", "wax"], "there is no noise preset 'wax'"),
        (["synth-noise", "-o", "{}/x.wav", "--set", "hum.level"], "--set hum.level: give NAME=VALUE"),
        (["synth-noise", "-o", "{}/x.wav", "--set", "hum.level=3..1"], "--set hum.level=3..1: a range goes"),
        (["mix", "-o", "{}/m", "--clean", "{}", "--snr", "loud"], "holds no audio files"),
        (["evaluate", "--pairs", "{}"], "is no set of mixtures"),
        (["evaluate", "--pairs", "{}", "--peers", "rx"], "there is no peer 'rx'"),
    ],
)
def test_bad_input_gives_one_line_and_code_2(run, tmp_path, words, message):
    code, _, err = run(*[word.format(tmp_path) for word in words])
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_count_and_hours_exclude_each_other(run, old, tmp_path):
    words = ["mix", "-o", tmp_path / "m", "--clean", old, "--count", 1, "--hours", 1]
    assert "give --count or --hours, not both" in run(*words)[2]
    words = ["mix", "-o", tmp_path / "m", "--clean", old, "--snr", "0,x"]
    assert "--snr 0,x: give numbers" in run(*words)[2]
