"""Declared bounds of features and targets: scaling that reads nothing from the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.errors import PrivacyError

__all__ = ["ColumnBounds", "TargetBounds"]


@dataclass(frozen=True)
class ColumnBounds:
    """Each column between two declared numbers, mapped to ``[-1, 1] / sqrt(d)``: rows are then at most 1 long.

    Parameters
    ----------
    low, high
        ``(d,)``, low < high.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def declared(cls, bounds: Any, width: int) -> ColumnBounds:
        """From a pair of numbers or of lists with one number for each of `width` columns.

        Raises
        ------
        PrivacyError
            If they are no such pair.
        """
        try:
            low, high = (np.broadcast_to(np.asarray(part, np.float64), (width,)) for part in bounds)
        except (TypeError, ValueError) as error:
            raise PrivacyError(
                f"bounds must be a pair (low, high) of numbers or of lists of {width} numbers"
            ) from error
        if not (np.all(np.isfinite(low)) and np.all(np.isfinite(high)) and np.all(low < high)):
            raise PrivacyError("bounds must be finite, each low below its high")
        return cls(low, high)

    @property
    def middle(self) -> NDArray[np.float64]:
        """Where a missing value is put."""
        return (self.low + self.high) / 2

    @property
    def unit(self) -> NDArray[np.float64]:
        """What one unit of the scaled feature is in its own units, ``(d,)``."""
        return (self.high - self.low) / 2 * math.sqrt(len(self.low))

    def scaled(self, features: NDArray[Any]) -> NDArray[np.float64]:
        """Clipped to the bounds, what is no number in their middle, and scaled."""
        known = np.where(np.isnan(features), self.middle, features)
        return np.asarray((np.clip(known, self.low, self.high) - self.middle) / self.unit)

    def unscaled(
        self, coefficients: NDArray[np.float64], intercept: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coefficients ``(K, d)`` and intercepts ``(K,)`` for features in their own units."""
        own = coefficients / self.unit
        return own, intercept - own @ self.middle


@dataclass(frozen=True)
class TargetBounds:
    """The target between two declared numbers, mapped to [-1, 1]."""

    low: float
    high: float

    @classmethod
    def declared(cls, bounds: Any) -> TargetBounds:
        """From a pair of numbers.

        Raises
        ------
        PrivacyError
            If there is none, or it is no interval.
        """
        if bounds is None:
            raise PrivacyError("the target's bounds are not declared: give target_bounds=(low, high)")
        try:
            low, high = (float(part) for part in bounds)
        except (TypeError, ValueError) as error:
            raise PrivacyError("target_bounds must be a pair of numbers (low, high)") from error
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise PrivacyError("target_bounds must be finite, low below high")
        return cls(low, high)

    @property
    def middle(self) -> float:
        """0 of the scaled target."""
        return (self.low + self.high) / 2

    @property
    def unit(self) -> float:
        """1 of the scaled target."""
        return (self.high - self.low) / 2

    def scaled(self, targets: Any) -> NDArray[np.float64]:
        """Scaled; what is no number in the middle. Clipping is the loss's."""
        numbers = np.asarray(targets, dtype=np.float64)
        return np.clip(
            (np.where(np.isnan(numbers), self.middle, numbers) - self.middle) / self.unit, -1.0, 1.0
        )
