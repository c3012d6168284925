"""The (epsilon, delta) curve of a ledger, as points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting import Ledger
from hotpapers.dpopt.accounting.composition import loss_distribution

__all__ = ["PrivacyCurve", "privacy_curve"]

_LEAST_DELTA = 1e-9
_POINTS = 49


@dataclass(frozen=True)
class PrivacyCurve:
    """Pairs (epsilon, delta) that the ledger satisfies, delta falling; the pure epsilon where there is one."""

    epsilons: tuple[float, ...]
    deltas: tuple[float, ...]
    pure: float | None


def privacy_curve(ledger: Ledger) -> PrivacyCurve:
    """Delta at evenly spaced epsilons from 0 to where it is below 1e-9, or to the pure epsilon."""
    pure = ledger.epsilon(0.0)
    end = min(pure, ledger.epsilon(_LEAST_DELTA))
    if not 0 < end < math.inf:
        return PrivacyCurve((), (), pure if math.isfinite(pure) else None)
    epsilons = np.linspace(0.0, end, _POINTS)
    deltas = _deltas(ledger, epsilons)
    shown = [
        (float(epsilon), float(delta))
        for epsilon, delta in zip(epsilons, deltas, strict=True)
        if delta >= _LEAST_DELTA / 2
    ]
    return PrivacyCurve(
        tuple(epsilon for epsilon, _ in shown),
        tuple(delta for _, delta in shown),
        pure if math.isfinite(pure) else None,
    )


def _deltas(ledger: Ledger, epsilons: NDArray[np.float64]) -> list[float]:
    """One privacy loss distribution for all points, where there is no closed form."""
    closed = all(event.is_gaussian for event in ledger) or any(
        event.mechanism.startswith("objective") for event in ledger
    )
    if closed:
        return [ledger.delta(float(epsilon)) for epsilon in epsilons]
    distribution, pure = loss_distribution(ledger.events), ledger.epsilon(0.0)
    return [
        0.0 if epsilon >= pure else min(1.0, float(distribution.get_delta_for_epsilon(float(epsilon))))
        for epsilon in epsilons
    ]
