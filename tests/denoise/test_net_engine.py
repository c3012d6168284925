"""Which engine a recording gets, what it is told, and what is put back."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from denoise.worn import notes, save_random_net, worn

from hotpapers.denoise import DenoiseError
from hotpapers.denoise.dsp.aligned import Untouched
from hotpapers.denoise.engines import load_engine
from hotpapers.denoise.guard import Guarded
from hotpapers.denoise.hybrid import is_trusted, is_usable
from hotpapers.denoise.keeping import Keeping
from hotpapers.denoise.stages import Chunked, run
from hotpapers.denoise.weights import find_weights

SR = 44_100


def surveyed(x, engine):
    return engine.survey(iter([x[:, None]]), sr=SR, channels=1)


def test_the_net_is_told_only_a_profile_that_is_trusted(weights):
    told, blind = (
        load_engine("net", {"model": weights}),
        load_engine("net", {"model": weights, "blind": True}),
    )
    with_lead_in, dense = worn(4.0), worn(4.0, lead_in=0.0)
    for x, trusted in ((with_lead_in, True), (dense, False)):
        found = surveyed(x, told)
        assert is_trusted(found) == trusted
        made = [run(each.make_stage(found, sr=SR, channels=1), x[:, None]) for each in (told, blind)]
        assert np.array_equal(*made) != trusted


def test_noise_that_is_known_only_as_a_floor_still_helps(weights):
    x = worn(4.0, lead_in=0.0)
    hybrid, net = (load_engine(name, {"model": weights}) for name in ("hybrid", "net"))
    found = surveyed(x, hybrid)
    assert is_usable(found)
    made = [run(each.make_stage(found, sr=SR, channels=1), x[:, None]) for each in (hybrid, net)]
    assert not np.array_equal(*made)


def test_a_net_of_ones_own_that_takes_nothing_says_nothing_of_the_noise(tmp_path):
    deaf = save_random_net(tmp_path / "deaf.safetensors", std=0.0)
    x = worn(4.0, lead_in=0.0)
    made, usual = (surveyed(x, load_engine("auto", options)) for options in ({"model": deaf}, {}))
    assert made.profile is not None
    assert np.array_equal(made.profile.rms, usual.profile.rms)


def test_weights_that_were_changed_are_refused(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_random_net(path)
    assert find_weights(str(path)) == path
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DenoiseError, match="SHA-256"):
        load_engine("auto", {"model": str(path)})


def test_an_unknown_kind_of_noise_is_refused(weights):
    with pytest.raises(DenoiseError, match="'hisss'"):
        load_engine("auto", {"model": weights, "only": ("hisss",)})


def muted(start: float, stop: float) -> Chunked:
    """A stage that silences the frames from `start` to `stop` seconds."""
    at = 0

    def silence(piece):
        nonlocal at
        made = piece.copy()
        places = at + np.arange(len(piece))
        at += len(piece)
        made[(places >= start * SR) & (places < stop * SR)] = 0
        return made

    return Chunked(silence, size=4410, context=0)


def test_a_second_of_music_that_is_gone_is_put_back():
    x = np.concatenate([notes(2.0), notes(3.0, seed=1)])[:, None]
    stage = Guarded(muted(2.0, 3.0), Untouched(1), sr=SR, channels=1)
    made = run(stage, x, block=7000)
    np.testing.assert_array_equal(made, x)  # outside that second both stages agree
    assert stage.notes() == ["the net was not followed for 1 s, where it would have taken music away: at 2 s"]


def test_a_second_that_is_put_back_is_faded_in():
    x = np.full((5 * SR, 1), 0.1, np.float32) * np.sin(2 * np.pi * 440 * np.arange(5 * SR) / SR)[:, None]
    x = x.astype(np.float32)
    stage = Guarded(muted(1.0, 3.0), Untouched(1), sr=SR, channels=1)
    made = run(stage, x)
    np.testing.assert_allclose(made, x, atol=1e-6)
    quarter = Guarded(muted(0.9, 3.0), Untouched(1), sr=SR, channels=1)
    made = run(quarter, x)
    # The first second lost a tenth only and is followed; the fade are its last 50 ms.
    assert not made[round(0.91 * SR) : round(0.949 * SR)].any()
    np.testing.assert_allclose(made[SR:], x[SR:], atol=1e-6)
    steps = np.abs(np.diff(made[round(0.94 * SR) : round(1.03 * SR), 0]))
    assert steps.max() <= 1.05 * np.abs(np.diff(x[:, 0])).max()


def test_noise_that_is_gone_stays_gone():
    x = 0.1 * np.random.default_rng(0).standard_normal((3 * SR, 1)).astype(np.float32)
    stage = Guarded(muted(1.0, 2.0), Untouched(1), sr=SR, channels=1)
    assert not run(stage, x)[SR : 2 * SR].any()
    assert stage.notes() == []


def test_what_is_kept_does_not_reach_the_inner_stage():
    class Halved(Untouched):
        def push(self, block):
            return block / 2

    x = np.random.default_rng(1).standard_normal((50_000, 1)).astype(np.float32)
    kept = Keeping(Halved(1), Chunked(np.zeros_like, size=1000, context=10), 1)
    np.testing.assert_allclose(run(kept, x, block=999), x / 2, atol=1e-7)
