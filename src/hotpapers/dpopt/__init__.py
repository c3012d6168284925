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
    from hotpapers.dpopt.audit import AuditResult, audit_mechanism, audit_one_run, audit_two_worlds
    from hotpapers.dpopt.errors import BudgetError, PrivacyError
    from hotpapers.dpopt.estimators import DPHuberRegressor, DPLinearSVC, DPLogisticRegression, DPRidge
    from hotpapers.dpopt.model_folder import load_model, save_model
    from hotpapers.dpopt.planner import plan
    from hotpapers.dpopt.report import PrivacyReport
    from hotpapers.dpopt.table_training import TableTraining

__all__ = [
    "Accountant",
    "AuditResult",
    "Budget",
    "BudgetError",
    "DPHuberRegressor",
    "DPLinearSVC",
    "DPLogisticRegression",
    "DPRidge",
    "Event",
    "Ledger",
    "PrivacyError",
    "PrivacyReport",
    "TableTraining",
    "audit_mechanism",
    "audit_one_run",
    "audit_two_worlds",
    "load_model",
    "plan",
    "save_model",
]

__getattr__ = lazy_face(
    __name__,
    accountant=("Accountant",),
    accounting=("Budget", "Event", "Ledger"),
    audit=("AuditResult", "audit_mechanism", "audit_one_run", "audit_two_worlds"),
    errors=("BudgetError", "PrivacyError"),
    estimators=("DPHuberRegressor", "DPLinearSVC", "DPLogisticRegression", "DPRidge"),
    model_folder=("load_model", "save_model"),
    planner=("plan",),
    report=("PrivacyReport",),
    table_training=("TableTraining",),
)
