"""Rows made ready: bounds, the lattice, and each row by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.rows import RowBound, prepare_rows

ROWS = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0], [np.nan, 0.5], [np.inf, 1.0], [1e200, -1e200]])


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_row_is_within_the_bound(order, exact, dtype) -> None:
    bound = RowBound(0.9, order, 0.5)
    rows = prepare_rows(ROWS, np.zeros(6), bound, exact=exact, dtype=dtype)
    lengths = np.linalg.norm(rows.features.astype(float), order, axis=1)
    assert (lengths <= bound.total * (1 + 1e-7)).all()
    assert (lengths <= rows.norms).all()
    assert (rows.norms <= lengths * (1 + 1e-8) + 1e-300).all()
    assert np.isfinite(rows.features).all()
    assert np.allclose(rows.features[:, 0], 0.5, atol=2e-6)
    if exact:
        assert (lengths <= bound.total).all()


def test_rows_within_the_bound_stay_and_longer_ones_keep_their_direction() -> None:
    rows = prepare_rows(ROWS[:3], np.zeros(3), RowBound(1.0), dtype=np.float64)
    assert np.allclose(rows.features, [[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]], atol=1e-8)
    assert np.array_equal(rows.features[1], ROWS[1])


def test_the_lattice_is_reached_by_truncation() -> None:
    bound = RowBound(1.0)
    rows = prepare_rows([[0.3, -0.3]], np.zeros(1), bound, exact=True)
    units = rows.features.astype(float)[0] / bound.spacing
    assert bound.spacing == 2.0**-20
    assert list(units) == [math.floor(0.3 * 2**20), -math.floor(0.3 * 2**20)]


def test_spacing_follows_the_bound() -> None:
    assert RowBound(20.0, 1).spacing == 2.0**-15
    assert RowBound(3.0, 2, 4.0).total == 5.0
    assert RowBound(3.0, 1, 4.0).total == 7.0


def test_exact_rows_do_not_depend_on_where_they_lie_in_memory() -> None:
    rng = np.random.default_rng(1)
    bound = RowBound(1.0)
    for width in (3, 17, 92, 3000):
        features = rng.normal(size=(7, width)) * 10.0 ** rng.integers(-3, 3, (7, 1))
        expected = prepare_rows(features, np.zeros(7), bound, exact=True)
        for shift in range(4):
            memory = np.zeros(7 * width + 4)
            elsewhere = memory[shift : shift + 7 * width].reshape(7, width)
            elsewhere[...] = features
            order = np.asfortranarray(elsewhere[::-1])
            found = prepare_rows(order, np.zeros(7), bound, exact=True)
            assert np.array_equal(found.features[::-1], expected.features)
            assert np.array_equal(found.norms[::-1], expected.norms)


def test_the_quick_sorting_of_short_rows_changes_no_factor(monkeypatch) -> None:
    """All rows by the integer norm give the same table as those alone that may be too long."""
    rng = np.random.default_rng(2)
    features = rng.normal(size=(4000, 50))
    features *= (0.97 + 0.04 * rng.random(4000) ** 3)[:, None] / np.linalg.norm(features, axis=1)[:, None]
    for order in (1, 2):
        bound = RowBound(1.0 if order == 2 else 6.0, order)
        quick = prepare_rows(features, np.zeros(4000), bound, exact=True)
        with monkeypatch.context() as patch:
            patch.setattr("hotpapers.dpopt.rows._norms", lambda block, order: np.full(len(block), np.inf))
            slow = prepare_rows(features, np.zeros(4000), bound, exact=True)
        assert np.array_equal(quick.features, slow.features)


def test_a_row_alone_is_the_row_among_others() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(5000, 90))
    bound = RowBound(1.0, 2, 0.5)
    whole = prepare_rows(features, np.zeros(5000), bound, exact=True).features
    for i in (0, 1, 2911, 4999):
        assert np.array_equal(
            prepare_rows(features[i : i + 1], np.zeros(1), bound, exact=True).features[0], whole[i]
        )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RowBound(0.0), "data_norm must be a positive number: got 0.0"),
        (lambda: RowBound(1.0, 3), "data_norm_ord must be 1 or 2: got 3"),
        (lambda: RowBound(1.0, 2, 0.0), "intercept's column must hold a positive number"),
        (lambda: prepare_rows([1.0, 2.0], np.zeros(2), RowBound(1.0)), "a table of numbers"),
        (lambda: prepare_rows([[1.0], [2.0]], np.zeros(3), RowBound(1.0)), "one target for each"),
    ],
)
def test_what_is_no_table_is_refused(make, message) -> None:
    with pytest.raises(PrivacyError, match=message):
        make()
