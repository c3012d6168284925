"""The noise profile of a recording out of its stretches of noise alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.noise_only import Stretch, finer
from hotpapers.denoise.profile import NoiseProfile, Origin

__all__ = ["floor_profile", "measured_profiles"]

_FLOOR_TRUST = 0.3


def measured_profiles(
    stretches: Sequence[Stretch],
    *,
    sr: int,
    origin: Origin,
    trust: float | None = None,
) -> tuple[NoiseProfile, NoiseProfile]:
    """The noise as it is and without its clicks, the longer stretches counting for more.

    Parameters
    ----------
    stretches
        One at least.
    sr
        Rate in Hz.
    origin
        How they were found.
    trust
        In the profiles; the largest of the stretches' where left out.
    """
    weights = [stretch.end - stretch.start for stretch in stretches]
    times = tuple(sorted((each.start / sr, each.end / sr) for each in stretches))
    trust = max(stretch.trust for stretch in stretches) if trust is None else trust

    def mean(name: str) -> NDArray[np.float32]:
        found = np.average([getattr(each, name) for each in stretches], axis=0, weights=weights)
        return np.asarray(found, np.float32)

    def profile(power: NDArray[np.float32], fine: NDArray[np.float32]) -> NoiseProfile:
        return NoiseProfile(
            rms=np.sqrt(power), fine_rms=np.sqrt(fine), sr=sr, origin=origin, stretches=times, trust=trust
        )

    as_is = profile(mean("power"), mean("fine_power"))
    return as_is, profile(mean("repaired_power"), mean("repaired_fine_power"))


def floor_profile(power: NDArray[np.float32], *, sr: int) -> NoiseProfile:
    """The profile of a recording of which only the floor between the notes is known: mean power (bins,)."""
    return NoiseProfile(
        rms=np.sqrt(power),
        fine_rms=np.sqrt(finer(power)),
        sr=sr,
        origin="floor",
        stretches=(),
        trust=_FLOOR_TRUST,
    )
