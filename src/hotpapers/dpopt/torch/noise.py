"""Gaussian noise for the tensors of a model: on a lattice from the system's entropy, or from a generator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hotpapers.dpopt.noise import EntropySource, draw_gaussian_lattice

__all__ = ["GeneratorEntropy", "GeneratorNoise", "LatticeTensorNoise", "TensorNoise"]

Sums = Mapping[nn.Parameter, Tensor]
# Part of C that rounding may take: once for the lattice, once for adding rows in float64.
_ROUNDING = 2.0**-18


class TensorNoise(Protocol):
    """Adds noise to all sums of a step."""

    @property
    def private(self) -> bool:
        """Whether nobody can reproduce it."""

    def sensitivity(self, bound: float, size: int) -> float:
        """Of the sums before the noise, if each row's part of all of them together has length at most `bound`."""

    def added(self, sums: Sums, scale: float, bound: float) -> dict[nn.Parameter, Tensor]:
        """Sums with noise of standard deviation `scale` on each of the coordinates, in the sums' precision."""


class LatticeTensorNoise:
    """Sums rounded to a lattice, rounded Gaussian noise added in integers (`hotpapers.dpopt.noise.lattice`).

    Rounding ``size`` coordinates to multiples of g moves the difference of two neighbouring sums by at most
    ``g sqrt(size)``: that is charged, and as much again for adding rows in float64 (enough for ``B^2 T < 2^34`` rows
    and positions in a part, less where the terms of one gradient cancel). What a network computes for a row in its
    own precision is taken to be that row's alone.

    Parameters
    ----------
    source
        Of random words.
    """

    def __init__(self, source: EntropySource) -> None:
        self._source = source

    @property
    def private(self) -> bool:
        """Whether the words cannot be reproduced."""
        return self._source.private

    def sensitivity(self, bound: float, size: int) -> float:
        """``C (1 + 2^-17)``."""
        return bound * (1.0 + 2.0 * _ROUNDING)

    def added(self, sums: Sums, scale: float, bound: float) -> dict[nn.Parameter, Tensor]:
        """Integers added, then scaled."""
        size = sum(total.numel() for total in sums.values())
        spacing = 2.0 ** math.floor(math.log2(bound * _ROUNDING / math.sqrt(size)))
        found = {}
        for parameter, total in sums.items():
            whole = torch.round(total.detach().to("cpu", torch.float64) / spacing).numpy().astype(np.int64)
            drawn = draw_gaussian_lattice(whole.shape, scale, spacing, self._source)
            noisy = torch.from_numpy(np.asarray((whole + drawn) * spacing))
            found[parameter] = noisy.to(total.device)
        return found


class GeneratorNoise:
    """Noise in floating point by torch: fast, and open to attacks through low-order bits (Mironov 2012).

    Parameters
    ----------
    generator
        On the CPU; None for one seeded by the operating system.
    """

    def __init__(self, generator: torch.Generator | None = None) -> None:
        self._private = generator is None
        self._generator = (
            generator if generator is not None else torch.Generator().manual_seed(_system_seed())
        )

    @property
    def private(self) -> bool:
        """Whether the generator was seeded by the operating system."""
        return self._private

    def sensitivity(self, bound: float, size: int) -> float:
        """C."""
        return bound

    def added(self, sums: Sums, scale: float, bound: float) -> dict[nn.Parameter, Tensor]:
        """Sum plus noise."""
        return {
            parameter: total
            + scale * torch.randn(total.shape, generator=self._generator, dtype=total.dtype).to(total.device)
            for parameter, total in sums.items()
        }


class GeneratorEntropy:
    """Words from a torch generator: NOT PRIVATE.

    Parameters
    ----------
    generator
        On the CPU.
    """

    private = False

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator

    def words(self, count: int) -> NDArray[np.uint64]:
        """The next `count` words."""
        bytes_ = torch.randint(0, 256, (8 * count,), generator=self._generator, dtype=torch.uint8)
        return np.asarray(bytes_.numpy().view(np.uint64))


def _system_seed() -> int:
    import secrets

    return secrets.randbits(63)
