"""The plan: data-free numbers, and what a bought eigenvalue changes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import Iterate, advance, query_point
from hotpapers.dpopt.planner import Problem, plan, predicted, prior_spectrum


def test_a_plan_by_hand() -> None:
    found = plan(32561, 92, epsilon=1.0, delta=1e-5, guard=False)
    signal = 32561 * 0.268051 / math.sqrt(92)
    assert found.problem.signal == pytest.approx(signal, rel=1e-5)
    assert found.alpha == 1 / 0.2501
    assert found.iterations == round(12.6 * signal**0.4)
    assert found.beta == pytest.approx((1 - 12 / found.iterations) / (1 + 12 / found.iterations))
    assert found.guard_share == 0.0
    assert found.descent_mu == found.problem.mu


def test_the_budget_is_the_descent_s_and_what_is_bought() -> None:
    found = plan(32561, 92, epsilon=1.0, delta=1e-5, public_rows=False)
    assert found.guard_share + found.count_share == pytest.approx(0.025)
    assert found.descent_mu**2 == pytest.approx(0.975 * found.problem.mu**2)
    shares = found.shares()
    assert math.fsum(shares) == pytest.approx(1.0, abs=1e-12)
    assert shares[-1] / shares[0] == pytest.approx(math.exp(1.5))
    assert plan(1e4, 3000, mu=0.2).guard_share == 0.0  # too wide for the guard


def test_a_flatter_table_gets_longer_steps_and_fewer() -> None:
    found = plan(32561, 92, epsilon=1.0, delta=1e-5)
    flat, steep = found.for_top_eigenvalue(0.1), found.for_top_eigenvalue(7.0)
    assert flat.alpha == pytest.approx(1 / (0.025 + 1e-4))
    assert steep.alpha == pytest.approx(1 / 0.2501)  # never worse than the worst case
    assert flat.iterations * math.sqrt(flat.alpha) == pytest.approx(
        steep.iterations * math.sqrt(steep.alpha), rel=0.02
    )
    kept = plan(32561, 92, mu=0.3, iterations=77).for_top_eigenvalue(0.1, rows=1000.0)
    assert (kept.iterations, kept.problem.rows) == (77, 1000.0)
    assert found.for_top_eigenvalue(0.0).alpha == 1e4


def test_more_budget_or_rows_promise_less_excess_and_replacing_costs_twice() -> None:
    excess = [plan(32561, 92, epsilon=e, delta=1e-5).predicted_excess for e in (0.1, 0.5, 1.0, 2.0, 4.0)]
    assert excess == sorted(excess, reverse=True)
    doubled = plan(2 * 32561, 92, mu=0.2, relation="replace_one")
    assert doubled.problem.signal == pytest.approx(plan(32561, 92, mu=0.2).problem.signal)
    # The measured values on Adult: .028, .0055, .0022, .0008, .0003.
    measured = [0.028, 0.0055, 0.0022, 0.0008, 0.00033]
    assert all(1 / 4 < ours / theirs < 4 for ours, theirs in zip(excess, measured, strict=True))


def test_the_table_has_every_method_and_needs_strong_convexity_for_stages() -> None:
    found = plan(32561, 92, epsilon=1.0, delta=1e-5)
    assert [row[0] for row in found.table] == ["gd", "hb", "nag", "masg"]
    assert [row[0] for row in plan(32561, 92, mu=0.2, lam=0.0).table] == ["gd", "hb", "nag"]
    for method in ("gd", "hb", "nag", "masg"):
        chosen = plan(32561, 92, mu=0.2, method=method)
        assert len(chosen.schedule()) == chosen.iterations
        assert chosen.schedule().method == method


@pytest.mark.parametrize("method", ["gd", "hb", "nag", "masg"])
@pytest.mark.parametrize("allocation", ["uniform", "geometric", "spectrum", "paper"])
def test_prediction_is_the_mean_excess_of_the_model_quadratic(method, allocation) -> None:
    chosen = plan(2000, 5, mu=0.5, method=method, allocation=allocation, iterations=25, lam=0.01)
    schedule, shares, problem = chosen.schedule(), chosen.shares(), chosen.problem
    curvatures, gaps = prior_spectrum(problem, 1 / chosen.alpha)
    expected = predicted(schedule, shares, problem, curvatures, gaps)
    rng, repeats = np.random.default_rng(0), 4000
    iterate = Iterate.start(np.tile(np.sqrt(2 * gaps / curvatures)[:, None], repeats))
    for t in range(25):
        noise = rng.normal(size=(5, repeats)) * problem.sensitivity / (2000 * 0.5 * math.sqrt(shares[t]))
        iterate = advance(
            schedule, t, iterate, curvatures[:, None] * query_point(schedule, t, iterate) + noise
        )
    excess = (curvatures[:, None] / 2 * iterate.current**2).sum(axis=0)
    assert expected == pytest.approx(excess.mean(), abs=5 * excess.std() / math.sqrt(repeats))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: plan(0, 5, mu=1.0), "a plan needs rows > 0: got 0"),
        (lambda: plan(10, 0, mu=1.0), "a plan needs size > 0"),
        (lambda: plan(10, 5, mu=1.0, lam=-1.0), "lam >= 0: got -1.0"),
        (lambda: plan(10, 5, epsilon=1.0), "needs a delta above 0"),
        (lambda: plan(10, 5, epsilon=1.0, mu=1.0), "exactly one of"),
        (
            lambda: plan(10, 5, mu=1.0, allocation="paperlike"),
            "'uniform', 'geometric', 'spectrum' or 'paper'",
        ),
        (lambda: Problem(rows=10, size=2, mu=math.inf), "mu > 0: got inf"),
    ],
)
def test_impossible_plans_are_refused(make, message) -> None:
    with pytest.raises(PrivacyError, match=message):
        make()
