"""Schedules and steps of the four methods."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import (
    Iterate,
    advance,
    gradient_descent,
    heavy_ball,
    multi_stage,
    nesterov,
    nesterov_momentum,
    polyak,
    query_point,
)


def follow(schedule, gradient, start):
    iterate = Iterate.start(start)
    for t in range(len(schedule)):
        iterate = advance(schedule, t, iterate, gradient(query_point(schedule, t, iterate)))
    return iterate.current


def quadratic(x):
    return np.array([0.02, 1.0]) * (x - 1.0)


def test_one_step_of_nesterov_and_no_momentum_are_gradient_descent() -> None:
    start = np.array([3.0, -2.0])
    one = follow(gradient_descent(1, 0.7), quadratic, start)
    assert np.array_equal(follow(nesterov(1, 0.7, 0.9), quadratic, start), one)
    many = follow(gradient_descent(20, 0.7), quadratic, start)
    assert np.array_equal(follow(heavy_ball(20, 0.7, 0.0), quadratic, start), many)
    assert np.array_equal(follow(nesterov(20, 0.7, 0.0), quadratic, start), many)


def test_two_steps_by_hand() -> None:
    start, alpha, beta = np.array([3.0, -2.0]), 0.5, 0.6
    first = start - alpha * quadratic(start)
    ball = first - alpha * quadratic(first) + beta * (first - start)
    assert np.allclose(follow(heavy_ball(2, alpha, beta), quadratic, start), ball, atol=1e-15)
    ahead = first + beta * (first - start)
    assert np.allclose(
        follow(nesterov(2, alpha, beta), quadratic, start), ahead - alpha * quadratic(ahead), atol=1e-15
    )


def test_momentum_is_faster_on_an_ill_conditioned_quadratic() -> None:
    start = np.array([10.0, 10.0])
    alpha, beta = 1.0, nesterov_momentum(1.0, 0.02)
    away = {
        name: np.abs(follow(schedule, quadratic, start) - 1.0).max()
        for name, schedule in {
            "gd": gradient_descent(60, alpha),
            "hb": heavy_ball(60, *polyak(0.02, 1.0)),
            "nag": nesterov(60, alpha, beta),
        }.items()
    }
    assert away["gd"] > 2.0
    assert away["nag"] < 0.02
    assert away["hb"] < 0.02


def test_stages_of_the_multi_stage_schedule() -> None:
    schedule = multi_stage(1000, mu=0.02, smooth=5.1)
    lengths = np.bincount(schedule.stages)[1:]
    assert list(lengths) == [89, 136, 272, 503]
    for k, alpha in ((1, 1 / 5.1), (2, 1 / 5.1 / 16), (3, 1 / 5.1 / 64)):
        assert schedule.steps[schedule.stages == k][0] == pytest.approx(alpha)
    assert schedule.momenta[100] == pytest.approx(nesterov_momentum(1 / 5.1 / 16, 0.02))
    assert len(schedule.first(89)) == 89


def test_momentum_is_forgotten_with_a_new_stage() -> None:
    schedule = multi_stage(200, mu=0.02, smooth=5.1)
    moving = Iterate(np.array([1.0]), np.array([5.0]))
    assert query_point(schedule, 89, moving) == 1.0
    assert query_point(schedule, 88, moving) < 0.0
    assert query_point(schedule, 90, moving) < 0.0


def test_every_stage_has_an_iteration_where_kappa_is_one() -> None:
    schedule = multi_stage(20, mu=1.0, smooth=1.0, c=0.5)
    assert list(np.bincount(schedule.stages)[1:]) == [1, 12, 7]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gradient_descent(0, 1.0), "max_iter must be 1 or more: got 0"),
        (lambda: gradient_descent(3, -1.0), "step size must be a positive number: got -1.0"),
        (lambda: nesterov(3, 1.0, 1.0), r"momentum must be in \[0, 1\): got 1.0"),
        (lambda: nesterov_momentum(2.0, 0.5), "below 1/mu: got alpha 2 with mu 0.5"),
        (lambda: multi_stage(3, mu=2.0, smooth=1.0), "need 0 < mu <= L"),
        (lambda: polyak(0.0, 1.0), "need 0 < mu <= L"),
    ],
)
def test_impossible_schedules_are_refused(make, message) -> None:
    with pytest.raises(PrivacyError, match=message):
        make()


def test_polyak_by_hand() -> None:
    alpha, beta = polyak(0.25, 1.0)
    assert alpha == pytest.approx(4 / 2.25)
    assert beta == pytest.approx((1 / 3) ** 2)
    assert math.isclose(nesterov_momentum(1.0, 0.25), 1 / 3)
