"""What sequences of most attention have in common: a motif, with the information of each of its places.

A sequence's attention score is worked out anew with each letter hidden; what it loses is the letter's effect. The
window of each sequence that has most of the effect is laid on those of the others, and shifted by a few letters while
that makes the windows more alike. Information is that of sequence logos (Schneider and Stephens, 1990).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.repertoire.network import DeepRC, block_of
from hotpapers.hopfield.repertoire.sequences import AMINO_ACIDS, Repertoire

__all__ = ["Motif", "aligned", "letter_effects", "motif_of", "windows_of"]

Floats = npt.NDArray[np.float64]
_REACH, _ROUNDS, _PSEUDO = 3, 20, 0.5
_TOLD = 1.0  # bits from which on a place has a letter of its own in the consensus


@dataclass(frozen=True, kw_only=True)
class Motif:
    """Letters by place.

    Parameters
    ----------
    frequencies
        Of the 20 amino acids at each place, ``[width, 20]``, in the order of `AMINO_ACIDS`; each row sums to 1, or
        to 0 where no window has a letter.
    information
        Bits of each place, ``[width]``, from 0 to log2(20): less than none can't be told from chance.
    sequences, effective
        How many sequences, and how many of equal weight would tell as much.
    """

    frequencies: Floats
    information: Floats
    sequences: int
    effective: float

    @property
    def consensus(self) -> str:
        """The commonest letter of each place that has a bit or more, x elsewhere; x at both ends left out."""
        letters = [
            AMINO_ACIDS[int(row.argmax())] if bits >= _TOLD else "x"
            for row, bits in zip(self.frequencies, self.information, strict=True)
        ]
        return "".join(letters).strip("x")


@torch.no_grad()
def letter_effects(network: DeepRC, repertoire: Repertoire, *, scaling: bool = False) -> list[Floats]:
    """How much of its attention score each sequence loses with each of its letters hidden: arrays ``[length]``."""
    block = block_of(repertoire, scaling=scaling)
    whole = network.scores(network.embed(block))
    lost = torch.zeros(block.codes.shape, dtype=torch.float64)
    for place in range(block.codes.shape[1]):
        hidden = block.codes.clone()
        hidden[:, place] = 0
        without = network.scores(
            network.embed(type(block)(codes=hidden, lengths=block.lengths, factor=block.factor))
        )
        lost[:, place] = (whole - without).double().cpu()
    return [row[:length].numpy() for row, length in zip(lost, repertoire.lengths, strict=True)]


def windows_of(sequences: Sequence[str], starts: npt.NDArray[np.int64], width: int) -> list[str]:
    """Windows of the sequences, ``-`` beyond their ends.

    Examples
    --------
    >>> windows_of(["CASF", "CASSF"], np.array([-1, 2]), 4)
    ['-CAS', 'SSF-']
    """
    padded = ["-" * width + sequence + "-" * width for sequence in sequences]
    return [one[start + width : start + 2 * width] for one, start in zip(padded, starts, strict=True)]


def aligned(
    sequences: Sequence[str], effects: Sequence[Floats], weights: Floats, width: int
) -> npt.NDArray[np.int64]:
    """Where each sequence's window starts, so that windows hold most of the effect and are alike.

    Parameters
    ----------
    sequences
        Letters.
    effects
        Of each letter of each sequence.
    weights
        Of the sequences.
    width
        Letters of a window.

    Raises
    ------
    HopfieldError
        If the width is not 1 to 30.
    """
    if not 1 <= width <= 30:
        raise HopfieldError(f"a motif's width must be 1 to 30 letters: got {width}")
    starts = np.array([_heaviest(effect.clip(0), width) for effect in effects], dtype=np.int64)
    first = starts.copy()
    for _ in range(_ROUNDS):
        odds = _log_odds(windows_of(sequences, starts, width), weights)
        moved = starts.copy()
        for at, sequence in enumerate(sequences):
            tried = np.arange(first[at] - _REACH, first[at] + _REACH + 1)
            windows = windows_of([sequence] * len(tried), tried, width)
            fits = [sum(odds[i, _index(letter)] for i, letter in enumerate(window)) for window in windows]
            moved[at] = tried[int(np.argmax(fits))]
        if np.array_equal(moved, starts):
            break
        starts = moved
    return starts


def _heaviest(effect: Floats, width: int) -> int:
    """Start of the window whose letters have most of the effect, that effect in its middle."""
    sums = np.convolve(effect, np.ones(min(width, len(effect))), "valid")
    start = int(sums.argmax())
    inside = effect[start : start + width]
    if not inside.sum():
        return start
    centre = start + float((np.arange(len(inside)) * inside).sum() / inside.sum())
    return math.floor(centre - (width - 1) / 2 + 0.5)


def _index(letter: str) -> int:
    """Column of a letter; the last one for what is no known letter."""
    return AMINO_ACIDS.find(letter) if letter in AMINO_ACIDS else 20


def _counts(windows: Sequence[str], weights: Floats) -> Floats:
    """Weight of each letter at each place, ``[width, 21]``."""
    found = np.zeros((len(windows[0]), 21))
    for window, weight in zip(windows, weights, strict=True):
        for place, letter in enumerate(window):
            found[place, _index(letter)] += weight
    return found


def _log_odds(windows: Sequence[str], weights: Floats) -> Floats:
    """Logarithm of each letter's odds against chance, ``[width, 21]``; 0 for what is no letter."""
    counts = _counts(windows, weights * len(weights) / weights.sum())[:, :20] + _PSEUDO
    odds = np.log(20 * counts / counts.sum(1, keepdims=True))
    return np.concatenate([odds, np.zeros((len(odds), 1))], axis=1)


def motif_of(windows: Sequence[str], weights: Floats) -> Motif:
    """Frequencies and information of windows of one width.

    A place's information is ``log2(20) - H - e`` with the letters' entropy H and the small-sample correction
    ``e = 19 / (2 n ln 2)``, times the share of windows that have a letter there.

    Parameters
    ----------
    windows
        Letters, ``-`` or X where there is none.
    weights
        Of the windows, positive.

    Raises
    ------
    HopfieldError
        If there is no window.
    """
    if not len(windows):
        raise HopfieldError("a motif needs a sequence")
    weights = np.asarray(weights, dtype=np.float64)
    counts = _counts(windows, weights)
    known = counts[:, :20].sum(1)
    share = known / weights.sum()
    frequencies = counts[:, :20] / np.where(known > 0, known, 1.0)[:, None]
    logs = np.log2(np.where(frequencies > 0, frequencies, 1.0))
    effective = float(weights.sum() ** 2 / np.square(weights).sum())
    chance = 19 / (2 * math.log(2) * np.maximum(effective * share, 1e-9))
    bits = np.maximum(math.log2(20) + (frequencies * logs).sum(1) - chance, 0.0) * share
    return Motif(frequencies=frequencies, information=bits, sequences=len(windows), effective=effective)
