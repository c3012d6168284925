"""Bags from all forms, and one clear line for what can't be used."""

from __future__ import annotations

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
pytest.importorskip("torch")

from hotpapers.common.errors import InputError  # noqa: E402
from hotpapers.hopfield.errors import HopfieldError  # noqa: E402
from hotpapers.hopfield.mil.data import as_bags, bag_labels, classes_of  # noqa: E402
from hotpapers.hopfield.mil.scaling import Scaling  # noqa: E402
from hotpapers.hopfield.mil.tables import read_bags, write_table  # noqa: E402


@pytest.fixture
def table():
    """Bags b and a, whose rows do not stand together."""
    return pd.DataFrame(
        {
            "id": ["b", "a", "b", "a", "b"],
            "x": [1.0, 2.0, 3.0, 4.0, 5.0],
            "z": [10, 20, 30, 40, 50],
            "y": ["no", "yes", "no", "yes", "no"],
        }
    )


def test_rows_of_a_table_are_grouped_by_bag_in_order_of_appearance(table) -> None:
    bags = as_bags(table, bag="id", leave_out=["y"])
    assert bags.names == ("b", "a")
    assert bags.offsets.tolist() == [0, 3, 5]
    assert bags.rows.tolist() == [[1, 10], [3, 30], [5, 50], [2, 20], [4, 40]]
    assert bags.source.tolist() == [0, 2, 4, 1, 3]
    assert bag_labels(bags, table["y"]).tolist() == ["no", "yes"]


def test_lists_offsets_and_cubes_make_the_same_bags() -> None:
    rows = np.arange(12.0).reshape(6, 2)
    forms = [[rows[:3], rows[3:]], (rows, np.array([0, 3, 6])), rows.reshape(2, 3, 2)]
    for form in forms:
        bags = as_bags(form)
        assert bags.offsets.tolist() == [0, 3, 6]
        assert bags.rows.tolist() == rows.tolist()
    assert as_bags(forms[0]).take([1]).rows.tolist() == rows[3:].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(x=[1, 2, np.nan, 4, np.nan]), r"column 'x': the value in row 3 is missing"),
        (lambda t: t.assign(x=[1, np.inf, 3, 4, 5]), r"column 'x': the value in row 2 is inf"),
        (lambda t: t.assign(x=[1, 2, 3, 1e300, 5]), r"column 'x': the value in row 4 is 1e\+300"),
        (
            lambda t: t.assign(x=["1", "2", "three", "4", "5"]),
            r"column 'x': the value in row 3 is 'three', no number",
        ),
        (lambda t: t.assign(id=["b", None, "b", "a", "b"]), r"column 'id': row 2 names no bag"),
        (lambda t: t.drop(columns="id"), r"no column 'id'.*'x', 'z', 'y'"),
        (lambda t: t[["id", "y"]], r"no features"),
        (lambda t: t.iloc[:0], r"no row"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(table, change, message) -> None:
    with pytest.raises(HopfieldError, match=message) as raised:
        as_bags(change(table), bag="id", leave_out=["y"])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([np.ones((2, 3)), np.ones((0, 3))], "bag '1' has no rows"),
        ((np.ones((4, 2)), np.array([0, 2, 2, 4])), "bag '1' has no rows"),
        ((np.ones((4, 2)), np.array([0, 3])), "offsets must rise from 0 to the number of rows, 4"),
        ([np.ones((2, 3)), np.ones((2, 4))], r"bag 1 must be an array \[n, 3\]: got shape \[2, 4\]"),
        ([], "no bag"),
        (np.ones((4, 2)), r"one array of shape \[4, 2\]"),
        (3, "must be a list"),
    ],
)
def test_what_makes_no_bags_is_refused(given, message) -> None:
    with pytest.raises(HopfieldError, match=message):
        as_bags(given)


def test_a_bag_with_two_labels_is_named(table) -> None:
    bags = as_bags(table, bag="id", leave_out=["y"])
    with pytest.raises(HopfieldError, match="same in all rows of a bag: bag 'b' has no and yes"):
        bag_labels(bags, ["no", "yes", "yes", "yes", "no"])
    with pytest.raises(HopfieldError, match="missing in place 2"):
        bag_labels(bags, ["no", None])
    with pytest.raises(HopfieldError, match="one for each of 2 bags, or of 5 rows"):
        bag_labels(bags, [1, 2, 3])


def test_labels_are_of_two_classes() -> None:
    classes, positive = classes_of(np.array(["no", "yes", "no"], dtype=object))
    assert (classes.tolist(), positive.tolist()) == (["no", "yes"], [0, 1, 0])
    with pytest.raises(HopfieldError, match="only one class, 'no'"):
        classes_of(np.array(["no", "no"]))
    with pytest.raises(HopfieldError, match="are 3 classes"):
        classes_of(np.array([0, 1, 2]))


def test_scaling_divides_a_constant_feature_by_one_and_cuts_off() -> None:
    bags = as_bags([np.array([[1.0, 7.3], [3.0, 7.3]]), np.array([[5.0, 7.3]])])
    scaling = Scaling.of(bags, limit=2.0)
    assert scaling.deviation.tolist() == [pytest.approx(np.sqrt(8 / 3)), 1.0]
    found = scaling.apply(np.array([[3.0, 7.3], [100.0, 8.3]], np.float32))
    assert found == pytest.approx(np.array([[0, 0], [2, 1]]), abs=1e-6)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".feather"])
def test_every_kind_of_table_reads_back(tmp_path, table, suffix) -> None:
    path = tmp_path / f"bags{suffix}"
    write_table(table, path)
    found = read_bags(path, bag="id", label="y")
    assert found.bags.rows[:, 0].tolist() == [1, 3, 5, 2, 4]
    assert found.labels.tolist() == ["no", "yes"]


def test_npz_has_its_own_bags_and_folds(tmp_path) -> None:
    path = tmp_path / "bags.npz"
    folds = np.array([[0, 1], [1, 0]], np.int8)
    np.savez(path, X=np.ones((3, 2)), offsets=[0, 1, 3], y=[0, 1], fold_test=folds)
    found = read_bags(path)
    assert found.bags.sizes.tolist() == [1, 2]
    assert found.fold_test.tolist() == folds.tolist()
    np.savez(path, X=np.ones((3, 2)))
    with pytest.raises(InputError, match="no array 'offsets'"):
        read_bags(path)
    path.write_bytes(b"PK nothing")
    with pytest.raises(InputError, match="as NPZ"):
        read_bags(path)


def test_files_that_are_no_tables_are_refused_in_one_line(tmp_path, table) -> None:
    with pytest.raises(InputError, match=r"tables of bags are read from \.csv"):
        read_bags(tmp_path / "bags.docx", bag="id")
    with pytest.raises(InputError, match="cannot read"):
        read_bags(tmp_path / "nothing.csv", bag="id")
    broken = tmp_path / "broken.parquet"
    broken.write_text("no parquet")
    with pytest.raises(InputError, match="can't be read as parquet") as raised:
        read_bags(broken, bag="id")
    assert "\n" not in str(raised.value)
    write_table(table, tmp_path / "t.csv")
    with pytest.raises(HopfieldError, match="name the column of bags with --bag"):
        read_bags(tmp_path / "t.csv")
