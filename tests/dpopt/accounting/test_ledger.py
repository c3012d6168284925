"""The ledger: exact sums, exact Gaussian DP, dp-accounting for the rest, nothing mixed."""

import json
import math

import numpy as np
import pytest
from dp_accounting.pld import PLDAccountant
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from hotpapers.dpopt.accounting import Budget, Event, Ledger, Sampling, sum_sensitivity
from hotpapers.dpopt.accounting.composition import loss_distribution
from hotpapers.dpopt.errors import BudgetError, PrivacyError
from hotpapers.dpopt.noise.scales import gaussian_scale, laplace_scale


def gaussian(scale, count=1, **others):
    return Event(mechanism="gaussian", sensitivity=1.0, norm="l2", scale=scale, count=count, **others)


def laplace(scale, count=1, **others):
    return Event(mechanism="laplace", sensitivity=1.0, norm="l1", scale=scale, count=count, **others)


def test_a_hundred_laplace_releases_have_two_epsilons():
    ledger = Ledger("add_remove", events=[laplace(100.0, 100)])
    assert ledger.epsilon(0.0) == pytest.approx(1.0, abs=1e-15)
    assert ledger.epsilon(1e-5) == pytest.approx(0.33669, abs=1e-4)
    assert ledger.epsilon(1e-6) == pytest.approx(0.39133, abs=1e-4)
    accountant = PLDAccountant().compose(ledger.to_dp_event())
    assert accountant.get_epsilon(0) == math.inf  # why the pure sum is our own
    assert ledger.epsilon(1e-5) == pytest.approx(accountant.get_epsilon(1e-5), rel=2e-3)


def test_many_scales_of_laplace_noise_are_rounded_to_the_safe_side():
    shares = np.geomspace(1, 10, 80)
    ledger = Ledger("add_remove", events=[laplace(1 / share) for share in shares / shares.sum()])
    exact = PLDAccountant().compose(ledger.to_dp_event()).get_epsilon(1e-5)
    assert exact <= ledger.epsilon(1e-5) <= 1.03 * exact
    assert ledger.epsilon(0.0) == pytest.approx(1.0, rel=1e-14)


def test_equal_grids_give_dp_accountings_numbers():
    events = [laplace(50.0, 20), gaussian(30.0, 10, sampling=Sampling("poisson", 0.1))]
    ours = loss_distribution(events, grid=1e-4)
    theirs = PLDAccountant().compose(Ledger("add_remove", events=events).to_dp_event())
    for delta in (1e-4, 1e-6):
        assert ours.get_epsilon_for_delta(delta) == pytest.approx(theirs.get_epsilon(delta), rel=1e-9)


def test_gaussian_ledgers_are_exact_whatever_the_schedule():
    mus = np.geomspace(0.01, 0.3, 40)
    ledger = Ledger("add_remove", events=[gaussian(1 / mu) for mu in mus])
    assert ledger.mu() == pytest.approx(math.sqrt(float(mus @ mus)), rel=1e-13)
    assert ledger.rho() == pytest.approx(float(mus @ mus) / 2, rel=1e-13)
    assert ledger.epsilon(1e-5) == pytest.approx(
        Ledger("add_remove", events=[gaussian(1 / ledger.mu())]).epsilon(1e-5)
    )


def test_the_hundred_gaussians_of_the_specification():
    ledger = Ledger("add_remove", events=[gaussian(10.0, 100)])
    assert ledger.epsilon(1e-5) == pytest.approx(4.37718, abs=5e-6)
    numerical = loss_distribution(ledger.events).get_epsilon_for_delta(1e-5)
    assert ledger.epsilon(1e-5) <= numerical <= ledger.epsilon(1e-5) * 1.001


def test_poisson_sampling_of_the_specification():
    event = gaussian(1.0, 1000, sampling=Sampling("poisson", 0.01))
    assert Ledger("add_remove", events=[event]).epsilon(1e-5) == pytest.approx(1.82824, abs=2e-4)


def test_mixed_ledgers_cost_less_than_simple_addition_and_more_than_the_parts():
    gaussians, laplaces = gaussian(20.0, 50), laplace(40.0, 8)
    mixed = Ledger("add_remove", events=[gaussians, laplaces]).epsilon(1e-5)
    alone = Ledger("add_remove", events=[gaussians]).epsilon(1e-5)
    assert alone < mixed < alone + 0.2


