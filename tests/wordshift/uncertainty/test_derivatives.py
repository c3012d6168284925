"""Closed-form derivatives of every measure against central differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordshift.uncertainty.cases import MEASURES, make_shift

from hotpapers.wordshift.uncertainty.contributions import Contributions, formula_of

F1 = np.array([40.0, 25.0, 3.0, 0.0, 7.0, 120.0])
F2 = np.array([22.0, 61.0, 3.0, 9.0, 0.0, 99.0])
SCORES = (np.array([5.0, 2.0, 7.5, 6.0, 1.0, 4.0]), np.array([5.5, 2.0, 7.0, 6.0, 3.0, 4.0]))
IDS = [f"{measure}-{parameters.get('alpha', '')}" for measure, parameters in MEASURES]


def case(measure, parameters, **options):
    # Kullback-Leibler needs every type in both texts.
    keep = (F1 > 0) & (F2 > 0) if measure == "kld" else np.ones(len(F1), dtype=bool)
    scores = tuple(score[keep] for score in SCORES)
    return make_shift(F1[keep], F2[keep], measure, parameters, given=scores, **options)


def central(function, x, j, step=1e-6):
    up, down = x.copy(), x.copy()
    up[j] += step
    down[j] -= step
    return (function(up) - function(down)) / (2 * step)


@pytest.mark.parametrize("reference", [0.0, 1.7, "average"])
@pytest.mark.parametrize(("measure", "parameters"), MEASURES, ids=IDS)
def test_formula_gives_the_shifts_contributions(measure, parameters, reference) -> None:
    shift = case(measure, parameters, reference=reference)
    contributions = Contributions.of(shift)
    assert (contributions.reference is None) == (reference == "average" and measure != "kld")
    assert contributions.pseudo_count == 0
    whole = contributions.average(shift.f1, shift.f2)
    if contributions.reference is None:
        assert float(whole) == pytest.approx(shift.reference, rel=1e-12)
    found = contributions.at(shift.f1, shift.f2, totals=contributions.totals, reference=float(whole))
    np.testing.assert_allclose(found, shift.contribution, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("measure", "parameters"), MEASURES, ids=IDS)
def test_slopes_against_central_differences(measure, parameters) -> None:
    shift = case(measure, parameters)
    formula = formula_of(shift)
    p1, p2 = shift.f1 / shift.f1.sum(), shift.f2 / shift.f2.sum()
    for function, slopes in ((formula.value, formula.slopes), (formula.average, formula.average_slopes)):
        one, two = slopes(p1, p2)
        for j in range(len(p1)):
            if p1[j] > 0:
                numeric = central(lambda p, f=function: f(p, p2).sum(), p1, j)
                assert one[j] == pytest.approx(numeric, rel=1e-6, abs=1e-6)
            if p2[j] > 0:
                numeric = central(lambda p, f=function: f(p1, p).sum(), p2, j)
                assert two[j] == pytest.approx(numeric, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("reference", [0.0, 2.0, "average"])
@pytest.mark.parametrize(("measure", "parameters"), MEASURES, ids=IDS)
def test_delta_variance_against_the_whole_numeric_jacobian(measure, parameters, reference) -> None:
    shift = case(measure, parameters, reference=reference)
    contributions = Contributions.of(shift)
    n = contributions.totals

    def vector(p1, p2):
        used = contributions.reference
        if used is None:
            used = contributions.formula.average(p1, p2).sum()
        value = contributions.formula.value(p1, p2)
        return value if measure == "kld" else value - used * (p2 - p1)

    p = [shift.f1 / n[0], shift.f2 / n[1]]
    variance = np.zeros(len(p[0]))
    for k in range(2):
        jacobian = np.zeros((len(p[0]), len(p[0])))
        for j in np.flatnonzero(p[k] > 0):
            jacobian[:, j] = central(lambda q, k=k: vector(*((q, p[1]) if k == 0 else (p[0], q))), p[k], j)
        covariance = (np.diag(p[k]) - np.outer(p[k], p[k])) / n[k]
        variance += np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian)
    found = contributions.delta_variance(np.arange(len(p[0])))
    np.testing.assert_allclose(found, variance, rtol=1e-6, atol=1e-14)


def test_smoothed_divergence_counts_its_pseudo_counts() -> None:
    smoothed = make_shift(F1 + 0.5, F2 + 0.5, "kld", {"base": 2.0})
    raw = Contributions(formula=formula_of(smoothed), f1=F1, f2=F2, pseudo_count=0.5)
    found = raw.at(F1, F2, totals=raw.totals)
    np.testing.assert_allclose(found, smoothed.contribution, rtol=1e-12)
    variance = raw.delta_variance(np.arange(len(F1)))
    n1, n2 = F1.sum(), F2.sum()
    for i in (0, 1, 2):
        first = central(lambda f, i=i: raw.at(f, F2, totals=(n1, n2))[i], F1, i, 1e-4)
        second = central(lambda f, i=i: raw.at(F1, f, totals=(n1, n2))[i], F2, i, 1e-4)
        expected = sum(
            slope**2 * f[i] * (1 - f[i] / n) for slope, f, n in ((first, F1, n1), (second, F2, n2))
        )
        assert variance[i] == pytest.approx(expected, rel=1e-5)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=8),
    st.sampled_from([m for m in MEASURES if m[0] not in {"kld", "sentiment"}]),
)
def test_swapping_texts_swaps_slopes(pairs, case_) -> None:
    measure, parameters = case_
    f1, f2 = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    kept = f1 + f2 > 0
    if f1.sum() == 0 or f2.sum() == 0:
        return
    f1, f2 = f1[kept], f2[kept]
    back = dict(parameters)
    sign = -1.0
    if measure == "jsd":
        back["weights"], sign = tuple(reversed(parameters["weights"])), 1.0
    there = formula_of(make_shift(f1, f2, measure, parameters))
    again = formula_of(make_shift(f2, f1, measure, back))
    p1, p2 = f1 / f1.sum(), f2 / f2.sum()
    np.testing.assert_allclose(there.value(p1, p2), sign * again.value(p2, p1), rtol=1e-9, atol=1e-12)
    one, two = there.slopes(p1, p2)
    other_two, other_one = again.slopes(p2, p1)
    np.testing.assert_allclose(one, sign * other_one, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(two, sign * other_two, rtol=1e-9, atol=1e-9)
