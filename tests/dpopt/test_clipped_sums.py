"""Clipped sums, in floating point and exact: equal to explicit per-row sums, and within the declared sensitivity."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.dpopt.clipped_sums import ClippedSums
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.exact_sums import ExactClippedSums, rounded_parameters
from hotpapers.dpopt.losses import Huber, Logistic, Multinomial, SmoothHinge, Squared
from hotpapers.dpopt.rows import RowBound, prepare_rows

LOSSES = {
    "logistic": Logistic(),
    "huber": Huber(delta=0.8),
    "hinge": SmoothHinge(0.4),
    "squared": Squared(target_bound=3.0),
    "multinomial": Multinomial(3),
}


def table(n=300, d=7, seed=0, scale=0.6):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=scale, size=(n, d)), rng.normal(size=n) * 2


def prepared(loss, features, targets, bound, **how):
    return prepare_rows(features, loss.encode(targets), bound, **how)


def parameters(loss, width, seed=5):
    shape = (width,) if loss.outputs == 1 else (width, loss.outputs)
    return np.random.default_rng(seed).normal(size=shape) * 2


def explicit_sum(loss, rows, theta, clip):
    """One gradient per row, each clipped by its own norm, added one after the other."""
    total = np.zeros_like(theta)
    for x, y in zip(rows.features.astype(float), rows.targets.astype(float), strict=True):
        phi = loss.derivative(
            np.atleast_2d(x @ theta) if theta.ndim == 2 else np.array([x @ theta]), np.array([y])
        )
        gradient = np.outer(x, phi[0]) if theta.ndim == 2 else phi[0] * x
        size = np.abs(gradient).sum() if rows.bound.order == 1 else np.sqrt((gradient**2).sum())
        total += gradient * min(1.0, clip / size) if size > 0 else 0.0
    return total


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("intercept", [None, 0.5])
def test_equal_to_explicit_per_row_sums(name, order, intercept) -> None:
    loss, bound = LOSSES[name], RowBound(1.5, order, intercept)
    features, targets = table()
    theta = parameters(loss, 7 + (intercept is not None))
    rows = prepared(loss, features, targets, bound, dtype=np.float64)
    expected = explicit_sum(loss, rows, theta, 0.4)
    found = ClippedSums(rows, loss, 0.4, block_rows=37)(theta)
    assert np.abs(found - expected).max() < 1e-9 * len(features)
    single = ClippedSums(prepared(loss, features, targets, bound), loss, 0.4)(theta)
    assert np.abs(single - expected).max() < 1e-6 * len(features)
    exact = ExactClippedSums(prepared(loss, features, targets, bound, exact=True), loss, 0.4)
    assert np.abs(exact(theta) * exact.spacing - expected).max() < 2e-5 * len(features)


def test_repeats_at_once_are_the_repeats_one_by_one() -> None:
    features, targets = table()
    sums = ClippedSums(
        prepared(Logistic(), features, targets, RowBound(1.0), dtype=np.float64), Logistic(), 0.3
    )
    many = np.random.default_rng(1).normal(size=(7, 6)) * 3
    assert np.allclose(sums(many), np.stack([sums(many[:, r]) for r in range(6)], axis=1), atol=1e-11)


@pytest.mark.parametrize("name", ["logistic", "huber", "hinge"])
def test_unclipped_sum_is_the_gradient(name) -> None:
    loss = LOSSES[name]
    features, targets = table(seed=2)
    sums = ClippedSums(prepared(loss, features, targets, RowBound(1.0), dtype=np.float64), loss)
    theta, step = parameters(loss, 7), 1e-6
    numeric = [(sums.value(theta + step * e) - sums.value(theta - step * e)) / (2 * step) for e in np.eye(7)]
    assert np.allclose(sums(theta), numeric, atol=1e-6 * len(features))


@pytest.mark.parametrize("name", LOSSES)
def test_exact_sum_ignores_order_and_blocks(name) -> None:
    loss = LOSSES[name]
    features, targets = table(n=1000, seed=3)
    theta = parameters(loss, 8)
    order = np.random.default_rng(0).permutation(1000)

    def total(features, targets, block_rows):
        rows = prepared(loss, features, targets, RowBound(1.0, 2, 0.3), exact=True)
        return ExactClippedSums(rows, loss, 0.5, block_rows=block_rows)(theta)

    whole = total(features, targets, None)
    assert np.array_equal(whole, total(features[order], targets[order], 1))
    assert np.array_equal(whole, total(features[order][::-1], targets[order][::-1], 77))
    halves = total(features[:401], targets[:401], 13) + total(features[401:], targets[401:], 500)
    assert np.array_equal(whole, halves)


def test_exact_sum_is_the_sum_of_rational_numbers() -> None:
    """Margins, weights and sums by Python's fractions: the very same integers."""
    loss, clip = Logistic(), Fraction(1, 4)
    features, targets = table(n=60, d=5, seed=4)
    rows = prepared(loss, features, targets, RowBound(1.0), exact=True)
    sums = ExactClippedSums(rows, loss, float(clip))
    theta = parameters(loss, 5)
    rounded = [Fraction(float(value)) for value in rounded_parameters(theta)]
    row_spacing = Fraction(rows.bound.spacing)
    weight_spacing = Fraction(sums.spacing) / row_spacing
    total, clipped = [0] * 5, 0
    for x, y in zip(rows.features, rows.targets, strict=True):
        integers = [int(Fraction(float(value)) / row_spacing) for value in x]
        margin = sum((a * row_spacing * b for a, b in zip(integers, rounded, strict=True)), Fraction(0))
        assert Fraction(float(margin)) == margin  # a float64 holds it
        phi = loss.row_derivative(np.array([float(margin)]), np.array([float(y)]))[0]
        squares = sum(value * value for value in integers)
        units = clip / (row_spacing * weight_spacing)  # the largest integer with (cap |X|)^2 <= units^2
        cap = math.isqrt(math.floor(units * units / squares))
        weight = max(-cap, min(cap, round(Fraction(float(phi)) / weight_spacing)))
        clipped += abs(weight) == cap
        total = [s + weight * value for s, value in zip(total, integers, strict=True)]
    assert 10 < clipped < 50
    assert [int(value) for value in sums(theta)] == total


