"""What the user allows to be spent, in one of the four currencies, under a named relation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeGuard

from hotpapers.dpopt.accounting.gaussian_dp import gaussian_mu
from hotpapers.dpopt.accounting.relations import Relation, check_relation
from hotpapers.dpopt.errors import PrivacyError

__all__ = ["Budget", "BudgetKind"]

BudgetKind = Literal["pure", "approximate", "zcdp", "gdp", "noise_multiplier"]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Exactly one of epsilon (with a delta, or pure), rho, mu and noise_multiplier.

    Parameters
    ----------
    epsilon
        > 0. Without `delta` (or with 0) the budget is pure epsilon-DP.
    delta
        In [0, 1). Beside rho, mu or noise_multiplier it is only the delta that reports are made at.
    rho
        > 0, of zero-concentrated DP (Bun, Steinke 2016).
    mu
        > 0, of Gaussian DP.
    noise_multiplier
        > 0, standard deviation over L2 sensitivity of each release.
    relation
        ``"add_remove"`` or ``"replace_one"``; never converted silently.
    unit
        What a neighbour differs in: ``"row"``, or the name of a privacy unit such as ``"person"``.

    Raises
    ------
    PrivacyError
        If none or several are given or one is out of range; a `ValueError` too.

    Examples
    --------
    >>> Budget(epsilon=1.0, delta=1e-5).kind, round(Budget(epsilon=1.0, delta=1e-5).gaussian_mu(), 6)
    ('approximate', 0.268051)
    """

    epsilon: float | None = None
    delta: float | None = None
    rho: float | None = None
    mu: float | None = None
    noise_multiplier: float | None = None
    relation: Relation = "add_remove"
    unit: str = "row"

    def __post_init__(self) -> None:
        check_relation(self.relation)
        amounts = {
            "epsilon": self.epsilon,
            "rho": self.rho,
            "mu": self.mu,
            "noise_multiplier": self.noise_multiplier,
        }
        given = [name for name, amount in amounts.items() if amount is not None]
        if len(given) != 1:
            raise PrivacyError(
                f"give exactly one of epsilon, rho, mu and noise_multiplier: got {', '.join(given) or 'none'}"
            )
        amount = amounts[given[0]]
        if not (_is_number(amount) and math.isfinite(amount) and amount > 0):
            raise PrivacyError(f"{given[0]} must be a positive finite number: got {amount!r}")
        if self.delta is not None and not (_is_number(self.delta) and 0 <= self.delta < 1):
            raise PrivacyError(f"delta must be at least 0 and below 1, or left out: got {self.delta!r}")
        if not self.unit:
            raise PrivacyError("the privacy unit needs a name, such as 'row' or 'person'")

    @property
    def kind(self) -> BudgetKind:
        """The currency: pure, approximate (epsilon and delta), zcdp, gdp or noise_multiplier."""
        if self.epsilon is not None:
            return "approximate" if self.delta else "pure"
        if self.rho is not None:
            return "zcdp"
        return "gdp" if self.mu is not None else "noise_multiplier"

    def pure_epsilon(self) -> float:
        """Epsilon of a pure budget.

        Raises
        ------
        PrivacyError
            If the budget is not pure.
        """
        if self.kind != "pure" or self.epsilon is None:
            raise PrivacyError("Laplace and K-norm noise need a pure budget: give epsilon without a delta")
        return self.epsilon

    def gaussian_mu(self, releases: int | None = None) -> float:
        """The mu that Gaussian releases may have together.

        ``mu(epsilon, delta)``, ``sqrt(2 rho)``, mu itself, or ``sqrt(releases) / noise_multiplier``.

        Raises
        ------
        PrivacyError
            If the budget is pure, or it is a noise multiplier and the number of releases is not given.
        """
        if self.epsilon is not None:
            if not self.delta:
                raise PrivacyError(
                    "Gaussian noise needs a delta above 0: give delta, or choose noise='laplace'"
                )
            return gaussian_mu(self.epsilon, self.delta)
        if self.rho is not None:
            return math.sqrt(2 * self.rho)
        if self.mu is not None:
            return self.mu
        if releases is None or releases < 1:
            raise PrivacyError("a noise_multiplier is for each release: say how many releases there are")
        assert self.noise_multiplier is not None  # noqa: S101 - the only kind left
        return math.sqrt(releases) / self.noise_multiplier

    def delta_warning(self, public_rows: int) -> str | None:
        """A sentence for the user if delta is above one in the *public* number of rows, else None.

        A mechanism that publishes one random row in full is (0, 1/n)-DP: such a delta forbids too little.
        """
        if self.delta and self.delta * public_rows > 1:
            return (
                f"delta={self.delta:g} is above 1/n for the public n={public_rows}: a mechanism that "
                f"publishes whole rows could satisfy it; choose a delta well below {1 / public_rows:.2g}"
            )
        return None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
