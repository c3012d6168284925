"""Where the randomness of one fit comes from: the operating system, exactly on a lattice, or a generator."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hotpapers.dpopt.noise import EntropySource, SeededEntropy, SystemEntropy
from hotpapers.dpopt.releases import LatticeNoise, Noise, NoiseKind, PlainNoise

__all__ = ["Randomness"]


@dataclass(frozen=True)
class Randomness:
    """Noise of every kind and random words, from one source.

    Parameters
    ----------
    secure
        Noise on a lattice, which nothing of floating point gives away; needs exact sums.
    seed
        None for the operating system's entropy. With a seed whoever knows it can subtract the noise: NOT PRIVATE,
        and `secure` is off.
    """

    secure: bool = True
    seed: int | None = None
    source: EntropySource = field(init=False)
    _generator: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        generator = np.random.default_rng(self.seed)
        object.__setattr__(self, "_generator", generator)
        object.__setattr__(self, "source", SystemEntropy() if self.private else SeededEntropy(generator))
        object.__setattr__(self, "secure", self.secure and self.private)

    @property
    def private(self) -> bool:
        """Whether nobody can reproduce it."""
        return self.seed is None

    def noise(self, kind: NoiseKind) -> Noise:
        """Noise of a law."""
        if self.secure:
            return LatticeNoise(kind, self.source)
        return PlainNoise(kind, self._generator, private=self.private)

    @property
    def description(self) -> str:
        """For the report."""
        if not self.private:
            return "NOT PRIVATE: seeded"
        if self.secure:
            return "operating system, exact on a lattice"
        return "generator seeded by the operating system, floating point"
