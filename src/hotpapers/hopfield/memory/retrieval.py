"""What a memory answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from hotpapers.hopfield.memory.report import TrustReport

__all__ = ["Retrieval"]


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """What was retrieved for one query or several.

    For one query ``[d]`` the properties are single values, for several ``[S, d]`` lists of them.

    Parameters
    ----------
    state
        The retrieved patterns as they were stored (not centred, of their own norm): the weighted mean of
        stored patterns, ``[d]`` or ``[S, d]``; coordinates that were said to be known are the query's.
    value
        The weighted mean of the stored values, ``[p]`` or ``[S, p]``; None where there are none.
    beta
        The inverse temperature used.
    reports
        How far each can be trusted, one a query.
    """

    state: Tensor
    value: Tensor | None
    beta: float
    reports: Sequence[TrustReport]

    def _one_or_all(self, name: str) -> Any:
        found = [getattr(report, name) for report in self.reports]
        return found[0] if self.state.ndim == 1 else found

    @property
    def index(self) -> Any:
        """Row of the pattern with the largest weight."""
        return self._one_or_all("index")

    @property
    def id(self) -> Any:
        """Its id."""
        return self._one_or_all("id")

    @property
    def error_bound(self) -> Any:
        """Theorem 5's bound; inf where it says nothing."""
        return self._one_or_all("error_bound")

    @property
    def regime(self) -> Any:
        """``"single"``, ``"metastable"`` or ``"global"``."""
        return self._one_or_all("regime")

    @property
    def verdict(self) -> Any:
        """The report in a few words."""
        return self._one_or_all("verdict")