def test_rho_and_mu_of_pure_events():
    ledger = Ledger("add_remove", events=[laplace(2.0, 3)])
    assert ledger.rho() == pytest.approx(3 * 0.25 / 2)
    assert ledger.mu() == pytest.approx(math.sqrt(3) * 2 * norm.ppf(1 / (1 + math.exp(-0.5))), rel=1e-12)
    with pytest.raises(PrivacyError, match="no finite mu"):
        Ledger("add_remove", events=[gaussian(1.0, sampling=Sampling("poisson", 0.5))]).mu()


@settings(deadline=None)
@given(
    epsilon=st.floats(1e-6, 50),
    shares=st.lists(st.floats(1e-6, 1), min_size=1, max_size=60),
    sensitivity=st.floats(1e-6, 1e6),
)
def test_a_pure_budget_spent_in_shares_is_used_up_and_never_exceeded(epsilon, shares, sensitivity):
    total = math.fsum(shares)
    events = [
        Event(
            mechanism="laplace",
            sensitivity=sensitivity,
            norm="l1",
            scale=laplace_scale(sensitivity, epsilon * share / total),
        )
        for share in shares
    ]
    ledger = Ledger("add_remove", events=events)
    assert ledger.within(Budget(epsilon=epsilon))
    assert 0.999 * epsilon <= ledger.epsilon(0.0) <= epsilon


@settings(deadline=None)
@given(
    epsilon=st.floats(1e-3, 50),
    exponent=st.floats(-12, -2),
    shares=st.lists(st.floats(1e-3, 1), min_size=1, max_size=60),
)
def test_an_approximate_budget_spent_in_shares_is_used_up_and_never_exceeded(epsilon, exponent, shares):
    budget = Budget(epsilon=epsilon, delta=10**exponent)
    mu, total = budget.gaussian_mu(), math.fsum(shares)
    ledger = Ledger(
        "add_remove",
        events=[gaussian(gaussian_scale(1.0, mu * math.sqrt(share / total))) for share in shares],
    )
    assert ledger.within(budget)
    assert 0.999 * epsilon <= ledger.epsilon(10**exponent) <= epsilon


def test_order_does_not_matter_and_more_never_costs_less():
    events = [gaussian(4.0, 3), laplace(20.0, 2), gaussian(7.0)]
    epsilon = Ledger("add_remove", events=events).epsilon(1e-5)
    assert Ledger("add_remove", events=events[::-1]).epsilon(1e-5) == pytest.approx(epsilon, rel=1e-12)
    assert epsilon < Ledger("add_remove", events=[*events, laplace(5.0)]).epsilon(1e-5)


def test_delta_and_epsilon_are_inverse_on_the_safe_side():
    for events in ([gaussian(3.0, 4)], [gaussian(3.0), laplace(4.0)], [laplace(9.0, 30)]):
        ledger = Ledger("add_remove", events=events)
        assert ledger.delta(ledger.epsilon(1e-6)) <= 1e-6 * (1 + 1e-6)


def test_budgets_are_refused_before_they_are_overdrawn():
    ledger, budget = Ledger("add_remove", events=[laplace(2.0)]), Budget(epsilon=1.0)
    ledger.require(laplace(2.0), budget)
    with pytest.raises(BudgetError):
        ledger.require(laplace(1.99), budget)
    with pytest.raises(BudgetError):
        ledger.require(gaussian(1000.0), budget)
    with pytest.raises(PrivacyError, match="not comparable"):
        ledger.within(Budget(epsilon=1.0, relation="replace_one"))
    assert Ledger("add_remove", events=[gaussian(2.0, 5)]).within(Budget(noise_multiplier=2.0))
    assert not Ledger("add_remove", events=[gaussian(1.9)]).within(Budget(noise_multiplier=2.0))
    assert not Ledger("add_remove", events=[gaussian(1.0, 3)]).within(Budget(rho=1.4))
    assert not Ledger("add_remove", events=[gaussian(1.0, 3)]).within(Budget(mu=1.7))


