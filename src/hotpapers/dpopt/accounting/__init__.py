"""What was spent: budgets, the ledger, exact composition in epsilon, (epsilon, delta), zCDP and Gaussian DP."""

from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.durable import DurableLedger, create_account, read_account, read_durable
from hotpapers.dpopt.accounting.events import FULL_BATCH, Event, Sampling
from hotpapers.dpopt.accounting.gaussian_dp import gaussian_delta, gaussian_epsilon, gaussian_mu
from hotpapers.dpopt.accounting.last_iterate import last_iterate_mu
from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.accounting.relations import Relation, sum_sensitivity
from hotpapers.dpopt.accounting.subsampling import (
    amplified_epsilon,
    poisson_epsilon,
    poisson_noise_multiplier,
    sample_epsilon,
)

__all__ = [
    "FULL_BATCH",
    "Budget",
    "DurableLedger",
    "Event",
    "Ledger",
    "Relation",
    "Sampling",
    "amplified_epsilon",
    "create_account",
    "gaussian_delta",
    "gaussian_epsilon",
    "gaussian_mu",
    "last_iterate_mu",
    "poisson_epsilon",
    "poisson_noise_multiplier",
    "read_account",
    "read_durable",
    "sample_epsilon",
    "sum_sensitivity",
]
