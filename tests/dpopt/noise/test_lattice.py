"""Lattice noise: its exact law, the path in multiple precision, the tail, the shift it commutes with."""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy import stats

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise import exact_magnitudes
from hotpapers.dpopt.noise.alias_tables import build_alias
from hotpapers.dpopt.noise.knorm_lattice import _rounded, draw_knorm_lattice
from hotpapers.dpopt.noise.lattice import _cells, draw_gaussian_lattice, draw_laplace_lattice
from hotpapers.dpopt.noise.sources import SeededEntropy, SystemEntropy

DRAW = {"gaussian": draw_gaussian_lattice, "laplace": draw_laplace_lattice}
# Every statistical test has a fixed seed; a p-value below this would come up once in 10^4 seeds.
ERROR = 1e-4


def _cell_mass(shape: str, scale: float, k: int) -> float:
    """P(K = k) at 40 digits."""
    with mpmath.workdps(40):
        if shape == "gaussian":
            return float(
                mpmath.ncdf((k + 0.5) / mpmath.mpf(scale)) - mpmath.ncdf((k - 0.5) / mpmath.mpf(scale))
            )
        if k == 0:
            return float(-mpmath.expm1(-0.5 / mpmath.mpf(scale)))
        return float(
            mpmath.exp(-(abs(k) - 0.5) / mpmath.mpf(scale)) * -mpmath.expm1(-1 / mpmath.mpf(scale)) / 2
        )


def _chi_square(draws, shape: str, scale: float) -> float:
    """p-value of the draws against the exact cell masses, cells of small expectation pooled."""
    reach = next(k for k in range(10_000) if len(draws) * _cell_mass(shape, scale, k) < 20)
    inner = np.arange(-reach + 1, reach)
    expected = np.array([_cell_mass(shape, scale, int(k)) for k in inner]) * len(draws)
    observed = np.array([np.count_nonzero(draws == k) for k in inner])
    return float(
        stats.chisquare(
            [*observed, len(draws) - observed.sum()], [*expected, len(draws) - expected.sum()]
        ).pvalue
    )


@pytest.mark.parametrize("shape", ["gaussian", "laplace"])
@pytest.mark.parametrize("scale", [0.4, 1.0, 3.7, 11.3])
def test_a_million_draws_have_the_exact_cell_masses(shape, scale):
    draws = DRAW[shape](1_000_000, scale * 2.0**-30, 2.0**-30, SeededEntropy(1))
    assert _chi_square(draws, shape, scale) > ERROR


@pytest.mark.parametrize(("shape", "law"), [("gaussian", stats.norm), ("laplace", stats.laplace)])
@pytest.mark.parametrize("scale", [1.0, 0.7310585786300049, 40.1])
def test_a_million_draws_on_a_fine_lattice_follow_the_continuous_law(shape, law, scale):
    draws = DRAW[shape](1_000_000, scale, 2.0**-36, SeededEntropy(2)) * 2.0**-36
    assert stats.kstest(draws, law(scale=scale).cdf).pvalue > ERROR
    assert draws.var() == pytest.approx(law(scale=scale).var(), rel=0.01)
    # The low bits are as random as the high ones.
    bits = np.round(draws * 2.0**36).astype(np.int64) & 15
    assert stats.chisquare(np.bincount(bits, minlength=16)).pvalue > ERROR


@pytest.mark.parametrize("shape", ["gaussian", "laplace"])
def test_multiple_precision_and_floating_point_decide_alike(shape):
    quick = DRAW[shape](4000, 5.3, 0.25, SeededEntropy(3))
    careful = DRAW[shape](4000, 5.3, 0.25, SeededEntropy(3), margin=0.2)
    np.testing.assert_array_equal(quick, careful)


@pytest.mark.parametrize("shape", ["gaussian", "laplace"])
def test_table_times_acceptance_is_the_density(shape):
    """w_i * A(i, f), as floating point computes it, is e^{-psi} to 3e-14 of w_0, whatever the class of h."""
    for per_scale in (8.0, 9.7, 12.1, 15.999):
        table = exact_magnitudes._table(shape, exact_magnitudes._class_of(per_scale))
        assert sum(table.weights) == 2**64
        acceptance = exact_magnitudes._acceptance_at(table, per_scale)
        assert acceptance.max() <= 1
        for i in (0, 1, 17, table.buckets - 1):
            with mpmath.workdps(50):
                x = i / mpmath.mpf(per_scale)
                exact = (
                    mpmath.exp(-(x * x / 2 if shape == "gaussian" else x))
                    * table.weights[0]
                    / table.weights[i]
                )
                assert abs(exact - mpmath.mpf(float(acceptance[i]))) < 3e-14


def test_alias_tables_hold_exactly_their_weights():
    weights = [2**64 - 12_345, 12_300, 1, 44]
    table = build_alias(weights)
    capacity, held = 2 ** (64 - table.column_bits), [0] * len(table.own)
    for column in range(len(table.own)):
        threshold = int(table.threshold[column])
        held[int(table.own[column])] += threshold
        held[int(table.other[column])] += capacity - threshold
    assert held == weights
    words = np.array([0, 1, 2**64 - 1], dtype=np.uint64)
    assert table.buckets(words).tolist() == [0, int(table.own[1]) if table.threshold[1] > 0 else 0, 0]