def test_relations_and_units_do_not_mix_silently():
    with pytest.raises(PrivacyError, match="relation"):
        Ledger("replace_one").append(gaussian(1.0))
    removing, replacing = Ledger("add_remove", events=[laplace(10.0)]), Ledger("replace_one")
    with pytest.raises(PrivacyError, match="group_size"):
        replacing.compose(removing)
    with pytest.raises(PrivacyError, match="two changes"):
        replacing.compose(removing, group_size=1)
    assert replacing.compose(removing, group_size=2).epsilon(0.0) == pytest.approx(0.2)
    persons = Ledger("add_remove", unit="person", events=[gaussian(10.0)])
    assert persons.compose(Ledger("add_remove", events=[gaussian(10.0)]), group_size=3).mu() == pytest.approx(
        math.sqrt(0.1**2 + 0.3**2)
    )
    with pytest.raises(PrivacyError, match="nothing about"):
        removing.compose(Ledger("replace_one"), group_size=2)


@pytest.mark.parametrize(
    "changes",
    [
        {"norm": "l1"},
        {"sensitivity": 0.0},
        {"scale": math.inf},
        {"count": 0},
        {"count": 1.5},
        {"mechanism": "cauchy"},
        {"relation": "replace_one", "sampling": Sampling("poisson", 0.5)},
        {"relation": "replace_one", "sampling": Sampling("without_replacement", 0.5)},
        {"mechanism": "laplace", "norm": "l1", "sampling": Sampling("without_replacement", 0.5)},
        {"mechanism": "objective_gaussian", "sampling": Sampling("poisson", 0.5)},
    ],
)
def test_impossible_events_are_refused(changes):
    with pytest.raises(PrivacyError):
        Event(**{"mechanism": "gaussian", "sensitivity": 1.0, "norm": "l2", "scale": 1.0} | changes)


def test_shuffling_is_not_a_kind_of_sampling():
    with pytest.raises(PrivacyError, match="shuffled batches are not Poisson"):
        Sampling("shuffle", 0.1)


def test_a_saved_ledger_comes_back(tmp_path):
    events = [gaussian(3.0, 7, purpose="gradients"), laplace(2.0, sampling=Sampling("poisson", 0.25))]
    ledger = Ledger("add_remove", unit="person", events=events)
    ledger.save(tmp_path / "ledger.json")
    loaded = Ledger.load(tmp_path / "ledger.json")
    assert loaded.events == ledger.events
    assert (loaded.relation, loaded.unit) == ("add_remove", "person")


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"format": "hotpapers-dpopt-ledger", "version": 1}'])
def test_a_damaged_ledger_is_refused(tmp_path, damage):
    (tmp_path / "ledger.json").write_text(damage)
    with pytest.raises(PrivacyError):
        Ledger.load(tmp_path / "ledger.json")


def test_a_ledger_with_an_event_that_lacks_a_field_is_refused(tmp_path):
    record = Ledger("add_remove", events=[gaussian(1.0)]).to_json()
    del record["events"][0]["scale"]
    (tmp_path / "ledger.json").write_text(json.dumps(record))
    with pytest.raises(PrivacyError, match="exactly the fields"):
        Ledger.load(tmp_path / "ledger.json")


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(2, 8), bound=st.floats(1e-3, 1e3))
def test_declared_sensitivity_of_a_sum_of_clipped_terms(seed, rows, bound):
    generator = np.random.default_rng(seed)
    terms = generator.normal(size=(rows + 1, 3)) * 10 ** generator.uniform(-4, 4, size=(rows + 1, 1))
    lengths = np.linalg.norm(terms, axis=1, keepdims=True)
    terms *= np.minimum(1, bound / np.maximum(lengths, 1e-300))
    everything, added = terms[:rows].sum(0), terms.sum(0)
    replaced = everything - terms[0] + terms[rows]
    opposite = everything - terms[0] - terms[0] / max(np.linalg.norm(terms[0]), 1e-300) * bound
    assert np.linalg.norm(added - everything) <= sum_sensitivity(bound, "add_remove") * (1 + 1e-9)
    for other in (replaced, opposite):
        assert np.linalg.norm(other - everything) <= sum_sensitivity(bound, "replace_one") * (1 + 1e-9)
