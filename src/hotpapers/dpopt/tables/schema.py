"""The public schema of a table: kinds, bounds and categories that are declared, never read from the rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hotpapers.dpopt.errors import SchemaError

__all__ = ["Categorical", "Classes", "Column", "Interval", "Numeric", "Schema"]

Transform = Literal["none", "log1p"]


@dataclass(frozen=True, kw_only=True)
class Numeric:
    """A column of numbers with public bounds.

    Parameters
    ----------
    name
        The column.
    low, high
        Public bounds, ``low < high``; a value outside is moved to the nearer one, and nobody is told.
    transform
        ``"log1p"`` takes log(1 + value) of values and bounds (``low >= 0``).
    missing
        What an empty, infinite or unreadable field counts as; the middle of the bounds if None.
    """

    name: str
    low: float
    high: float
    transform: Transform = "none"
    missing: float | None = None

    def __post_init__(self) -> None:
        where = f"column {self.name!r}"
        _bounds(self.low, self.high, where)
        if self.transform not in {"none", "log1p"}:
            raise SchemaError(f"{where}: transform {self.transform!r} is not 'none' or 'log1p'")
        if self.transform == "log1p" and self.low < 0:
            raise SchemaError(f"{where}: log1p needs low >= 0: got {self.low:g}")
        if self.missing is not None and not self.low <= self.missing <= self.high:
            raise SchemaError(
                f"{where}: missing = {self.missing:g} lies outside [{self.low:g}, {self.high:g}]"
            )


@dataclass(frozen=True, kw_only=True)
class Categorical:
    """A column of words with a public list of values; every other value counts as `other`.

    Parameters
    ----------
    name
        The column.
    values
        All values, each at most once.
    other
        The one of `values` that stands for everything undeclared; None: such a field has no category at all.
    """

    name: str
    values: tuple[str, ...]
    other: str | None = None

    def __post_init__(self) -> None:
        where = f"column {self.name!r}"
        if not self.values:
            raise SchemaError(f"{where}: values must name at least one category")
        if len(set(self.values)) < len(self.values):
            raise SchemaError(f"{where}: values names a category twice")
        if self.other is not None and self.other not in self.values:
            raise SchemaError(f"{where}: other = {self.other!r} is not one of its values")


Column = Numeric | Categorical


@dataclass(frozen=True, kw_only=True)
class Classes:
    """A target of two or more public classes; a row with another one counts as nothing.

    Parameters
    ----------
    column
        The column.
    values
        The classes; of two the second is the positive one.
    aliases
        Other ways of writing them: alias -> class.
    """

    column: str
    values: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.values) < 2 or len(set(self.values)) < len(self.values):
            raise SchemaError(f"target {self.column!r}: values must name two or more classes, each once")
        for alias, value in self.aliases.items():
            if value not in self.values or alias in self.values:
                raise SchemaError(f"target {self.column!r}: alias {alias!r} must stand for one of its values")


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A target of numbers with public bounds; a value outside is moved to the nearer one.

    Parameters
    ----------
    column
        The column.
    low, high
        Public bounds.
    """

    column: str
    low: float
    high: float

    def __post_init__(self) -> None:
        _bounds(self.low, self.high, f"target {self.column!r}")


@dataclass(frozen=True, kw_only=True)
class Schema:
    """All that is publicly known of a table.

    Parameters
    ----------
    columns
        The features, in the order of the model's coefficients.
    target
        What is predicted; None for a table of features alone.
    header
        Names of the file's columns, for files whose first line is a row; None where that line names them.
    rows
        The public number of rows; None where it is not public.
    unit
        Column that says whose row it is, where one person (household, patient) has several.
    rows_per_unit
        At most so many rows of a unit are used, the first ones; the sensitivity grows with it.
    """

    columns: tuple[Column, ...]
    target: Classes | Interval | None = None
    header: tuple[str, ...] | None = None
    rows: int | None = None
    unit: str | None = None
    rows_per_unit: int = 1

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if not names:
            raise SchemaError("a schema needs at least one column that is numeric or categorical")
        if len(set(names)) < len(names):
            raise SchemaError(f"column {next(n for n in names if names.count(n) > 1)!r} is declared twice")
        target = None if self.target is None else self.target.column
        if target in names:
            raise SchemaError(f"column {target!r} is both a feature and the target")
        if self.rows is not None and self.rows < 1:
            raise SchemaError(f"rows must be at least 1: got {self.rows}")
        if self.rows_per_unit < 1:
            raise SchemaError(f"rows_per_unit must be at least 1: got {self.rows_per_unit}")
        if self.unit is None and self.rows_per_unit != 1:
            raise SchemaError("rows_per_unit needs unit = the column that says whose row it is")
        if self.header is not None:
            for name in [*names, *([target] if target else []), *([self.unit] if self.unit else [])]:
                if name not in self.header:
                    raise SchemaError(f"column {name!r} is not in the table's header {_shown(self.header)}")

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the file's columns that are read."""
        names = [column.name for column in self.columns]
        names += [self.target.column] if self.target is not None else []
        names += [self.unit] if self.unit is not None else []
        return tuple(dict.fromkeys(names))


def _bounds(low: float, high: float, where: str) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise SchemaError(f"{where}: bounds must be numbers with low < high: got {low:g} and {high:g}")


def _shown(names: Sequence[str]) -> str:
    return ", ".join([repr(name) for name in names[:8]] + (["..."] if len(names) > 8 else []))
