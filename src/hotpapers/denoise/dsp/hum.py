"""Mains hum: a comb of steady lines at multiples of 50 or 60 Hz, found in what never falls silent, notched out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.signal.windows import hann

from hotpapers.denoise.dsp.linear_phase import LinearPhaseFilter, taps_of

__all__ = [
    "FloorSpectrum",
    "HumLine",
    "find_hum",
    "find_mains",
    "heard_in",
    "is_comb",
    "is_full",
    "is_steady",
    "notch_filter",
]

_FRAME_SECONDS = 2.0
_HIGHEST_HZ = 1500.0
_STANDS_OUT_DB = 10.0
_FAR_OUT_DB = 25.0
_MAINS_OFF = 0.012  # at most, of the mains frequency
_MAINS_WIDTH = 3.0  # Hz; a line as strong as that has skirts, and music hardly anything so low
_LOW_HARMONICS = 6
_FEWEST_LINES = 3  # of the low harmonics, one of the first two among them
_HEARD_DB = 3.0  # in noise alone: of false lines, notes of the music, one in six reaches it, of true ones all
# The steadiest low line of 20 hums behind music rose by 2.3 at most, of sustained chords by 3.2 and more.
_RISE_DB, _MEDIAN_RISE_DB = 2.5, 3.0
# Lines times the share of harmonics that they are. Of over 1400 clean excerpts, 8 s to 30 s long, steady chords with a
# share of 0.6 and more reached 7.6, and those of 25 s and more, which are rare, 3.3.
_COMB_SHARE, _COMB, _FULL = 0.6, 8.0, 4.0
_SILENT = 1e-10  # mean square below which a frame says nothing


@dataclass(frozen=True)
class HumLine:
    """A steady line.

    Parameters
    ----------
    frequency
        In Hz.
    excess_db
        How far it stands above its neighbours.
    width
        Of its notch in Hz; as its frequency asks for where left out.
    """

    frequency: float
    excess_db: float
    width: float | None = None


class FloorSpectrum:
    """The spectrum that a recording never falls below, at a resolution of half a hertz.

    Music comes and goes; hum and rumble stay. Per bin the smallest power among the frames of a piece is taken, and
    the mean of its logarithm over the pieces.
    """

    def __init__(self, sr: int) -> None:
        self.sr = sr
        self._size = round(_FRAME_SECONDS * sr)
        self._sum = np.zeros(self._size // 2 + 1)
        self._rise = np.zeros(self._size // 2 + 1)
        self._pieces = 0

    def add(self, piece: NDArray[np.floating]) -> None:
        """Take in a piece (n,); one shorter than a frame says nothing."""
        if len(piece) < self._size:
            return
        frames = np.lib.stride_tricks.sliding_window_view(piece, self._size)[:: self._size // 2]
        frames = frames[np.mean(np.square(frames), axis=1) > _SILENT]
        if len(frames):
            power = np.square(np.abs(fft.rfft(frames * hann(self._size, sym=False), axis=1)))
            level = 10 * np.log10(power / self._size + 1e-18)
            self._sum += level.min(axis=0)
            self._rise += np.quantile(level, 0.25, axis=0) - level.min(axis=0)
            self._pieces += 1

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Of the bins, in Hz."""
        bins: NDArray[np.float64] = np.arange(len(self._sum)) * self.sr / self._size
        return bins

    def level_db(self) -> NDArray[np.float64]:
        """Level per bin in dB; all bins at -180 dB where nothing was heard."""
        if not self._pieces:
            return np.full_like(self._sum, -180.0)
        return np.asarray(self._sum / self._pieces)

    def rise_db(self) -> NDArray[np.float64]:
        """How far the quietest quarter of the frames reaches above the quietest one, per bin: little for hum."""
        return np.asarray(self._rise / max(self._pieces, 1))


def find_hum(frequencies: NDArray[np.float64], level_db: NDArray[np.float64]) -> tuple[HumLine, ...]:
    """The lines of mains hum in a floor spectrum.

    Parameters
    ----------
    frequencies, level_db : (bins,)
        Of a `FloorSpectrum`.

    Returns
    -------
    tuple of HumLine
        Multiples of one fundamental within 1 % of 50 or 60 Hz that stand more than 10 dB above their
        neighbours; empty unless three of the first six do, the first or second among them.
    """
    best: list[HumLine] = []
    for mains in (50.0, 60.0):
        for fundamental in mains * np.linspace(0.99, 1.01, 21):
            low = _comb(frequencies, level_db, float(fundamental), _LOW_HARMONICS)
            if len(low) < _FEWEST_LINES or low[0].frequency > 2.5 * fundamental:
                continue
            if sum(line.excess_db for line in low) > sum(line.excess_db for line in best):
                best = low
    if not best:
        return ()
    # The highest of them says most exactly where the harmonics above are: a note of the music lies beside.
    exact = best[-1].frequency / round(best[-1].frequency / best[0].frequency * _order(best[0]))
    return tuple(_comb(frequencies, level_db, exact, int(_HIGHEST_HZ / exact)))


def find_mains(frequencies: NDArray[np.float64], level_db: NDArray[np.float64]) -> tuple[HumLine, ...]:
    """The first and second harmonic of mains hum in a floor spectrum, where they stand out far.

    A note of a bass may look the same; arguments as of `find_hum`.
    """
    best: list[HumLine] = []
    for mains in (50.0, 60.0):
        for fundamental in mains * np.linspace(0.99, 1.01, 21):
            lines = _comb(frequencies, level_db, float(fundamental), 2)
            if sum(line.excess_db for line in lines) > sum(line.excess_db for line in best):
                best = lines
    return tuple(
        replace(line, width=_MAINS_WIDTH)
        for line in best
        if line.excess_db > _FAR_OUT_DB and _off_mains(line.frequency) < _MAINS_OFF
    )


