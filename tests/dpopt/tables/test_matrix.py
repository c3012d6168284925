"""Rows become matrix rows one by one: no row reaches into another, and none stops the reading."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hotpapers.dpopt.errors import RowsError, SchemaError
from hotpapers.dpopt.tables.design import Design
from hotpapers.dpopt.tables.fields import numbers
from hotpapers.dpopt.tables.lines import LONGEST_LINE
from hotpapers.dpopt.tables.matrix import StoredMatrix, read_matrix
from hotpapers.dpopt.tables.schema import Categorical, Classes, Interval, Numeric, Schema
from hotpapers.dpopt.tables.schema_file import read_schema

SCHEMA = Schema(
    columns=(
        Numeric(name="age", low=0, high=100),
        Categorical(name="job", values=("cook", "clerk", "other"), other="other"),
        Numeric(name="gain", low=0, high=99, transform="log1p", missing=0),
        Categorical(name="sex", values=("f", "m")),
    ),
    target=Classes(column="pay", values=("low", "high"), aliases={"high.": "high"}),
)
ROWS = [(50, "cook", 0, "f", "high"), (0, "clerk", 99, "m", "low"), (100, "judge", 9, "x", "high.")]


def _write(path, rows, header="age,job,gain,sex,pay") -> None:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


def test_each_feature_stands_where_its_name_says(tmp_path) -> None:
    _write(tmp_path / "a.csv", ROWS)
    made = read_matrix(tmp_path / "a.csv", SCHEMA)
    names = made.design.names
    assert names == ("(constant)", "age", "job=cook", "job=clerk", "job=other", "gain", "sex=f", "sex=m")
    full = 1 / math.sqrt(5)
    expected = [[1, 0.5, 1, 0, 0, 0, 1, 0], [1, 0, 0, 1, 0, 1, 0, 1], [1, 1, 0, 0, 1, 0.5, 0, 0]]
    np.testing.assert_allclose(made.features[:], np.array(expected) * full, rtol=1e-6)
    assert made.target.tolist() == [1, 0, 1]
    assert made.features.dtype == np.float32


def test_every_format_gives_the_same_matrix(tmp_path) -> None:
    _write(tmp_path / "a.csv", ROWS)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes(), mtime=0))
    (tmp_path / "a.tsv").write_text((tmp_path / "a.csv").read_text().replace(",", "\t"))
    columns = dict(zip(("age", "job", "gain", "sex", "pay"), map(list, zip(*ROWS, strict=True)), strict=True))
    table = pa.table(columns)
    table = table.set_column(1, "job", table["job"].dictionary_encode())
    table = table.set_column(2, "gain", table["gain"].cast(pa.float32()))
    pa.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    pa.feather.write_feather(table, tmp_path / "a.feather")
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as sink:
        sink.write_table(table, max_chunksize=1)
    first = read_matrix(tmp_path / "a.csv", SCHEMA)
    for name in ("a.csv.gz", "a.tsv", "a.parquet", "a.feather", "a.arrow"):
        made = read_matrix(tmp_path / name, SCHEMA)
        np.testing.assert_array_equal(made.features[:], first.features[:], err_msg=name)
        assert made.target.tolist() == first.target.tolist()


def test_libsvm_and_npz_have_numbered_columns(tmp_path) -> None:
    schema = Schema(
        columns=(Numeric(name="x1", low=0, high=2), Numeric(name="x2", low=0, high=4)),
        target=Interval(column="y", low=-1, high=1),
    )
    (tmp_path / "a.svm").write_text("0.5 1:2 2:1\n-7 2:3\n")
    np.savez(tmp_path / "a.npz", X=np.array([[2.0, 1.0], [0.0, 3.0]]), y=np.array([0.5, -7]))
    for name in ("a.svm", "a.npz"):
        made = read_matrix(tmp_path / name, schema)
        np.testing.assert_allclose(
            made.features[:] * math.sqrt(3), [[1, 1, 0.25], [1, 0, 0.75]], rtol=1e-6, err_msg=name
        )
        assert made.target.tolist() == [0.5, -1]


HOSTILE_LIBSVM = {
    "a place beyond the schema's": b"1 9:4",
    "place 0": b"1 0:4",
    "a place without a value": b"1 2",
    "words": b"secret 1:x",
    "a huge place": b"1 99999999999999999999999999:1",
    "not a number": b"nan 1:nan 2:inf",
    "two colons": b"1 1:2:3",
    "no UTF-8": b"\xff\xfe",
    "nothing": b"",
    "a comment": b"# secret",
}


@pytest.mark.parametrize("name", HOSTILE_LIBSVM)
def test_a_hostile_libsvm_row_changes_no_other_row(tmp_path, name) -> None:
    schema = Schema(
        columns=(Numeric(name="x1", low=0, high=2), Numeric(name="x2", low=0, high=4)),
        target=Interval(column="y", low=-1, high=1),
    )
    lines = [f"{0.1 * at} 1:{at % 3} 2:{at % 5}".encode() for at in range(9)]
    found = []
    for file, rows in (("a.svm", lines), ("b.svm", [*lines[:4], HOSTILE_LIBSVM[name], *lines[4:]])):
        (tmp_path / file).write_bytes(b"\n".join(rows) + b"\n")
        found.append(read_matrix(tmp_path / file, schema))
    without, with_it = found
    more = len(with_it.target) - 9
    assert more in {0, 1}
    for plain, changed in ((without.features, with_it.features), (without.target, with_it.target)):
        np.testing.assert_array_equal(np.delete(changed, 4, axis=0) if more else changed, plain)


@given(st.lists(st.lists(st.floats(), min_size=2, max_size=2), min_size=1, max_size=20), st.integers(0, 3))
@example([[math.nan, math.inf], [-math.inf, 1e308], [-0.0, 5e-324]], 3)
def test_no_row_is_longer_than_one(values, words) -> None:
    columns = [Numeric(name="a", low=-1, high=1), Numeric(name="b", low=0, high=3, transform="log1p")]
    columns += [Categorical(name=f"c{at}", values=("u", "v")) for at in range(words)]
    design = Design(Schema(columns=tuple(columns)))
    block = {"a": pa.array([v[0] for v in values]), "b": pa.array([v[1] for v in values])}
    block |= {f"c{at}": pa.array(["u"] * len(values)) for at in range(words)}
    rows = design.features(block).astype(np.float64)
    assert (np.square(rows).sum(axis=1) <= 1).all()
    assert (np.abs(rows).sum(axis=1) <= design.norm_l1 * (1 + 1e-7)).all()


HOSTILE = {
    "a quotation mark": b'4,"cook,1,f,high',
    "two fields too many": b"4,cook,1,f,high,1,1",
    "too few fields": b"4,cook",
    "a carriage return": b"4,cook,1,f,high\r5,cook,1,f,high",
    "no UTF-8": b"4,\xff\xfe,1,f,high",
    "zero bytes": b"4,\x00,1,\x00,high",
    "words for numbers": b"four,cook,much,f,high",
    "not a number": b"nan,cook,inf,f,high",
    "a huge number": b"1e999,cook,-1e999,f,high",
    "an unknown category": b"4,astronaut,1,q,high",
    "an undeclared class": b"4,cook,1,f,enormous",
    "nothing": b",,,,",
    "an empty line": b"",
    "a very long line": b"4," + b"x" * (LONGEST_LINE + 7) + b",1,f,high",
    "quoted": b'4,"co""ok, x",1,f,high',
    "half": b"0.5,cook,1,f,0.5",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", [0, 150, 300])
def test_a_hostile_row_changes_no_other_row(tmp_path, name, place) -> None:
    """The matrix with the row is the matrix without it and at most one row more, in order."""
    lines = [f"{at % 100},{('cook', 'clerk', 'judge')[at % 3]},{at % 7},{'fm'[at % 2]},{('low', 'high')[at % 2]}"
             .encode() for at in range(300)]  # fmt: skip
    head = b"age,job,gain,sex,pay\n"
    (tmp_path / "a.csv").write_bytes(head + b"\n".join(lines) + b"\n")
    (tmp_path / "b.csv").write_bytes(
        head + b"\n".join([*lines[:place], HOSTILE[name], *lines[place:]]) + b"\n"
    )
    without, with_it = (read_matrix(tmp_path / f, SCHEMA) for f in ("a.csv", "b.csv"))
    more = len(with_it.target) - 300
    assert more in {0, 1}
    for plain, changed in ((without.features, with_it.features), (without.target, with_it.target)):
        np.testing.assert_array_equal(np.delete(changed, place, axis=0) if more else changed, plain)


@given(st.lists(st.text(alphabet="0123456789+-.eEnaif \t_x", max_size=8), min_size=1, max_size=30))
@example(["1", "+5", "5.", ".5", "1e5", "nan", "x"])
@example(["1e999", " 7 ", "inf", "0x10"])
def test_how_a_field_reads_does_not_depend_on_its_neighbours(texts) -> None:
    alone = [numbers(pa.array([text]))[0] for text in texts]
    np.testing.assert_array_equal(numbers(pa.array(texts)), alone)


def test_a_number_is_a_class_whatever_stands_beside_it() -> None:
    design = Design(Schema(columns=SCHEMA.columns, target=Classes(column="pay", values=("0", "1"))))
    assert design.target({"pay": pa.array([0.0, 1.0])}).tolist() == [0, 1]
    mixed = design.target({"pay": pa.array([0.0, 1.0, 0.5, math.nan, 1e300])})
    np.testing.assert_array_equal(mixed, [0, 1, math.nan, math.nan, math.nan])


def test_a_row_without_a_declared_class_adds_nothing(tmp_path) -> None:
    _write(tmp_path / "a.csv", [*ROWS, (1, "cook", 1, "f", "unheard of"), (2, "cook", 1, "f", "")])
    made = read_matrix(tmp_path / "a.csv", SCHEMA)
    assert not made.features[3:].any()
    assert made.target[3:].tolist() == [0, 0]


def test_a_unit_fills_at_most_its_rows(tmp_path) -> None:
    schema = Schema(columns=(Numeric(name="age", low=0, high=100),), unit="id", rows_per_unit=2)
    _write(
        tmp_path / "a.csv",
        [(1, "u"), (2, "v"), (3, "u"), (4, "u"), (5, ""), (6, "v"), (7, "v"), (8, "")],
        "age,id",
    )
    kept = read_matrix(tmp_path / "a.csv", schema).features[:, 1] * 100 * math.sqrt(2)
    np.testing.assert_allclose(kept, [1, 2, 3, 5, 6, 8], rtol=1e-5)


def test_a_unit_is_remembered_from_block_to_block(tmp_path) -> None:
    schema = Schema(columns=(Numeric(name="age", low=0, high=100),), unit="id")
    table = pa.table({"age": [1.0, 2, 3, 4], "id": ["u", "v", "u", "w"]})
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as sink:
        sink.write_table(table, max_chunksize=2)
    kept = read_matrix(tmp_path / "a.arrow", schema).features[:, 1] * 100 * math.sqrt(2)
    np.testing.assert_allclose(kept, [1, 2, 4], rtol=1e-5)


def test_a_large_matrix_lies_in_a_file_and_reads_the_same(tmp_path) -> None:
    _write(tmp_path / "a.csv", ROWS * 50)
    held = read_matrix(tmp_path / "a.csv", SCHEMA)
    stored = read_matrix(tmp_path / "a.csv", SCHEMA, memory=100)
    assert isinstance(stored.features, StoredMatrix)
    assert stored.features.shape == held.features.shape
    with stored.features as matrix:
        np.testing.assert_array_equal(matrix[:], held.features)
        np.testing.assert_array_equal(matrix[7:31], held.features[7:31])
        assert matrix[9:9].shape == (0, 8)


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("a.xlsx", b"", SchemaError, "rows are read from .csv"),
        ("none.csv", None, RowsError, "no such file"),
        ("a.csv", b"age,job\n1,cook\n", SchemaError, "has no column 'gain' of the schema"),
        ("a.csv", b"", SchemaError, "has no column 'age'"),
        ("a.csv.gz", b"age,job,gain,sex,pay\n77,secret,1,f,high\n", RowsError, "cannot read"),
        ("a.parquet", b"secret 77", RowsError, "cannot be read as parquet"),
        ("a.arrow", b"secret 77", RowsError, "cannot be read as arrow"),
        ("a.npz", b"secret 77", RowsError, "cannot be read as npz"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_without_its_content(tmp_path, name, content, error, said) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error) as caught:
        read_matrix(tmp_path / name, SCHEMA)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert not any(word in message for word in ("secret", "77"))
    assert caught.value.__cause__ is None


def test_a_column_without_any_value_is_read_as_one_with_a_few(tmp_path) -> None:
    empty = {name: [None, None] for name in ("age", "job", "gain", "sex", "pay")}
    typed = {
        "age": pa.float64(),
        "job": pa.string(),
        "gain": pa.int32(),
        "sex": pa.string(),
        "pay": pa.string(),
    }
    found = []
    for kinds in (dict.fromkeys(empty, pa.null()), typed):
        table = pa.table({name: pa.array(values, kinds[name]) for name, values in empty.items()})
        pa.parquet.write_table(table, tmp_path / "a.parquet")
        found.append(read_matrix(tmp_path / "a.parquet", SCHEMA))
    np.testing.assert_array_equal(found[0].features, found[1].features)
    np.testing.assert_array_equal(found[0].target, found[1].target)


def test_a_column_of_dates_is_no_column_of_numbers(tmp_path) -> None:
    day = pc.cast(pa.array([1, 2]), pa.timestamp("s"))
    pa.parquet.write_table(pa.table({"age": day}), tmp_path / "a.parquet")
    with pytest.raises(SchemaError, match=r"'age' holds timestamp\[.*\], which is not numbers"):
        read_matrix(tmp_path / "a.parquet", Schema(columns=(Numeric(name="age", low=0, high=1),)))


def test_adult_is_the_matrix_of_the_published_figures(shared_data) -> None:
    """Width, top eigenvalues of X'X/n and share of the smaller class of UCI Adult with its public schema."""
    from importlib.resources import files

    schema = read_schema(files("hotpapers.dpopt.tables") / "adult.schema.toml")
    made = read_matrix(shared_data / "dpopt" / "adult-train.csv.gz", schema)
    rows = made.features[:].astype(np.float64)
    assert rows.shape == (32561, 92)
    values = np.linalg.eigvalsh(rows.T @ rows / len(rows))[::-1][:3]
    np.testing.assert_allclose(values, [0.386746, 0.064042, 0.027096], atol=5e-7)
    test = read_matrix(shared_data / "dpopt" / "adult-test.csv.gz", schema)
    assert 1 - test.target.mean() == pytest.approx(0.763774, abs=5e-7)
    assert len(test.target) == 16281
