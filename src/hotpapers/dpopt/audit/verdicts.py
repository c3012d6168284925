"""What an audit says: a lower bound on epsilon, and whether it contradicts the claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scipy.stats import beta

from hotpapers.dpopt.errors import PrivacyError

__all__ = ["AuditResult", "check_claim", "rate_bounds"]


@dataclass(frozen=True)
class AuditResult:
    """The outcome of an audit.

    Parameters
    ----------
    eps_lower
        With the stated confidence, the mechanism is not (epsilon, delta)-DP for any epsilon below this; at
        least 0.
    confidence
        In (0, 1): how often, at least, such a bound is right.
    claim
        The epsilon that was claimed, at the same delta.
    delta
        The delta at which both are.
    mu_lower
        Lower bound on mu, for audits of Gaussian DP.
    """

    eps_lower: float
    confidence: float
    claim: float
    delta: float = 0.0
    mu_lower: float | None = None

    @property
    def verdict(self) -> Literal["violated", "consistent"]:
        """``"violated"`` if the lower bound is above the claim. "Consistent" is no proof of privacy."""
        return "violated" if self.eps_lower > self.claim else "consistent"

    def __str__(self) -> str:
        return (
            f"{self.verdict}: epsilon is at least {self.eps_lower:.4f} at {100 * self.confidence:g} % confidence, "
            f"claimed {self.claim:g} (delta={self.delta:g})"
        )


def check_claim(claim: float, delta: float, confidence: float) -> None:
    """Refuse impossible claims and confidences.

    Raises
    ------
    PrivacyError
        Naming which.
    """
    if not claim >= 0:
        raise PrivacyError(f"the claimed epsilon must be at least 0: got {claim!r}")
    if not 0 <= delta < 1:
        raise PrivacyError(f"delta must be at least 0 and below 1: got {delta!r}")
    if not 0 < confidence < 1:
        raise PrivacyError(f"confidence must be in (0, 1): got {confidence!r}")


def rate_bounds(hits: int, trials: int, error: float) -> tuple[float, float]:
    """Clopper-Pearson bounds on a probability, each wrong with probability at most `error` (both: twice that).

    The lower one is the `error` quantile of Beta(hits, trials - hits + 1), the upper one the ``1 - error`` quantile
    of Beta(hits + 1, trials - hits).
    """
    if not 0 <= hits <= trials or trials < 1:
        raise PrivacyError(f"a rate needs at least one trial and 0 <= hits <= trials: got {hits} of {trials}")
    lower = float(beta.ppf(error, hits, trials - hits + 1)) if hits else 0.0
    upper = float(beta.ppf(1 - error, hits + 1, trials - hits)) if hits < trials else 1.0
    return lower, upper
