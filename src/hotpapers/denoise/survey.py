"""What the stages need to know of a whole recording before they start: one pass, in memory that doesn't grow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.dsp.aligned import Samples
from hotpapers.denoise.dsp.clicks import remove_clicks
from hotpapers.denoise.dsp.hum import (
    FloorSpectrum,
    HumLine,
    find_hum,
    find_mains,
    heard_in,
    is_comb,
    is_full,
    is_steady,
)
from hotpapers.denoise.dsp.mains_track import MainsTrack
from hotpapers.denoise.dsp.rumble import rumble_excess
from hotpapers.denoise.dsp.spectral import frame_length
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.floor import LevelHistogram
from hotpapers.denoise.measuring import floor_profile, measured_profiles
from hotpapers.denoise.noise_only import (
    Doubtful,
    Stretch,
    find_stretches,
    limited,
    measure_stretch,
    spectral_power,
    together,
)
from hotpapers.denoise.noise_share import NoiseShare
from hotpapers.denoise.profile import NoiseProfile
from hotpapers.denoise.rotation import revolution_period
from hotpapers.denoise.spread import SpreadSeconds

__all__ = ["Region", "Survey", "survey"]

Region = tuple[float, float]

_PIECE = 20.0  # seconds looked at together
_STRETCHES = 12  # best ones kept
_DOUBTFUL = 4  # quietest ones kept
_TRUSTED_ALONE = 0.5
# A stretch counts no more than so many times the power that the recording falls to elsewhere.
_GAP, _LEAD_IN = 1.25, 8.0
_EDGE = 0.7  # seconds from the ends in which a lead-in or a lead-out begins
_CLEAN_SNR_DB = 45.0
_RUMBLE_DB = 15.0
_BUZZ_HZ = 1000.0
_HELD_LONGEST = 12.0  # seconds that a chord may sound on: steadier lines of a longer recording are hum
_CRACKLING = 10.0  # clicks per second that no clean music is taken to have: plucked strings reached 8.3


@dataclass(frozen=True, kw_only=True, eq=False)
class Survey:
    """A recording at a glance.

    Parameters
    ----------
    sr, channels
        Rate in Hz and number of channels.
    seconds
        Length.
    peak
        Largest magnitude.
    rms_db
        Level in dB relative to full scale (rms 1); -inf for silence.
    profile
        The noise as it is, clicks included; None where it isn't known.
    repaired_profile
        The noise that remains when the clicks are taken out.
    click_rate
        Clicks per second and channel.
    hum
        Lines of mains hum.
    rumble_db
        How far the floor from 5 to 20 Hz stands above that from 250 to 1000 Hz.
    bandwidth
        Highest frequency in Hz with more than steady noise.
    noise_share
        How much of the spectrum steady noise fills.
    rotation_period
        Seconds per revolution of the record, where crackle repeats; else None.
    doubtful
        Quiet stretches that may be noise alone: who knows music can tell.
    excerpts
        Seconds (sr, channels) spread over the recording, for who knows music.
    sounds_clean
        Whether who knows music hears no steady noise.
    """

    sr: int
    channels: int
    seconds: float
    peak: float
    rms_db: float
    profile: NoiseProfile | None
    repaired_profile: NoiseProfile | None
    click_rate: float
    hum: tuple[HumLine, ...]
    rumble_db: float
    bandwidth: float
    noise_share: NoiseShare
    rotation_period: float | None
    doubtful: tuple[Doubtful, ...] = ()
    excerpts: tuple[Samples, ...] = ()
    sounds_clean: bool = False

    @property
    def snr_db(self) -> float | None:
        """Level of the recording above that of the steady noise, in dB; None where no noise is known."""
        return None if self.repaired_profile is None else self.rms_db - self.repaired_profile.level_db

    @property
    def is_clean(self) -> bool:
        """Whether hiss is absent, or so low that taking it out could only do harm."""
        return self.snr_db is None or self.snr_db > _CLEAN_SNR_DB

    @property
    def buzzes(self) -> bool:
        """Whether hum has harmonics as high as music: more than filters take out."""
        return is_comb(self.hum) and self.hum[-1].frequency > _BUZZ_HZ

    @property
    def has_little_noise(self) -> bool:
        """Whether steady noise is known to be low or absent, rather than not known."""
        if self.buzzes:
            return False
        if self.snr_db is None:
            return self.sounds_clean or self.noise_share.is_clean
        return self.is_clean

    @property
    def has_clicks(self) -> bool:
        """Whether there are more clicks than false alarms on clean music, or some in a noisy recording."""
        return self.click_rate > _CRACKLING or not self.is_clean

    @property
    def has_rumble(self) -> bool:
        """Whether the floor rises below the music of a noisy recording: what rumbles hisses, too."""
        return self.rumble_db > _RUMBLE_DB and self.repaired_profile is not None


def survey(blocks: Iterable[NDArray[Any]], *, sr: int, channels: int, region: Region | None = None) -> Survey:
    """Go through a recording once.

    Parameters
    ----------
    blocks
        The recording in blocks (n, channels) of any sizes.
    sr, channels
        Rate in Hz and number of channels.
    region
        Start and end, in seconds, of a stretch that holds only noise: taken as the profile, whatever it is.

    Raises
    ------
    DenoiseError
        If the region isn't inside the recording or is shorter than a frame.
    """
    found = _Surveyor(sr, channels, region)
    offset = 0
    for piece in _pieces(blocks, round(_PIECE * sr)):
        found.look(piece, offset)
        offset += len(piece)
    return found.conclude(offset)


def _pieces(blocks: Iterable[NDArray[Any]], size: int) -> Iterator[Samples]:
    """The recording cut at multiples of `size`, however it came."""
    waiting: list[Samples] = []
    held = 0
    for block in blocks:
        waiting.append(np.asarray(block, np.float32))
        held += len(block)
        while held >= size:
            joined = np.concatenate(waiting)
            yield joined[:size]
            waiting, held = [joined[size:]], held - size
    if held:
        yield np.concatenate(waiting)


def _level(doubtful: Doubtful) -> float:
    return float(doubtful.stretch.bands_db.mean())


class _Surveyor:
    """What has been seen so far."""

    def __init__(self, sr: int, channels: int, region: Region | None) -> None:
        self.sr, self.channels, self.region = sr, channels, region
        if region is not None and not (region[0] >= 0 and region[1] - region[0] > frame_length(sr) / sr):
            raise DenoiseError(
                f"the noise profile is to be taken from {region[0]:g} s to {region[1]:g} s: "
                f"give a start and an end at least {frame_length(sr) / sr:.2f} s later"
            )
        self.peak, self.energy, self.clicks = 0.0, 0.0, 0
        self.levels, self.floor, self.mains = LevelHistogram(sr), FloorSpectrum(sr), MainsTrack(sr)
        self.fine_levels = LevelHistogram(sr, 4 * frame_length(sr))
        self.stretches: list[Stretch] = []
        self.doubtful: list[Doubtful] = []
        self.spread = SpreadSeconds(sr)
        self.inside: list[tuple[Samples, Samples]] = []
        self.period: float | None = None

    def look(self, piece: Samples, offset: int) -> None:
        """Take in the next piece."""
        repaired = np.empty_like(piece)
        for channel in range(self.channels):
            filled, runs = remove_clicks(piece[:, channel].astype(np.float64), self.sr)
            repaired[:, channel] = filled
            self.clicks += len(runs[0])
        self.peak = max(self.peak, float(np.abs(piece).max()))
        self.energy += float(np.sum(np.square(piece, dtype=np.float64)))
        mixed = piece.mean(axis=1, dtype=np.float64)
        self.floor.add(mixed)
        self.mains.add(mixed)
        self.spread.add(piece)
        if not offset:
            self.period = revolution_period(piece - repaired, self.sr)
        if len(piece) < frame_length(self.sr):
            return
        power = spectral_power(repaired, frame_length(self.sr))
        self.levels.add(power)
        self.fine_levels.add(spectral_power(repaired, self.fine_levels.n_fft))
        if self.region is None:
            more, doubtful = find_stretches(piece, repaired, power, self.sr, offset)
            self.stretches = sorted([*self.stretches, *more], key=lambda stretch: -stretch.trust)[:_STRETCHES]
            self.doubtful = sorted([*self.doubtful, *doubtful], key=_level)[:_DOUBTFUL]
            return
        first, last = (round(time * self.sr) - offset for time in self.region)
        part = slice(max(first, 0), max(last, 0))
        self.inside.append((piece[part], repaired[part]))

    def conclude(self, samples: int) -> Survey:
        """Everything that was seen."""
        values = max(samples * self.channels, 1)
        frequencies, level = self.floor.frequencies, self.floor.level_db()
        as_is, repaired = self._profiles(samples)
        return Survey(
            sr=self.sr,
            channels=self.channels,
            seconds=samples / self.sr,
            peak=self.peak,
            rms_db=10 * math.log10(self.energy / values) if self.energy else -math.inf,
            profile=as_is,
            repaired_profile=repaired,
            click_rate=self.clicks / values * self.sr,
            hum=self._hum(repaired, samples / self.sr),
            rumble_db=rumble_excess(frequencies, level),
            bandwidth=self.levels.bandwidth() if self.levels.frames else 0.0,
            noise_share=self._noise_share(),
            rotation_period=self.period,
            doubtful=tuple(
                replace(each, stretch=self._limited(each.stretch, samples)) for each in self.doubtful
            ),
            excerpts=self.spread.seconds(),
        )

    def _hum(self, profile: NoiseProfile | None, seconds: float) -> tuple[HumLine, ...]:
        """The comb of a hum, or else a strong line or two that go on while the music pauses."""
        comb = self._comb(profile, seconds)
        if comb:
            return comb
        few = find_mains(self.floor.frequencies, self.floor.level_db())
        return tuple(line for line in few if self.mains.goes_on(line.frequency))

    def _comb(self, profile: NoiseProfile | None, seconds: float) -> tuple[HumLine, ...]:
        """Lines in what never falls silent: in the noise alone, too, or steady for long where that isn't known."""
        lines = find_hum(self.floor.frequencies, self.floor.level_db())
        steady = is_steady(lines, self.floor.frequencies, self.floor.rise_db())
        if steady and is_comb(lines):
            return lines
        if profile is None or profile.origin == "floor":
            return lines if steady and is_full(lines) and seconds > _HELD_LONGEST else ()
        bins = np.arange(len(profile.fine_rms)) * self.sr / (2 * (len(profile.fine_rms) - 1))
        return heard_in(lines, bins, np.square(profile.fine_rms))

    def _profiles(self, samples: int) -> tuple[NoiseProfile | None, NoiseProfile | None]:
        if self.region is not None:
            if self.region[1] > samples / self.sr + 1e-3:
                raise DenoiseError(
                    f"the noise profile is to be taken up to {self.region[1]:g} s: "
                    f"the recording ends at {samples / self.sr:.2f} s"
                )
            piece, repaired = (np.concatenate(parts) for parts in zip(*self.inside, strict=True))
            start = round(self.region[0] * self.sr)
            stretch = measure_stretch(piece, repaired, self.sr, start)
            return measured_profiles([stretch], sr=self.sr, origin="region")
        stretches = together(self.stretches)
        noisy = self._noise_share().is_noisy
        # A moment of quiet is believed only in a recording in which steady noise is heard elsewhere, too.
        if stretches and (noisy or max(each.trust for each in stretches) >= _TRUSTED_ALONE):
            heard = [self._limited(each, samples) for each in stretches]
            return measured_profiles(heard, sr=self.sr, origin="stretches")
        if noisy:
            profile = floor_profile(self._floor(), sr=self.sr)
            return profile, profile
        return None, None

    def _limited(self, stretch: Stretch, samples: int) -> Stretch:
        """The stretch, no louder than noise of this recording can be.

        Music may ring on in a gap: where the recording falls lower elsewhere, the noise does, too.
        """
        in_a_gap = stretch.start > _EDGE * self.sr and stretch.end < samples - _EDGE * self.sr
        most = self.levels.highest_noise_power() * np.float32(_GAP if in_a_gap else _LEAD_IN)
        return limited(stretch, most, clicks=in_a_gap)

    def _noise_share(self) -> NoiseShare:
        return NoiseShare(short=self.levels.noise_share(), long=self.fine_levels.noise_share())

    def _floor(self) -> NDArray[np.float32]:
        rumble = rumble_excess(self.floor.frequencies, self.floor.level_db()) > _RUMBLE_DB
        return self.levels.floor_power(rumble=rumble)
