"""Scores of methods whose effect is known, peers in their place, and the report."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest
import scipy.signal
import soundfile

from hotpapers.common.errors import FailureError
from hotpapers.denoise import peers
from hotpapers.denoise.arrays import denoise
from hotpapers.denoise.built_in_sets import generated_noise, given_music
from hotpapers.denoise.engines import load_engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.evaluation import evaluate, summarise
from hotpapers.denoise.evaluation_report import named_restorers, record, sheet
from hotpapers.denoise.pairs import Plan, read_manifest, read_mixture, write_mixtures
from hotpapers.denoise.peers import PEERS, Peer, aligned, available_peers, run_peer

SR = 44_100


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Three mixtures and one clean excerpt."""
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    music = np.cumsum(rng.standard_normal(3 * SR)) * np.hanning(3 * SR)
    soundfile.write(folder / "music.wav", 0.5 * music / np.abs(music).max(), SR)
    plan = Plan(count=3, clean_count=1, seconds=1.5, lead_in=0.5)
    list(write_mixtures(folder / "set", given_music(folder / "music.wav"), generated_noise(("lp",)), plan))
    return folder / "set"


@pytest.fixture
def known(pairs):
    """Mixture -> clean music, as a restorer that knows the answer."""
    sr, lines = read_manifest(pairs)
    answers = {m.tobytes(): c for m, c in (read_mixture(pairs, line, sr) for line in lines)}
    return lambda x: answers[np.ascontiguousarray(x[:, 0]).tobytes()]


def test_methods_of_known_effect_score_it(pairs, known):
    def nothing(x, sr):
        return 3 * x

    def half_the_noise(x, sr):
        clean = known(x)[:, None]
        return clean + 0.5 * (x - clean)

    scores = list(evaluate(pairs, {"nothing": nothing, "half": half_the_noise}))
    assert len(scores) == 4 * 3
    mixture, louder, half = summarise(scores)
    assert mixture.gain == 0
    assert mixture.clean == 200
    assert louder.gain == pytest.approx(0, abs=1e-4)
    assert louder.drop == pytest.approx(-20 * math.log10(3), abs=1e-3)
    assert louder.octaves == pytest.approx((20 * math.log10(3),) * 2, abs=1e-3)
    assert half.gain == pytest.approx(20 * math.log10(2), abs=0.15)
    assert half.by_ratio == pytest.approx(dict.fromkeys((0.0, 6.0, 12.0), half.gain), abs=0.3)
    assert half.by_kind == pytest.approx({"generated": half.gain})
    assert half.worst <= half.gain
    assert half.drop == pytest.approx(20 * math.log10(2), abs=1e-3)
    assert half.distance < mixture.distance
    assert half.clean > 100
    before = [score.si_sdr for score in scores if score.method == "mixture"]
    assert before[:3] == pytest.approx([0, 6, 12], abs=0.4)


@pytest.mark.parametrize(
    ("restorer", "message"),
    [
        (lambda x, sr: x[:-1], r"broken made shape \(88199, 1\) of 000-music-lp-0dB"),
        (lambda x, sr: x * np.nan, "broken made values that are not finite"),
    ],
)
def test_an_output_that_cannot_be_scored_is_named(pairs, restorer, message):
    with pytest.raises(FailureError, match=message):
        list(evaluate(pairs, {"broken": restorer}))


@pytest.mark.parametrize("delay", [-700, -1, 0, 1, 1234])
def test_a_constant_delay_is_taken_out(delay):
    x = np.random.default_rng(1).standard_normal((9000, 2)).astype(np.float32)
    late = np.concatenate((np.zeros((delay, 2), np.float32), x)) if delay > 0 else x[-delay:]
    y = aligned(late[: 9000 - 50], x)
    assert y.shape == x.shape
    inside = slice(800, 7000)
    np.testing.assert_array_equal(y[inside], x[inside])


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@needs("ffmpeg")
def test_ffmpeg_takes_clicks_out():
    noise = np.random.default_rng(2).standard_normal(SR)
    clean = (0.003 * scipy.signal.lfilter([1], [1, -1.8, 0.83], noise)).astype(np.float32)
    clicked = clean.copy()
    clicked[5000::9000] += 0.6
    y, seconds = run_peer(PEERS["ffmpeg-adeclick"], clicked, SR, 0)
    inside = slice(SR // 5, -SR // 5)  # its first and last frames fade
    assert np.mean((y - clean)[inside] ** 2) < 0.1 * np.mean((clicked - clean)[inside] ** 2)
    assert seconds > 0


@needs("sox")
def test_sox_learns_its_profile_from_the_front(pairs):
    scores = list(evaluate(pairs, {}, available_peers("sox")))
    assert [score.line.snr_db for score in scores if score.method == "sox-noisered"] == [0, 6, 12]
    summary = summarise(scores, available_peers("sox"))[1]
    assert (summary.method, summary.profile) == ("sox-noisered", "lead-in")
    assert summary.drop > 10
    with pytest.raises(DenoiseError, match="needs a noise-only front"):
        run_peer(PEERS["sox-noisered"], np.zeros(SR, np.float32), SR, 0)


def test_a_peer_that_fails_or_is_missing_is_named():
    failing = Peer("false", False, "false", lambda given, out, front: [["false"]])
    with pytest.raises(FailureError, match="false failed"):
        run_peer(failing, np.zeros(100, np.float32), SR, 0)
    with pytest.raises(DenoiseError, match="there is no peer 'rx': there are all, none, ffmpeg-adeclick"):
        available_peers("rx")
    assert available_peers("none") == {}


def test_a_missing_program_is_named(monkeypatch):
    monkeypatch.setattr(peers.shutil, "which", lambda name: None)
    with pytest.raises(DenoiseError, match="the peer 'sox' needs sox, which is not installed"):
        available_peers("sox")
    assert "ffmpeg-chain" not in available_peers("all")


def test_the_report_holds_every_number(pairs, known):
    scores = list(evaluate(pairs, {"answer": lambda x, sr: known(x)}))
    told = json.loads(json.dumps(record(summarise(scores), scores), allow_nan=False))
    assert [each["method"] for each in told["methods"]] == ["mixture", "answer"]
    assert told["methods"][1]["by_ratio"].keys() == {"0", "6", "12"}
    assert told["scores"][0]["line"] == "000-music-lp-0dB"
    assert told["scores"][-1]["gain"] is None
    columns = [column.header for column in sheet(summarise(scores)).columns]
    assert columns[:4] == ["method", "profile", "gain dB", "at 0 dB"]
    assert "clean-in dB" in columns


def test_restorers_are_found_by_name_or_by_where_they_are(weights):
    assert named_restorers(["numpy:multiply"])["numpy:multiply"] is np.multiply
    x = np.random.default_rng(0).normal(0, 0.1, (30_000, 1)).astype(np.float32)
    found = named_restorers(["net-blind", "dsp"], weights)
    expected = denoise(x, 44_100, engine=load_engine("net", {"model": weights, "blind": True}))
    np.testing.assert_array_equal(found["net-blind"](x, 44_100), expected)
    np.testing.assert_array_equal(found["dsp"](x, 44_100), denoise(x, 44_100, engine="dsp"))
    for name, message in {
        "neat": "give one of auto, hybrid",
        "numpy:none": "no attribute 'none'",
        "nowhere:f": "No module",
    }.items():
        with pytest.raises(DenoiseError, match=message):
            named_restorers([name])
