"""Whether steady noise is heard in a recording as a whole: how much of the spectrum it fills."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NoiseShare"]

# On 513 excerpts of the training songs and as many with noise: 1 of 200 clean ones counts as noisy, and 1 of 70 noisy
# ones up to 16 dB as clean.
_NOISY = (0.77, 0.84)
_NOISY_IN_SHORT = 0.93
_CLEAN = (0.6, 0.5)
_CLEAN_IN_SHORT = 0.2


@dataclass(frozen=True, kw_only=True)
class NoiseShare:
    """Share of the frequencies from 1 kHz to 16 kHz that steady noise fills.

    Sounds of many lines close together, such as held strings and voices, fill short frames as noise does; long
    frames part the lines.

    Parameters
    ----------
    short, long
        Share from 0 to 1 in frames of 46 ms and of 186 ms.
    """

    short: float
    long: float

    @property
    def is_noisy(self) -> bool:
        """Whether there is steady noise for certain."""
        both = self.short > _NOISY[0] and self.long > _NOISY[1]
        return both or self.short > _NOISY_IN_SHORT

    @property
    def is_clean(self) -> bool:
        """Whether there is none for certain; where neither is certain, a net that knows music has to decide."""
        both = self.short < _CLEAN[0] and self.long < _CLEAN[1]
        return both or self.short < _CLEAN_IN_SHORT
