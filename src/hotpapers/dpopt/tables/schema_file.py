"""A schema in a file: TOML or JSON, every word checked."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hotpapers.dpopt.errors import SchemaError
from hotpapers.dpopt.tables.schema import Categorical, Classes, Column, Interval, Numeric, Schema

__all__ = ["read_schema", "schema_from", "schema_words"]


def read_schema(path: Path) -> Schema:
    """The schema of a TOML or JSON file.

    Raises
    ------
    SchemaError
        If the file can't be read or leaves something open; names the column and what is missing.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        words = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise SchemaError(f"cannot read the schema {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise SchemaError(
            f"{path} is not a schema in TOML or JSON: {' '.join(str(error).split())}"
        ) from error
    if not isinstance(words, dict):
        raise SchemaError(f"{path} is not a schema: it holds no [columns]")
    try:
        return schema_from(words)
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from error


def schema_words(schema: Schema) -> dict[str, Any]:
    """The schema as it stands in a file: `schema_from` of it is the schema again."""
    table: dict[str, Any] = {
        "header": None if schema.header is None else list(schema.header),
        "rows": schema.rows,
        "unit": schema.unit,
        "rows_per_unit": schema.rows_per_unit if schema.unit is not None else None,
    }
    made: dict[str, Any] = {
        "columns": {column.name: _column_words(column) for column in schema.columns},
    }
    if kept := {key: value for key, value in table.items() if value is not None}:
        made["table"] = kept
    if isinstance(schema.target, Classes):
        made["target"] = {"column": schema.target.column, "values": list(schema.target.values)}
        if schema.target.aliases:
            made["target"]["aliases"] = dict(schema.target.aliases)
    elif schema.target is not None:
        made["target"] = {
            "column": schema.target.column,
            "low": schema.target.low,
            "high": schema.target.high,
        }
    return made


def schema_from(words: Mapping[str, Any]) -> Schema:
    """A schema from the contents of its file.

    Raises
    ------
    SchemaError
        If a bound, a list of values or a kind is missing, or a word is unknown; names the column.
    """
    _only(words, {"table", "columns", "target"}, "the schema")
    table = _section(words, "table")
    _only(table, {"header", "rows", "unit", "rows_per_unit"}, "[table]")
    declared = _section(words, "columns")
    columns = [_column(name, _section(declared, name)) for name in declared]
    header = table.get("header")
    return Schema(
        columns=tuple(column for column in columns if column is not None),
        target=_target(_section(words, "target")) if "target" in words else None,
        header=None if header is None else _strings(header, "[table] header"),
        rows=_whole(table.get("rows"), "[table] rows"),
        unit=None if table.get("unit") is None else str(table["unit"]),
        rows_per_unit=_whole(table.get("rows_per_unit", 1), "[table] rows_per_unit") or 0,
    )


def _column_words(column: Column) -> dict[str, Any]:
    if isinstance(column, Categorical):
        words: dict[str, Any] = {"kind": "categorical", "values": list(column.values)}
        return words if column.other is None else {**words, "other": column.other}
    words = {"kind": "numeric", "low": column.low, "high": column.high}
    if column.transform != "none":
        words["transform"] = column.transform
    return words if column.missing is None else {**words, "missing": column.missing}


def _column(name: str, words: Mapping[str, Any]) -> Column | None:
    """A declared column; None for one that is ignored."""
    where = f"column {name!r}"
    kind = words.get("kind")
    if kind == "ignore":
        _only(words, {"kind"}, where)
        return None
    if kind == "numeric":
        _only(words, {"kind", "low", "high", "transform", "missing"}, where)
        low, high = (_number(words, key, where) for key in ("low", "high"))
        missing = _number(words, "missing", where) if "missing" in words else None
        return Numeric(
            name=name, low=low, high=high, transform=words.get("transform", "none"), missing=missing
        )
    if kind == "categorical":
        _only(words, {"kind", "values", "other"}, where)
        if "values" not in words:
            raise SchemaError(f"{where} needs values = [...]: they are never read from the rows")
        other = words.get("other")
        return Categorical(
            name=name,
            values=_strings(words["values"], f"{where} values"),
            other=None if other is None else str(other),
        )
    raise SchemaError(f"{where} needs kind = 'numeric', 'categorical' or 'ignore': got {kind!r}")


def _target(words: Mapping[str, Any]) -> Classes | Interval:
    if "column" not in words:
        raise SchemaError("[target] needs column = the name of the column that is predicted")
    name = str(words["column"])
    where = f"target {name!r}"
    if "values" in words:
        _only(words, {"column", "values", "aliases"}, where)
        aliases = {str(alias): str(value) for alias, value in _section(words, "aliases").items()}
        return Classes(column=name, values=_strings(words["values"], f"{where} values"), aliases=aliases)
    _only(words, {"column", "low", "high"}, where)
    if not {"low", "high"} <= set(words):
        raise SchemaError(f"{where} needs values = [...] for classes, or low and high for numbers")
    return Interval(column=name, low=_number(words, "low", where), high=_number(words, "high", where))


def _section(words: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = words.get(key, {})
    if not isinstance(found, Mapping):
        raise SchemaError(f"[{key}] must be a table of names and values")
    return found


def _only(words: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in words:
        if key not in known:
            raise SchemaError(f"{where}: unknown word {key!r}; it may hold {', '.join(sorted(known))}")


def _number(words: Mapping[str, Any], key: str, where: str) -> float:
    value = words.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SchemaError(f"{where} needs {key} = a number: bounds are never read from the rows")
    return float(value)


def _whole(value: Any, where: str) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise SchemaError(f"{where} must be a whole number: got {value!r}")
    return value


def _strings(values: Any, where: str) -> tuple[str, ...]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise SchemaError(f"{where} must be a list: got {values!r}")
    return tuple(str(value) for value in values)
