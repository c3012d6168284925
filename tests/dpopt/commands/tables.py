"""Small tables with a schema, and rows that a file may hold to make a careless program speak."""

from __future__ import annotations

from pathlib import Path

from hotpapers.dpopt.tables.template import toml_text

__all__ = ["GOOD", "HOSTILE", "run", "write_schema", "write_table"]

JOBS = ("baker", "clerk", "?")
GOOD = [f"{20 + n},{JOBS[n % 3]},{7 * n},{'yes' if n % 2 else 'no'}" for n in range(40)]

HOSTILE = {
    "NaN": "nan,nan,nan,nan",
    "infinite": "inf,baker,-inf,yes",
    "huge": "1e308,clerk,9" + "9" * 400 + ",no",
    "undeclared category": "30,astronaut,5,yes",
    "undeclared class": "30,baker,5,perhaps",
    "too few fields": "30,baker",
    "too many fields": "30,baker,5,yes,SECRET-7731,9",
    "open quotation": '30,"baker,5,yes',
    "text for numbers": "SECRET-7731,baker,SECRET-7731,no",
    "nothing": ",,,",
    "not UTF-8": "30,b\udcff\udcfe,5,yes",
    "null byte": "30,ba\x00ker,5,yes",
    "carriage return": "30,ba\rker,5,yes",
}


def write_table(path: Path, rows: list[str], *, header: bool = True) -> Path:
    lines = (["age,job,gain,label"] if header else []) + rows
    path.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
    return path


def write_schema(
    path: Path, *, numbers: bool = False, header: bool = False, rows: int | None = None, **table
) -> Path:
    words = {
        "table": {
            **({"header": ["age", "job", "gain", "label"]} if header else {}),
            **({"rows": rows} if rows else {}),
            **table,
        },
        "columns": {
            "age": {"kind": "numeric", "low": 0, "high": 100},
            "job": {"kind": "categorical", "values": list(JOBS), "other": "?"},
            "gain": {"kind": "numeric", "low": 0, "high": 1000, "transform": "log1p"},
        },
        "target": {"column": "label", **({"low": 0, "high": 10} if numbers else {"values": ["no", "yes"]})},
    }
    path.write_text(toml_text(words))
    return path


def run(capsys, *words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    import pytest

    from hotpapers.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["dpopt", *map(str, words)])
    found = capsys.readouterr()
    return int(ended.value.code or 0), found.out, found.err
