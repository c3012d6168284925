"""Features brought to mean 0 and deviation 1 by what the training bags hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotpapers.hopfield.mil.data import Bags, Floats

__all__ = ["Scaling"]


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Means and deviations of the features, float64 ``[d]`` each, and where values are cut off.

    Parameters
    ----------
    mean, deviation
        Of the rows it was learned from; a constant feature has deviation 1.
    limit
        Scaled values are cut off at plus and minus this: a value that training never saw should not
        outweigh all others. None: never.
    """

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    limit: float | None = 5.0

    @classmethod
    def of(cls, bags: Bags, limit: float | None = 5.0) -> Scaling:
        """Learned from all rows of these bags."""
        rows = bags.rows.astype(np.float64)
        deviation = rows.std(axis=0)
        # A feature that is constant but for rounding has no scale of its own.
        constant = deviation <= 1e-7 * np.abs(rows).max(axis=0)
        return cls(mean=rows.mean(axis=0), deviation=np.where(constant, 1.0, deviation), limit=limit)

    def apply(self, rows: Floats) -> Floats:
        """The scaled rows ``[T, d]``."""
        found = (rows - self.mean) / self.deviation
        if self.limit is not None:
            found = found.clip(-self.limit, self.limit)
        return found.astype(np.float32)
