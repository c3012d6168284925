"""Sufficient statistics: sensitivities, noise as charged, and white wine (G5b)."""

from __future__ import annotations

import csv
import gzip
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.dpopt.accounting.gaussian_dp import gaussian_mu
from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise import SeededEntropy
from hotpapers.dpopt.releases import LatticeNoise, PlainNoise
from hotpapers.dpopt.rows import RowBound, prepare_rows
from hotpapers.dpopt.second_moments import integer_moments
from hotpapers.dpopt.sufficient_statistics import noisy_statistics, ridge_from_statistics, statistics_win


class NoNoise:
    """Shows what is released, and with which noise."""

    private, kind = False, "gaussian"

    def __init__(self):
        self.scales = []

    def added(self, total, scale, spacing):
        self.scales.append((total.size, scale))
        return np.asarray(total * (1.0 if spacing is None else spacing))


def prepared(features, bound=0.8, exact=True):
    return prepare_rows(features, np.zeros(len(features)), RowBound(bound), exact=exact)


def statistics(features, targets, relation="add_remove", exact=True, noise=None):
    ledger = Ledger(relation)
    found = noisy_statistics(
        prepared(features, exact=exact),
        targets,
        target_bound=3.0,
        mu=0.5,
        relation=relation,
        noise=noise or NoNoise(),
        spend=ledger.append,
    )
    return found, ledger


VALUE = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, math.nan, math.inf, 1e300]))
ROW = st.lists(VALUE, min_size=4, max_size=4)


@given(ROW, ROW, VALUE, VALUE, st.booleans())
@settings(max_examples=80, deadline=None)
def test_both_sums_move_by_no_more_than_their_sensitivities(one, other, y, z, replace) -> None:
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(20, 4)), rng.normal(size=20)

    def released(*rows):
        table = np.vstack([features, *[np.array([row]) for row, _ in rows]])
        return statistics(table, np.array([*targets, *[t for _, t in rows]]), relation)

    relation = "replace_one" if replace else "add_remove"
    first, ledger = released((one, y))
    second, _ = released((other, z)) if replace else released()
    moments, products = (event.sensitivity for event in ledger.events)
    assert np.linalg.norm(first.moments - second.moments) <= moments * (1 + 1e-12)
    assert np.linalg.norm(first.products - second.products) * 0.8 / 3.0 <= products * (1 + 1e-12)


def test_sensitivities_are_reached() -> None:
    a, b = [[0.8, 0, 0, 0]], [[0, 0.8, 0, 0]]
    moved = statistics(a, [3.0])[0].moments - statistics(b, [3.0])[0].moments
    assert np.linalg.norm(moved) == pytest.approx(math.sqrt(2) * 0.64, rel=1e-4)
    turned = statistics(a, [3.0])[0].products - statistics(a, [-3.0])[0].products
    assert np.linalg.norm(turned) * 0.8 / 3 == pytest.approx(2 * 0.64, rel=1e-4)


@pytest.mark.parametrize(
    ("relation", "factors"), [("add_remove", (1, 1)), ("replace_one", (math.sqrt(2), 2))]
)
@pytest.mark.parametrize("exact", [True, False])
def test_noise_is_what_is_charged(relation, factors, exact) -> None:
    noise = NoNoise()
    rng = np.random.default_rng(0)
    found, ledger = statistics(rng.normal(size=(50, 4)), rng.normal(size=50), relation, exact, noise)
    sigma, product_sigma = (0.64 * f / (0.5 * math.sqrt(s)) for f, s in zip(factors, (0.4, 0.6), strict=True))
    assert [size for size, _ in noise.scales] == [4, 6, 4]
    assert [scale for _, scale in noise.scales] == pytest.approx(
        [sigma, sigma / math.sqrt(2), product_sigma], rel=1e-6
    )
    assert ledger.mu() == pytest.approx(0.5, rel=1e-9)
    assert found.moment_deviation == pytest.approx(sigma, rel=1e-6)
    assert np.array_equal(found.moments, found.moments.T)


