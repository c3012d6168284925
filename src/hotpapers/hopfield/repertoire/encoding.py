"""Sequences as DeepRC sees them: 20 letters, 3 ramps that tell the place, all divided by their deviation.

The network never forms this tensor (see `network`); here it is written out, for its deviation and for tests.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hotpapers.hopfield.repertoire.sequences import Repertoire

__all__ = [
    "CHANNELS",
    "all_position_channels",
    "count_factor",
    "encoded",
    "feature_deviation",
    "position_channels",
]

CHANNELS = 20 + 3


def position_channels(length: int, width: int) -> Tensor:
    """The three ramps of a sequence of `length` letters, ``[3, width]``, zero behind it.

    With ``r = 2 |0.5 - linspace(1, 0, length)|``: r on the first half (the middle letter included), r on the
    rest, and ``1 - r``: near the start, near the end, near the centre.
    """
    ramps = torch.zeros(3, width)
    r = 2 * (0.5 - torch.linspace(1, 0, length)).abs()
    half = math.ceil(length / 2)
    ramps[0, :half] = r[:half]
    ramps[1, half:length] = r[half:]
    ramps[2, :length] = 1 - r
    return ramps


@lru_cache(maxsize=8)
def all_position_channels(width: int) -> Tensor:
    """Ramps of all lengths from 0 to `width`, ``[width + 1, 3, width]``."""
    ramps = [position_channels(length, width) for length in range(1, width + 1)]
    return torch.stack([torch.zeros(3, width), *ramps])


def count_factor(counts: npt.NDArray[np.float32], scaling: bool) -> npt.NDArray[np.float32]:
    """What the letters of each sequence are multiplied by: ``log(1 + count)``, or 1."""
    return np.log1p(counts) if scaling else np.ones_like(counts)


def encoded(repertoire: Repertoire, *, scaling: bool = False) -> Tensor:
    """All sequences written out, ``[n, 23, longest]``, not yet divided by the deviation."""
    width = int(repertoire.lengths.max())
    codes = torch.from_numpy(repertoire.padded(np.arange(len(repertoire)), width)).long()
    letters = torch.nn.functional.one_hot(codes, 21)[:, :, 1:].float().mT
    letters = letters * torch.from_numpy(count_factor(repertoire.counts, scaling))[:, None, None]
    ramps = torch.stack([position_channels(int(length), width) for length in repertoire.lengths])
    return torch.cat([letters, ramps], dim=1)


def feature_deviation(repertoires: list[Repertoire], *, scaling: bool = False) -> float:
    """Standard deviation of all features of all letters of these repertoires.

    DeepRC takes that of each mini-batch as it is padded, so that what a bag is depends on its neighbours; here it is
    a constant, learned from the training bags, over the letters that are there.
    """
    total, squares, places = 0.0, 0.0, 0
    for one in repertoires:
        lengths = one.lengths
        factor = count_factor(one.counts, scaling).astype(np.float64)
        known = np.add.reduceat(one.codes > 0, one.offsets[:-1]).astype(np.float64)
        total += float((known * factor).sum())
        squares += float((known * factor**2).sum())
        for length, many in zip(*np.unique(lengths, return_counts=True), strict=True):
            ramps = position_channels(int(length), int(length)).double()
            total += float(ramps.sum()) * int(many)
            squares += float(ramps.square().sum()) * int(many)
        places += int(lengths.sum()) * CHANNELS
    mean = total / places
    return math.sqrt(max(squares / places - mean**2, 1e-12))
