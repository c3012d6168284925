"""What was spent beside what was allowed, in the budget's own currency."""

from __future__ import annotations

import math

from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.ledger import Ledger

__all__ = ["has_rho", "shown", "spent_of"]


def shown(value: float) -> str:
    """Four significant digits; a word for what is not finite."""
    return "unbounded" if math.isinf(value) else f"{value:.4g}".replace("e-0", "e-")


def spent_of(budget: Budget, ledger: Ledger) -> tuple[str, float, float]:
    """Name of the currency, what was allowed, what was spent.

    For a budget of a noise multiplier: what each release must have at least, and the least that one had.
    """
    if budget.epsilon is not None:
        delta = budget.delta or 0.0
        name = f"ε at δ = {shown(delta)}" if delta else "pure ε"
        return name, budget.epsilon, ledger.epsilon(delta)
    if budget.rho is not None:
        return "ρ of zero-concentrated DP", budget.rho, ledger.rho()
    if budget.mu is not None:
        return "μ of Gaussian DP", budget.mu, ledger.mu()
    assert budget.noise_multiplier is not None  # noqa: S101 - the only kind left
    least = min((event.noise_multiplier for event in ledger), default=math.inf)
    return "noise multiplier of each release (at least)", budget.noise_multiplier, least


def has_rho(ledger: Ledger) -> bool:
    """Whether the ledger has a rho and a mu: no sampling, no Gaussian objective perturbation."""
    return all(event.sampling.kind == "full" and not event.is_objective_gaussian for event in ledger)
