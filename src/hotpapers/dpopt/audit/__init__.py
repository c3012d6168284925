"""Attacks on claimed privacy: lower bounds on epsilon from one release, one training run, or many."""

from hotpapers.dpopt.audit.mechanism import audit_mechanism, event_epsilon
from hotpapers.dpopt.audit.one_run import audit_one_run, one_run_epsilon
from hotpapers.dpopt.audit.two_world import audit_two_worlds, mu_lower_bound, scores_mu
from hotpapers.dpopt.audit.verdicts import AuditResult

__all__ = [
    "AuditResult",
    "audit_mechanism",
    "audit_one_run",
    "audit_two_worlds",
    "event_epsilon",
    "mu_lower_bound",
    "one_run_epsilon",
    "scores_mu",
]
