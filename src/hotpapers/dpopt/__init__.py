"""Differentially private accelerated optimisation: models of sensitive rows under an exact budget.

>>> from hotpapers.dpopt import plan
>>> plan(32561, 92, epsilon=1.0, delta=1e-5).iterations
136
"""

from typing import TYPE_CHECKING

from hotpapers.common.faces import lazy_face

if TYPE_CHECKING:
    from hotpapers.dpopt.accountant import Accountant
    from hotpapers.dpopt.accounting import Budget, Event, Ledger
    from hotpapers.dpopt.errors import BudgetError, PrivacyError
    from hotpapers.dpopt.estimators import DPHuberRegressor, DPLinearSVC, DPLogisticRegression, DPRidge
    from hotpapers.dpopt.planner import plan

__all__ = [
    "Accountant",
    "Budget",
    "BudgetError",
    "DPHuberRegressor",
    "DPLinearSVC",
    "DPLogisticRegression",
    "DPRidge",
    "Event",
    "Ledger",
    "PrivacyError",
    "plan",
]

__getattr__ = lazy_face(
    __name__,
    accountant=("Accountant",),
    accounting=("Budget", "Event", "Ledger"),
    errors=("BudgetError", "PrivacyError"),
    estimators=("DPHuberRegressor", "DPLinearSVC", "DPLogisticRegression", "DPRidge"),
    planner=("plan",),
)
