"""The division of the budget: the published tables (G2), optimality, and sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from hotpapers.dpopt.allocation import (
    choose_iterations,
    geometric_shares,
    laplace_scales,
    optimal_shares,
    paper_weights,
    spectrum_weights,
    subsampled_shares,
    uniform_shares,
    with_floor,
)
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import gradient_descent, heavy_ball, multi_stage, nesterov, nesterov_momentum

MU, L = 0.02, 5.1
# T, c, method, chosen T or None, eps_1, eps_T, largest eps_t (None: the last)
G2 = [
    (100, 0.1, "nag", 100, 7.057607744e-3, 1.365575204e-2, None),
    (100, 0.1, "masg", 89, 8.257608228e-3, 1.484777847e-2, None),
    (100, 0.1, "masg", None, 7.861108863e-3, 4.401309992e-3, 1.413484386e-2),
    (100, 1.0, "nag", 100, 2.854614777e-3, 2.411943358e-2, None),
    (100, 1.0, "masg", 89, 3.749947519e-3, 2.499567273e-2, None),
    (100, 1.0, "masg", None, 3.496779950e-3, 6.300161303e-3, 2.330815747e-2),
    (1000, 0.1, "nag", 396, 5.139333255e-4, 7.155560618e-3, None),
    (1000, 0.1, "nag", None, 8.519411954e-6, 6.653505201e-3, None),
    (1000, 0.1, "masg", 89, 8.257608228e-3, 1.484777847e-2, None),
    (1000, 0.1, "masg", None, 2.324760567e-3, 6.153908117e-4, 4.180088102e-3),
    (1000, 1.0, "nag", 136, 1.227014355e-3, 2.252654287e-2, None),
    (1000, 1.0, "nag", None, 9.472201436e-12, 2.132569546e-2, None),
    (1000, 1.0, "masg", 89, 3.749947519e-3, 2.499567273e-2, None),
    (1000, 1.0, "masg", None, 3.962170436e-4, 1.330088298e-3, 2.641026708e-3),
]


def schedule_of(method, iterations, c):
    if method == "masg":
        return multi_stage(iterations, mu=MU, smooth=L, c=c)
    return nesterov(iterations, c / L, nesterov_momentum(c / L, MU))


def published_choice(schedule, gap=10.0):
    return choose_iterations(
        schedule, mu=MU, smooth=L, dimension=20, unit_noise=40 / 1e5, initial_gap=gap, variance_factor=1.0
    )


@pytest.mark.parametrize(("iterations", "c", "method", "chosen", "first", "last", "largest"), G2)
def test_published_allocations(iterations, c, method, chosen, first, last, largest) -> None:
    schedule = schedule_of(method, iterations, c)
    if chosen is not None:
        assert published_choice(schedule) == chosen
        schedule = schedule.first(chosen)
    shares = optimal_shares(paper_weights(schedule, mu=MU, smooth=L).log_noise, "laplace")
    assert shares[[0, -1]] == pytest.approx([first, last], rel=1e-9)
    assert shares.max() == pytest.approx(largest or last, rel=1e-9)
    assert abs(math.fsum(shares) - 1.0) < 1e-12


@pytest.mark.parametrize(
    ("iterations", "scales", "ratio"),
    [
        (53, (65.29067484, 23.72346134, 91.22925706, 43.18748805), 0.6816),
        (133, (154.7285317, 56.22083627, 216.1988527, 97.57196203), 0.7663),
        (293, (343.4473457, 343.4473457 * 23.72346134 / 65.29067484, 479.8915966, 205.2757397), 0.8234),
        (613, (741.7599642, 269.5195581, 1036.445260, 420.1009494), 0.8503),
    ],
)
def test_figure_2(iterations, scales, ratio) -> None:
    schedule = multi_stage(iterations, mu=1.0, smooth=20.0, first_stage=13)
    weights = paper_weights(schedule, mu=1.0, smooth=20.0).log_noise
    shares = optimal_shares(weights, "laplace")
    assert 1.0 / shares[[0, 12, 13, -1]] == pytest.approx(scales, rel=1e-9)
    assert math.fsum(shares) == pytest.approx(1.0, abs=1e-14)
    a = np.exp(weights)
    assert (a / shares**2).sum() / (a.sum() * iterations**2) == pytest.approx(ratio, abs=5e-5)


def test_choice_of_iterations_is_the_smallest_score_computed_from_scratch() -> None:
    schedule = schedule_of("masg", 300, 1.0)
    scores = []
    for count in range(1, 301):
        weights = paper_weights(schedule.first(count), mu=MU, smooth=L)
        noise = 20 * 2.0 * (40 / 1e5) ** 2 * np.exp(weights.log_noise / 3).sum() ** 3
        scores.append(np.exp(weights.log_start) * 83.4 + noise)
    found = choose_iterations(schedule, mu=MU, smooth=L, dimension=20, unit_noise=40 / 1e5, initial_gap=83.4)
    assert found == int(np.argmin(scores)) + 1


def test_more_to_gain_means_more_iterations() -> None:
    """A start further away is worth more iterations; the published guess of 10 is too low for c = 0.1."""
    schedule = schedule_of("nag", 1000, 0.1)
    counts = [published_choice(schedule, gap) for gap in (1.0, 10.0, 83.4, 1e4)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


@pytest.mark.parametrize(("noise", "power"), [("laplace", 2), ("gaussian", 1)])
def test_shares_are_optimal(noise, power) -> None:
    log_weights = np.array([0.0, -1.0, 2.0, -4.0])
    shares = optimal_shares(log_weights, noise)

    def bound(free):
        e = np.exp(free - free.max())
        return float((np.exp(log_weights) / (e / e.sum()) ** power).sum())

    best = minimize(bound, np.zeros(4), tol=1e-12)
    assert bound(np.log(shares)) <= best.fun * (1 + 1e-9)


def test_spectrum_allocation() -> None:
    schedule = nesterov(20, 0.5, nesterov_momentum(0.5, 0.1))
    weights = spectrum_weights(schedule, [0.1, 1.0])
    assert np.exp(weights[[0, -1]]) == pytest.approx([3.327174e-4, 0.1375], rel=1e-6)
    shares = optimal_shares(weights, "gaussian")
    assert shares[[0, -1]] == pytest.approx([6.958115e-3, 0.1414507], rel=1e-6)
    a = np.exp(weights)
    assert (a / shares).sum() / (a * 20).sum() == pytest.approx(0.630466, abs=1e-6)
    shares = optimal_shares(weights, "laplace")
    assert (a / shares**2).sum() / (a * 400).sum() == pytest.approx(0.514342, abs=1e-6)


@pytest.mark.parametrize(
    "schedule",
    [
        gradient_descent(6, 0.4),
        heavy_ball(9, 0.4, 0.5),
        nesterov(9, 0.4, 0.5),
        multi_stage(20, mu=0.5, smooth=1.0),
    ],
    ids=["gd", "hb", "nag", "masg"],
)
def test_spectrum_weights_are_what_a_kick_does(schedule) -> None:
    from hotpapers.dpopt.methods import Iterate, advance, query_point

    spectrum = np.array([0.5, 0.9])
    for t in range(len(schedule)):
        iterate = Iterate.start(np.zeros(2))
        for s in range(len(schedule)):
            kick = 1.0 if s == t else 0.0
            iterate = advance(schedule, s, iterate, spectrum * query_point(schedule, s, iterate) + kick)
        damage = float((spectrum / 2 * iterate.current**2).sum())
        assert np.exp(spectrum_weights(schedule, spectrum)[t]) == pytest.approx(damage, rel=1e-9)
    doubled = spectrum_weights(schedule, spectrum, [2.0, 2.0])
    assert np.allclose(doubled, spectrum_weights(schedule, spectrum) + math.log(2))


def test_goldens_of_the_laplace_scale() -> None:
    found = [float(laplace_scales(1 / t, 40.0, 100_000, m)) for m in (None, 1000) for t in (100, 1000)]
    assert found == pytest.approx([0.04, 0.4, 0.0574999818, 0.4194822293], rel=1e-9)
    with pytest.raises(PrivacyError, match="1 to n rows: got 11 of 10"):
        laplace_scales(0.1, 1.0, 10, 11)


def test_exact_shares_of_subsamples_beat_the_paper_s() -> None:
    weights = paper_weights(schedule_of("nag", 100, 1.0), mu=MU, smooth=L).log_noise
    paper = optimal_shares(weights, "laplace")

    def bound(shares, rows, drawn):
        return float((np.exp(weights) * laplace_scales(shares, 40.0, rows, drawn) ** 2).sum())

    exact = subsampled_shares(weights, 1.0, 100_000, 1000)
    assert math.fsum(exact) == pytest.approx(1.0, abs=1e-12)
    assert bound(exact, 100_000, 1000) < 0.9995 * bound(paper, 100_000, 1000)
    for a, b in ((0, 99), (40, 80)):  # moving budget between any two makes it worse
        for shift in (-1e-4, 1e-4):
            moved = exact.copy()
            moved[a] += shift
            moved[b] -= shift
            assert bound(moved, 100_000, 1000) > bound(exact, 100_000, 1000)
    assert subsampled_shares(weights, 1.0, 100_000, 100_000) == pytest.approx(paper, rel=1e-6)


def test_simple_shares() -> None:
    assert list(uniform_shares(4)) == [0.25] * 4
    shares = geometric_shares(50, math.exp(2))
    assert shares[-1] / shares[0] == pytest.approx(math.exp(2))
    assert math.fsum(shares) == pytest.approx(1.0, abs=1e-14)
    assert geometric_shares(1, 5.0) == [1.0]
    assert np.allclose(optimal_shares(np.full(7, -3.0), "laplace"), 1 / 7, atol=1e-15)
    lifted = with_floor(np.array([1e-12, 1.0]))
    assert lifted[0] == pytest.approx(5e-4, rel=1e-3)
    assert lifted.sum() == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: geometric_shares(3, 0.0), "growth must be positive: got 0.0"),
        (lambda: optimal_shares([0.0], "uniform"), "'laplace' or 'gaussian': got 'uniform'"),
        (lambda: spectrum_weights(gradient_descent(3, 0.1), [0.0]), "positive eigenvalues"),
        (lambda: paper_weights(gradient_descent(3, 2.0), mu=0.5, smooth=1.0), "below 1/mu = 2"),
    ],
)
def test_impossible_allocations_are_refused(make, message) -> None:
    with pytest.raises(PrivacyError, match=message):
        make()
