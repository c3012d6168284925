"""Keyness: golden numbers, textbook formulas, dispersion."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from wordshift.uncertainty.cases import make_counts, presidents

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.dispersion import dispersions
from hotpapers.wordshift.keyness_measures import keyness, keyness_versus_rest
from hotpapers.wordshift.shifts import WordShiftError

pairs = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=8)


def two(f1, f2):
    types = [f"t{i}" for i in range(len(f1))]
    return tuple(Counts(types=types, values=np.array(f, dtype=float)) for f in (f1, f2))


@pytest.fixture(scope="module")
def texts(shared_data):
    found = []
    for name in ("lbj", "gwb"):
        with gzip.open(shared_data / "wordshift" / f"counts_{name}.tsv.gz", "rt", encoding="utf-8") as lines:
            rows = sorted(line.rstrip("\n").split("\t") for line in lines)
        values = np.array([float(count) for _, count in rows])
        found.append(Counts(types=[word for word, _ in rows], values=values, name=name))
    return tuple(found)


@pytest.mark.parametrize(
    ("options", "golden"),
    [
        ({"prior": "uniform"}, {"america": 7.097104, "security": 6.123410, "i": -8.361024}),
        ({"prior": "informative"}, {"applause": 10.408874, "i": -8.239163}),
        ({"method": "g2", "cells": 2}, {"applause": 585.304703, "vietnam": -85.951647}),
        ({"method": "g2", "cells": 4}, {"applause": 587.863052, "vietnam": -86.009787}),
    ],
)
def test_golden_numbers(texts, options, golden) -> None:
    found = keyness(*texts, **options)
    place = {word: at for at, word in enumerate(found.types)}
    for word, expected in golden.items():
        assert found.score[place[word]] == pytest.approx(expected, abs=6e-7)


def test_g2_is_the_likelihood_ratio_of_the_table() -> None:
    found = keyness(*two([30, 5, 965], [12, 8, 480]), method="g2")
    for at in range(3):
        table = [[found.f1[at], found.f2[at]], [1000 - found.f1[at], 500 - found.f2[at]]]
        expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        assert abs(found.score[at]) == pytest.approx(expected.statistic, abs=1e-9)
        assert found.p_value[at] == pytest.approx(expected.pvalue, rel=1e-6)


def test_percent_difference_and_log_ratio() -> None:
    a, b = two([10, 0, 90], [60, 20, 120])
    percent = keyness(a, b, method="percent-diff")
    assert percent.score.tolist() == pytest.approx([200, np.inf, -100 / 3])
    assert keyness(a, b, method="log-ratio", smoothing=0).score[0] == pytest.approx(np.log2(3))
    ratio = keyness(a, b, method="log-ratio")
    assert ratio.score[1] == pytest.approx(np.log2((20.5 / 201.5) / (0.5 / 101.5)))
    assert np.isfinite(ratio.score).all()


def test_prior_given_by_type() -> None:
    a, b = two([10, 5, 85], [30, 5, 65])
    flat = keyness(a, b, prior=dict.fromkeys(a.types, 0.1))
    np.testing.assert_allclose(flat.score, keyness(a, b).score)
    with pytest.raises(WordShiftError, match="'t2'"):
        keyness(a, b, prior={"t0": 1, "t1": 1})


@given(pairs, st.sampled_from(["log-odds", "g2", "log-ratio"]))
@settings(deadline=None)
def test_swapping_texts_turns_the_sign(counts, method) -> None:
    f1, f2 = zip(*counts, strict=True)
    if not sum(f1) or not sum(f2):
        return
    a, b = two(f1, f2)
    there, back = keyness(a, b, method=method), keyness(b, a, method=method)
    uneven = np.abs(there.f2 * sum(f1) - there.f1 * sum(f2)) > 0
    np.testing.assert_allclose(there.score[uneven], -back.score[uneven], atol=1e-9)
    np.testing.assert_array_equal(np.sort(there.order), np.arange(len(there.types)))


def test_versus_rest_pools_the_others() -> None:
    groups = {"a": make_counts([["x", "y"]]), "b": make_counts([["y", "y"]]), "c": make_counts([["z"]])}
    found = keyness_versus_rest(groups, method="log-ratio")
    assert found["b"].f1[found["b"].types.index("y")] == 1
    assert found["c"].score[found["c"].types.index("z")] > 0
    with pytest.raises(WordShiftError, match="two groups"):
        keyness_versus_rest({"a": groups["a"]})


# Dispersion


def test_dispersion_of_even_and_lumped_words() -> None:
    documents = [
        {"even": 10, "lump": 0, "fill": 90},
        {"even": 20, "fill": 180},
        {"even": 10, "lump": 8, "fill": 82},
    ]
    counts = make_counts([{word: n for word, n in row.items() if n} for row in documents])
    found = dispersions(counts)
    even, lump = counts.types.index("even"), counts.types.index("lump")
    assert found.dp[even] == pytest.approx(0)
    assert found.juilland_d[even] == pytest.approx(1)
    assert found.dp[lump] == pytest.approx(0.75)  # all of it where a quarter of the tokens are
    assert found.dp_norm[lump] == pytest.approx(1)
    assert found.juilland_d[lump] == pytest.approx(0)
    assert found.documents[lump] == 1
    assert found.largest_share[lump] == 1


@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=2, max_size=6))
@settings(deadline=None)
def test_dispersion_against_its_definition(rows) -> None:
    table = np.array([row for row in rows if sum(row)], dtype=float)
    if len(table) < 2:
        return
    counts = make_counts([{f"t{i}": int(n) for i, n in enumerate(row) if n} for row in table])
    found = dispersions(counts)
    s = table.sum(axis=1) / table.sum()
    for at, word in enumerate(counts.types):
        f = table[:, int(word[1:])]
        assert found.dp[at] == pytest.approx(0.5 * np.abs(f / f.sum() - s).sum(), abs=1e-12)
        rate = f / table.sum(axis=1)
        expected = 1 - rate.std() / rate.mean() / np.sqrt(len(rate) - 1)
        assert found.juilland_d[at] == pytest.approx(expected, abs=1e-9)


def test_keyness_shows_words_that_one_document_carries(shared_data) -> None:
    a, b = presidents(shared_data)
    found = keyness(a, b, method="g2")
    rows = {row["type"]: row for row in found.rows(200)}
    assert rows["vietnam"]["documents_1"] > 1
    assert np.isnan(rows["applause"]["dp_1"])
    assert 0 < rows["america"]["dp_2"] < rows["applause"]["dp_2"] < 1
    assert found.q[found.order[0]] < 1e-6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "chi2"}, "accepted are log-odds"),
        ({"method": "g2", "cells": 3}, "2 or 4"),
        ({"prior": "flat"}, "accepted are uniform"),
        ({"method": "log-ratio", "smoothing": -1}, "smoothing"),
    ],
)
def test_wrong_options_are_named(options, message) -> None:
    with pytest.raises(WordShiftError, match=message):
        keyness(*two([1, 2], [2, 1]), **options)


def test_bad_texts_are_named() -> None:
    a, b = two([1, 2], [0, 0])
    with pytest.raises(WordShiftError, match="has no words"):
        keyness(a, b)
    with pytest.raises(WordShiftError, match="two documents"):
        dispersions(make_counts([["x"]]))
