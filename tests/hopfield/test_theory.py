"""The theory: hand-computed values, golden numbers, the printed capacities, and bounds that are never broken."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpapers.common.errors import InputError
from hotpapers.hopfield.convergence import energy, jacobian, update
from hotpapers.hopfield.fixed_points import has_one_fixed_point, k_mass, regime
from hotpapers.hopfield.retrieval import largest_norm, retrieval_bound, separation, separation_needed
from hotpapers.hopfield.storage import capacity, placed_patterns_log2

X = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], dtype=torch.float64)
XI = torch.tensor([1.0, 0.25], dtype=torch.float64)


@pytest.mark.parametrize(
    ("beta", "before", "new", "after", "fixed", "kind"),
    [
        (0.1, 2.0269467144, (0.4945243012, 0.3866812240), 1.8690851114, (0.40294779, 0.40294779), "global"),
        (0.5, 1.7036919090, (1.0801604518, 0.4479908848), 1.6716606283, (0.82467063, 0.82467063), "global"),
        (1.0, 1.3972403056, (1.5541794148, 0.3229136239), 1.1620650735, (1.94897585, 0.04019247), "single"),
        (4.0, 0.8052835872, (1.9950480006, 0.0049429804), 0.2746775194, (1.99999977, 2.3e-7), "single"),
    ],
)
def test_the_hand_case(beta, before, new, after, fixed, kind) -> None:
    assert float(energy(XI, X, beta)) == pytest.approx(before, abs=1e-10)
    found = update(XI, X, beta)
    assert found.tolist() == pytest.approx(new, abs=1e-10)
    assert float(energy(found, X, beta)) == pytest.approx(after, abs=1e-10)
    for _ in range(1000):
        found = update(found, X, beta)
    assert found.tolist() == pytest.approx(fixed, abs=1e-7)
    assert regime(torch.softmax(beta * X @ found, 0)) == kind


def test_the_hand_cases_separation() -> None:
    assert separation(X).tolist() == [4.0, 4.0, 4.0]
    assert largest_norm(X) == 2.0


@pytest.mark.parametrize("setting", ["a", "b", "c"])
def test_golden_theory(theory, setting) -> None:
    x, queries = theory[f"{setting}/X"], theory[f"{setting}/xi"]
    _, count, _, beta, norm, needed = theory[f"{setting}/params"]
    columns = theory["columns"].tolist()
    assert separation(x).numpy() == pytest.approx(theory[f"{setting}/Delta"], rel=1e-9)
    assert largest_norm(x) == pytest.approx(norm, rel=1e-9)
    assert separation_needed(int(count), norm, beta) == pytest.approx(needed, rel=1e-9)
    for at, row in enumerate(theory[f"{setting}/table"]):
        expected = dict(zip(columns, row, strict=True))
        state = torch.from_numpy(queries[at])
        bound = retrieval_bound(x, at, state, beta)
        one = float(torch.dist(update(state, x, beta), torch.from_numpy(x[at])))
        slope = float(torch.linalg.matrix_norm(jacobian(state, x, beta), 2))
        measured = {
            "one_update_error": one,
            "thm5_bound": bound.error,
            "well_separated": float(bound.well_separated),
            "jacobian_spectral_norm_at_query": slope,
        }
        if expected["thm5b_applies"]:
            measured["thm5b_bound"] = bound.fixed_point_error
        else:
            assert bound.fixed_point_error == math.inf
        for name, value in measured.items():
            close = 1e-9 if abs(expected[name]) >= 1e-7 else 1e-6
            assert value == pytest.approx(expected[name], rel=close), (at, name)
        assert one <= bound.error
        star = state
        for _ in range(2000):
            star = update(star, x, beta)
        away = float(torch.dist(star, state))
        assert bound.contraction * away == pytest.approx(expected["thm4_bound"], rel=1e-6)


def test_no_bound_is_broken_on_ten_thousand_well_separated_patterns() -> None:
    random = torch.Generator().manual_seed(0)
    checked = broken = 0
    for count, d, beta in ((10, 64, 1.0), (100, 64, 1.5), (40, 96, 0.5)) * 68:
        x = torch.randn(count, d, generator=random, dtype=torch.float64)
        x = x / x.norm(dim=1, keepdim=True) * math.sqrt(d - 1)
        norm = float(x.norm(dim=1).max())
        good = separation(x) >= separation_needed(count, norm, beta)
        noise = torch.randn(count, d, generator=random, dtype=torch.float64)
        reach = 1 / (2 * beta * norm)
        states = x + noise / noise.norm(dim=1, keepdim=True) * reach * torch.rand(
            count, 1, generator=random, dtype=torch.float64
        )
        stars = x
        for _ in range(60):
            stars = update(stars, x, beta)
        away, star_away = (states - x).norm(dim=1), (stars - x).norm(dim=1)
        shared = torch.exp(-beta * (separation(x) - 2 * torch.maximum(away, star_away) * norm))
        new = update(states, x, beta)
        slack = 1e-12
        broken += int(((new - x).norm(dim=1) > 2 * (count - 1) * norm * shared + slack)[good].sum())
        slope = 2 * beta * count * norm**2 * (count - 1) * shared
        broken += int(((new - stars).norm(dim=1) > slope * (states - stars).norm(dim=1) + slack)[good].sum())
        near = good & (star_away <= reach)
        bound = 2 * math.e * (count - 1) * norm * torch.exp(-beta * separation(x))
        broken += int((star_away > bound + slack)[near].sum())
        checked += int(good.sum())
    assert checked >= 10_000
    assert broken == 0


numbers = st.floats(-5, 5, allow_nan=False, width=32)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), count=st.integers(1, 6), d=st.integers(1, 4), log_beta=st.floats(-3, 5))
def test_energy_never_rises_and_stays_within_its_bounds(data, count, d, log_beta) -> None:
    beta = math.exp(log_beta)
    row = st.lists(numbers, min_size=d, max_size=d)
    x = torch.tensor(data.draw(st.lists(row, min_size=count, max_size=count)), dtype=torch.float64)
    state = torch.tensor(data.draw(row), dtype=torch.float64)
    norm, before = largest_norm(x), float(energy(state, x, beta))
    new = update(state, x, beta)
    assert float(energy(new, x, beta)) <= before + 1e-10
    assert before >= (float(state.norm()) - norm) ** 2 / 2 - 1e-10
    assert float(new.norm()) <= norm + 1e-10
    assert float(energy(new, x, beta)) <= 2 * norm**2 + 1e-10


def test_the_jacobian_is_the_updates_derivative() -> None:
    derivative = torch.autograd.functional.jacobian(lambda xi: update(xi, X, 1.3), XI)
    assert torch.allclose(jacobian(XI, X, 1.3), derivative, atol=1e-12)


def test_a_hot_network_has_the_mean_and_a_cold_one_the_best_match() -> None:
    assert torch.allclose(update(XI, X, 1e-9), X.mean(0), atol=1e-8)
    assert torch.equal(update(XI, X, 1e6), X[0])
    assert has_one_fixed_point(X, 0.1)
    assert not has_one_fixed_point(X, 0.5)


@pytest.mark.parametrize(
    ("p", "k"),
    [
        ([0.5, 0.3, 0.15, 0.05], 3),
        ([0.1] * 10, 9),
        ([1 / 512] * 512, 461),
        ([0.0, 1.0, 0.0], 1),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_k(p, k, dtype) -> None:
    assert int(k_mass(torch.tensor(p, dtype=dtype))) == k


def test_k_of_low_precision_is_counted_in_full_precision() -> None:
    assert int(k_mass(torch.full((512,), 1 / 512, dtype=torch.bfloat16))) == 461


def test_regimes_by_mass() -> None:
    assert regime([0.95, 0.05]) == "single"
    assert regime([0.5, 0.5, 0.0, 0.0, 0.0, 0.0]) == "metastable"
    assert regime([0.25] * 4) == "global"


@pytest.mark.parametrize(
    ("beta", "k", "d", "p", "c", "needed", "patterns"),
    [
        (1, 3, 20, 0.001, 3.154611, 2.394221, 7.412974),
        (1, 1, 75, 0.001, 1.371878, 1.251276, 10.973249),
        (1, 2, 64, 0.01, 2.026654, 1.209498, 6788.5910),
        (1, 3, 50, 0.001, 3.091694, 1.402888, 31982.065),
    ],
)
def test_capacity_table(beta, k, d, p, c, needed, patterns) -> None:
    bound = capacity(beta, k, d, p)
    assert bound.c == pytest.approx(c, abs=1e-6)
    assert bound.needed == pytest.approx(needed, abs=1e-6)
    assert bound.patterns == pytest.approx(patterns, rel=1e-7)
    assert bound.valid


def test_capacity_in_a_thousand_dimensions_and_far_beyond() -> None:
    bound = capacity(1, 3, 1000, 0.001)
    mp = pytest.importorskip("mpmath")
    a = mp.mpf(2) / 999 * (1 + mp.log(2 * 9 * mp.mpf("0.001") * 999))
    b = mp.mpf(18) / 5
    c = b / mp.lambertw(mp.exp(a + mp.log(b)))
    assert bound.c == pytest.approx(float(c), rel=1e-12)
    assert bound.log10_N == pytest.approx(
        float(mp.log10(mp.sqrt(mp.mpf("0.001")) * c ** (mp.mpf(999) / 4))), rel=1e-12
    )
    assert capacity(1, 3, 10_000, 0.001).patterns == math.inf
    assert math.isfinite(capacity(1e4, 1e3, 1000, 0.001).c)  # exp(a + ln b) alone overflows


def test_capacity_refuses_where_its_condition_fails() -> None:
    bound = capacity(1, 1, 20, 0.001)
    assert not bound.valid
    with pytest.raises(InputError, match="guarantees nothing"):
        _ = bound.patterns


def test_placed_patterns() -> None:
    assert placed_patterns_log2(2, 4) == 6
    assert placed_patterns_log2(1.7, 50) == 98
    with pytest.raises(InputError, match="no statement"):
        placed_patterns_log2(1.7, 20)


def test_one_pattern_is_infinitely_separated_and_retrieved_without_error() -> None:
    assert separation([[3.0, 4.0]]).tolist() == [math.inf]
    bound = retrieval_bound([[3.0, 4.0]], 0, [0.0, 0.0], 1.0)
    assert (bound.error, bound.contraction, bound.well_separated, bound.void) == (0.0, 0.0, True, False)


def test_duplicates_are_not_separated() -> None:
    random = torch.randn(9000, 5, generator=torch.Generator().manual_seed(1))
    random = random / random.norm(dim=1, keepdim=True)
    random[8000] = random[7]
    assert separation(random)[[7, 8000]].abs().max() <= 1e-6
    assert retrieval_bound([[1.0, 0.0], [1.0, 0.0]], 0, [1.0, 0.0], 1.0).void is False  # 2 M is not exceeded


def test_a_vacuous_bound_says_so() -> None:
    bound = retrieval_bound(X, 0, torch.tensor([-3.0, 5.0]), 50.0)
    assert bound.void
    assert bound.error == math.inf


@pytest.mark.parametrize("beta", [0, -1.0, math.nan, math.inf])
def test_a_bad_beta_is_refused(beta) -> None:
    with pytest.raises(InputError, match="beta must be a positive number"):
        energy(XI, X, beta)


@pytest.mark.parametrize(
    ("state", "stored", "message"),
    [([1.0], X, "does not fit"), (XI, [[]], "rows of an array"), (XI, [["a"]], "nested lists of numbers")],
)
def test_bad_shapes_are_refused(state, stored, message) -> None:
    with pytest.raises(InputError, match=message):
        energy(state, stored, 1.0)


def test_numpy_arrays_and_half_precision_are_taken() -> None:
    assert float(energy(XI.numpy(), X.numpy(), 1.0)) == pytest.approx(1.3972403056)
    assert energy(XI.bfloat16(), X.bfloat16(), 1.0).dtype == torch.float32
    assert np.isclose(float(energy(XI.half(), X.half(), 1.0)), 1.397, atol=1e-3)
