"""The step-size guard: sensitivities of the count and the top eigenvalue, and what is done with them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.guard import divergence_radius, noisy_count, noisy_top_eigenvalue
from hotpapers.dpopt.losses import Huber, Logistic, Multinomial, SmoothHinge, Squared
from hotpapers.dpopt.noise import SeededEntropy
from hotpapers.dpopt.releases import LatticeNoise, PlainNoise
from hotpapers.dpopt.rows import RowBound, prepare_rows
from hotpapers.dpopt.second_moments import second_moments


def prepared(features, bound=1.0, exact=True):
    return prepare_rows(features, np.zeros(len(features)), RowBound(bound), exact=exact)


def seeded(seed=0):
    return LatticeNoise("gaussian", SeededEntropy(seed))


def test_moments_are_the_exact_sums_in_any_order() -> None:
    features = np.random.default_rng(0).normal(size=(5000, 6))
    rows = prepared(features)
    integers = np.rint(rows.features.astype(float) / rows.bound.spacing).astype(object)
    exact = integers.T @ integers
    found = second_moments(rows)
    assert all(found[i, j] == float(exact[i, j]) * rows.bound.spacing**2 for i in range(6) for j in range(6))
    order = np.random.default_rng(1).permutation(5000)
    assert np.array_equal(found, second_moments(prepared(features[order])))
    plain = prepared(features, exact=False)
    assert np.allclose(second_moments(plain), plain.features.T.astype(float) @ plain.features, rtol=1e-6)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4),
    st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4),
    st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_top_eigenvalue_moves_by_one_row_at_most_under_both_relations(one, other, seed) -> None:
    base = np.random.default_rng(seed).normal(size=(20, 4)) * [1, 0.2, 0.1, 0.05]

    def top(*more):
        return np.linalg.eigvalsh(second_moments(prepared(np.vstack([base, *more]), 0.7)))[-1]

    assert -1e-12 <= top(one) - top() <= 0.49 + 1e-12
    assert abs(top(one) - top(other)) <= 0.49 + 1e-12


def test_the_bound_of_the_sensitivity_is_reached() -> None:
    base = np.tile([[1.0, 0.0]], (10, 1))
    grown = np.vstack([base, [[1.0, 0.0]]])
    tops = [np.linalg.eigvalsh(second_moments(prepared(table)))[-1] for table in (base, grown)]
    assert tops[1] - tops[0] == pytest.approx(1.0, abs=1e-5)


def test_spends_are_noted_before_and_cost_what_they_should() -> None:
    features = np.random.default_rng(0).normal(size=(400, 3)) * [1, 0.1, 0.1]
    ledger = Ledger("add_remove")
    noisy_count(prepared(features), 0.3, "add_remove", seeded(), ledger.append)
    assert ledger.mu() == pytest.approx(0.3, rel=1e-9)
    noisy_top_eigenvalue(prepared(features), 0.4, "add_remove", seeded(), ledger.append)
    assert ledger.mu() == pytest.approx(0.5, rel=1e-9)
    count, top = ledger.events
    assert (count.sensitivity, count.norm, count.relation) == (1.0, "l2", "add_remove")
    assert top.sensitivity == 1.0 + 2.0**-8

    def refuse(event):
        raise PrivacyError("nothing is left")

    class Untouched:
        private, kind = True, "gaussian"

        def added(self, *_):
            raise AssertionError("noise was drawn before the spend")

    with pytest.raises(PrivacyError, match="nothing is left"):
        noisy_top_eigenvalue(prepared(features), 0.4, "add_remove", Untouched(), refuse)


def test_values_are_noisy_and_right_as_often_as_stated() -> None:
    features = np.random.default_rng(0).normal(size=(500, 3)) * 0.3
    rows, ledger = prepared(features), Ledger("add_remove")
    true = np.linalg.eigvalsh(second_moments(rows))[-1]
    bounds = np.array(
        [noisy_top_eigenvalue(rows, 0.5, "add_remove", seeded(i), ledger.append) for i in range(2000)]
    )
    # 97.7 % hold; five standard errors of 2000 draws are 1.7 %.
    assert abs((bounds >= true).mean() - 0.97725) < 0.017
    assert np.std(bounds) == pytest.approx(2.0 * (1 + 2**-8), rel=0.1)
    counts = [noisy_count(rows, 0.5, "add_remove", seeded(i), ledger.append) for i in range(500)]
    assert np.mean(counts) == pytest.approx(500, abs=5 * 2 / math.sqrt(500))
    tiny = [
        noisy_count(prepared(features[:1]), 1e-3, "add_remove", seeded(i), ledger.append) for i in range(9)
    ]
    assert min(tiny) == 1.0


def test_plain_noise_gives_the_same_law() -> None:
    rows, ledger = prepared(np.eye(3), exact=False), Ledger("add_remove")
    noise = PlainNoise("gaussian", np.random.default_rng(0))
    found = [noisy_top_eigenvalue(rows, 1.0, "add_remove", noise, ledger.append) for _ in range(300)]
    assert np.median(found) == pytest.approx(1.0 + 2.0, abs=0.4)


def test_refusals() -> None:
    ledger = Ledger("replace_one")
    with pytest.raises(PrivacyError, match="number of rows is public: give n_public"):
        noisy_count(prepared(np.eye(2)), 1.0, "replace_one", seeded(), ledger.append)
    wide = prepared(np.zeros((1, 2001)))
    with pytest.raises(PrivacyError, match="at most 2000 columns: got 2001"):
        noisy_top_eigenvalue(wide, 1.0, "add_remove", seeded(), ledger.append)


@pytest.mark.parametrize(
    ("loss", "at_zero"),
    [
        (Logistic(), math.log(2)),
        (Multinomial(5), math.log(5)),
        (Huber(1.0, 3.0), 2.5),
        (Squared(target_bound=2.0), 2.0),
        (SmoothHinge(0.5), None),
    ],
)
def test_radius_holds_every_minimiser(loss, at_zero) -> None:
    settings_ = {"steps": np.full(3, 4.0), "momenta": np.full(3, 0.5), "deviations": np.zeros(3), "size": 2}
    radius = divergence_radius(loss, 0.01, **settings_)
    if at_zero is not None:
        assert radius == pytest.approx(2 * math.sqrt(2 * at_zero / 0.01))
    assert (radius >= math.sqrt(2 * 1.0 / 0.01)).all()
    noisy = divergence_radius(loss, 0.01, **{**settings_, "deviations": np.full(3, 0.1)})
    assert noisy - radius == pytest.approx(6 * np.sqrt(2 * np.arange(1, 4)) * 4.0 * 0.1 / 0.5)
    assert np.isinf(divergence_radius(loss, 0.0, **settings_)).all()
    assert np.isinf(divergence_radius(Squared(), 0.01, **settings_)).all()
