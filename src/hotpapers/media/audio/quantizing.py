"""Real numbers made whole: rounding, dither where depth is lost, and what did not fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hotpapers.media.audio.errors import AudioError

__all__ = ["Quantizer"]


class Quantizer:
    """Round samples to whole numbers of some bits, the same ones however the stream is cut.

    Parameters
    ----------
    bits
        Of the whole numbers, 8 to 32.
    channels
        Of the blocks.
    dither
        Whether to add noise of triangular density, two steps wide (TPDF), before rounding: it makes the
        error of rounding independent of the sound. Digital silence stays silent.
    seed
        Of the dither.
    same_as
        For each channel the one whose dither it shares; each has its own where left out.
    """

    def __init__(
        self,
        bits: int,
        channels: int,
        *,
        dither: bool = False,
        seed: int = 0,
        same_as: Sequence[int] | None = None,
    ) -> None:
        if not 8 <= bits <= 32:
            raise AudioError(f"no whole numbers of {bits} bits: 8 to 32")
        self.clipped = 0
        self._scale = float(2 ** (bits - 1))
        self._channels = channels
        self._same_as = list(range(channels) if same_as is None else same_as)
        self._random = np.random.default_rng(seed) if dither else None

    def __call__(self, block: NDArray[np.floating]) -> NDArray[np.int32]:
        """Whole numbers for samples of shape ``(n, channels)``, full scale 1.0; `clipped` counts what did not fit."""
        scaled = np.asarray(block, np.float64) * self._scale
        if self._random is not None:
            # One draw after the other, frame by frame: the cuts between blocks don't matter.
            uniform = self._random.random((len(block), self._channels, 2))
            noise = (uniform[..., 0] - uniform[..., 1])[:, self._same_as]
            scaled += np.where(scaled == 0, 0, noise)
        whole = np.rint(scaled)
        fits = np.clip(whole, -self._scale, self._scale - 1)
        self.clipped += int(np.count_nonzero(fits != whole))
        return fits.astype(np.int32)
