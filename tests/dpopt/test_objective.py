"""Objective perturbation end to end: what is released is what was proved, at the price that was asked."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hotpapers.dpopt.accounting import Budget, Ledger
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Huber, Logistic, Multinomial, SmoothHinge, Squared
from hotpapers.dpopt.minimiser import PerturbedObjective
from hotpapers.dpopt.noise import SeededEntropy
from hotpapers.dpopt.objective import RowNorms, plan_objective, release_minimiser
from hotpapers.dpopt.objective_noise import determinant_loss
from hotpapers.dpopt.releases import LatticeNoise, PlainNoise
from hotpapers.dpopt.row_count import RowCount, noisy_count_pure
from hotpapers.dpopt.rows import RowBound, prepare_rows

N, D = 2000, 5


def rows_for(loss, *, exact=True, n=N, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, D))
    targets = rng.integers(0, 3, n) if loss.outputs > 1 else features[:, 0] + 0.3 * rng.normal(size=n)
    return prepare_rows(features, loss.encode(targets), RowBound(1.0), exact=exact)


def planned(loss, budget, *, rows=N, **settings):
    count = settings.pop("count", RowCount.declared(rows))
    return plan_objective(loss, RowNorms(1.0), width=D, rows=count, budget=budget, lam=1e-3, **settings)


class Recorded:
    """Noise that keeps what it drew, and notes when."""

    private = False

    def __init__(self, kind, log, seed=0) -> None:
        self.inner, self.kind, self.log = LatticeNoise(kind, SeededEntropy(seed)), kind, log

    def added(self, total, scale, spacing):
        found = self.inner.added(total, scale, spacing)
        self.log.append((self.kind, total * spacing, found, scale, spacing))
        return found


@pytest.mark.parametrize("loss", [Logistic(), Huber(0.3, 1.0), SmoothHinge(0.5), Multinomial(3)])
@pytest.mark.parametrize("relation", ["add_remove", "replace_one"])
@pytest.mark.parametrize("delta", [None, 1e-6])
def test_the_ledger_is_the_request(loss, relation, delta) -> None:
    if delta and loss.outputs > 1:
        with pytest.raises(PrivacyError, match="use pure noise"):
            planned(loss, Budget(epsilon=0.7, delta=delta, relation=relation))
        return
    budget = Budget(epsilon=0.7, delta=delta, relation=relation)
    found = planned(loss, budget)
    ledger = Ledger(relation)
    theta = release_minimiser(
        rows_for(loss), loss, found, noise=LatticeNoise(found.noise, SeededEntropy(1)), spend=ledger.append
    )
    assert np.all(np.isfinite(theta))
    assert 0.999 * 0.7 <= ledger.epsilon(delta or 0.0) <= 0.7
    assert [event.mechanism.split("_")[0] for event in ledger] == ["objective", "laplace"]


@pytest.mark.parametrize("noise", ["laplace", "knorm", "gaussian"])
def test_released_is_the_perturbed_minimiser_and_covering_noise(monkeypatch, noise) -> None:
    """Both events are spent before anything is drawn; b, theta and the sum lie on their lattices."""
    loss, log, order = Logistic(), [], []
    budget = Budget(epsilon=1.0, delta=1e-6 if noise == "gaussian" else None)
    found = planned(loss, budget, noise=noise)
    monkeypatch.setattr("hotpapers.dpopt.objective.replace", lambda one, kind: Recorded(kind, log, 9))
    released = release_minimiser(
        rows := rows_for(loss),
        loss,
        found,
        noise=Recorded(noise, log),
        spend=lambda event: order.append(len(log)),
    )
    assert order == [0, 0]
    (kind, nothing, b, scale, spacing), (covering, theta, out, out_scale, out_spacing) = log
    assert (kind, covering) == (noise, "laplace")
    assert not nothing.any()
    assert (scale, out_scale) == (found.calibrated.scale, found.calibrated.output_scale)
    assert np.array_equal(b / spacing, np.rint(b / spacing))
    assert np.array_equal(out, released)
    objective = PerturbedObjective(rows, loss, 1.0, found.regularisation, b)
    rounded = found.regularisation * out_spacing * math.sqrt(D) / 2
    assert np.linalg.norm(objective.gradient(theta)) <= found.tolerance + rounded
    # What was charged covers tau, the rounding of b and the rounding of theta.
    charged = found.events[1].sensitivity * found.regularisation / (2 * math.sqrt(D))
    assert charged >= found.tolerance + spacing * math.sqrt(D) / 2 + rounded


def test_the_scales_by_hand() -> None:
    budget = Budget(epsilon=1.0, relation="replace_one")
    found = plan_objective(
        Logistic(), RowNorms(1.0, 1.5), width=92, rows=RowCount.declared(1e4), budget=budget, lam=1e-4,
    )  # fmt: skip
    assert found.noise == "laplace"
    spent = math.log1p(0.25 / found.regularisation)
    assert found.calibrated.scale == pytest.approx(2 * 1.5 / (0.998 - spent), rel=1e-9)
    flat = planned(Logistic(), budget)
    assert flat.noise == "knorm"  # sqrt(5) in L1 is no less than 1 in L2: 2 * 5 > 5 + 1
    classes = planned(Multinomial(3), budget, noise="laplace")
    spent = 2 * math.log1p(0.5 / classes.regularisation)
    assert classes.calibrated.scale == pytest.approx(2 * 2 * math.sqrt(5) / (0.998 - spent), rel=1e-9)


def test_regularisation_comes_from_public_numbers_and_falls_with_them() -> None:
    amounts = [planned(Logistic(), Budget(epsilon=e)).regularisation for e in (0.01, 0.1, 1.0, 10.0)]
    assert amounts == sorted(amounts, reverse=True)
    assert amounts[-1] >= N * 1e-3
    tiny = planned(Logistic(), Budget(epsilon=1e-6))
    assert determinant_loss_of(tiny) <= 0.5e-6
    assert planned(Logistic(), Budget(epsilon=1e6)).regularisation == pytest.approx(N * 1e-3, rel=1e-3)


def determinant_loss_of(found):
    from hotpapers.dpopt.objective_noise import LinearLoss

    return determinant_loss(LinearLoss(curvature=0.25, norm_l2=1.0), found.regularisation)


@pytest.mark.parametrize("exact", [True, False])
def test_a_huge_budget_gives_the_usual_coefficients(exact) -> None:
    from sklearn.linear_model import LogisticRegression

    loss = Logistic()
    rows = rows_for(loss, exact=exact)
    found = planned(loss, Budget(epsilon=1e6))
    noise = LatticeNoise(found.noise) if exact else PlainNoise(found.noise, np.random.default_rng(0))
    theta = release_minimiser(rows, loss, found, noise=noise, spend=lambda event: None)
    usual = LogisticRegression(C=1 / (1e-3 * N), fit_intercept=False, tol=1e-10, max_iter=1000)
    usual.fit(rows.features.astype(float), rows.targets)
    assert theta == pytest.approx(usual.coef_[0], abs=1e-3)


def test_order_of_rows_changes_no_more_than_the_tolerance() -> None:
    """The output lattice and its noise hide what rounding does; here it mostly does nothing at all."""
    loss, found = Logistic(), planned(Logistic(), Budget(epsilon=1.0))
    rows = rows_for(loss)
    turned = type(rows)(rows.features[::-1], rows.targets[::-1], rows.norms[::-1], rows.bound, rows.exact)
    first, second = (
        release_minimiser(
            table, loss, found, noise=LatticeNoise(found.noise, SeededEntropy(3)), spend=lambda event: None
        )
        for table in (rows, turned)
    )
    assert np.linalg.norm(first - second) <= 2 * found.tolerance / found.regularisation


def test_a_bought_number_of_rows() -> None:
    ledger = Ledger("add_remove")
    counts = [
        noisy_count_pure(
            rows_for(Logistic(), n=500),
            0.5,
            "add_remove",
            LatticeNoise("laplace", SeededEntropy(s)),
            ledger.append,
        )
        for s in range(200)
    ]
    values = np.array([count.value for count in counts])
    assert abs(values.mean() - 500) < 4 * math.sqrt(8 / 200)  # sd of Laplace(2) is sqrt(8)
    assert all(count.most >= 500 for count in counts)
    assert ledger.epsilon(0.0) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: planned(Squared(target_bound=1.0), Budget(epsilon=1.0)), "loss of bounded slope"),
        (lambda: planned(Multinomial(3), Budget(epsilon=1.0), slope=0.5), "no clip"),
        (lambda: planned(Logistic(), Budget(mu=1.0)), "budget in epsilon"),
        (lambda: planned(Logistic(), Budget(epsilon=0.1), regularisation=0.1), "too small for epsilon"),
        (
            lambda: release_minimiser(
                rows_for(Logistic()), Logistic(), planned(Logistic(), Budget(epsilon=1.0)),
                noise=LatticeNoise("laplace"), spend=lambda event: None,
            ),
            "the plan is for knorm noise",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(make, message) -> None:
    with pytest.raises(PrivacyError, match=message):
        make()


@pytest.mark.parametrize("loss", [Logistic(), Multinomial(3)])
def test_a_table_larger_than_planned_is_released_with_the_same_certificate(loss) -> None:
    """With a tolerance for next to no row, float64 cannot certify; the release is at the minimum all the same."""
    rows, made = rows_for(loss, n=150), planned(loss, Budget(epsilon=2.0), count=RowCount(150.0, 1e-12))
    shape = (D,) if loss.outputs == 1 else (D, loss.outputs)
    drawn = LatticeNoise(made.noise, SeededEntropy(0)).added(
        np.zeros(shape, np.int64), made.calibrated.scale, made.spacing
    )
    objective = PerturbedObjective(rows, loss, made.slope, made.regularisation, drawn)
    noise = LatticeNoise(made.noise, SeededEntropy(0))
    theta = release_minimiser(rows, loss, made, noise=noise, spend=lambda _: None)
    scale, error = made.calibrated.output_scale, objective.error(theta)
    assert error > made.tolerance
    moved = 60 * scale * math.sqrt(theta.size) * objective.smoothness
    assert np.linalg.norm(objective.gradient(theta)) <= made.tolerance + error + moved < 1e-5


def test_the_lattice_cuts_what_it_cannot_hold() -> None:
    from fractions import Fraction

    from hotpapers.dpopt.objective import _cells

    wide = np.array([1e300, -1e300, 0.5])
    exact = np.array([Fraction(one) for one in wide], dtype=object)
    for theta in (wide, exact):
        assert _cells(theta, 2.0**-4).tolist() == [2**62, -(2**62), 8]
