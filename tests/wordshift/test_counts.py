"""Counts from whatever holds them, and two texts side by side."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from hotpapers.wordshift import vocabulary
from hotpapers.wordshift.counts import Counts, align, as_counts
from hotpapers.wordshift.shifts import WordShiftError, WordShiftWarning
from hotpapers.wordshift.vocabulary import Labels, in_order

EXPECTED = {"a": 1.0, "b": 5.0}


class Row:
    """A sparse row as scipy and scikit-learn give them."""

    def __init__(self, columns, values, width, rows=1):
        self.shape, self._columns, self._values = (rows, width), columns, values

    def tocoo(self):
        columns = np.asarray(self._columns)
        return SimpleNamespace(coords=(np.zeros_like(columns), columns), data=np.asarray(self._values))


class Series:
    """What is used of a pandas Series."""

    def __init__(self, index, values):
        self.index, self._values, self.iloc = np.array(index, dtype=object), values, None

    def tolist(self):
        return list(self._values)


@pytest.mark.parametrize(
    "given",
    [
        {"b": 5, "a": 1},
        Counter("abbbbb"),
        [("b", 2), ("a", 1), ("b", 3)],
        (("a", 1), ("b", 5)),
        iter([("a", np.int64(1)), ("b", np.float32(5))]),
        {"a": Fraction(1), "b": 5},
        Series(["b", "a", "b"], [2, 1, 3]),
        pl.DataFrame({"word": ["b", "a", "b"], "count": [2, 1, 3]}),
        pl.DataFrame({"text": [1, 1], "n": [5, 1], "token": ["b", "a"]}),
        pl.DataFrame({"w": ["b", "a"], "k": [5, 1]}, schema_overrides={"w": pl.Categorical}),
        pl.Series(["a", "b", "b", "b", "b", "b"]),
        pl.Series(["a", "b", "b", "b", "b", "b"]).value_counts().to_struct(),
        pa.table({"type": ["b", "a", "b"], "freq": [2, 1, 3]}),
        (Row([1, 0], [5, 1], 3), ["a", "b", "c"]),
        (Row([0, 2], [5, 1], 3), {"c": 1, "a": 2, "b": 0}),
    ],
)
def test_every_holder_gives_the_same_counts(given):
    counts = as_counts(given, name="text")
    assert counts.as_dict() == EXPECTED
    assert list(counts.types) == ["a", "b"]
    assert (counts.name, counts.total, len(counts)) == ("text", 6.0, 2)


def test_counts_pass_through_and_take_a_name():
    counts = as_counts({"a": 1}, name="first")
    assert as_counts(counts) is counts
    assert as_counts(counts, name="second").name == "second"


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1, "3", None, b"3", 1j, [1]])
def test_a_wrong_count_is_named(wrong):
    with pytest.raises(WordShiftError, match=r"the count of 'bad' is .*: counts are finite numbers >= 0"):
        as_counts({"good": 1, "bad": wrong})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "counts from int: accepted are"),
        ("text", "counts from str"),
        ({"a", "b"}, "counts from set"),
        (["a", "b"], "'a' is no \\(type, count\\) pair: count words first"),
        (
            pl.DataFrame({"x": ["a"], "y": [1], "z": [2]}),
            "columns x, y, z: name two of them 'type' and 'count'",
        ),
        (pl.Series([1, 2]), "a Polars Series of Int64"),
        ((Row([0], [1], 2), ["a"]), "a row of 2 columns but a vocabulary of 1 terms"),
        ((Row([0], [1], 2, rows=4), ["a", "b"]), "a sparse matrix of 4 rows"),
    ],
)
def test_what_holds_no_counts_is_refused(given, message):
    with pytest.raises(WordShiftError, match=message):
        as_counts(given)


def test_totals_beyond_exact_floats_warn():
    with pytest.warns(WordShiftWarning, match="more than 2\\^53"):
        as_counts({"a": 2**53, "b": 2**70})


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        ([10, 9, 2.5], [2.5, 9, 10]),
        ([("new", "york"), ("a", "b")], [("a", "b"), ("new", "york")]),
        (["é", "z", "Z", "\U0001f600", "\uffff"], ["Z", "z", "é", "\uffff", "\U0001f600"]),
        ([(1, "b"), ("a", 2)], [("a", 2), (1, "b")]),
        (["a", 1, None], [None, 1, "a"]),
        ([frozenset("ba"), frozenset("a")], [frozenset("ab"), frozenset("a")]),
    ],
)
def test_labels_have_one_order(labels, ordered):
    for given in (labels, labels[::-1]):
        assert list(as_counts(dict.fromkeys(given, 1)).types) == ordered


def test_half_surrogates_are_labels_too():
    labels = ["\ud800", "a"] + [f"w{i}" for i in range(vocabulary.LARGE)]
    counts = as_counts(dict.fromkeys(labels, 1))
    assert counts.types[-1] == "\ud800"


def test_long_lists_are_columns_with_the_same_order(monkeypatch):
    words = [f"{'é' if i % 3 else 'e'}{i * 7919 % 1000}" for i in range(1000)]
    pairs = [(word, i % 5) for i, word in enumerate(words)] + [("e0", 2.5), ("e0", 1)]
    other = [(word + "x" * (i % 2), 1) for i, word in enumerate(words)]
    lists = as_counts(pairs), as_counts(other)
    monkeypatch.setattr(vocabulary, "LARGE", 0)
    columns = as_counts(pairs), as_counts(other)
    assert isinstance(columns[0].types, Labels)
    assert [counts.as_dict() for counts in lists] == [counts.as_dict() for counts in columns]
    assert list(lists[0].types) == list(columns[0].types)
    (types, f1, f2), (labels, g1, g2) = align(*lists), align(*columns)
    assert labels == types
    assert f1.tolist() == g1.tolist()
    assert f2.tolist() == g2.tolist()


@pytest.mark.parametrize("large", [20_000, 0])
@pytest.mark.parametrize("words", [[], ["é", "\U0001f600", "z", "\uffff", "Z"], ["\ud800", "b", "a"]])
def test_types_know_where_they_stood(monkeypatch, words, large):
    monkeypatch.setattr(vocabulary, "LARGE", large)
    types, places = in_order(words)
    assert list(types) == sorted(words)
    assert [words[place] for place in places.tolist()] == sorted(words)


def test_alignment_mends_lists_in_disorder(monkeypatch):
    for large in (20_000, 0):
        monkeypatch.setattr(vocabulary, "LARGE", large)
        a = Counts(types=["b", "a"], values=np.array([2.0, 1.0]))
        b = Counts(types=["c", "b"], values=np.array([4.0, 3.0]))
        types, f1, f2 = align(a, b)
        assert (list(types), f1.tolist(), f2.tolist()) == (["a", "b", "c"], [1, 2, 0], [0, 3, 4])


def test_alignment_refuses_counts_of_another_length():
    with pytest.raises(WordShiftError, match="short has 2 types but counts of shape \\(1,\\)"):
        align(Counts(types=["a", "b"], values=np.ones(1), name="short"), as_counts({"a": 1}))


def test_labels_read_like_a_list():
    words = ["a", "b", "é"]
    labels = Labels(pl.Series(words))
    assert (labels[0], labels[-1], labels[1:]) == ("a", "é", ["b", "é"])
    assert labels[np.int64(1)] == "b"
    assert (list(labels), len(labels), labels == words, labels == ["a"]) == (words, 3, True, False)
    assert "é" in labels
    assert "c" not in labels
    assert "\ud800" not in labels
    assert 1 not in labels
    assert repr(labels) == "Labels(['a', 'b', 'é'], 3 types)"
    assert labels[0] == labels.tolist()[0]
    with pytest.raises(IndexError):
        labels[3]
