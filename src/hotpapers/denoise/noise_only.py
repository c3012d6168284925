"""Stretches of a recording where only noise is heard: lead-in, lead-out, gaps.

The paper's rule (quiet against the rest of the recording) finds where to look; whether it is noise and not soft music
is decided by what tells them apart: noise is steady and has no peaks in its spectrum. Digital silence is neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import welch

from hotpapers.denoise.dsp.aligned import Samples
from hotpapers.denoise.dsp.spectral import frame_length, power_spectra

__all__ = [
    "Doubtful",
    "Stretch",
    "find_stretches",
    "finer",
    "limited",
    "measure_stretch",
    "spectral_power",
    "together",
]

Power = NDArray[np.float32]
Span = tuple[int, int]  # of frames

_SHORTEST = 0.25  # seconds
_SMOOTHED = 0.12  # seconds over which a level is taken
_SEEDS = 5  # quiet places looked at in a piece
_BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 40.0, 16_000.0
_SILENT_DB = -88.0  # level of a frame that holds no recorded noise: at most dither

# How noise differs from soft music; set on 72 mixtures and 45 clean pieces of the training and validation recordings.
_MOST_TONAL = 0.015
# Locally: Gaussian noise has 0.56, noise in the pauses of 26 recordings 0.49 and more, clean music up to 0.38.
_LEAST_FLAT = 0.44
_MOST_UNSTEADY_DB = 5.0
_STEEPEST_DB = 4.0
_LOUDER_DB = 1.5  # a stretch ends where it gets louder by so much
_BRIDGED_DB = 2.0  # a gap between two stretches may make them louder by so much
_ALIKE_DB = 0.7
_FADED_DB = 12.0
# Low notes are few among the bins: looked for in long frames. Of 144 stretches of noise two had a larger share of
# lines, of 288 with music 264.
_LOW_HZ = (60.0, 1500.0)
_LINE_DB = 10.0
_MOST_LINES = 0.0095
_MAINS = (*np.arange(49.5, 50.55, 0.1), *np.arange(59.4, 60.65, 0.1))
_BESIDE_MAINS = 8.0  # Hz
_HUM_HARMONICS, _HUM_SHARE = 12, 0.6
_LINE_WIDTH = 13.0  # Hz, on either side
# Of weak harmonics, so many up to so high stand above the middle between them: of 166 songs' first notes up to 0.60.
_COMB_HZ, _COMB_DB, _COMB_SHARE = 3000.0, 3.0, 0.7
_TRUST_DB = 6.0  # a short stretch is quieter by chance: what full trust is worth against that


@dataclass(frozen=True, eq=False)
class Stretch:
    """A stretch that may be noise alone.

    Parameters
    ----------
    start, end
        In samples of the recording.
    power, fine_power
        Mean power per bin, frames of `frame_length` samples and four times as long.
    repaired_power, repaired_fine_power
        The same after clicks were taken out.
    bands_db
        Level in bands from 40 Hz to 16 kHz.
    trust
        0 where it is not noise alone; more for longer and purer stretches, up to 1.
    """

    start: int
    end: int
    power: Power
    fine_power: Power
    repaired_power: Power
    repaired_fine_power: Power
    bands_db: Power
    trust: float


@dataclass(frozen=True, eq=False)
class Doubtful:
    """A quiet stretch that doesn't sound as noise is known to: a buzz, or soft music.

    Parameters
    ----------
    stretch
        Where, and how it sounds.
    samples : (n, channels)
        Its first second.
    """

    stretch: Stretch
    samples: Samples


def spectral_power(samples: Samples, n_fft: int) -> Power:
    """Power (frames, bins) of a recording (n, channels), the mean of its channels."""
    return np.asarray(np.mean([power_spectra(channel, n_fft) for channel in samples.T], axis=0), np.float32)


def find_stretches(
    samples: Samples, repaired: Samples, repaired_power: Power, sr: int, offset: int
) -> tuple[list[Stretch], list[Doubtful]]:
    """Candidates for noise in a piece of a recording: those with trust, and those without.

    Parameters
    ----------
    samples, repaired : (n, channels)
        The piece, and the piece without its clicks.
    repaired_power : (frames, bins)
        `spectral_power` of the latter.
    sr
        Rate in Hz.
    offset
        First sample of the piece in the recording.
    """
    hop = frame_length(sr) // 4
    bands = _band_levels(repaired_power, sr)
    smooth = max(3, round(_SMOOTHED * sr / hop)) | 1
    steady = median_filter(bands, (smooth, 1), mode="nearest")
    shortest = max(4, round(_SHORTEST * sr / hop))
    free = steady.mean(axis=1) > _SILENT_DB

    def trust_of(span: Span) -> float:
        as_noise = _trust(repaired_power, bands, span, sr)
        return as_noise or _trust_as_hum(repaired, bands, span, sr)

    spans: list[Span] = []
    others: list[Span] = []
    for _ in range(_SEEDS):
        span = _grown(bands, steady, free, shortest)
        if span is None:
            break
        free[span[0] : span[1]] = False
        (spans if trust_of(span) else others).append(span)

    def is_alike(joined: Span, part: Span) -> bool:
        levels = [
            _band_levels(repaired_power[slice(*each)].mean(axis=0)[None], sr)[0] for each in (joined, part)
        ]
        return _no_louder(levels[0] - levels[1], _BRIDGED_DB)

    def is_noise(joined: Span, part: Span) -> bool:
        return is_alike(joined, part) and trust_of(joined) > 0

    def measured(span: Span, trust: float) -> Stretch:
        inside = samples_of(span)
        return _measured(samples[inside], repaired[inside], sr, offset + inside.start, trust)

    def samples_of(span: Span) -> slice:
        return slice(span[0] * hop, (span[1] - 1) * hop + frame_length(sr))

    found = [
        measured(span, trust_of(span))
        for span in _bridged(spans, is_noise, shortest)
        if not _has_low_notes(repaired[samples_of(span)], sr)
    ]
    doubtful = [
        Doubtful(measured(span, 0.0), samples[samples_of(span)][:sr].copy())
        for span in _bridged(others, is_alike, shortest)
    ]
    return found, doubtful


def measure_stretch(samples: Samples, repaired: Samples, sr: int, start: int) -> Stretch:
    """The stretch that a user says holds only noise."""
    return _measured(samples, repaired, sr, start, 1.0)


def limited(stretch: Stretch, most: Power, *, clicks: bool) -> Stretch:
    """The stretch with no more power than `most` (bins,) in any bin; `clicks`: with them, too."""
    fine = finer(most)
    return replace(
        stretch,
        power=np.minimum(stretch.power, most) if clicks else stretch.power,
        fine_power=np.minimum(stretch.fine_power, fine) if clicks else stretch.fine_power,
        repaired_power=np.minimum(stretch.repaired_power, most),
        repaired_fine_power=np.minimum(stretch.repaired_fine_power, fine),
    )


def together(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The stretch that is most surely noise alone, and those that sound like it; empty where there is none.

    The longest and purest is looked at first; a quieter one is better, since soft music may hide in the louder one,
    unless it is so much quieter that the noise itself must have been faded out there.
    """
    ranked = sorted(stretches, key=lambda stretch: (-stretch.trust, stretch.start))
    near = [each for each in ranked if np.mean(ranked[0].bands_db - each.bands_db) < _FADED_DB]
    if not near:
        return []
    best = min(near, key=lambda each: float(each.bands_db.mean()) - _TRUST_DB * each.trust)
    return [each for each in near if _no_louder(each.bands_db - best.bands_db, _ALIKE_DB)]


