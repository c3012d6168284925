"""Noise added to a sum, in the two ways there are: exactly on a lattice, or in floating point from a generator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.events import Event, Mechanism
from hotpapers.dpopt.accounting.relations import Relation
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise import (
    EntropySource,
    SystemEntropy,
    draw_gaussian,
    draw_gaussian_lattice,
    draw_knorm,
    draw_knorm_lattice,
    draw_laplace,
    draw_laplace_lattice,
)

__all__ = ["LatticeNoise", "Noise", "NoiseKind", "PlainNoise", "Spend", "noise_event", "release"]

NoiseKind: TypeAlias = Literal["gaussian", "laplace", "knorm"]


class Spend(Protocol):
    """Notes an event, on disk if need be, before its noise is drawn: `Ledger.append`, `DurableLedger.spend`."""

    def __call__(self, event: Event, /) -> None:
        """Note it, or refuse."""


class Noise(Protocol):
    """Adds noise of a scale to a sum."""

    @property
    def private(self) -> bool:
        """Whether nobody can reproduce it."""

    @property
    def kind(self) -> NoiseKind:
        """Its law."""

    def added(self, total: NDArray[Any], scale: float, spacing: float | None) -> NDArray[np.float64]:
        """`total` (in multiples of `spacing`, if there is one) plus noise, as floats in its own units."""


@dataclass(frozen=True)
class LatticeNoise:
    """Rounded noise on the lattice that an exact sum lies on: nothing of floating point can be seen in the result.

    Parameters
    ----------
    kind
        ``"gaussian"``, ``"laplace"`` or ``"knorm"``.
    source
        Of random words: the operating system's, or a seeded one (NOT PRIVATE).
    """

    kind: NoiseKind = "gaussian"
    source: EntropySource = field(default_factory=SystemEntropy)

    @property
    def private(self) -> bool:
        """Whether the words cannot be reproduced."""
        return self.source.private

    def added(self, total: NDArray[Any], scale: float, spacing: float | None) -> NDArray[np.float64]:
        """Sum and noise added as integers, then scaled; an integer beyond 2^53 is rounded afterwards."""
        if spacing is None or not np.issubdtype(total.dtype, np.integer):
            raise PrivacyError("noise on a lattice needs an exact sum: prepare the rows with exact=True")
        if self.kind == "knorm":
            drawn = draw_knorm_lattice(total.size, scale, spacing, self.source).reshape(total.shape)
        else:
            draw = draw_gaussian_lattice if self.kind == "gaussian" else draw_laplace_lattice
            drawn = draw(total.shape, scale, spacing, self.source)
        return np.asarray((total + drawn) * spacing)


@dataclass(frozen=True)
class PlainNoise:
    """Noise in floating point: for seeded experiments, and where low-order bits are nobody's concern.

    Parameters
    ----------
    kind
        ``"gaussian"``, ``"laplace"`` or ``"knorm"``.
    generator
        numpy's.
    private
        Whether the generator was seeded by the operating system.
    repeats
        Whether the last axis of a sum counts independent repeats; matters for K-norm noise only.
    """

    kind: NoiseKind
    generator: np.random.Generator
    private: bool = False
    repeats: bool = False

    def added(self, total: NDArray[Any], scale: float, spacing: float | None) -> NDArray[np.float64]:
        """Sum plus noise."""
        exact = 1.0 if spacing is None else spacing
        if self.kind == "gaussian":
            drawn = draw_gaussian(total.shape, scale, self.generator)
        elif self.kind == "laplace":
            drawn = draw_laplace(total.shape, scale, self.generator)
        elif self.repeats:
            drawn = draw_knorm(len(total), scale, self.generator, draws=total.shape[1]).T
        else:
            drawn = draw_knorm(total.size, scale, self.generator).reshape(total.shape)
        return np.asarray(total * exact + drawn)


def noise_event(kind: NoiseKind, sensitivity: float, scale: float, relation: Relation, purpose: str) -> Event:
    """The ledger's event of one noisy sum over all rows; `sensitivity` in L1 for Laplace, else in L2."""
    mechanism: Mechanism = kind
    return Event(
        mechanism=mechanism,
        sensitivity=sensitivity,
        norm="l1" if kind == "laplace" else "l2",
        scale=scale,
        relation=relation,
        purpose=purpose,
    )


def release(
    total: NDArray[Any],
    *,
    spacing: float | None,
    sensitivity: float,
    scale: float,
    relation: Relation,
    noise: Noise,
    spend: Spend,
    purpose: str,
) -> NDArray[np.float64]:
    """A sum with noise; the event is noted before the noise is drawn.

    Parameters
    ----------
    total
        The exact sum, in multiples of `spacing`, or in floats where `spacing` is None.
    spacing
        Of the lattice.
    sensitivity
        Of the sum in its own units, under `relation`, in the norm of the noise (L1 for Laplace, else L2).
    scale
        Of the noise: standard deviation, Laplace's b, or K-norm's scale.
    relation
        Neighbouring relation that `sensitivity` is stated for.
    noise
        How it is added.
    spend
        Called with the event first; if it refuses, nothing is drawn.
    purpose
        For the ledger, in words.
    """
    spend(noise_event(noise.kind, sensitivity, scale, relation, purpose))
    return noise.added(total, scale, spacing)
