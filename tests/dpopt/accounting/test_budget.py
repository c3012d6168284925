"""Budgets: one currency, a named relation, errors of one line."""

import math

import pytest

from hotpapers.dpopt.accounting import Budget
from hotpapers.dpopt.errors import PrivacyError


def test_each_currency_in_terms_of_mu():
    assert Budget(epsilon=1.0, delta=1e-5).gaussian_mu() == pytest.approx(0.268051, abs=1e-6)
    assert Budget(rho=0.5).gaussian_mu() == pytest.approx(1.0)
    assert Budget(mu=0.7).gaussian_mu() == 0.7
    assert Budget(noise_multiplier=10.0).gaussian_mu(releases=100) == pytest.approx(1.0)
    kinds = [Budget(epsilon=1.0), Budget(epsilon=1.0, delta=0.0), Budget(rho=1.0, delta=1e-5)]
    assert [one.kind for one in kinds] == ["pure", "pure", "zcdp"]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"epsilon": 1.0, "rho": 1.0},
        {"epsilon": 0.0},
        {"epsilon": math.inf},
        {"epsilon": math.nan},
        {"epsilon": True},
        {"mu": -1.0},
        {"delta": 1e-5},
        {"epsilon": 1.0, "delta": 1.0},
        {"epsilon": 1.0, "delta": -1e-9},
        {"epsilon": 1.0, "relation": "swap"},
        {"epsilon": 1.0, "unit": ""},
    ],
)
def test_impossible_budgets_are_refused_in_one_line(arguments):
    with pytest.raises(PrivacyError) as caught:
        Budget(**arguments)
    assert "\n" not in str(caught.value)


def test_gaussian_noise_on_a_pure_budget_names_the_fix():
    with pytest.raises(PrivacyError, match="give delta, or choose noise='laplace'"):
        Budget(epsilon=1.0).gaussian_mu()
    with pytest.raises(PrivacyError, match="how many releases"):
        Budget(noise_multiplier=1.0).gaussian_mu()
    with pytest.raises(PrivacyError, match="without a delta"):
        Budget(epsilon=1.0, delta=1e-5).pure_epsilon()


def test_a_delta_above_one_in_n_gets_a_sentence():
    assert "public n=1000" in Budget(epsilon=1.0, delta=2e-3).delta_warning(1000)
    assert Budget(epsilon=1.0, delta=1e-3).delta_warning(1000) is None
    assert Budget(epsilon=1.0).delta_warning(10) is None