def _no_louder(difference: Power, limit: float) -> bool:
    """Whether levels per band are above others by no more than `limit` on the mean and three times that in any two."""
    louder = np.sort(np.maximum(difference, 0))
    return bool(louder.mean() < limit and louder[-3] < 3 * limit)


def _measured(samples: Samples, repaired: Samples, sr: int, start: int, trust: float) -> Stretch:
    n_fft = frame_length(sr)
    means = [
        spectral_power(each, size).mean(axis=0) for each in (samples, repaired) for size in (n_fft, 4 * n_fft)
    ]
    if (
        len(samples) < 4 * n_fft
    ):  # too short for a whole long frame: what the short ones say, at their resolution
        means[1], means[3] = finer(means[0]), finer(means[2])
    bands = _band_levels(means[2][None], sr)[0]
    return Stretch(start, start + len(samples), means[0], means[1], means[2], means[3], bands, trust)


def finer(power: Power) -> Power:
    """Noise power of frames four times as long."""
    bins = np.arange(4 * (len(power) - 1) + 1) / 4
    return (4 * np.interp(bins, np.arange(len(power)), power)).astype(np.float32)


def _band_levels(power: Power, sr: int) -> Power:
    """Mean power of each band in dB relative to full scale: (frames, bands)."""
    n_fft = frame_length(sr)
    edges = np.geomspace(_LOWEST_HZ, min(_HIGHEST_HZ, 0.45 * sr), _BANDS + 1) * n_fft / sr
    cuts = np.unique(np.round(edges).astype(np.intp))
    sums = np.add.reduceat(power[:, : cuts[-1]], cuts[:-1], axis=1) / np.diff(cuts)
    return np.asarray(10 * np.log10(sums * (2 / n_fft) + 1e-16), np.float32)


