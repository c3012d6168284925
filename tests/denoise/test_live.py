"""Sound in blocks: the same as in one piece."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from denoise.worn import worn

from hotpapers.denoise import DenoiseError, Stream, denoise


def sent(stream, x, sizes):
    """What comes out when blocks of these sizes, in turn, go in."""
    out, at, turn = [], 0, 0
    while at < len(x):
        out.append(stream.push(x[at : at + sizes[turn % len(sizes)]]))
        at += sizes[turn % len(sizes)]
        turn += 1
    return np.concatenate([*out, stream.flush()])


@pytest.mark.parametrize(
    ("engine", "rate"), [("auto", 44_100), ("auto", 48_000), ("net", 44_100), ("dsp", 48_000)]
)
def test_blocks_give_what_the_whole_gives(weights, engine, rate):
    x = np.stack([worn(7.0, rate), worn(7.0, rate, seed=2)], axis=1)
    model = {} if engine == "dsp" else {"model": weights}
    with Stream(rate, 2, like=x, engine=engine, **model) as stream:
        made = sent(stream, x, [1000, 1, 33_333])
    whole = denoise(x, rate, engine=engine, **model)
    assert made.shape == x.shape
    assert np.abs(made - whole).max() <= 1e-5
    assert np.abs(made - x).max() > 1e-3


def test_without_a_model_recording_the_first_seconds_are_heard(weights):
    x = worn(6.0)
    silence = np.zeros(20_000, np.float32)
    stream = Stream(44_100, listen=3.0, model=weights)
    assert not stream.push(silence).any()
    assert len(stream.push(x[:100_000])) == 0
    made = np.concatenate([stream.push(x[100_000:140_000]), sent(stream, x[140_000:], [10_000])])[:, 0]
    assert made.shape == x.shape
    like = denoise(x, 44_100, model=weights)
    # A survey of three seconds is not that of six, but near it.
    assert 0 < np.mean((made - like) ** 2) < 0.25 * np.mean((x - like) ** 2)


def test_a_short_sound_is_not_lost(weights):
    x = worn(1.5, lead_in=0.5)
    stream = Stream(44_100, model=weights)
    assert len(stream.push(x)) == 0
    assert stream.flush().shape == (len(x), 1)
    assert stream.flush().shape == (0, 1)


@pytest.mark.parametrize(
    ("block", "said"),
    [(np.zeros((5, 3)), "made for"), (np.zeros((2, 100)), r"y\.T"), ([np.nan, 0], "no finite")],
)
def test_blocks_that_do_not_fit(block, said):
    stream = Stream(44_100, 2 if np.ndim(block) == 2 else 1, engine="dsp")
    with pytest.raises(DenoiseError, match=said):
        stream.push(block)
