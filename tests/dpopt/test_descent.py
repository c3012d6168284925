"""The private loop: spends before noise, budgets kept, resuming, cut-backs, and the model itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hotpapers.dpopt.accounting import Budget
from hotpapers.dpopt.accounting.durable import DurableLedger, read_durable
from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.clipped_sums import ClippedSums
from hotpapers.dpopt.descent import descend, gaussian_scales, scales_left
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.exact_sums import ExactClippedSums
from hotpapers.dpopt.fit import buy, run
from hotpapers.dpopt.losses import Logistic, Multinomial
from hotpapers.dpopt.methods import gradient_descent, nesterov
from hotpapers.dpopt.noise import SeededEntropy
from hotpapers.dpopt.planner import plan
from hotpapers.dpopt.releases import LatticeNoise, PlainNoise
from hotpapers.dpopt.rows import RowBound, prepare_rows

LOSS = Logistic()


def table(n=2000, d=5, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, d))
    return features / np.linalg.norm(features, axis=1)[:, None], np.where(
        features[:, 0] + 0.5 * rng.normal(size=n) > 0, 1.0, -1.0
    )


def prepared(n=2000, d=5, seed=0, exact=True):
    features, targets = table(n, d, seed)
    return prepare_rows(features, targets, RowBound(1.0), exact=exact, dtype=np.float64)


def lattice(seed=1):
    return LatticeNoise("gaussian", SeededEntropy(seed))


def plain(seed=1, kind="gaussian", repeats=False):
    return PlainNoise(kind, np.random.default_rng(seed), repeats=repeats)


def minimiser(rows, lam):
    from scipy.optimize import minimize

    sums = ClippedSums(rows, LOSS)
    n = len(rows.features)
    found = minimize(
        lambda t: (float(sums.value(t)) / n + lam / 2 * t @ t, sums(t) / n + lam * t),
        np.zeros(rows.width),
        jac=True,
    )
    return found.x


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("relation", ["add_remove", "replace_one"])
def test_ledger_holds_the_request_and_no_more(exact, relation) -> None:
    rows = prepared(exact=exact)
    budget = Budget(epsilon=1.0, delta=1e-5, relation=relation)
    ledger = Ledger(relation)

    def spend(event):
        ledger.require(event, budget)
        ledger.append(event)

    noise = lattice() if exact else plain()
    settled = buy(
        rows,
        plan(2000, 5, epsilon=1.0, delta=1e-5, relation=relation, public_rows=relation == "replace_one"),
        noise=noise,
        spend=spend,
    )
    fit = run(rows, LOSS, settled, noise=noise, spend=spend)
    assert 0.999 <= ledger.epsilon(1e-5) <= 1.0
    assert len(ledger) == settled.iterations + (2 if relation == "add_remove" else 1)
    assert ledger.events[-1].sensitivity == (1.0 if relation == "add_remove" else 2.0)
    assert fit.theta.shape == (5,)
    assert len(fit.history.scale) == settled.iterations


def test_huge_budget_reaches_the_minimiser_and_a_tiny_one_stays_finite() -> None:
    rows = prepared()
    huge = plan(2000, 5, mu=1e7, lam=0.01, iterations=400)
    settled = buy(rows, huge, noise=lattice(), spend=Ledger("add_remove").append)
    found = run(rows, LOSS, settled, noise=lattice(), spend=Ledger("add_remove").append).theta
    assert np.abs(found - minimiser(rows, 0.01)).max() < 1e-3
    tiny = plan(2000, 5, epsilon=1e-6, delta=1e-9)
    settled = buy(rows, tiny, noise=lattice(), spend=Ledger("add_remove").append)
    assert np.isfinite(
        run(rows, LOSS, settled, noise=lattice(), spend=Ledger("add_remove").append).theta
    ).all()


def test_secure_run_is_bit_for_bit_the_same_for_any_order_and_blocks() -> None:
    features, targets = table()
    order = np.random.default_rng(3).permutation(2000)

    def model(features, targets, block_rows):
        rows = prepare_rows(features, targets, RowBound(1.0), exact=True)
        ledger, noise = Ledger("add_remove"), lattice()
        settled = buy(rows, plan(2000, 5, mu=0.5, public_rows=False), noise=noise, spend=ledger.append)
        return run(rows, LOSS, settled, noise=noise, spend=ledger.append, block_rows=block_rows).theta

    assert np.array_equal(model(features, targets, None), model(features[order], targets[order], 17))


def test_secure_and_plain_runs_follow_the_same_path_without_noise() -> None:
    schedule, scales = nesterov(30, 3.0, 0.6), np.full(30, 1e-9)
    found = [
        descend(
            sums,
            schedule,
            scales,
            rows=2000,
            lam=0.01,
            relation="add_remove",
            noise=noise,
            spend=Ledger("add_remove").append,
        ).iterate.current
        for sums, noise in (
            (ClippedSums(prepared(exact=False), LOSS), plain()),
            (ExactClippedSums(prepared(), LOSS), lattice()),
        )
    ]
    assert np.abs(found[0] - found[1]).max() < 1e-4


def test_noise_has_the_scale_it_is_charged_for() -> None:
    """One step from zero: theta = -alpha (sum + noise) / n, over 4000 repeats at once and by 400 lattice draws."""
    rows, schedule = prepared(exact=False), gradient_descent(1, 2.0)
    sums = ClippedSums(rows, LOSS)

    def step(sums, noise, start=None):
        ledger = Ledger("add_remove")
        state = descend(
            sums, schedule, np.array([7.0]), rows=100.0, lam=0.0, relation="add_remove", noise=noise,
            spend=ledger.append, start=start,
        )  # fmt: skip
        assert ledger.events[0].scale == 7.0
        return state.iterate.current

    centre = -2.0 * sums(np.zeros(5)) / 100.0
    many = step(sums, plain(repeats=True), np.zeros((5, 4000))) - centre[:, None]
    assert np.std(many) == pytest.approx(0.14, rel=0.03)
    assert np.abs(many.mean()) < 0.14 * 5 / math.sqrt(20_000)
    exact = ExactClippedSums(prepared(), LOSS)
    single = np.stack([step(exact, lattice(i)) for i in range(400)]) - centre
    assert np.std(single) == pytest.approx(0.14, rel=0.1)


@pytest.mark.parametrize(("kind", "deviation"), [("laplace", math.sqrt(2) * 3), ("knorm", math.sqrt(6) * 3)])
def test_other_noises(kind, deviation) -> None:
    """Laplace of scale b has variance 2 b^2 a coordinate, K-norm noise (d + 1) b^2."""
    order = 1 if kind == "laplace" else 2
    features, targets = table(50)
    exact = prepare_rows(features, targets, RowBound(1.0, order), exact=True)
    loose = prepare_rows(features, targets, RowBound(1.0, order), dtype=np.float64)
    ledger = Ledger("replace_one")
    found = []
    for sums, noise, start in (
        (ExactClippedSums(exact, LOSS), LatticeNoise(kind, SeededEntropy(5)), None),
        (ClippedSums(loose, LOSS), plain(kind=kind), None),
        (ClippedSums(loose, LOSS), plain(kind=kind, repeats=True), np.zeros((5, 3000))),
    ):
        count = 300 if start is None else 1
        draws = [
            descend(
                sums, gradient_descent(1, 1.0), np.array([3.0]), rows=1.0, lam=0.0, relation="replace_one",
                noise=noise, spend=ledger.append, start=start,
            ).iterate.current
            for _ in range(count)
        ]  # fmt: skip
        found.append(
            np.std(np.concatenate([np.atleast_2d(x if x.ndim == 1 else x.T) for x in draws]), axis=0)
        )
    assert np.mean(found[0]) == pytest.approx(deviation, rel=0.12)
    assert np.mean(found[1]) == pytest.approx(deviation, rel=0.12)
    assert np.mean(found[2]) == pytest.approx(deviation, rel=0.05)
    event = ledger.events[0]
    assert (event.mechanism, event.norm, event.sensitivity) == (kind, "l1" if order == 1 else "l2", 2.0)


def test_every_spend_is_on_disk_before_its_noise_and_a_killed_run_resumes_within_the_budget(tmp_path) -> None:
    rows, budget = prepared(), Budget(mu=0.5)
    states, seen = [], []

    class KilledError(Exception):
        pass

    class Watching:
        private, kind = False, "gaussian"
        fails_at = 12

        def added(self, total, scale, spacing):
            seen.append(len(read_durable(tmp_path / "ledger")))
            if len(seen) == self.fails_at:
                raise KilledError
            return lattice(len(seen)).added(total, scale, spacing)

    settled = plan(2000, 5, mu=0.5, guard=False, iterations=20)
    with (
        DurableLedger(tmp_path / "ledger", "add_remove", budget=budget) as ledger,
        pytest.raises(KilledError),
    ):
        run(rows, LOSS, settled, noise=Watching(), spend=ledger.spend, save=states.append)
    assert seen == list(range(1, 13))
    assert states[-1].iteration == 11
    with DurableLedger(tmp_path / "ledger", "add_remove", budget=budget) as ledger:
        left = math.sqrt(0.5**2 - ledger.ledger.mu() ** 2)
        fit = run(rows, LOSS, settled, noise=lattice(99), spend=ledger.spend, resume=states[-1], mu_left=left)
        assert len(ledger.ledger) == 12 + 9
        assert 0.999 * 0.5 <= ledger.ledger.mu() <= 0.5
    assert len(fit.history.scale) == 20
    assert fit.history.scale[11] > settled_scale(settled, 11)  # the interrupted draw is paid for


def settled_scale(settled, t):
    return gaussian_scales(settled.shares(), settled.descent_mu, 1.0)[t]


def test_a_refused_spend_stops_the_run_before_noise() -> None:
    class Untouched:
        private, kind = True, "gaussian"

        def added(self, *_):
            raise AssertionError("noise was drawn")

    def refuse(event):
        raise PrivacyError("no budget")

    with pytest.raises(PrivacyError, match="no budget"):
        run(prepared(), LOSS, plan(2000, 5, mu=0.5, guard=False), noise=Untouched(), spend=refuse)


def test_an_iterate_beyond_the_radius_is_cut_back_and_the_step_halved() -> None:
    state = descend(
        ClippedSums(prepared(exact=False), LOSS),
        nesterov(5, 3.0, 0.5),
        np.full(5, 1e-9),
        rows=2000,
        lam=0.0,
        relation="add_remove",
        noise=plain(),
        spend=Ledger("add_remove").append,
        radius=np.array([0.1, np.inf, np.inf, np.inf, np.inf]),
    )
    assert state.step_factor == 0.5
    assert state.history.step_size == [3.0, 1.5, 1.5, 1.5, 1.5]
    assert state.history.iterate_norm[0] == pytest.approx(0.1)


def test_history_holds_noisy_quantities_only() -> None:
    """Two tables whose noisy sums agree leave the same history: it is a function of those."""
    rows = prepared(n=50)
    state_of = []
    for shift in (0, 1):

        class Fixed:
            private, kind = True, "gaussian"

            def added(self, total, scale, spacing):
                return np.full(total.shape, 3.0)

        features, targets = table(50 + shift, seed=shift)
        rows = prepare_rows(features, targets, RowBound(1.0), exact=True)
        state_of.append(
            run(
                rows, LOSS, plan(50, 5, mu=0.5, guard=False), noise=Fixed(), spend=Ledger("add_remove").append
            )
        )
    assert state_of[0].history == state_of[1].history
    assert np.array_equal(state_of[0].theta, state_of[1].theta)


def test_multinomial_learns_within_its_budget() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[1.0, 0.0], [-0.5, 0.87], [-0.5, -0.87]])
    labels = rng.integers(0, 3, 6000)
    features = 0.7 * centres[labels] + 0.15 * rng.normal(size=(6000, 2))
    loss = Multinomial(3)
    rows = prepare_rows(features, loss.encode(labels), RowBound(1.0, 2, 0.3), exact=True)
    ledger = Ledger("add_remove")
    made = plan(
        6000, 9, epsilon=1.0, delta=1e-5, row_bound=rows.bound.total, curvature=0.5,
        clip=math.sqrt(2) * rows.bound.total,
    )  # fmt: skip
    settled = buy(rows, made, noise=lattice(), spend=ledger.append)
    fit = run(rows, loss, settled, noise=lattice(), spend=ledger.append)
    right = np.argmax(rows.features @ fit.theta, axis=1) == labels
    assert fit.theta.shape == (3, 3)
    assert right.mean() > 0.97
    assert 0.999 < ledger.epsilon(1e-5) <= 1.0


def test_unpenalised_coefficients() -> None:
    rows = prepared(exact=False)
    lam = np.array([0.0, 1.0, 1.0, 1.0, 1.0])
    settled = plan(2000, 5, mu=1e6, guard=False, iterations=300, lam=1.0)
    fit = run(rows, LOSS, settled, noise=plain(), spend=Ledger("add_remove").append, lam=lam)
    assert abs(fit.theta[0]) > 5
    assert np.abs(fit.theta[1:]).max() < 0.2


def test_scales() -> None:
    shares = np.array([0.2, 0.3, 0.5])
    scales = gaussian_scales(shares, 0.7, 2.0)
    assert scales == pytest.approx(2.0 / (0.7 * np.sqrt(shares)))
    assert (np.sum((2.0 / scales) ** 2)) <= 0.49
    left = scales_left(shares, 1, 0.4, 2.0)
    assert np.isinf(left[0])
    assert np.sum((2.0 / left[1:]) ** 2) == pytest.approx(0.16)
    with pytest.raises(PrivacyError, match="nothing is left"):
        scales_left(shares, 1, 0.0, 2.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r, p: run(r, LOSS, p, noise=plain(kind="laplace"), spend=print), "needs Gaussian noise"),
        (lambda r, p: run(r, LOSS, p, noise=plain(), spend=print, lam=np.ones(5)), "lam above the plan's 0.0001"),
        (lambda r, p: run(r, Multinomial(2), p, noise=plain(), spend=print), "another row bound, loss or number"),
        (
            lambda r, p: descend(
                ClippedSums(r, LOSS), gradient_descent(2, 1.0), np.ones(3), rows=5, lam=0.0,
                relation="add_remove", noise=plain(), spend=print,
            ),
            "one noise scale for each iteration",
        ),
        (
            lambda r, p: descend(
                ClippedSums(r, LOSS), gradient_descent(1, 1.0), np.ones(1), rows=5, lam=0.0,
                relation="add_remove", noise=plain(), spend=print, start=np.zeros(3),
            ),
            r"the parameters' shape \(5,\): got \(3,\)",
        ),
        (
            lambda r, p: descend(
                ClippedSums(r, LOSS), gradient_descent(1, 1.0), np.ones(1), rows=5, lam=0.0,
                relation="add_remove", noise=lattice(), spend=lambda event: None,
            ),
            "noise on a lattice needs an exact sum",
        ),
    ],
)  # fmt: skip
def test_refusals(call, message) -> None:
    with pytest.raises(PrivacyError, match=message):
        call(prepared(exact=False), plan(2000, 5, mu=0.5, guard=False))
