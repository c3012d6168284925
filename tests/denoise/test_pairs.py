"""Sets of mixtures: ratios, fronts, crossing of noises and ratios, the same again from the same seed."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import soundfile

from hotpapers.common.errors import UnavailableError
from hotpapers.denoise.built_in_sets import (
    built_in_music,
    built_in_noise,
    generated_noise,
    given_music,
    given_noise,
)
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.mixing import rms_of
from hotpapers.denoise.pairs import Plan, read_manifest, read_mixture, write_mixtures
from hotpapers.denoise.song_archives import songs

SR = 44_100


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for i, seconds in enumerate((4.0, 0.7, 3.0)):
        t = np.arange(round(seconds * SR)) / SR
        x = 0.4 * np.sin(2 * np.pi * (220 + 50 * i) * t)
        x[: int(0.2 * len(x))] *= 0.001 if i == 0 else 1  # an excerpt is not taken from the silence
        soundfile.write(folder / f"tone{i}.flac", x, SR)
    return given_music(folder)


PLAN = Plan(count=12, clean_count=2, seconds=1.0, lead_in=0.5, seed=5)


def test_every_noise_comes_at_every_ratio_and_all_music_is_heard(music, tmp_path):
    noise = generated_noise(("78-worn", "lp", "cassette", "cylinder"), seed=1)
    lines = list(write_mixtures(tmp_path / "set", music, noise, PLAN))
    assert read_manifest(tmp_path / "set") == (SR, lines)
    mixed, clean = lines[:12], lines[12:]
    assert len({(line.noise, line.snr_db) for line in mixed}) == 12
    assert Counter(line.snr_db for line in mixed) == {0.0: 4, 6.0: 4, 12.0: 4}
    for ratio in (0.0, 6.0, 12.0):
        assert len({line.music for line in mixed if line.snr_db == ratio}) == 3
    for line in mixed:
        mixture, target = read_mixture(tmp_path / "set", line, SR)
        assert len(mixture) == round(1.5 * SR)
        assert line.lead_in == SR // 2
        assert not target[: line.lead_in].any()
        assert mixture[: line.lead_in].any()
        added = (mixture.astype(float) - target)[line.lead_in :]
        assert 20 * math.log10(rms_of(target[line.lead_in :]) / rms_of(added)) == pytest.approx(
            line.snr_db, abs=0.01
        )
        assert np.abs(mixture).max() <= 0.951
    assert [line.snr_db for line in clean] == [None, None]
    for line in clean:
        mixture, target = read_mixture(tmp_path / "set", line, SR)
        np.testing.assert_array_equal(mixture, target)
        assert (line.lead_in, len(mixture)) == (0, SR)


def test_excerpts_hold_music_throughout(music, tmp_path):
    lines = list(write_mixtures(tmp_path / "set", music, generated_noise(("lp",)), PLAN))
    for line in lines:
        _, target = read_mixture(tmp_path / "set", line, SR)
        parts = [rms_of(part) for part in np.array_split(target[line.lead_in :], 2)]
        assert min(parts) > 0.25 * max(parts)


def test_the_same_seed_gives_the_same_bytes(music, tmp_path):
    noise = generated_noise(("lp", "78-worn"), seed=3)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        plan = Plan(count=2, seconds=0.5, lead_in=0.1, seed=seed)
        list(write_mixtures(tmp_path / name, music, noise, plan))
    a, b, c = (sorted((tmp_path / name / "mixture").iterdir()) for name in "abc")
    assert [p.read_bytes() for p in a] == [p.read_bytes() for p in b]
    assert [p.read_bytes() for p in a] != [p.read_bytes() for p in c]


def test_given_noise_is_extended(music, tmp_path):
    (tmp_path / "noise").mkdir()
    short = 0.1 * np.random.default_rng(0).standard_normal(SR // 3)
    soundfile.write(tmp_path / "noise" / "short.wav", short, SR)
    noise = given_noise(tmp_path / "noise")
    lines = list(write_mixtures(tmp_path / "set", music, noise, Plan(count=1, seconds=2.0)))
    assert (lines[0].noise, lines[0].noise_kind) == ("short", "recorded")


def test_splits_share_no_generated_noise(shared_data):
    made = [
        source.make(2000, SR, np.random.default_rng(0)).tobytes()
        for split in ("train", "validation", "test")
        for source in built_in_noise(split)
        if source.kind == "generated"
    ]
    assert len(set(made)) == len(made) == 15


def test_the_test_split_holds_only_its_recordings(shared_data, tmp_path):
    try:
        names = {source.name for source in built_in_music("test", tmp_path)}
    except UnavailableError as error:
        pytest.skip(str(error))
    music = {
        "holizna_creepy_piano_4",
        "holizna_dangerous_voyage",
        "sonicpi_ambi_choir",
        "sonicpi_guit_e_slide",
    }
    songs_of_test = {song.name.replace("/", "_") for song in songs("test")}
    assert music <= names <= music | {"pop909_808", "pop909_900"} | songs_of_test
    recorded = {source.name for source in built_in_noise("test") if source.kind == "recorded"}
    assert recorded == {"vinyl_dust", "old_film_projector", "loose_connection_hum"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "one mixture or more, not 0 and 0 clean"),
        ({"snrs": ()}, "ratios must be numbers"),
        ({"seconds": 0.0}, "0.1 s of music or more"),
    ],
)
def test_bad_plans_are_named(settings, message):
    with pytest.raises(DenoiseError, match=message):
        Plan(**settings)


def test_other_folders_are_left_alone(music, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("keep")
    with pytest.raises(DenoiseError, match="holds something that is no set of mixtures"):
        list(write_mixtures(tmp_path / "mine", music, generated_noise(("lp",)), Plan(count=1)))
    with pytest.raises(DenoiseError, match="is no set of mixtures"):
        read_manifest(tmp_path / "mine")
    with pytest.raises(DenoiseError, match="one of them is empty"):
        list(write_mixtures(tmp_path / "new", music, [], Plan(count=1)))


def test_silent_music_is_named(tmp_path):
    soundfile.write(tmp_path / "nothing.wav", np.zeros(SR), SR)
    with pytest.raises(DenoiseError, match="the music nothing is silent"):
        list(
            write_mixtures(
                tmp_path / "set", given_music(tmp_path / "nothing.wav"), generated_noise(), Plan(count=1)
            )
        )
    assert not (tmp_path / "set").exists()
