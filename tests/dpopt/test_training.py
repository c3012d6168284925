"""Every method through one door: the ledger is the request, the plan follows public numbers, settings are obeyed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hotpapers.dpopt.accountant import Accountant
from hotpapers.dpopt.accounting import Budget, read_durable
from hotpapers.dpopt.errors import BudgetError, PrivacyError
from hotpapers.dpopt.losses import Huber, Logistic, Multinomial, SmoothHinge, Squared
from hotpapers.dpopt.noise import SystemEntropy
from hotpapers.dpopt.planner import Problem
from hotpapers.dpopt.pure_descent import plan_pure_descent
from hotpapers.dpopt.randomness import Randomness
from hotpapers.dpopt.training import Request, Task, train

N, D = 600, 3
GAUSSIAN = Budget(epsilon=1.0, delta=1e-6)
PURE = Budget(epsilon=1.0)


def table(loss, n=N, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, D))
    targets = rng.integers(0, 3, n) if loss.outputs > 1 else np.clip(features[:, 0], -1, 1)
    return features, loss.encode(targets)


def request(budget, loss=None, **settings):
    return Request(loss=loss or Logistic(), budget=budget, data_norm=2.0, **{"lam": 1e-3, **settings})


CASES = [
    *[(method, GAUSSIAN) for method in ("auto", "gd", "hb", "nag", "masg", "objective")],
    *[(method, replace(GAUSSIAN, relation="replace_one")) for method in ("nag", "objective")],
    *[(method, PURE) for method in ("auto", "gd", "hb", "nag", "masg", "objective")],
    *[(method, replace(PURE, relation="replace_one")) for method in ("nag", "objective", "sgd")],
]


@pytest.mark.parametrize(
    "loss", [Logistic(), Huber(0.2, 1.0), SmoothHinge(), Squared(target_bound=1.0, residual_clip=0.5)]
)
@pytest.mark.parametrize(("method", "budget"), CASES)
def test_the_ledger_is_the_request(method, budget, loss) -> None:
    features, targets = table(loss)
    found = train(features, targets, request(budget, loss, method=method))
    spent = found.ledger.epsilon(budget.delta or 0.0)
    assert 0.999 <= spent <= 1.0
    assert found.theta.shape == (D,)
    assert np.all(np.isfinite(found.theta))
    assert found.ledger.relation == budget.relation


@pytest.mark.parametrize("rows", [None, N])
def test_currencies_and_bought_numbers(rows) -> None:
    features, targets = table(Logistic())
    for budget, spent in ((Budget(rho=0.05), "rho"), (Budget(mu=0.3), "mu")):
        found = train(features, targets, request(budget, rows=rows))
        amount = getattr(found.ledger, spent)()
        allowed = getattr(budget, spent)
        assert 0.999 * allowed <= amount <= allowed
        purposes = {event.purpose for event in found.ledger}
        assert ("number of rows" in purposes) == (rows is None)
        assert any("eigenvalue" in purpose for purpose in purposes)
    replaced = train(features, targets, request(Budget(mu=0.3, relation="replace_one")))
    assert "number of rows" not in {event.purpose for event in replaced.ledger}


@pytest.mark.parametrize("noise", ["laplace", "knorm"])
@pytest.mark.parametrize("allocation", ["uniform", "geometric", "spectrum", "paper"])
def test_pure_descent_spends_as_its_allocation_says(noise, allocation) -> None:
    features, targets = table(Logistic())
    asked = request(PURE, method="nag", noise=noise, allocation=allocation, iterations=12, rows=N)
    found = train(features, targets, asked)
    events = list(found.ledger)
    assert {event.mechanism for event in events} == {noise}
    # 2 in L2; in L1 sqrt(3) times that.
    assert events[0].sensitivity == pytest.approx(2.0 * (math.sqrt(3) if noise == "laplace" else 1.0))
    shares = np.array([event.pure_epsilon() for event in events])
    assert shares == pytest.approx(found.plan.shares(), rel=1e-9)
    if allocation == "geometric":
        assert shares[-1] > 4 * shares[0]


def test_pure_plans_take_few_steps_when_the_budget_is_small() -> None:
    lengths = [
        plan_pure_descent(Problem(rows=20_000, size=20, mu=1.0), epsilon, "knorm").iterations
        for epsilon in (0.01, 0.1, 1.0, 10.0)
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]


def test_sgd_is_charged_for_poisson_samples_before_the_first_step() -> None:
    features, targets = table(Logistic())
    found = train(features, targets, request(GAUSSIAN, method="sgd", rows=N, batch=60, iterations=25))
    (event,) = found.ledger.events
    assert (event.sampling.kind, event.count) == ("poisson", 25)
    assert event.sampling.rate == pytest.approx(0.1)
    assert 0.999 <= found.ledger.epsilon(1e-6) <= 1.0
    fixed = train(features, targets, request(Budget(noise_multiplier=2.0), rows=N, batch=60, iterations=25))
    assert fixed.ledger.events[0].noise_multiplier == 2.0
    pure = train(features, targets, request(replace(PURE, relation="replace_one"), method="sgd", batch=60))
    assert pure.ledger.events[0].sampling.kind == "without_replacement"


@pytest.mark.parametrize("method", ["nag", "sgd", "objective"])
def test_a_seed_repeats_and_a_large_budget_learns(method) -> None:
    features, targets = table(Logistic())
    budget = Budget(noise_multiplier=0.5) if method == "sgd" else Budget(epsilon=200.0, delta=1e-6)
    asked = request(budget, method=method, rows=N, lam=1e-2)
    first, second = (train(features, targets, asked, randomness=Randomness(seed=3)).theta for _ in range(2))
    assert np.array_equal(first, second)
    secure = train(features, targets, asked).theta
    assert not np.array_equal(first, secure)
    for theta in (first, secure):
        assert np.mean(np.sign(features @ theta) == targets) > 0.9


def test_both_bounds_hold_for_every_row_in_either_order() -> None:
    rng = np.random.default_rng(0)
    features = np.vstack(
        [rng.normal(size=(200, D)) * 10.0 ** rng.integers(-3, 9, (200, 1)), np.zeros((1, D))]
    )
    features[0] = [np.nan, np.inf, -np.inf]
    for secure in (True, False):
        for settings in ({"data_norm_l1": 2.5}, {"data_norm_ord": 1}):
            asked = request(PURE, intercept=0.5, **settings)
            task = Task(asked, features, np.ones(201), None, Randomness(secure), print, print, None)
            l1 = settings.get("data_norm_l1", 2.0) + 0.5
            for order in (1, 2):
                rows = task.rows(order)
                stored = rows.features.astype(float)
                assert np.abs(stored).sum(axis=1).max() <= l1 * (1 + 1e-15)
                assert np.linalg.norm(stored, axis=1).max() <= math.hypot(2.0, 0.5) * (1 + 1e-15)
                assert (rows.bound.total == l1) == (order == 1)
            assert asked.norms(D).l1 == l1


def test_ignored_rows_are_rows_of_zeros() -> None:
    features, targets = table(Logistic())
    ignored = np.arange(N) % 3 == 0
    asked = request(Budget(epsilon=1e5, delta=1e-6), intercept=1.0, rows=N)
    found = train(features, targets, asked, ignored=ignored).theta
    without = train(features[~ignored], targets[~ignored], asked).theta
    assert found == pytest.approx(without, abs=0.1)  # ten times the deviation of their noise


def test_settings_by_hand() -> None:
    features, targets = table(Logistic())
    found = train(
        features, targets, request(GAUSSIAN, iterations=7, step=0.5, momentum=0.25, allocation="uniform")
    )
    assert (found.plan.iterations, found.plan.alpha, found.plan.beta) == (7, 0.5, 0.25)
    assert found.iterations == len(found.history.scale) == 7
    assert found.history.step_size[0] == 0.5
    assert not any("eigenvalue" in event.purpose for event in found.ledger)  # the step needs none


def test_an_accountant_refuses_before_it_is_too_late(tmp_path) -> None:
    features, targets = table(Logistic())

    class Untouched:
        shape = (N, D)

        def __len__(self):
            return N

        def __array__(self, *_, **__):
            raise AssertionError("rows were read")

        def __getitem__(self, _):
            return np.zeros((0, D))

    accountant = Accountant(Budget(epsilon=1.3, delta=1e-6), tmp_path / "all.jsonl")
    train(features, targets, request(GAUSSIAN, rows=N), accountant=accountant)
    spent = accountant.ledger.epsilon(1e-6)
    for method in ("nag", "objective", "sgd"):
        with pytest.raises(BudgetError, match="does not cover"):
            train(Untouched(), targets, request(GAUSSIAN, rows=N, method=method), accountant=accountant)
    assert accountant.ledger.epsilon(1e-6) == spent
    half = request(Budget(epsilon=0.5, delta=1e-6), rows=N)
    train(features, targets, half, accountant=accountant)
    accountant.close()
    assert spent < read_durable(tmp_path / "all.jsonl").epsilon(1e-6) <= 1.3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: request(PURE, noise="gaussian"), "give delta, or noise='laplace'"),
        (lambda: request(GAUSSIAN, noise="laplace"), "takes a pure budget"),
        (lambda: request(GAUSSIAN, method="newton"), "method must be one of auto, gd"),
        (lambda: request(Budget(noise_multiplier=1.0), method="nag"), "goes with method='sgd'"),
        (lambda: request(GAUSSIAN, iterations=0), "max_iter must be a whole number of at least 1: got 0"),
        (lambda: request(GAUSSIAN, momentum=1.0), "momentum must be at least 0 and below 1"),
        (lambda: request(GAUSSIAN, clip=-1.0), "clip must be a positive number: got -1.0"),
        (lambda: fit(request(GAUSSIAN, method="sgd")), "needs n_public"),
        (lambda: fit(request(PURE, method="sgd", rows=N)), "use relation='replace_one'"),
        (
            lambda: fit(request(replace(GAUSSIAN, relation="replace_one"), method="sgd")),
            "use relation='add_remove'",
        ),
        (lambda: fit(request(GAUSSIAN, method="ssp")), "for ridge regression"),
        (lambda: fit(request(PURE, intercept=1.0, penalize_intercept=False)), "penalize_intercept=True"),
        (lambda: fit(request(Budget(mu=1.0), method="objective")), "budget in epsilon"),
        (lambda: fit(request(GAUSSIAN, method="sgd", rows=N, batch=N)), "below the public number"),
        (lambda: fit(request(PURE, method="masg", lam=0.0)), "needs lam > 0"),
    ],
)
def test_what_does_not_go_together_is_refused(make, message) -> None:
    with pytest.raises(PrivacyError, match=message):
        make()


def fit(asked):
    return train(*table(Logistic()), asked)


def test_classes_in_one_model() -> None:
    loss = Multinomial(3)
    features, targets = table(loss)
    for budget in (GAUSSIAN, PURE):
        found = train(features, targets, request(budget, loss, intercept=1.0))
        assert found.theta.shape == (D + 1, 3)
        assert 0.999 <= found.ledger.epsilon(budget.delta or 0.0) <= 1.0


def test_randomness_says_what_it_is() -> None:
    assert Randomness().description == "operating system, exact on a lattice"
    assert isinstance(Randomness().source, SystemEntropy)
    assert Randomness(seed=0).description == "NOT PRIVATE: seeded"
    assert not Randomness(seed=0).secure
    assert "floating point" in Randomness(secure=False).description
