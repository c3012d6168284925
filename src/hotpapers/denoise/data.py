"""Training examples: a batch is a pure function of step, seed and rank, mixed from banks of music and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray
from torch import Tensor

from hotpapers.denoise.banks import Bank
from hotpapers.denoise.spectral_shaping import band_limit, random_equaliser, resampled, shaped_gaussian
from hotpapers.denoise.stft import BINS, FFT_SIZE, HOP, SAMPLE_RATE

__all__ = ["ExampleSettings", "NoisyBatch", "NoisyExamples"]

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class ExampleSettings:
    """What the examples are like; shares are probabilities.

    Parameters
    ----------
    samples
        Length of an example.
    snr_db
        Range of signal-to-noise ratios, uniform.
    noise_free, nearly_clean, noise_only
        Shares of examples without noise, at 30 to 50 dB, and without music.
    front, silence
        Shares whose music starts late (noise alone before it), and that have a stretch of digital silence.
    music_speed, noise_speed
        Ranges of playing speed.
    band_limited
        Share whose music (and so the target) has the bandwidth of an old carrier.
    rendered
        Share of rendered music; the rest is recorded.
    synthetic
        Share of generated noise; the rest is recorded.
    two_noises, hiss
        Shares with a second noise, and with Gaussian noise of a random spectrum added.
    profile
        Share that is told the noise profile, measured on another stretch of the same noise.
    profile_seconds
        Range of that stretch.
    level_jitter_db
        Standard deviation of the recording's level against the example's.
    """

    samples: int = 65_536
    snr_db: tuple[float, float] = (-3.0, 24.0)
    noise_free: float = 0.08
    nearly_clean: float = 0.08
    noise_only: float = 0.03
    front: float = 0.15
    silence: float = 0.04
    music_speed: tuple[float, float] = (0.75, 1.33)
    noise_speed: tuple[float, float] = (0.6, 1.6)
    band_limited: float = 0.35
    rendered: float = 0.75
    synthetic: float = 0.6
    two_noises: float = 0.3
    hiss: float = 0.25
    profile: float = 0.6
    profile_seconds: tuple[float, float] = (0.5, 1.5)
    level_jitter_db: float = 3.0


@dataclass(frozen=True)
class NoisyBatch:
    """Examples side by side.

    Parameters
    ----------
    noisy, clean
        (batch, samples).
    level
        (batch,) rms of the recordings that the examples are cut from.
    profile
        (batch, 1025) noise rms per bin; a row of zeros where it is withheld.
    """

    noisy: Tensor
    clean: Tensor
    level: Tensor
    profile: Tensor


class NoisyExamples:
    """Endless examples from banks.

    Parameters
    ----------
    music
        Clean music.
    recorded_noise, synthetic_noise
        Noise without music; either may be None.
    settings
        What the examples are like.
    rendered_music
        Clean music made from scores; may be None.
    """

    def __init__(
        self,
        music: Bank,
        recorded_noise: Bank | None,
        synthetic_noise: Bank | None,
        settings: ExampleSettings | None = None,
        *,
        rendered_music: Bank | None = None,
    ) -> None:
        self.music = music
        self.rendered_music = rendered_music
        self.recorded_noise = recorded_noise
        self.synthetic_noise = synthetic_noise
        self.settings = settings or ExampleSettings()

    def batch(self, step: int, size: int, *, seed: int = 0, rank: int = 0) -> NoisyBatch:
        """Batch of a training step on one of several processes: the same for the same arguments."""
        made = [
            self.example(np.random.default_rng((seed, step, rank * size + place))) for place in range(size)
        ]
        noisy, clean, level, profile = zip(*made, strict=True)
        return NoisyBatch(
            torch.from_numpy(np.stack(noisy)),
            torch.from_numpy(np.stack(clean)),
            torch.tensor(level, dtype=torch.float32),
            torch.from_numpy(np.stack(profile)),
        )

    def example(self, rng: np.random.Generator) -> tuple[Array, Array, float, Array]:
        """One example: noisy and clean (samples,), the recording's level, the profile (1025,)."""
        settings = self.settings
        kind = rng.random()
        if kind < settings.noise_free:
            return self._noise_free(rng)
        low, high = settings.snr_db
        snr_db = rng.uniform(low, high)
        if kind < settings.noise_free + settings.nearly_clean:
            snr_db = rng.uniform(30.0, 50.0)
        clean, reference = self._clean(rng)
        noise, stretch = self._noise(rng)
        gain = reference * 10 ** (-snr_db / 20) / max(_rms(noise), 1e-9)
        noise, stretch = noise * np.float32(gain), stretch * np.float32(gain)
        loudness = float(np.hypot(reference, _rms(noise)))
        if kind > 1 - settings.noise_only:
            clean = np.zeros_like(clean)
            loudness = _rms(noise) * 10 ** (rng.uniform(0.0, 24.0) / 20)
        elif rng.random() < settings.front:
            _start_late(clean, round(rng.uniform(0.1, 0.7) * len(clean)), rng)
        noisy = clean + noise
        if rng.random() < settings.silence:
            gone = _silent_end(len(clean), rng)
            noisy[gone] = clean[gone] = 0.0
        return noisy, clean, self._level(loudness, rng), self._profile(stretch, rng)

    def _noise_free(self, rng: np.random.Generator) -> tuple[Array, Array, float, Array]:
        """Music alone; the profile, where there is one, is what a quiet passage mistaken for noise would give."""
        clean, reference = self._clean(rng)
        mistaken, quietly = self._clean(rng)
        quietly = reference / max(quietly, 1e-9) * 10 ** (rng.uniform(-60.0, -30.0) / 20)
        stretch = mistaken[: round(SAMPLE_RATE * rng.uniform(*self.settings.profile_seconds))]
        return clean, clean, self._level(reference, rng), self._profile(stretch * np.float32(quietly), rng)

    def _level(self, loudness: float, rng: np.random.Generator) -> float:
        return float(max(loudness, 1e-6) * 10 ** (rng.normal(0.0, self.settings.level_jitter_db) / 20))

    def _clean(self, rng: np.random.Generator) -> tuple[Array, float]:
        """Music (samples,) and the rms that counts as its loudness: of the excerpt, or 20 dB below the recording's."""
        settings = self.settings
        music = self.music
        if self.rendered_music is not None and rng.random() < settings.rendered:
            music = self.rendered_music
        clip = int(rng.choice(len(music), p=_weights(music)))
        count = scipy.fft.next_fast_len(
            round(settings.samples * _speed(rng, settings.music_speed)), real=True
        )
        spare = int(music.lengths[clip]) - count
        start = int(rng.integers(min(spare, 0), max(spare, 0) + 1))
        source = music.read(clip, start, count)
        shape = random_equaliser(rng, settings.samples, spread_db=3.0) if rng.random() < 0.5 else None
        if rng.random() < settings.band_limited:
            limit = band_limit(rng, settings.samples)
            shape = limit if shape is None else shape * limit
        clean = resampled(source, settings.samples, shape)
        before, after = _rms(source), _rms(clean)
        whole = music.rms[clip] * after / before if before > 1e-7 else music.rms[clip]
        return clean, max(after, 0.1 * float(whole))

    def _noise(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """Noise (samples,), and another stretch of the same noise."""
        settings = self.settings
        stretch = round(SAMPLE_RATE * rng.uniform(*settings.profile_seconds))
        total = scipy.fft.next_fast_len(settings.samples + stretch, real=True)
        noise = self._one_noise(rng, total)
        if rng.random() < settings.two_noises:
            noise = _added(noise, self._one_noise(rng, total), rng.uniform(-12.0, 12.0))
        if rng.random() < settings.hiss:
            noise = _added(noise, shaped_gaussian(rng, total), rng.uniform(-15.0, 9.0))
        if rng.random() < 0.5:  # the noise-only stretch may lie before the music or after it
            return noise[-settings.samples :], noise[:stretch]
        return noise[: settings.samples], noise[-stretch:]

    def _one_noise(self, rng: np.random.Generator, total: int) -> Array:
        settings = self.settings
        synthetic = rng.random() < settings.synthetic
        bank = self.synthetic_noise if synthetic else self.recorded_noise
        bank = bank or self.synthetic_noise or self.recorded_noise
        if bank is None:
            return shaped_gaussian(rng, total)
        clip = int(rng.integers(len(bank)))
        count = scipy.fft.next_fast_len(round(total * _speed(rng, settings.noise_speed)), real=True)
        spare = int(bank.lengths[clip]) - count
        start = int(rng.integers(max(spare, 0) + 1))  # only a clip that is too short is heard twice
        source = bank.read(clip, start, count, wrapped=True)
        shape = random_equaliser(rng, total, spread_db=4.0) if rng.random() < 0.8 else None
        return resampled(source, total, shape)

    def _profile(self, stretch: Array, rng: np.random.Generator) -> Array:
        if rng.random() >= self.settings.profile:
            return np.zeros(BINS, np.float32)
        power = _frame_powers(stretch)
        if rng.random() < 0.3:  # a miner prefers the quiet frames
            power = power[np.argsort(power.sum(1))[: max(len(power) // 2, 1)]]
        error_db = rng.normal(0.0, 1.0)
        return np.asarray(np.sqrt(power.mean(0) * 10 ** (error_db / 10)), np.float32)


def _weights(music: Bank) -> NDArray[np.float64]:
    """Between one draw per clip and one per second: short clips are heard, long ones more often."""
    weights = np.sqrt(music.lengths.astype(float))
    return np.asarray(weights / weights.sum(), float)


def _speed(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(limits))))


def _rms(signal: Array) -> float:
    return float(np.sqrt(np.dot(signal, signal) / len(signal)))


def _added(first: Array, second: Array, relative_db: float) -> Array:
    gain = _rms(first) / max(_rms(second), 1e-9) * 10 ** (relative_db / 20)
    return first + second * np.float32(gain)


def _start_late(clean: Array, front: int, rng: np.random.Generator) -> None:
    """Silence the front, in place, and fade in over 2 to 100 ms."""
    fade = min(round(SAMPLE_RATE * np.exp(rng.uniform(*np.log((0.002, 0.1))))), len(clean) - front)
    clean[:front] = 0.0
    clean[front : front + fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)


def _silent_end(samples: int, rng: np.random.Generator) -> slice:
    length = round(rng.uniform(0.05, 0.5) * samples)
    return slice(length) if rng.random() < 0.5 else slice(samples - length, samples)


def _frame_powers(stretch: Array) -> Array:
    """Power of every bin in every whole frame, (frames, 1025)."""
    window = np.sqrt(np.hanning(FFT_SIZE + 1)[:-1]).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(stretch, FFT_SIZE)[::HOP]
    spectrum = scipy.fft.rfft(frames * window)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)
