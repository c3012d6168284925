"""The net as a stage: pieces join without seams, blocks do not matter, nothing is delayed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.model import SmallNet
from hotpapers.denoise.net_stage import NetStage


@pytest.fixture(scope="module")
def net() -> SmallNet:
    torch.manual_seed(0)
    net = SmallNet(widths=(8, 8, 8, 8, 8), dilations=(1,)).eval()
    with torch.no_grad():
        net.exit.weight.normal_(0, 0.1)
    return net


def restored(net, x, blocks, **settings) -> np.ndarray:
    stage = NetStage(net, channels=x.shape[1], level=0.1, **settings)
    ends = np.cumsum(blocks)
    out = [stage.push(block) for block in np.split(x, ends[ends < len(x)])]
    return np.concatenate([*out, stage.flush()])


X = (0.1 * np.random.default_rng(0).standard_normal((60_001, 2))).astype(np.float32)


def test_pieces_equal_the_whole(net) -> None:
    """Pieces of half a second give what one piece gives, and what the net gives between silences."""
    pieces = restored(net, X, [len(X)], piece_seconds=0.5)
    whole = restored(net, X, [len(X)], piece_seconds=60)
    padded = torch.from_numpy(np.pad(X, ((90 * 4096, 90 * 4096), (0, 0))).T.copy())
    with torch.inference_mode():
        direct = net(padded, torch.full((2,), 0.1), None, linked=True)[:, 90 * 4096 : 90 * 4096 + len(X)]
    assert pieces.shape == X.shape
    assert np.abs(pieces - whole).max() <= 1e-5
    assert np.abs(pieces - direct.numpy().T).max() <= 1e-5
    assert np.abs(pieces - X).max() > 0.01


def test_blocks_do_not_matter(net) -> None:
    one = restored(net, X, [len(X)], piece_seconds=0.5)
    many = restored(net, X, [1, 7, 4096, 30_000, 2, 11_111], piece_seconds=0.5)
    assert np.array_equal(one, many)


@pytest.mark.parametrize("samples", [0, 1, 2047, 5000])
def test_short_recordings_keep_their_length(net, samples) -> None:
    assert restored(net, X[:samples], [samples]).shape == (samples, 2)


def test_independent_channels_are_mono_recordings(net) -> None:
    both = restored(net, X[:20_000], [20_000], stereo="independent")
    left = restored(net, X[:20_000, :1], [20_000])
    assert np.abs(both[:, :1] - left).max() <= 1e-5
    linked = restored(net, X[:20_000], [20_000])
    assert np.abs(linked - both).max() > 1e-3


def test_a_stage_can_be_used_again(net) -> None:
    stage = NetStage(net, channels=1, level=0.1)
    first = [stage.push(X[:9000, :1]), stage.flush()]
    again = [stage.push(X[:9000, :1]), stage.flush()]
    assert np.array_equal(np.concatenate(first), np.concatenate(again))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"level": 0.0}, "rms"),
        ({"level": float("nan")}, "rms"),
        ({"profile": np.zeros(1024, np.float32)}, "1025 numbers"),
        ({"profile": np.full(1025, -1, np.float32)}, "0 or more"),
        ({"channels": 0}, "at least one channel"),
    ],
)
def test_what_cannot_be_used_is_refused(net, settings, words) -> None:
    with pytest.raises(DenoiseError, match=words):
        NetStage(net, **{"channels": 1, "level": 0.1, **settings})


def test_a_block_of_other_channels_is_refused(net) -> None:
    with pytest.raises(DenoiseError, match=r"\(samples, 2\)"):
        NetStage(net, channels=2, level=0.1).push(X[:10, :1])
