"""From the fields of a row to the row of a model's matrix, by the schema alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hotpapers.dpopt.errors import SchemaError
from hotpapers.dpopt.tables.fields import is_numeric, numbers, words
from hotpapers.dpopt.tables.schema import Categorical, Classes, Numeric, Schema

__all__ = ["Design"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Design:
    """How a schema's columns become features: a constant, numbers in 0..1, one feature a category.

    Every feature is divided by the square root of the number of slots (the constant and each column),
    so that the norm of every possible row is at most 1 in L2, and at most `norm_l1` in L1, by construction.

    Parameters
    ----------
    schema
        The public schema.
    """

    schema: Schema

    @property
    def slots(self) -> int:
        """Features that can differ from 0 in one row."""
        return 1 + len(self.schema.columns)

    @property
    def norm_l1(self) -> float:
        """Largest L1 norm of a row."""
        return math.sqrt(self.slots)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the ``d`` features: ``(constant)``, ``age``, ``workclass=Private`` ..."""
        names = ["(constant)"]
        for column in self.schema.columns:
            if isinstance(column, Categorical):
                names += [f"{column.name}={value}" for value in column.values]
            else:
                names.append(column.name)
        return tuple(names)

    @property
    def scale(self) -> np.float32:
        """What a full slot holds: 1 / sqrt(slots), rounded down so that no norm passes 1."""
        scale = np.float32(1 / math.sqrt(self.slots))
        while self.slots * float(scale) ** 2 > 1:
            scale = np.nextafter(scale, np.float32(0))
        return scale

    def features(self, block: Mapping[str, Any]) -> Floats:
        """The matrix of a block of rows, float32 ``[m, d]``.

        Raises
        ------
        SchemaError
            If the type of a column, which is public, is of another kind than declared.
        """
        rows = len(next(iter(block.values())))
        matrix = np.zeros((rows, len(self.names)), np.float32)
        matrix[:, 0] = self.scale
        at = 1
        for column in self.schema.columns:
            if isinstance(column, Categorical):
                found = self._categories(column, block[column.name])
                known = np.flatnonzero(found >= 0)
                matrix[known, at + found[known]] = self.scale
                at += len(column.values)
            else:
                matrix[:, at] = self._unit_interval(column, block[column.name]) * self.scale
                at += 1
        return matrix

    def target(self, block: Mapping[str, Any]) -> npt.NDArray[np.float64]:
        """The target of a block, float64 ``[m]``: the class's index or the number; NaN where it is not as declared."""
        target = self.schema.target
        if target is None:
            raise SchemaError("the schema declares no [target]")
        column = block[target.column]
        if isinstance(target, Classes):
            spelled = [*target.values, *target.aliases]
            meant = [*target.values, *target.aliases.values()]
            index = np.array([target.values.index(value) for value in meant], np.float64)
            found = _index(column, spelled)
            return np.where(found >= 0, index[found], np.nan)
        self._must_be_numeric(target.column, column)
        return np.clip(numbers(column), target.low, target.high)

    def rows(self, block: Mapping[str, Any]) -> tuple[Floats, npt.NDArray[np.float64]]:
        """Features and target; a row whose target is not as declared is all zeros, and so adds nothing to any sum."""
        matrix, target = self.features(block), self.target(block)
        undeclared = np.isnan(target)
        matrix[undeclared] = 0
        target[undeclared] = 0
        return matrix, target

    def _unit_interval(self, column: Numeric, values: Any) -> Floats:
        self._must_be_numeric(column.name, values)
        missing = (column.low + column.high) / 2 if column.missing is None else column.missing
        found = numbers(values)
        found = np.clip(np.where(np.isnan(found), missing, found), column.low, column.high)
        low, high = column.low, column.high
        if column.transform == "log1p":
            found, low, high = np.log1p(found), math.log1p(low), math.log1p(high)
        return np.clip((found - low) / (high - low), 0, 1).astype(np.float32)

    @staticmethod
    def _categories(column: Categorical, values: Any) -> npt.NDArray[np.int64]:
        found = _index(values, list(column.values))
        if column.other is not None:
            found[found < 0] = column.values.index(column.other)
        return found

    @staticmethod
    def _must_be_numeric(name: str, column: Any) -> None:
        if not is_numeric(column.type):
            raise SchemaError(f"column {name!r} holds {column.type}, which is not numbers")


def _index(column: Any, values: list[str]) -> npt.NDArray[np.int64]:
    """Place of each field among `values`, ``[m]``; -1 where it is none of them."""
    texts = words(column)
    found = pc.fill_null(pc.index_in(texts, pa.array(values, texts.type)), -1)
    places: npt.NDArray[np.int64] = found.to_numpy(zero_copy_only=False).astype(np.int64)
    return places
