"""Arrays read as dictionaries, type -> value, without making the dictionaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.shifts import Shift

__all__ = ["ArrayView", "DictionaryViews"]


class ArrayView(Mapping[Any, float]):
    """Type -> value over two parallel sequences; nothing is copied until a type is looked up.

    Parameters
    ----------
    types
        Distinct types.
    values
        One a type, shape (types,).
    """

    def __init__(self, types: Sequence[Any], values: NDArray[np.float64]) -> None:
        self._types, self._values = types, values

    @cached_property
    def _places(self) -> dict[Any, int]:
        return {label: place for place, label in enumerate(self._types)}

    def __getitem__(self, label: Any) -> float:
        return float(self._values[self._places[label]])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __contains__(self, label: object) -> bool:
        return label in self._places

    def copy(self) -> dict[Any, float]:
        """A dictionary of its own."""
        return dict(zip(self._types, self._values.tolist(), strict=True))

    def __repr__(self) -> str:
        return f"ArrayView of {len(self)} types"


class DictionaryViews:
    """The arrays of `result`, each as a dictionary."""

    result: Shift

    def _view(self, values: NDArray[np.float64]) -> ArrayView:
        return ArrayView(self.result.types, values)

    @cached_property
    def type2freq_1(self) -> Mapping[Any, float]:
        """Frequencies in text 1 of all kept types."""
        return self._view(self.result.f1)

    @cached_property
    def type2freq_2(self) -> Mapping[Any, float]:
        """Frequencies in text 2 of all kept types."""
        return self._view(self.result.f2)

    @cached_property
    def type2score_1(self) -> Mapping[Any, float]:
        """Scores phi in text 1."""
        return self._view(self.result.s1)

    @cached_property
    def type2score_2(self) -> Mapping[Any, float]:
        """Scores phi in text 2."""
        return self._view(self.result.s2)

    @cached_property
    def type2p_diff(self) -> Mapping[Any, float]:
        """p2 - p1."""
        return self._view(self.result.p_diff)

    @cached_property
    def type2s_diff(self) -> Mapping[Any, float]:
        """phi2 - phi1."""
        return self._view(self.result.s_diff)

    @cached_property
    def type2p_avg(self) -> Mapping[Any, float]:
        """(p1 + p2) / 2."""
        return self._view(self.result.p_avg)

    @cached_property
    def type2s_ref_diff(self) -> Mapping[Any, float]:
        """(phi1 + phi2) / 2 - R."""
        return self._view(self.result.s_ref_diff)

    @cached_property
    def type2shift_score(self) -> Mapping[Any, float]:
        """Contributions over the norm."""
        return self._view(self.result.score)
