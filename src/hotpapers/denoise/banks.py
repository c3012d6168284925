"""Banks of sound: many mono clips in one file of 16-bit samples, mapped into memory, read at random."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.files import atomic_folder
from hotpapers.denoise.errors import DenoiseError

__all__ = ["Bank", "write_bank"]

_PEAK = 0.99
_SAMPLES, _INDEX = "samples.npy", "index.json"


def write_bank(folder: Path, clips: Iterable[tuple[str, NDArray[np.float32]]]) -> Bank:
    """Write clips (name, (n,) samples) one after the other, each scaled to a peak of 0.99; silent ones are left out.

    Parameters
    ----------
    folder
        Where; replaced as a whole if it is there.
    clips
        Taken one at a time: the bank may be longer than memory is large.

    Raises
    ------
    DenoiseError
        If no clip has any sound.
    """
    names: list[str] = []
    ends: list[int] = []
    with atomic_folder(folder) as temporary:
        raw = temporary / "samples.raw"
        with raw.open("wb") as stream:
            for name, clip in clips:
                peak = float(np.abs(clip).max(initial=0.0))
                if peak < 1e-6:
                    continue
                np.round(clip * (_PEAK * 32767 / peak)).astype("<i2").tofile(stream)
                names.append(name)
                ends.append((ends[-1] if ends else 0) + len(clip))
        if not names:
            raise DenoiseError(f"no sound for the bank {folder.name}: every clip is empty or silent")
        whole = np.lib.format.open_memmap(temporary / _SAMPLES, "w+", np.int16, (ends[-1],))
        whole[:] = np.memmap(raw, "<i2", "r")
        whole.flush()
        raw.unlink()
        (temporary / _INDEX).write_text(json.dumps({"names": names, "ends": ends}), encoding="utf-8")
    return Bank(folder)


class Bank:
    """Clips of a bank that `write_bank` wrote.

    Parameters
    ----------
    folder
        Its folder.

    Attributes
    ----------
    names
        Of the clips.
    lengths
        (clips,) in samples.
    rms
        (clips,) root mean square of each.

    Raises
    ------
    DenoiseError
        If there is no bank in the folder.
    """

    def __init__(self, folder: Path) -> None:
        try:
            index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
            self._samples: NDArray[np.int16] = np.load(folder / _SAMPLES, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise DenoiseError(f"{folder} is not a bank of sound: {error}") from error
        self.names: list[str] = index["names"]
        self._ends = np.asarray(index["ends"], np.int64)
        self._starts = np.concatenate([[0], self._ends[:-1]])
        self.lengths = self._ends - self._starts
        self.rms = np.array([self._rms(clip) for clip in range(len(self))])

    def __len__(self) -> int:
        return len(self.names)

    def read(self, clip: int, start: int, count: int, *, wrapped: bool = False) -> NDArray[np.float32]:
        """Samples `start` to ``start + count`` of a clip, (count,) in -1..1.

        Beyond the clip's ends lies silence, or, `wrapped`, the clip once more.
        """
        first, length = int(self._starts[clip]), int(self.lengths[clip])
        if wrapped:
            taken = self._samples[first + (start + np.arange(count)) % length]
            return taken.astype(np.float32) / np.float32(32768)
        result = np.zeros(count, np.float32)
        low, high = max(start, 0), min(start + count, length)
        if low < high:
            result[low - start : high - start] = self._samples[first + low : first + high]
            result /= np.float32(32768)
        return result

    def _rms(self, clip: int) -> float:
        total = 0.0
        for start in range(int(self._starts[clip]), int(self._ends[clip]), 1 << 20):
            block = self._samples[start : min(start + (1 << 20), self._ends[clip])].astype(np.float64)
            total += float(block @ block)
        return float(np.sqrt(total / self.lengths[clip]) / 32768)