EXTREME = st.sampled_from(
    [
        0.0,
        1.0,
        -1.0,
        1e-300,
        1e300,
        -1e300,
        math.inf,
        math.nan,
        5e-324,
        1 / math.sqrt(7),
        2.0**-20,
        1 - 2.0**-53,
    ]
)
VALUES = st.one_of(EXTREME, st.floats(allow_nan=True, allow_infinity=True, width=64))
ROWS = st.lists(VALUES, min_size=7, max_size=7)


def change_of_released_sum(
    exact, loss, order, hostile, hostile_target, other, other_target, replace, clip, scale
):
    """Largest move of the sum over one neighbouring pair, in its own norm."""
    features, targets = table(n=130, seed=6)
    bound = RowBound(1.0, order, 0.25)
    theta = parameters(loss, 8) * scale

    def total(features, targets):
        rows = prepared(loss, np.asarray(features), np.asarray(targets), bound, exact=exact, dtype=np.float64)
        if exact:
            sums = ExactClippedSums(rows, loss, clip, block_rows=64)
            return sums(theta), sums
        sums = ClippedSums(rows, loss, clip, block_rows=64)
        return sums(theta), sums

    middle = 57  # so that the rows after it stand elsewhere in their blocks
    with_row, sums = total(
        np.insert(features, middle, np.array(hostile), axis=0), np.insert(targets, middle, hostile_target)
    )
    if replace:
        without, _ = total(
            np.insert(features, middle, np.array(other), axis=0), np.insert(targets, middle, other_target)
        )
    else:
        without, _ = total(features, targets)
    return with_row - without, sums


@given(
    hostile=ROWS,
    other=ROWS,
    targets=st.tuples(VALUES, VALUES),
    replace=st.booleans(),
    name=st.sampled_from(sorted(LOSSES)),
    order=st.sampled_from([1, 2]),
    clip=st.sampled_from([0.05, 0.3, 1.0]),
    scale=st.sampled_from([0.0, 1e-6, 1.0, 1e4]),
)
@settings(max_examples=120, deadline=None)
def test_exact_sum_moves_by_no_more_than_the_sensitivity(
    hostile, other, targets, replace, name, order, clip, scale
) -> None:
    """Integers: no tolerance at all."""
    change, sums = change_of_released_sum(
        True, LOSSES[name], order, hostile, targets[0], other, targets[1], replace, clip, scale
    )
    moves = [int(value) for value in change.reshape(-1)]
    allowed = Fraction(sums.sensitivity("replace_one" if replace else "add_remove")) / Fraction(sums.spacing)
    if order == 1:
        assert sum(abs(value) for value in moves) <= allowed
    else:
        assert sum(value * value for value in moves) <= allowed**2


