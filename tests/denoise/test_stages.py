"""Stages: as many frames out as in, in place, however the input was cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.stages import Chain, Chunked, run


def smoothed(piece):
    """A moving average over seven frames, which needs three of context."""
    padded = np.pad(piece, ((3, 3), (0, 0)))
    return np.mean([padded[at : at + len(piece)] for at in range(7)], axis=0, dtype=np.float32)


@settings(max_examples=80, deadline=None)
@given(
    frames=st.integers(1, 3000),
    channels=st.integers(1, 8),
    size=st.integers(1, 40),
    context=st.integers(3, 90),
    multiple=st.sampled_from([1, 2, 8]),
    block=st.integers(1, 3500),
)
def test_chunks_equal_the_whole_for_a_local_function(frames, channels, size, context, multiple, block):
    sound = np.random.default_rng(frames).standard_normal((frames, channels)).astype(np.float32)
    mirrored = np.pad(sound, ((3, 3), (0, 0)), mode="reflect")
    expected = smoothed(mirrored)[3:-3]
    chunked = Chunked(smoothed, size=size * multiple, context=context, multiple=multiple)
    assert np.array_equal(run(chunked, sound, block=block), expected)


def test_chunks_stand_at_fixed_places_and_have_fixed_lengths():
    def lengths(block):
        seen = []

        def note(piece):
            seen.append((len(piece), float(piece[4, 0])))
            return piece

        run(Chunked(note, size=16, context=4, multiple=8), np.arange(1.0, 43.0), block=block)
        return seen

    # 42 frames: 16, 16, and 10 that are called as 16.
    assert lengths(1) == lengths(7) == lengths(100) == [(24, 1.0), (24, 17.0), (24, 33.0)]
    assert lengths(42) == lengths(5)


def test_the_end_is_called_with_a_multiple_only():
    seen = []
    run(Chunked(lambda piece: seen.append(len(piece)) or piece, size=64, context=4, multiple=8), np.ones(70))
    assert seen == [72, 16]


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_a_recording_shorter_than_its_context_is_mirrored_as_often_as_needed(frames):
    seen = []
    sound = np.arange(frames, dtype=np.float32)
    result = run(Chunked(lambda piece: seen.append(piece.copy()) or piece, size=8, context=6), sound)
    assert np.array_equal(result, sound)
    assert (
        np.array_equal(seen[0], np.pad(sound[:, None], ((6, 14 - frames), (0, 0)), mode="reflect")[:20])
        or frames
    )


def test_a_block_may_be_used_again_by_its_owner():
    stage = Chunked(lambda piece: piece, size=4, context=2)
    buffer = np.ones((3, 1), np.float32)
    stage.push(buffer)
    buffer[:] = 7
    assert stage.flush()[:, 0].tolist() == [1, 1, 1]


class Delayed:
    """Holds back three frames: an unfriendly but lawful stage."""

    def __init__(self):
        self._held = np.zeros((0, 1), np.float32)

    def push(self, block):
        held = np.concatenate([self._held, block])
        self._held = held[-3:]
        return held[:-3]

    def flush(self):
        return self._held


def test_a_chain_empties_its_stages_through_one_another():
    sound = np.random.default_rng(0).standard_normal(101).astype(np.float32)
    double = Chunked(lambda piece: piece * 2, size=10, context=1)
    assert np.array_equal(run(Chain([Delayed(), double, Delayed()]), sound, block=9), sound * 2)
    assert np.array_equal(run(Chain([]), sound, block=9), sound)


def test_what_breaks_the_rules_is_said():
    with pytest.raises(DenoiseError, match="size must be a positive multiple of 8"):
        Chunked(lambda piece: piece, size=20, context=4, multiple=8)
    with pytest.raises(DenoiseError, match=r"gave the shape \(11, 1\) for \(12, 1\)"):
        run(Chunked(lambda piece: piece[1:], size=8, context=2), np.ones(20))
    with pytest.raises(DenoiseError, match=r"a stage gave the shape \(17, 1\) for \(20, 1\)"):
        run(type("Lossy", (Delayed,), {"flush": lambda self: np.zeros((0, 1), np.float32)})(), np.ones(20))


@pytest.mark.parametrize("channels", [1, 2, 8])
def test_a_chain_without_stages_gives_back_every_channel(channels):
    sound = np.random.default_rng(3).standard_normal((50, channels)).astype(np.float32)
    assert np.array_equal(run(Chain([]), sound, block=7), sound)
