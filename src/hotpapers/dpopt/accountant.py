"""A budget that several fits on the same rows share: each is refused before it starts if what is left is too little."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.durable import DurableLedger
from hotpapers.dpopt.accounting.events import Event
from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.errors import BudgetError

__all__ = ["Accountant"]


class Accountant:
    """What may be spent on a set of rows, and what was.

    Parameters
    ----------
    budget
        Of everything together.
    path
        File of a write-ahead ledger (`DurableLedger`), made where it is missing; by default the ledger is kept in
        memory only.

    Examples
    --------
    >>> accountant = Accountant(Budget(epsilon=1.0))
    >>> accountant.spend(Event(mechanism="pure", sensitivity=0.75, norm="none", scale=1.0))
    >>> accountant.require([Event(mechanism="pure", sensitivity=0.5, norm="none", scale=1.0)])
    Traceback (most recent call last):
        ...
    hotpapers.dpopt.errors.BudgetError: the accountant's budget does not cover this fit: allow more, or ask for less
    """

    def __init__(self, budget: Budget, path: str | Path | None = None) -> None:
        self._budget = budget
        self._memory = Ledger(budget.relation, budget.unit)
        self._durable = None
        if path is not None:
            self._durable = DurableLedger(path, budget.relation, unit=budget.unit, budget=budget)

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return self._budget

    @property
    def ledger(self) -> Ledger:
        """What was spent."""
        return self._memory if self._durable is None else self._durable.ledger

    @property
    def durable(self) -> bool:
        """Whether the ledger is on disk."""
        return self._durable is not None

    def require(self, events: Iterable[Event]) -> None:
        """Refuse events that are planned and not covered.

        Raises
        ------
        BudgetError
            Nothing was read or drawn.
        PrivacyError
            If they are stated under another relation.
        """
        ledger = self.ledger
        planned = Ledger(ledger.relation, ledger.unit, (*ledger.events, *events))
        if not planned.within(self._budget):
            raise BudgetError("the accountant's budget does not cover this fit: allow more, or ask for less")

    def spend(self, event: Event) -> None:
        """Note an event before its noise is drawn; refused where the budget does not cover it."""
        if self._durable is not None:
            self._durable.spend(event)
            return
        self.require([event])
        self._memory.append(event)

    def close(self) -> None:
        """Let go of the ledger's file."""
        if self._durable is not None:
            self._durable.close()
