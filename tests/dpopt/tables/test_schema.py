"""A schema says everything or is refused by name."""

from __future__ import annotations

import json

import pytest

from hotpapers.dpopt.errors import SchemaError
from hotpapers.dpopt.tables.schema import Categorical, Classes, Interval, Numeric, Schema
from hotpapers.dpopt.tables.schema_file import read_schema, schema_from, schema_words
from hotpapers.dpopt.tables.template import declared_schema, observed_schema, toml_text

GOOD = {
    "table": {"header": ["age", "job", "id", "pay", "note"], "rows": 10, "unit": "id", "rows_per_unit": 2},
    "columns": {
        "age": {"kind": "numeric", "low": 0, "high": 120, "transform": "log1p", "missing": 40},
        "job": {"kind": "categorical", "values": ["cook", "other"], "other": "other"},
        "note": {"kind": "ignore"},
    },
    "target": {"column": "pay", "values": ["low", "high"], "aliases": {"LOW": "low"}},
}


def test_a_schema_survives_its_file(tmp_path) -> None:
    schema = schema_from(GOOD)
    assert schema == Schema(
        columns=(
            Numeric(name="age", low=0, high=120, transform="log1p", missing=40),
            Categorical(name="job", values=("cook", "other"), other="other"),
        ),
        target=Classes(column="pay", values=("low", "high"), aliases={"LOW": "low"}),
        header=("age", "job", "id", "pay", "note"),
        rows=10,
        unit="id",
        rows_per_unit=2,
    )
    for name, text in (
        ("s.toml", toml_text(schema_words(schema))),
        ("s.json", json.dumps(schema_words(schema))),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert read_schema(tmp_path / name) == schema
    assert schema.used == ("age", "job", "pay", "id")


@pytest.mark.parametrize(
    ("where", "change", "said"),
    [
        ("columns.age", {"kind": "numeric", "low": 0}, "'age' needs high = a number"),
        ("columns.age", {"kind": "numeric", "low": 0, "high": "?"}, "'age' needs high = a number"),
        ("columns.age", {"kind": "numeric", "low": 5, "high": 5}, "'age': bounds must be"),
        ("columns.age", {"kind": "numeric", "low": 0, "high": float("inf")}, "'age': bounds must be"),
        (
            "columns.age",
            {"kind": "numeric", "low": -1, "high": 5, "transform": "log1p"},
            "log1p needs low >= 0",
        ),
        (
            "columns.age",
            {"kind": "numeric", "low": 0, "high": 5, "transform": "sqrt"},
            "not 'none' or 'log1p'",
        ),
        ("columns.age", {"kind": "numeric", "low": 0, "high": 5, "missing": 9}, "missing = 9 lies outside"),
        ("columns.age", {"kind": "numeric", "low": 0, "high": 5, "max": 9}, "unknown word 'max'"),
        ("columns.age", {"kind": "number"}, "needs kind = 'numeric', 'categorical' or 'ignore'"),
        ("columns.job", {"kind": "categorical"}, "'job' needs values"),
        ("columns.job", {"kind": "categorical", "values": "cook"}, "must be a list"),
        ("columns.job", {"kind": "categorical", "values": []}, "at least one category"),
        ("columns.job", {"kind": "categorical", "values": ["a", "a"]}, "a category twice"),
        ("columns.job", {"kind": "categorical", "values": ["a"], "other": "b"}, "other = 'b'"),
        ("columns.pay", {"kind": "numeric", "low": 0, "high": 1}, "both a feature and the target"),
        ("columns.weight", {"kind": "numeric", "low": 0, "high": 1}, "'weight' is not in the table's header"),
        ("target", {"values": ["a", "b"]}, "[target] needs column"),
        ("target", {"column": "pay"}, "needs values = [...] for classes, or low and high"),
        ("target", {"column": "pay", "values": ["a"]}, "two or more classes"),
        ("target", {"column": "pay", "values": ["a", "b"], "aliases": {"c": "d"}}, "alias 'c'"),
        ("target", {"column": "pay", "low": 2, "high": 1}, "bounds must be"),
        ("table", {"rows": "many"}, "rows must be a whole number"),
        ("table", {"rows": 0}, "rows must be at least 1"),
        ("table", {"rows_per_unit": 3}, "needs unit"),
        ("table", {"unit": "id", "rows_per_unit": 0}, "at least 1"),
        ("extra", {}, "unknown word 'extra'"),
    ],
)
def test_what_a_schema_leaves_open_is_named(where, change, said) -> None:
    words = json.loads(json.dumps(GOOD))
    place, *inner = where.split(".")
    if inner:
        words[place][inner[0]] = change
    else:
        words[place] = change
    with pytest.raises(SchemaError) as caught:
        schema_from(words)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[columns", "[]", '{"columns": 3}', "[columns]\n"])
def test_a_file_that_is_no_schema_is_refused(tmp_path, text) -> None:
    path = tmp_path / ("s.json" if text.startswith(("{", "[]")) else "s.toml")
    path.write_text(text)
    with pytest.raises(SchemaError, match=r"s\.(json|toml)"):
        read_schema(path)
    with pytest.raises(SchemaError, match="cannot read"):
        read_schema(tmp_path / "none.toml")


def test_the_template_holds_names_and_nothing_of_the_rows(tmp_path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("age,the job,pay\n41.5,cook,high\n23.5,clerk,low\n")
    text = declared_schema(path, target="pay")
    assert "[columns.age]" in text
    assert '[columns."the job"]' in text
    assert not any(word in text for word in ("41.5", "23.5", "cook", "clerk", "high\n", '"low"'))
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(SchemaError):
        read_schema(tmp_path / "s.toml")


def test_public_data_may_describe_themselves(tmp_path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("age,the job,pay,same\n41.5,cook,high,1\n23.5,clerk,low,1\n")
    (tmp_path / "s.toml").write_text(observed_schema(path, target="pay"))
    schema = read_schema(tmp_path / "s.toml")
    assert schema.columns == (
        Numeric(name="age", low=23.5, high=41.5),
        Categorical(name="the job", values=("clerk", "cook")),
        Categorical(name="same", values=("1",)),
    )
    assert schema.target == Classes(column="pay", values=("high", "low"))
    assert schema.rows == 2


def test_an_interval_is_a_target_of_numbers() -> None:
    target = schema_from({**GOOD, "target": {"column": "pay", "low": 0, "high": 10}}).target
    assert target == Interval(column="pay", low=0, high=10)
