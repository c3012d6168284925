"""Rank- and probability-turbulence divergence."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.rank_turbulence import (
    probability_turbulence,
    rank_turbulence_divergence,
    tied_ranks,
)
from hotpapers.wordshift.shifts import WordShiftError

ALPHAS = [0.0, 1e-7, 1 / 12, 1 / 3, 1.0, 5.0, math.inf]
BOTH = [rank_turbulence_divergence, probability_turbulence]


def counts(frequencies, prefix="t", name=""):
    types = [f"{prefix}{i:04d}" for i in range(len(frequencies))]
    return Counts(types=types, values=np.array(frequencies, dtype=float), name=name)


@pytest.fixture(scope="module")
def texts(shared_data):
    found = []
    for name in ("lbj", "gwb"):
        with gzip.open(shared_data / "wordshift" / f"counts_{name}.tsv.gz", "rt", encoding="utf-8") as lines:
            rows = sorted(line.rstrip("\n").split("\t") for line in lines)
        found.append(Counts(types=[w for w, _ in rows], values=np.array([float(n) for _, n in rows])))
    return tuple(found)


def test_golden_numbers(texts) -> None:
    assert rank_turbulence_divergence(*texts).total == pytest.approx(0.437804166379, abs=6e-13)
    assert rank_turbulence_divergence(*texts, alpha=1).total == pytest.approx(0.522809946336, abs=6e-13)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("sizes", [(100, 1000), (1000, 100), (7, 7), (1, 50)])
def test_b10_disjoint_systems_are_at_one(sizes, alpha) -> None:
    a = counts(np.arange(sizes[0], 0, -1) ** 2, "a")
    b = counts(np.arange(sizes[1], 0, -1), "b")
    for divergence in BOTH:
        assert divergence(a, b, alpha=alpha).total == pytest.approx(1, abs=1e-12)


def test_ranks_agree_with_scipy() -> None:
    f = np.random.Generator(np.random.PCG64(0)).integers(0, 9, 200).astype(float)
    np.testing.assert_array_equal(tied_ranks(f), stats.rankdata(-f))


def test_a_small_case_by_hand() -> None:
    a = Counts(types=["x", "y"], values=np.array([2.0, 1.0]))
    b = Counts(types=["x", "z"], values=np.array([1.0, 3.0]))
    found = rank_turbulence_divergence(a, b, alpha=1)
    assert found.types == ["x", "y", "z"]
    assert found.r1.tolist() == [1, 2, 3]
    assert found.r2.tolist() == [2, 3, 1]
    raw = np.sqrt([1 - 1 / 2, 1 / 2 - 1 / 3, 1 - 1 / 3])
    whole = 2 * (np.sqrt(1 - 1 / 3.5) + np.sqrt(1 / 2 - 1 / 3.5))
    np.testing.assert_allclose(found.contribution, raw / whole)
    assert found.direction.tolist() == [-1, -1, 1]
    infinite = rank_turbulence_divergence(a, b, alpha=math.inf)
    np.testing.assert_allclose(infinite.contribution, np.array([1, 1 / 2, 1]) / 3)
    zero = rank_turbulence_divergence(a, b, alpha=0)
    np.testing.assert_allclose(zero.contribution * zero.normalization, np.log([2, 1.5, 3]))


def test_probability_limits() -> None:
    a, b = counts([5, 3, 2, 0]), counts([5, 0, 3, 2])
    zero = probability_turbulence(a, b, alpha=0)
    assert zero.total == pytest.approx(2 / 6)  # two of three types each, shared: 1 - 2*2/6
    infinite = probability_turbulence(a, b, alpha=math.inf)
    assert infinite.total == pytest.approx(0.5 * (0.3 + 0.3 + 0.2))
    one = probability_turbulence(a, b, alpha=1)
    expected = np.sqrt(np.abs([0, 0.3, -0.1, -0.2]))
    whole = np.sqrt([0.5, 0.3, 0.2]).sum() * 2
    np.testing.assert_allclose(one.contribution, expected / whole)


@pytest.mark.parametrize("divergence", BOTH)
def test_alpha_is_continuous_at_its_ends(divergence) -> None:
    generator = np.random.Generator(np.random.PCG64(2))
    a, b = counts(generator.integers(0, 40, 60)), counts(generator.integers(0, 40, 60))
    at = {alpha: divergence(a, b, alpha=alpha).total for alpha in (0, 1e-9, 1e5, math.inf)}
    assert at[1e-9] == pytest.approx(at[0], rel=1e-6, abs=1e-8)
    assert at[1e5] == pytest.approx(at[math.inf], rel=1e-3)


@pytest.mark.parametrize("divergence", BOTH)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12),
    st.sampled_from(ALPHAS),
)
@settings(deadline=None)
def test_bounds_symmetry_and_identity(divergence, pairs, alpha) -> None:
    f1, f2 = zip(*pairs, strict=True)
    if not sum(f1) or not sum(f2):
        return
    a, b = counts(f1), counts(f2)
    found = divergence(a, b, alpha=alpha)
    assert -1e-12 <= found.total <= 1 + 1e-12
    assert np.all(found.contribution >= 0)
    assert divergence(b, a, alpha=alpha).total == pytest.approx(found.total, abs=1e-12)
    assert divergence(a, a, alpha=alpha).total == pytest.approx(0, abs=1e-12)
    tripled = counts([3 * f for f in f1])
    assert divergence(tripled, b, alpha=alpha).total == pytest.approx(found.total, abs=1e-9)


def test_allotaxonograph_numbers(texts) -> None:
    found = rank_turbulence_divergence(*texts)
    cells = found.cells()
    assert sum(cell.types for cell in cells) == len(found.types)
    assert found.types[found.order[0]] in {cell.example for cell in cells}
    assert [(cell.log_rank_1, cell.log_rank_2) for cell in cells] == sorted(
        (cell.log_rank_1, cell.log_rank_2) for cell in cells
    )
    balance = found.balance
    assert balance["total size"][0] == pytest.approx(35187 / (35187 + 32972))
    assert balance["types"][0] == pytest.approx(4074 / 6084)
    assert balance["exclusive"][0] == pytest.approx((6084 - 4181) / 4074)
    place = {word: at for at, word in enumerate(found.types)}
    assert found.direction[place["applause"]] == 1
    assert found.direction[place["vietnam"]] == -1


def test_cells_hold_their_largest_type() -> None:
    a, b = counts([8, 4, 4, 2, 1]), counts([1, 4, 4, 2, 8])
    found = rank_turbulence_divergence(a, b)
    cell = next(cell for cell in found.cells() if cell.types == 2)
    assert cell.example == "t0001"


@pytest.mark.parametrize("divergence", BOTH)
def test_bad_input_is_named(divergence) -> None:
    a = counts([1, 2])
    for alpha in (-1, math.nan):
        with pytest.raises(WordShiftError, match="alpha"):
            divergence(a, a, alpha=alpha)
    with pytest.raises(WordShiftError, match="no words"):
        divergence(a, counts([0, 0]))