@pytest.mark.parametrize("shape", ["gaussian", "laplace"])
def test_the_tail_continues_the_law(shape, monkeypatch):
    exact_magnitudes._table.cache_clear()
    monkeypatch.setitem(exact_magnitudes._BUCKETS, shape, 20)  # the tail begins at 1.3 to 2.5 scales
    try:
        draws = DRAW[shape](20_000, 2.9, 1.0, SeededEntropy(4))
    finally:
        exact_magnitudes._table.cache_clear()
    assert np.abs(draws).max() > 10
    assert _chi_square(draws, shape, 2.9) > ERROR


@pytest.mark.parametrize("b", [-9, -1, 0, 1, 5, 50])
def test_cells_are_the_rounding_of_the_exact_magnitude(b):
    generator = np.random.default_rng(b + 10)
    bucket = generator.integers(0, 128, 200)
    position = generator.integers(0, 2**64, 200, dtype=np.uint64)
    position[:3] = (0, 2**63, 2**64 - 1)
    with mpmath.workdps(60):
        exact = [
            int(mpmath.floor((int(i) + mpmath.ldexp(int(w), -64)) * mpmath.ldexp(1, b) + 0.5))
            for i, w in zip(bucket, position, strict=True)
        ]
    assert _cells(bucket, position, b).tolist() == exact


def test_rounding_commutes_with_a_shift_on_the_lattice():
    """Why rounding costs nothing, on 10^5 numbers: round(s + x) = s + round(x) for s on the lattice."""
    generator = np.random.default_rng(8)
    shift = generator.integers(-(2**20), 2**20, 100_000)
    noise = np.round(generator.normal(size=100_000) * 2**24) / 2**21  # a finer lattice, sums are exact
    noise = noise[np.abs(noise % 1 - 0.5) > 0][: len(shift)]
    assert np.array_equal(np.round(shift[: len(noise)] + noise), shift[: len(noise)] + np.round(noise))


def test_opendp_draws_the_same_noise():
    opendp = pytest.importorskip("opendp.prelude")
    opendp.enable_features("contrib")
    space = opendp.vector_domain(opendp.atom_domain(T=float, nan=False)), opendp.l1_distance(T=float)
    theirs = np.array(opendp.m.make_laplace(*space, scale=3.0)([0.0] * 1500))
    ours = draw_laplace_lattice(20_000, 3.0, 2.0**-36, SeededEntropy(5)) * 2.0**-36
    assert stats.ks_2samp(theirs, ours).pvalue > ERROR


def test_knorm_on_a_line_is_rounded_laplace():
    source = SeededEntropy(6)
    draws = np.array([draw_knorm_lattice(1, 2.6, 1.0, source)[0] for _ in range(8000)])
    assert _chi_square(draws, "laplace", 2.6) > ERROR


def test_knorm_radius_is_gamma_and_direction_uniform():
    source = SeededEntropy(7)
    noise = np.array([draw_knorm_lattice(5, 2.0, 2.0**-30, source) for _ in range(4000)]) * 2.0**-30
    radius = np.linalg.norm(noise, axis=1)
    assert stats.kstest(radius, stats.gamma(5, scale=2.0).cdf).pvalue > ERROR
    # A uniform direction's coordinate, (1 + u)/2, is Beta((d - 1)/2, (d - 1)/2).
    assert stats.kstest((noise[:, 0] / radius + 1) / 2, stats.beta(2, 2).cdf).pvalue > ERROR


def test_knorm_asks_for_more_bits_rather_than_guess():
    # |x| = ratio * R in one dimension; at R = 1/2 exactly the 3-bit interval holds the boundary of a cell.
    assert _rounded([1 << 3], [1 << 2], Fraction(1), 3) is None
    assert _rounded([1 << 40], [(1 << 39) - 1], Fraction(1), 40) is None
    assert _rounded([1 << 40], [(1 << 39) + 100], Fraction(1), 40) == [1]


@pytest.mark.parametrize(
    ("scale", "spacing"),
    [(1.0, 0.3), (0.0, 1.0), (math.nan, 1.0), (1.0, 2.0**-60), (1.0, 2.0**50), (1.0, -0.5)],
)
def test_lattices_that_do_not_suit_are_refused(scale, spacing):
    for draw in (draw_gaussian_lattice, draw_laplace_lattice):
        with pytest.raises(PrivacyError):
            draw(1, scale, spacing)


def test_shapes_and_sources():
    assert draw_gaussian_lattice((3, 4), 1.0, 2.0**-36).shape == (3, 4)
    assert draw_gaussian_lattice(0, 1.0, 2.0**-36).shape == (0,)
    first, second = (draw_gaussian_lattice(50, 1.0, 2.0**-36, SeededEntropy(9)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(
        draw_gaussian_lattice(50, 1.0, 2.0**-36), draw_gaussian_lattice(50, 1.0, 2.0**-36)
    )
    assert not SeededEntropy(0).private
    assert SystemEntropy().private


def test_a_forked_process_never_gives_its_parents_words(monkeypatch):
    source = SystemEntropy(buffered_words=64)
    source.words(4)
    parents_next = source._own.words[:4].copy()
    monkeypatch.setattr("os.getpid", lambda: -7)
    assert not np.array_equal(source.words(4), parents_next)


def test_threads_never_share_a_word():
    source = SystemEntropy(buffered_words=256)
    with ThreadPoolExecutor(4) as pool:
        words = np.concatenate(list(pool.map(lambda _: source.words(3), range(3000))))
    assert len(np.unique(words)) == len(words)  # 9000 of 2^64: a chance meeting has probability 2^-39
