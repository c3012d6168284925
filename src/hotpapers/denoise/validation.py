"""Mixtures of held-back recordings by which a net in training is judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hotpapers.denoise.banks import Bank
from hotpapers.denoise.metrics import log_spectral_distance, si_sdr
from hotpapers.denoise.stft import SAMPLE_RATE, noise_profile

__all__ = ["ValidationMixture", "ValidationSet"]

# A net: (batch, samples) noisy, (batch,) level, (batch, 1025) profile or None -> (batch, samples).
Net = Callable[[Tensor, Tensor, Tensor | None], Tensor]

_LEAD_IN = 1.0
_SECONDS = 5.0
_SNRS = (0.0, 6.0, 12.0)
_CEILING = 100.0  # dB: clean music that comes back untouched has no ratio


@dataclass(frozen=True)
class ValidationMixture:
    """Music with noise, one second of noise alone before it.

    Parameters
    ----------
    noisy, clean
        (samples,); the music starts after `lead_in` samples.
    lead_in
        Samples of noise alone.
    snr_db
        Signal-to-noise ratio of the music part.
    """

    noisy: Tensor
    clean: Tensor
    lead_in: int
    snr_db: float

    @property
    def level(self) -> Tensor:
        """(1,) rms of the mixture."""
        return self.noisy.square().mean().sqrt()[None]

    @property
    def profile(self) -> Tensor:
        """(1, 1025) noise rms per bin in the lead-in."""
        return noise_profile(self.noisy[None, : self.lead_in])


class ValidationSet:
    """Every excerpt at 0, 6 and 12 dB, and clean.

    Parameters
    ----------
    music, noise
        Banks of recordings that no training example comes from.
    excerpts
        How many excerpts of music; noises take turns.
    noises
        Which clips of the noise; all where left out.
    seed
        Of their places in the recordings.
    """

    def __init__(
        self,
        music: Bank,
        noise: Bank,
        *,
        excerpts: int = 6,
        noises: Sequence[int] | None = None,
        seed: int = 0,
    ) -> None:
        rng = np.random.default_rng((seed, 20_080_202))
        chosen = range(len(noise)) if noises is None else noises
        self.clean = [_loud_excerpt(music, place % len(music), rng) for place in range(excerpts)]
        self.mixtures = [
            _mixture(clean, noise, chosen[(3 * place + turn) % len(chosen)], snr_db, rng)
            for place, clean in enumerate(self.clean)
            for turn, snr_db in enumerate(_SNRS)
        ]

    def scores(self, net: Net) -> dict[str, float]:
        """What a net does, in decibels.

        Returns
        -------
        dict
            ``gain`` and ``blind_gain``: mean gain in SI-SDR with the lead-in's profile and without;
            ``gain_0``, ``gain_6``, ``gain_12`` and ``worst_gain`` with it, ``blind_worst_gain`` without;
            ``drop``: fall of the lead-in's energy; ``distance``: log-spectral distance to the clean music;
            ``clean_mean``, ``clean_worst``: SI-SDR of clean music sent through the net, without a profile;
            ``merit``: the gain, and a tenth of ``clean_mean`` up to 40: to choose weights by.
        """
        told = [self._score(net, mixture, mixture.profile) for mixture in self.mixtures]
        blind = [self._score(net, mixture, None)["gain"] for mixture in self.mixtures]
        untouched = [min(self._kept(net, clean), _CEILING) for clean in self.clean]
        gains = np.array([score["gain"] for score in told])
        by_snr = {
            f"gain_{snr_db:.0f}": float(gains[[mixture.snr_db == snr_db for mixture in self.mixtures]].mean())
            for snr_db in _SNRS
        }
        return {
            "gain": float(gains.mean()),
            **by_snr,
            "worst_gain": float(gains.min()),
            "blind_gain": float(np.mean(blind)),
            "blind_worst_gain": min(blind),
            "drop": float(np.mean([score["drop"] for score in told])),
            "distance": float(np.mean([score["distance"] for score in told])),
            "clean_mean": float(np.mean(untouched)),
            "clean_worst": min(untouched),
            "merit": float(gains.mean()) + 0.1 * min(float(np.mean(untouched)), 40.0),
        }

    @staticmethod
    def _score(net: Net, mixture: ValidationMixture, profile: Tensor | None) -> dict[str, float]:
        with torch.no_grad():
            result = net(mixture.noisy[None], mixture.level, profile)[0].numpy()
        noisy, clean = mixture.noisy.numpy(), mixture.clean.numpy()
        lead, music = slice(mixture.lead_in // 8, mixture.lead_in * 7 // 8), slice(mixture.lead_in, None)
        return {
            "gain": si_sdr(result[music], clean[music]) - si_sdr(noisy[music], clean[music]),
            "drop": 20 * math.log10(float(np.std(noisy[lead])) / (float(np.std(result[lead])) + 1e-9)),
            "distance": log_spectral_distance(result[music], clean[music]),
        }

    @staticmethod
    def _kept(net: Net, clean: Tensor) -> float:
        with torch.no_grad():
            result = net(clean[None], clean.square().mean().sqrt()[None], None)[0]
        return si_sdr(result.numpy(), clean.numpy())


def _loud_excerpt(music: Bank, clip: int, rng: np.random.Generator) -> Tensor:
    """The loudest of three random excerpts, at a peak of one half; a clip that is too short ends in silence."""
    samples = round(SAMPLE_RATE * _SECONDS)
    starts = rng.integers(0, max(int(music.lengths[clip]) - samples, 0) + 1, 3)
    found = max(
        (music.read(clip, int(start), samples) for start in starts),
        key=lambda excerpt: float(np.std(excerpt)),
    )
    return torch.from_numpy(found * np.float32(0.5 / max(np.abs(found).max(), 1e-6)))


def _mixture(
    clean: Tensor, noise: Bank, clip: int, snr_db: float, rng: np.random.Generator
) -> ValidationMixture:
    lead_in = round(SAMPLE_RATE * _LEAD_IN)
    start = int(rng.integers(noise.lengths[clip]))
    hiss: NDArray[np.float32] = noise.read(clip, start, lead_in + len(clean), wrapped=True)
    behind = torch.from_numpy(hiss)
    music_power, noise_power = clean.square().mean(), behind[lead_in:].square().mean()
    behind = behind * (music_power / noise_power * 10 ** (-snr_db / 10)).sqrt()
    padded = torch.cat([clean.new_zeros(lead_in), clean])
    return ValidationMixture(padded + behind, padded, lead_in, snr_db)
