"""Noise made beforehand: one memory-mapped array of int16 that training reads crops from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.files import atomic_path, write_text
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.noise_generator.rendering import synth_noise
from hotpapers.denoise.noise_generator.table import PRESETS

__all__ = ["PrecomputedNoise", "precompute_noise"]

# Peaks beyond full scale would be cut: every noise is scaled so that its own peak just fits.
_FULL_SCALE = 32_767


def precompute_noise(
    path: Path,
    *,
    count: int,
    seconds: float = 6.0,
    sr: int = 44_100,
    seed: int = 0,
    presets: Sequence[str] = tuple(PRESETS),
) -> Iterator[int]:
    """Write `count` noises to ``path`` (.npy, int16, (count, n)) and what they are to ``path`` + ``.json``.

    Yields the number of noises made so far; the files are there when the iterator ends. Noise i is
    made from its own seed sequence (`seed`, i), so banks of different seeds share none.

    Raises
    ------
    DenoiseError
        If the name does not end in .npy, or there is nothing to make.
    """
    if path.suffix != ".npy":
        raise DenoiseError(f"{path}: precomputed noise is a .npy file")
    if count < 1 or not presets:
        raise DenoiseError(f"a bank needs at least one noise and one preset, not {count} and {len(presets)}")
    n = max(1, round(seconds * sr))
    used = [presets[i % len(presets)] for i in range(count)]
    with atomic_path(path) as temporary:
        bank = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.int16, shape=(count, n))
        for i, preset in enumerate(used):
            rng = np.random.default_rng((seed, i))
            noise = synth_noise(seconds, sr, preset=preset, rng=rng)
            bank[i] = np.round(noise * (_FULL_SCALE / max(float(np.abs(noise).max()), 1e-9)))
            yield i + 1
        bank.flush()
        del bank
    write_text(_notes(path), json.dumps({"sr": sr, "seed": seed, "presets": used}, indent=1) + "\n")


def _notes(path: Path) -> Path:
    return path.with_name(path.name + ".json")


class PrecomputedNoise:
    """Noise that `precompute_noise` wrote, read as it is needed.

    Parameters
    ----------
    path
        The .npy file.

    Raises
    ------
    DenoiseError
        If there is no such file or it is something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            notes = json.loads(_notes(path).read_text(encoding="utf-8"))
            self.samples: NDArray[np.int16] = np.load(path, mmap_mode="r", allow_pickle=False)
            self.sr = int(notes["sr"])
            self.presets: tuple[str, ...] = tuple(notes["presets"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DenoiseError(f"{path} is not precomputed noise: {error}") from error
        if self.samples.ndim != 2 or self.samples.dtype != np.int16 or len(self.samples) != len(self.presets):
            raise DenoiseError(f"{path} is not precomputed noise: it needs int16 of shape (count, n)")

    def __len__(self) -> int:
        return len(self.samples)

    def crop(self, n: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """`n` samples of a random noise from a random place, wrapped where it is shorter: (n,) in -1..1."""
        noise = self.samples[rng.integers(len(self.samples))]
        start = int(rng.integers(max(1, len(noise) - n + 1)))
        if n <= len(noise):
            cut = np.asarray(noise[start : start + n])
        else:
            cut = np.take(noise, np.arange(start, start + n), mode="wrap")
        return cut.astype(np.float32) / np.float32(_FULL_SCALE)