def _grown(bands: Power, steady: Power, free: NDArray[np.bool_], shortest: int) -> Span | None:
    """The quietest free place, grown both ways while it goes on sounding like itself."""
    if len(steady) < shortest:
        return None
    level = np.convolve(steady.mean(axis=1), np.ones(shortest) / shortest, "valid")
    usable = np.convolve(free, np.ones(shortest), "valid") > shortest - 0.5
    if not usable.any():
        return None
    first = int(np.argmin(np.where(usable, level, np.inf)))
    last = first + shortest
    likeness = np.median(bands[first:last], axis=0)
    difference = uniform_filter1d(steady - likeness, shortest // 2, axis=0, mode="nearest")
    louder = np.maximum(difference, 0)
    alike = (louder.mean(axis=1) < _LOUDER_DB) & (np.sort(louder, axis=1)[:, -3] < 2 * _LOUDER_DB) & free
    while first > 0 and alike[first - 1]:
        first -= 1
    while last < len(alike) and alike[last]:
        last += 1
    # The smoothing looks past the edges: leave them out, but not at the ends of the piece.
    edge = max(0, min(shortest // 2, (last - first - shortest) // 2))
    return (first + edge if first else 0), (last - edge if last < len(alike) else last)


def _bridged(spans: list[Span], is_noise: Callable[[Span, Span], bool], gap: int) -> list[Span]:
    """Spans joined over gaps no longer than `gap`, and to the start, where the whole is noise: a burst of crackle."""
    joined: list[Span] = []
    for span in sorted(spans):
        before = joined[-1] if joined else (0, 0)
        whole = (before[0], span[1])
        parts = [part for part in (before, span) if part[1]]
        if span[0] - before[1] <= gap and all(is_noise(whole, part) for part in parts):
            joined[-1:] = [whole]
        else:
            joined.append(span)
    return joined


def _has_low_notes(samples: Samples, sr: int) -> bool:
    """Whether lines stand out between 60 and 1500 Hz that aren't those of mains hum."""
    n_fft = 4 * frame_length(sr)
    if len(samples) < n_fft:
        return False
    spectrum = spectral_power(samples, n_fft).mean(axis=0)
    frequencies = np.arange(len(spectrum)) * sr / n_fft
    inside = (frequencies >= _LOW_HZ[0]) & (frequencies < _LOW_HZ[1])
    lines = inside & (spectrum > 10 ** (_LINE_DB / 10) * median_filter(spectrum, 31))
    combs = (np.abs(frequencies - np.round(frequencies / mains) * mains) < _BESIDE_MAINS for mains in _MAINS)
    others = min(np.count_nonzero(lines & ~comb) for comb in combs)
    return bool(others > _MOST_LINES * np.count_nonzero(inside))


def _trust_as_hum(repaired: Samples, bands: Power, span: Span, sr: int) -> float:
    """0 unless these frames are mains hum and hardly anything else: most of its harmonics, no lines between them."""
    hop, n_fft = frame_length(sr) // 4, 4 * frame_length(sr)
    samples = repaired[span[0] * hop : (span[1] - 1) * hop + frame_length(sr)]
    if len(samples) < n_fft or not _is_even(bands[span[0] : span[1]]):
        return 0.0
    # Hann's window: strong lines have no skirts that reach to the next harmonic.
    frequencies, spectra = welch(samples.T, sr, "hann", nperseg=n_fft, noverlap=3 * n_fft // 4)
    spectrum = spectra.mean(axis=0)
    lines = spectrum > 10 ** (_LINE_DB / 10) * median_filter(spectrum, 31)
    for mains in _MAINS:
        harmonics = mains * np.arange(1, _HUM_HARMONICS + 1)
        at = np.round(harmonics * n_fft / sr).astype(np.intp)
        found = np.mean([lines[centre - 1 : centre + 2].any() for centre in at])
        inside = (frequencies >= _LOW_HZ[0]) & (frequencies < harmonics[-1])
        others = inside & (np.abs(frequencies - np.round(frequencies / mains) * mains) >= _LINE_WIDTH)
        if np.mean((lines & others)[inside]) > _MOST_LINES:
            continue
        if found >= _HUM_SHARE or _comb_share(frequencies, spectrum, mains) >= _COMB_SHARE:
            return min(1.0, 0.3 + 0.7 * len(samples) / sr)
    return 0.0


def _comb_share(frequencies: NDArray[np.float64], spectrum: NDArray[np.float64], mains: float) -> float:
    """Share of the harmonics that stand above the middle between them and the next."""
    places = mains * np.arange(2, 2 * int(min(_COMB_HZ, 0.45 * frequencies[-1] * 2) / mains) + 2) / 2
    level = np.interp(places, frequencies, 10 * np.log10(spectrum + 1e-18))
    return float(np.mean(level[::2] - level[1::2] > _COMB_DB))


def _is_even(bands: Power) -> bool:
    """Whether levels per frame and band waver as noise does, without rising or falling."""
    levels = bands.mean(axis=1)
    slope = float(np.polyfit(np.linspace(-0.5, 0.5, len(levels)), levels, 1)[0])
    return float(bands.std(axis=0).mean()) <= _MOST_UNSTEADY_DB and abs(slope) <= _STEEPEST_DB


def _trust(power: Power, bands: Power, span: Span, sr: int) -> float:
    """0 unless these frames are noise alone."""
    power, bands = power[span[0] : span[1]], bands[span[0] : span[1]]
    n_fft = frame_length(sr)
    near = slice(round(250 * n_fft / sr), round(min(8000, 0.45 * sr) * n_fft / sr))
    spectrum = power[:, near].mean(axis=0)
    tonal = float(np.mean(spectrum > 10**0.8 * median_filter(spectrum, 31)))
    # Against the mean nearby, so that noise of a narrow band is as flat as white noise.
    nearby = uniform_filter1d(power[:, near], 31, axis=1)
    logs = np.log((power[:, near] + 1e-16) / (nearby + 1e-16)).mean(axis=1)
    flat = float(np.median(np.exp(logs)))
    good = tonal <= _MOST_TONAL and flat >= _LEAST_FLAT and _is_even(bands)
    seconds = len(power) * n_fft / 4 / sr
    return min(1.0, 0.3 + 0.7 * seconds) * (1 - 0.5 * tonal / _MOST_TONAL) if good else 0.0