def _off_mains(frequency: float) -> float:
    """How far a frequency is from the nearest of 50, 60, 100 and 120 Hz, relatively."""
    return min(abs(frequency / mains - 1) for mains in (50.0, 60.0, 100.0, 120.0))


def heard_in(
    lines: Sequence[HumLine], frequencies: NDArray[np.floating], power: NDArray[np.floating]
) -> tuple[HumLine, ...]:
    """The lines that stand out of noise alone, as those of hum do; notes that the music holds don't.

    Parameters
    ----------
    lines
        What `find_hum` found.
    frequencies, power : (bins,)
        Mean power spectrum of noise without music; bins of some hertz are fine enough.

    Returns
    -------
    tuple of HumLine
        None where fewer than half of the lines are heard, or fewer than two: one may be by chance.
    """
    heard = []
    for line in lines:
        at = int(np.argmin(np.abs(frequencies - line.frequency)))
        sides = np.concatenate([power[max(at - 12, 1) : max(at - 3, 1)], power[at + 4 : at + 13]])
        if power[max(at - 1, 1) : at + 2].max() > 10 ** (_HEARD_DB / 10) * np.median(sides):
            heard.append(line)
    return tuple(heard) if len(heard) >= max(2, len(lines) / 2) else ()


def is_comb(lines: Sequence[HumLine]) -> bool:
    """Whether most harmonics are there up to the highest line, and many: no chord has those of one note alone.

    Eight in a row are enough, or ten of twelve.
    """
    return _share(lines) >= _COMB_SHARE and len(lines) * _share(lines) >= _COMB


def is_full(lines: Sequence[HumLine]) -> bool:
    """Whether there are more lines, or fewer gaps between them, than steady chords of a longer piece leave.

    Four in a row are enough, or ten of 25.
    """
    return len(lines) * _share(lines) >= _FULL


def is_steady(
    lines: Sequence[HumLine], frequencies: NDArray[np.float64], rise_db: NDArray[np.float64]
) -> bool:
    """Whether most lines keep their level, one of the low ones above all; those of a chord that dies away don't.

    Parameters
    ----------
    lines
        What `find_hum` found.
    frequencies, rise_db : (bins,)
        Of the `FloorSpectrum`.
    """
    if not lines:
        return False
    rises = rise_db[[int(np.argmin(np.abs(frequencies - line.frequency))) for line in lines]]
    return bool(rises[:_LOW_HARMONICS].min() < _RISE_DB and np.median(rises) < _MEDIAN_RISE_DB)


def _share(lines: Sequence[HumLine]) -> float:
    """Of the harmonics up to the highest line, how many are there."""
    if not lines:
        return 0.0
    return len(lines) / round(lines[-1].frequency / (lines[0].frequency / _order(lines[0])))


def _order(line: HumLine) -> int:
    """Which harmonic of 50 or 60 Hz a low line is."""
    return min((1, 2), key=lambda k: min(abs(line.frequency / k - mains) for mains in (50.0, 60.0)))


def _comb(
    frequencies: NDArray[np.float64], level_db: NDArray[np.float64], fundamental: float, harmonics: int
) -> list[HumLine]:
    step = float(frequencies[1])
    found = []
    for harmonic in np.arange(1, harmonics + 1) * fundamental:
        centre, reach, apart = round(harmonic / step), round(0.5 / step), round(4.0 / step)
        near = slice(centre - reach, centre + reach + 1)
        sides = np.concatenate(
            [level_db[centre - 5 * apart : centre - apart], level_db[centre + apart : centre + 5 * apart]]
        )
        if centre + 5 * apart > len(level_db):
            break
        excess = float(level_db[near].max() - np.median(sides))
        slope = level_db[centre - apart : centre + apart + 1].max() > level_db[near].max()
        if excess > _STANDS_OUT_DB and not slope:  # the flank of a note of the music is no line
            found.append(HumLine(_peak(frequencies, level_db, centre, reach), excess))
    return found


def _peak(frequencies: NDArray[np.float64], level_db: NDArray[np.float64], centre: int, reach: int) -> float:
    """Frequency of the tallest point near a bin, between bins by a parabola through three levels."""
    at = centre - reach + int(level_db[centre - reach : centre + reach + 1].argmax())
    before, here, after = level_db[at - 1 : at + 2]
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(frequencies[at] + np.clip(shift, -0.5, 0.5) * frequencies[1])


def notch_filter(lines: tuple[HumLine, ...], *, sr: int, channels: int) -> LinearPhaseFilter:
    """A stage that lowers each line to the level of its neighbours.

    A notch is as wide as its line says, or else 0.8 Hz, or 1/150 of its frequency where that is more (mains drift).
    """

    def gain(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        attenuation = np.zeros_like(frequencies)
        for line in lines:
            width = line.width or max(0.8, line.frequency / 150)
            shape = np.exp(-np.log(2) * np.square((frequencies - line.frequency) / (width / 2)))
            attenuation = np.maximum(attenuation, line.excess_db * np.minimum(1.0, 1.5 * shape))
        return np.asarray(10 ** (-attenuation / 20))

    return LinearPhaseFilter(taps_of(gain, sr, 4.0), channels=channels)
