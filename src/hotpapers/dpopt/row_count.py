"""The number of rows where it is private: bought with pure epsilon, for mechanisms whose budget is in epsilon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotpapers.dpopt.accounting.relations import Relation
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise.scales import laplace_scale
from hotpapers.dpopt.releases import Noise, Spend, release
from hotpapers.dpopt.rows import PreparedRows

__all__ = ["RowCount", "count_event_scale", "noisy_count_pure"]

_SPACING = 2.0**-20


@dataclass(frozen=True)
class RowCount:
    """A public number of rows, and a number that the true one is not expected to exceed.

    Attributes
    ----------
    value
        Declared, or noisy; at least 1.
    most
        Four times what was declared, or the noisy number and 50 scales of its noise. Tolerances are chosen for at
        most so many rows; more only take longer.
    """

    value: float
    most: float

    @classmethod
    def declared(cls, rows: float) -> RowCount:
        """For a number that is public knowledge."""
        return cls(float(rows), 4.0 * float(rows))


def count_event_scale(epsilon: float) -> float:
    """Scale of the Laplace noise: adding a row moves the count by 1."""
    return laplace_scale(1.0, epsilon)


def noisy_count_pure(
    rows: PreparedRows, epsilon: float, relation: Relation, noise: Noise, spend: Spend
) -> RowCount:
    """The number of rows with Laplace noise.

    Parameters
    ----------
    rows
        Prepared.
    epsilon
        What may be spent.
    relation
        ``"add_remove"``; under replace_one the number is public.
    noise, spend
        As of `release`; Laplace noise.
    """
    if relation != "add_remove" or noise.kind != "laplace":
        raise PrivacyError("the number of rows is bought with Laplace noise under add_remove only")
    scale = count_event_scale(epsilon)
    value = release(
        np.array([len(rows.features)], dtype=np.int64) << 20,
        spacing=_SPACING,
        sensitivity=1.0,
        scale=scale,
        relation=relation,
        noise=noise,
        spend=spend,
        purpose="number of rows",
    )
    return RowCount(max(1.0, float(value[0])), max(1.0, float(value[0])) + 50.0 * scale)
