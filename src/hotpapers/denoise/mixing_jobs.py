"""What the command `mix` does with its options: which music, which noise, how many."""

from __future__ import annotations

import math
from pathlib import Path

from platformdirs import user_cache_path

from hotpapers.denoise.built_in_sets import (
    built_in_music,
    built_in_noise,
    generated_noise,
    given_music,
    given_noise,
)
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.pairs import MusicSource, NoiseSource, Plan
from hotpapers.denoise.recordings import Split

__all__ = ["midi_cache", "plan_of", "sources_of"]


def midi_cache() -> Path:
    """Folder in which rendered MIDI is kept."""
    return user_cache_path("hotpapers") / "denoise" / "midi"


def sources_of(
    clean: Path | None, noise: Path | None, split: Split
) -> tuple[list[MusicSource], list[NoiseSource]]:
    """Music and noise: a user's folders, or the project's own of one split.

    A user's music without noise meets generated noise, never the project's recordings.
    """
    music = built_in_music(split, midi_cache()) if clean is None else given_music(clean)
    if noise is not None:
        return music, given_noise(noise, split)
    return music, built_in_noise(split) if clean is None else generated_noise()


def plan_of(
    *,
    noises: int,
    count: int | None,
    hours: float | None,
    clean_count: int,
    snr: str,
    seconds: float,
    lead_in: float,
    seed: int,
) -> Plan:
    """The plan of a set: as many mixtures as asked for, or each noise at each ratio.

    Raises
    ------
    DenoiseError
        If the options contradict each other or can't be used.
    """
    try:
        snrs = tuple(float(word) for word in snr.split(","))
    except ValueError as error:
        raise DenoiseError(f"--snr {snr}: give numbers of dB with commas between them") from error
    if count is not None and hours is not None:
        raise DenoiseError("give --count or --hours, not both")
    if hours is not None:
        if not (math.isfinite(hours) and hours > 0 and seconds > 0):
            raise DenoiseError(f"--hours {hours}: give a number above 0")
        count = math.ceil(hours * 3600 / seconds)
    return Plan(
        count=noises * len(snrs) if count is None else count,
        clean_count=clean_count,
        snrs=snrs,
        seconds=seconds,
        lead_in=lead_in,
        seed=seed,
    )
