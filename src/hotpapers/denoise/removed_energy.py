"""How much was taken from each second of a recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["EnergyBySecond"]


class EnergyBySecond:
    """Adds up the energy of a signal that comes in blocks.

    Parameters
    ----------
    rate
        Frames per second.

    Examples
    --------
    >>> energy = EnergyBySecond(2)
    >>> energy.add(np.ones((3, 1)))
    >>> energy.seconds
    (2.0, 1.0)
    """

    def __init__(self, rate: int) -> None:
        self._rate, self._frames = rate, 0
        self._energy: list[float] = []

    def add(self, block: NDArray[np.float64]) -> None:
        """Take the next frames, shape ``(n, channels)``."""
        at = (self._frames + np.arange(len(block))) // self._rate
        self._frames += len(block)
        for second in np.unique(at):
            if second == len(self._energy):
                self._energy.append(0.0)
            self._energy[second] += float(np.sum(block[at == second] ** 2))

    @property
    def seconds(self) -> tuple[float, ...]:
        """Energy of each second; full scale is 1."""
        return tuple(self._energy)