def test_without_noise_it_is_ridge_regression_and_the_order_of_rows_is_nothing() -> None:
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(500, 4)) * 0.2, rng.normal(size=500)
    found, _ = statistics(features, targets)
    theta = ridge_from_statistics(found, rows=500, lam=0.01, floor=0.0)
    kept = prepared(features).features.astype(float)
    clipped = np.clip(targets, -3, 3)
    expected = np.linalg.solve(kept.T @ kept + 5 * np.eye(4), kept.T @ clipped)
    assert theta == pytest.approx(expected, rel=1e-4, abs=1e-5)
    turned, _ = statistics(features[::-1], targets[::-1])
    assert np.array_equal(found.moments, turned.moments)
    assert np.array_equal(found.products, turned.products)


def wine(shared_data):
    with gzip.open(shared_data / "dpopt" / "winequality-white.csv.gz", "rt") as stream:
        table = np.array([[float(value) for value in row] for row in csv.reader(stream)])
    low = np.array([3, 0, 0, 0, 0, 0, 0, 0.98, 2.5, 0.2, 8])
    high = np.array([15, 1.2, 1.7, 70, 0.4, 300, 450, 1.04, 4, 1.2, 15])
    features = np.column_stack([np.ones(len(table)), np.clip((table[:, :11] - low) / (high - low), 0, 1)])
    order = np.random.RandomState(0).permutation(len(table))
    cut = int(0.8 * len(table))
    return (features / math.sqrt(12))[order], ((table[:, 11] - 5) / 5)[order], cut


def test_white_wine(shared_data) -> None:
    """Test RMSE within the golden values' three standard errors, 20 seeds in secure arithmetic."""
    features, targets, cut = wine(shared_data)
    rows = prepare_rows(features[:cut], np.zeros(cut), RowBound(1.0), exact=True)
    kept = rows.features.astype(float)
    exact = np.linalg.solve(kept.T @ kept / cut + 1e-4 * np.eye(12), kept.T @ targets[:cut] / cut)

    def rmse(theta):
        return 5 * math.sqrt(np.mean((features[cut:] @ theta - targets[cut:]) ** 2))

    assert rmse(exact) == pytest.approx(0.737644, abs=1e-4)
    goldens = {0.5: (0.837, 0.020), 1.0: (0.806, 0.023), 2.0: (0.797, 0.014), 4.0: (0.773, 0.015)}
    for epsilon, (golden, deviation) in goldens.items():
        found = []
        for seed in range(20):
            ledger = Ledger("add_remove")
            noisy = noisy_statistics(
                rows,
                targets[:cut],
                target_bound=1.0,
                mu=gaussian_mu(epsilon, 1e-5),
                relation="add_remove",
                noise=LatticeNoise("gaussian", SeededEntropy(seed)),
                spend=ledger.append,
            )
            found.append(rmse(ridge_from_statistics(noisy, rows=cut, lam=1e-4)))
            assert 0.999 * epsilon <= ledger.epsilon(1e-5) <= epsilon
        assert np.mean(found) <= golden + 3 * deviation / math.sqrt(20)


def test_refusals() -> None:
    with pytest.raises(PrivacyError, match=r"targets' bound must be a positive number: got 0\.0"):
        noisy_statistics(
            prepared(np.eye(2)),
            [0, 1],
            target_bound=0.0,
            mu=1.0,
            relation="add_remove",
            noise=NoNoise(),
            spend=print,
        )
    laplace = PlainNoise("laplace", np.random.default_rng(0))
    with pytest.raises(PrivacyError, match="Gaussian noise and rows bounded in L2"):
        statistics(np.eye(4), np.zeros(4), noise=laplace)
    with pytest.raises(PrivacyError, match="rows > 0"):
        ridge_from_statistics(statistics(np.eye(4), np.zeros(4))[0], rows=0, lam=0.1)


def test_the_choice_is_by_public_numbers() -> None:
    assert statistics_win(160)
    assert not statistics_win(600)


def test_moments_that_do_not_fit_are_cut_and_neighbours_come_no_further_apart(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 3))
    rows = [prepared(features), prepared(features[1:])]
    wide, less = (integer_moments(one, np.zeros(len(one.features))) for one in rows)
    monkeypatch.setattr("hotpapers.dpopt.second_moments._MOST_HIGH", 2**16)
    cut, cut_less = (integer_moments(one, np.zeros(len(one.features))) for one in rows)
    np.testing.assert_array_equal(cut, np.clip(wide, -(2**42), 2**42))
    assert (cut != wide).any()
    assert np.linalg.norm((cut - cut_less).astype(float)) <= np.linalg.norm((wide - less).astype(float))
