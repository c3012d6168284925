"""Audits of models: the trainings' own noise stands, noise that is too quiet does not."""

from __future__ import annotations

import numpy as np
import pytest
from dpopt.examples import TWO_CLASSES, gaussian_report, schema_with

from hotpapers.dpopt.accounting import Budget, Event, Ledger
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.model_audits import audit_canaries, audit_noise, audit_worlds, claim_of
from hotpapers.dpopt.releases import PlainNoise
from hotpapers.dpopt.table_training import Options, TableTraining


class Quiet(PlainNoise):
    """Noise of the published code's kind: too small by the square root of two."""

    def added(self, total, scale, spacing):
        return super().added(total, scale / np.sqrt(2), spacing)


def laplace_ledger() -> Ledger:
    return Ledger("add_remove", events=[Event(mechanism="laplace", sensitivity=2.0, norm="l1", scale=2.0)])


@pytest.mark.parametrize("ledger", [gaussian_report().ledger, laplace_ledger()], ids=["gaussian", "laplace"])
def test_the_noise_of_a_training_holds_its_claim_and_quiet_noise_does_not(ledger) -> None:
    claimed = claim_of(ledger, 1e-5 if ledger.events[0].mechanism == "gaussian" else None)
    assert claimed.epsilon == pytest.approx(1.0, rel=1e-3)
    # The noise is the system's: a right claim fails here once in ten thousand runs.
    honest = audit_noise(ledger, claimed, draws=40_000, confidence=0.9999)
    assert honest.verdict == "consistent"
    assert honest.eps_lower > 0.4

    generator = np.random.default_rng(8)

    def quiet(event):
        return Quiet(event.mechanism, generator)

    caught = audit_noise(ledger, claimed, draws=40_000, noise_of=quiet)
    assert caught.verdict == "violated"
    assert caught.eps_lower > 1.2


def training(**budget) -> TableTraining:
    options = Options(method=budget.pop("method", "nag"), iterations=budget.pop("iterations", 6))
    return TableTraining(schema_with(TWO_CLASSES, rows=500), Budget(**budget), options)


def test_canaries_are_told_apart_where_epsilon_is_large_and_only_as_far_as_it_allows() -> None:
    for epsilon in (1.0, 12.0):
        attacked = training(epsilon=epsilon, delta=1e-5, method="gd", iterations=1)
        result = audit_canaries(attacked, canaries=400, confidence=0.9999)
        assert result.verdict == "consistent"
        assert result.claim == epsilon
    # One audit in twenty may see nothing; of three one sees something.
    assert max(audit_canaries(attacked, canaries=400).eps_lower for _ in range(3)) > 0.3
    with pytest.raises(PrivacyError, match="add_remove"):
        audit_canaries(training(epsilon=1.0, relation="replace_one", method="objective"))


@pytest.mark.parametrize(
    "budget",
    [{"delta": 1e-5, "method": "gd", "iterations": 1}, {"relation": "replace_one", "method": "objective"}],
    ids=["gaussian", "pure"],
)
def test_worlds_with_and_without_a_row_are_told_apart_no_further_than_claimed(budget) -> None:
    result = audit_worlds(training(epsilon=40.0, **budget), runs=100, confidence=0.9999)
    assert result.verdict == "consistent"
    assert result.eps_lower > 0.0


def test_what_cannot_be_replayed_says_so() -> None:
    event = Event(mechanism="knorm", sensitivity=1.0, norm="l2", scale=1.0)
    with pytest.raises(PrivacyError, match="one-run or two-world"):
        audit_noise(Ledger("add_remove", events=[event]), claim_of(laplace_ledger(), None), draws=100)
    with pytest.raises(PrivacyError, match="at least 4"):
        audit_noise(laplace_ledger(), claim_of(laplace_ledger(), None), draws=1)
