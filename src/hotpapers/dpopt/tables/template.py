"""A schema to fill in: the names of a file's columns, and every bound left open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hotpapers.dpopt.tables.fields import numbers, words
from hotpapers.dpopt.tables.rows import column_names, read_rows
from hotpapers.dpopt.tables.schema import Categorical, Schema

__all__ = ["declared_schema", "observed_schema", "toml_text"]

_MOST_VALUES = 50  # a column of more different words is taken for a name, not for a category


def declared_schema(path: Path, *, target: str | None = None, names: Sequence[str] | None = None) -> str:
    """A TOML template with the file's column names and nothing else of its content.

    Every ``?`` has to be replaced by what is publicly known; until then `read_schema` refuses the file.

    Parameters
    ----------
    path
        The table.
    target
        Column that is predicted.
    names
        Of the columns of a file whose first line is a row: then the file is not opened at all.
    """
    header = [] if names is None else [f"header = {json.dumps(list(names), ensure_ascii=False)}"]
    names = column_names(path) if names is None else names
    lines = [
        "# What is publicly known of this table. Replace every ?; nothing here may be looked up in the rows.",
        "# numeric: low, high (and transform = 'log1p', missing = NUMBER); categorical: values, other;",
        "# or kind = 'ignore'.",
        "",
        "[table]",
        *header,
        "# rows = ?          # the number of rows, where it is public",
        "# unit = ?          # the column that says whose row it is, with rows_per_unit = 1",
        "",
    ]
    for name in names:
        if name != target:
            lines += [f"[columns.{_key(name)}]", "kind = ?", ""]
    lines += ["[target]", f"column = {json.dumps(target) if target else '?'}", "values = ?", ""]
    return "\n".join(lines)


def observed_schema(path: Path, *, target: str | None = None) -> str:
    """A schema read off the rows themselves: only for data that are public.

    Numbers get their least and largest value as bounds; columns of words up to 50 different ones as categories.
    """
    names = column_names(path)
    probe = Schema(columns=tuple(Categorical(name=name, values=("",)) for name in names))
    seen: dict[str, dict[str, Any]] = {
        name: {"low": np.inf, "high": -np.inf, "words": set()} for name in names
    }
    numeric = dict.fromkeys(names, True)
    rows = 0
    for block in read_rows(path, probe):
        rows += len(block[names[0]])
        for name in names:
            found = numbers(block[name])
            numeric[name] &= not np.isnan(found).all() if len(found) else True
            seen[name]["low"] = min(seen[name]["low"], np.nanmin(found, initial=np.inf))
            seen[name]["high"] = max(seen[name]["high"], np.nanmax(found, initial=-np.inf))
            if len(seen[name]["words"]) <= _MOST_VALUES:
                seen[name]["words"] |= set(words(block[name]).unique().drop_null().to_pylist())
    columns = {name: _observed(seen[name], numeric=numeric[name]) for name in names if name != target}
    made: dict[str, Any] = {"table": {"rows": rows}, "columns": columns}
    if target is not None:
        made["target"] = {"column": target, "values": sorted(seen[target]["words"])}
    return "# Read off the rows: use it only where they are public.\n\n" + toml_text(made)


def _observed(seen: Mapping[str, Any], *, numeric: bool) -> dict[str, Any]:
    if numeric and seen["low"] < seen["high"]:
        return {"kind": "numeric", "low": float(seen["low"]), "high": float(seen["high"])}
    if 0 < len(seen["words"]) <= _MOST_VALUES:
        return {"kind": "categorical", "values": sorted(seen["words"])}
    return {"kind": "ignore"}


def toml_text(words: Mapping[str, Any], above: Sequence[str] = ()) -> str:
    """Nested tables of strings, numbers and lists of strings as TOML."""
    lines = []
    plain = {key: value for key, value in words.items() if not isinstance(value, Mapping)}
    if plain and above:
        lines.append("[" + ".".join(map(_key, above)) + "]")
    lines += [f"{_key(key)} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items()]
    text = "\n".join(lines) + "\n\n" if lines else ""
    for key, value in words.items():
        if isinstance(value, Mapping):
            text += toml_text(value, (*above, key))
    return text


def _key(name: str) -> str:
    """A name as TOML writes keys, quoted where it must be."""
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)