@given(
    hostile=ROWS, other=ROWS, targets=st.tuples(VALUES, VALUES), replace=st.booleans(),
    name=st.sampled_from(sorted(LOSSES)), order=st.sampled_from([1, 2]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_float_sum_moves_by_no_more_than_the_sensitivity(
    hostile, other, targets, replace, name, order
) -> None:
    """Up to the rounding of floats, the reason for secure mode."""
    change, sums = change_of_released_sum(
        False, LOSSES[name], order, hostile, targets[0], other, targets[1], replace, 0.3, 1.0
    )
    allowed = sums.sensitivity("replace_one" if replace else "add_remove")
    assert np.linalg.norm(change.reshape(-1), order) <= allowed * (1 + 1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", [1, 2])
def test_rows_too_short_to_be_squared_are_clipped_all_the_same(order, dtype) -> None:
    """A target of 1e300 on a row of 1e-160, whose square is 0 in floating point; and nothing warns of the row."""
    loss = Squared()
    for value in (1e-160, 5e-324, 1e-40):
        rows = prepare_rows([[value, 0.0]], loss.encode([1e30]), RowBound(1.0, order), dtype=dtype)
        with np.errstate(over="ignore"):
            found = ClippedSums(rows, loss, 0.5)(np.zeros(2))
        assert np.abs(found).sum() <= 0.5 * (1 + 1e-6)
    rows = prepare_rows([[1e-160, 0.0]], loss.encode([1e300]), RowBound(1.0, order), dtype=np.float64)
    assert np.abs(ClippedSums(rows, loss, 0.5)(np.zeros(2))).sum() <= 0.5


def test_sensitivity_is_reached() -> None:
    """The declared bound is the smallest: one row of full norm with a wrong sign moves the sum by C."""
    features, targets = np.array([[1.0, 0.0]]), np.array([-1.0])
    rows = prepared(Logistic(), features, targets, RowBound(1.0), dtype=np.float64)
    assert ClippedSums(rows, Logistic(), 0.5)(np.array([9.0, 0.0])) == pytest.approx([0.5, 0.0])
    exact = ExactClippedSums(
        prepared(Logistic(), features, targets, RowBound(1.0), exact=True), Logistic(), 0.5
    )
    assert exact(np.array([9.0, 0.0]))[0] * exact.spacing == pytest.approx(0.5, rel=1e-4)


def test_relations() -> None:
    features, targets = table(n=4)
    sums = ClippedSums(prepared(Logistic(), features, targets, RowBound(1.0)), Logistic(), 0.5)
    assert (sums.sensitivity("add_remove"), sums.sensitivity("replace_one")) == (0.5, 1.0)
    with pytest.raises(PrivacyError, match="'add_remove' or 'replace_one': got 'swap'"):
        sums.sensitivity("swap")


def test_what_has_no_bound_is_refused() -> None:
    features, targets = table(n=4)
    rows = prepared(Squared(), features, targets, RowBound(1.0))
    with pytest.raises(PrivacyError, match="Squared has gradients without a bound: give clip"):
        ClippedSums(rows, Squared())
    with pytest.raises(PrivacyError, match="prepared with exact=True"):
        ExactClippedSums(rows, Squared(), 1.0)


def test_rounded_parameters_are_close_and_on_a_lattice() -> None:
    theta = np.array([3.0, 1e-9, -2.0])
    rounded = rounded_parameters(theta)
    assert np.abs(rounded - theta).max() <= 2.0**-30 * 4
    assert np.array_equal(rounded / 2.0**-30, np.rint(rounded / 2.0**-30))
    assert np.array_equal(rounded_parameters(np.zeros(3)), np.zeros(3))
    with pytest.raises(PrivacyError, match="no longer finite"):
        rounded_parameters(np.array([np.inf, 0.0]))


def test_sums_that_do_not_fit_are_cut_and_neighbours_come_no_further_apart(monkeypatch) -> None:
    """No table is refused for its number of rows: more are summed in wider integers and cut, a projection."""
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(3000, 4)), np.where(rng.random(3000) < 0.9, 1.0, -1.0)
    sums = [
        ExactClippedSums(prepare_rows(features[k:], targets[k:], RowBound(1.0), exact=True), Logistic(), 0.3,
                         block_rows=64)
        for k in (0, 1)
    ]  # fmt: skip
    whole = sums[0](np.ones(4))
    monkeypatch.setattr("hotpapers.dpopt.exact_sums.MOST_ROWS", 256)
    np.testing.assert_array_equal(sums[0](np.ones(4)), whole)
    most = int(np.abs(whole).max()) // 2
    monkeypatch.setattr("hotpapers.dpopt.exact_sums._MOST_SUM", most)
    cut, less = (one(np.ones(4)) for one in sums)
    np.testing.assert_array_equal(cut, np.clip(whole, -most, most))
    assert np.linalg.norm((cut - less) * sums[0].spacing) <= 0.3
