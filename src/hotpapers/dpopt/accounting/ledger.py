"""The ledger: every noisy release that was made, and what all of them cost together."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hotpapers.common.files import write_text
from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.composition import (
    delta_of,
    epsilon_of,
    mu_of,
    pure_epsilon_of,
    rho_of,
)
from hotpapers.dpopt.accounting.events import Event
from hotpapers.dpopt.accounting.relations import Relation, check_relation
from hotpapers.dpopt.errors import BudgetError, PrivacyError

if TYPE_CHECKING:
    from dp_accounting import DpEvent

__all__ = ["Ledger"]

_FORMAT = "hotpapers-dpopt-ledger"


class Ledger:
    """Append-only list of events under one relation and one privacy unit.

    Parameters
    ----------
    relation
        ``"add_remove"`` or ``"replace_one"``: every event must be stated under it.
    unit
        What neighbours differ in: ``"row"``, ``"person"`` ...
    events
        Events to begin with.

    Examples
    --------
    >>> ledger = Ledger("add_remove")
    >>> ledger.append(Event(mechanism="gaussian", sensitivity=1.0, norm="l2", scale=10.0, count=100))
    >>> round(ledger.epsilon(1e-5), 5), round(ledger.mu(), 12), ledger.epsilon(0.0)
    (4.37718, 1.0, inf)
    """

    def __init__(self, relation: Relation, unit: str = "row", events: Iterable[Event] = ()) -> None:
        check_relation(relation)
        if not unit:
            raise PrivacyError("the privacy unit needs a name, such as 'row' or 'person'")
        self._relation: Relation = relation
        self._unit = unit
        self._events: tuple[Event, ...] = ()
        for event in events:
            self.append(event)

    @property
    def relation(self) -> Relation:
        """The neighbouring relation of every event."""
        return self._relation

    @property
    def unit(self) -> str:
        """What neighbours differ in."""
        return self._unit

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, oldest first."""
        return self._events

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def append(self, event: Event) -> None:
        """Add an event; there is no way to take one out.

        Raises
        ------
        PrivacyError
            If it is stated under another relation.
        """
        self.check(event)
        self._events = (*self._events, event)

    def check(self, event: Event) -> None:
        """Refuse an event stated under another relation."""
        if event.relation != self._relation:
            raise PrivacyError(
                f"the ledger's relation is {self._relation!r} and the event's {event.relation!r}: "
                "state its sensitivity under the ledger's relation"
            )

    def epsilon(self, delta: float) -> float:
        """Epsilon of everything at `delta`, never below the true one; ``inf`` where there is none.

        With delta = 0 pure events give the exact sum of their epsilons. The same events may have a much
        smaller epsilon at a small delta (100 Laplace releases of 0.01 each: 1 against 0.337 at 1e-5).
        """
        return epsilon_of(self._events, delta)

    def delta(self, epsilon: float) -> float:
        """Delta of everything at `epsilon`, never below the true one."""
        return delta_of(self._events, epsilon)

    def rho(self) -> float:
        """Rho of zero-concentrated DP.

        Raises
        ------
        PrivacyError
            If an event has none (sampled Gaussian, objective perturbation).
        """
        return rho_of(self._events)

    def mu(self) -> float:
        """Mu of Gaussian DP: exact if all events are Gaussian, else a bound.

        Raises
        ------
        PrivacyError
            If an event has none (sampled Gaussian, objective perturbation).
        """
        return mu_of(self._events)

    def within(self, budget: Budget) -> bool:
        """Whether everything so far is covered by `budget`, without any tolerance.

        A budget of a noise multiplier is for each release: every event must be at least that noisy.

        Raises
        ------
        PrivacyError
            If the budget is stated under another relation or unit.
        """
        if (budget.relation, budget.unit) != (self._relation, self._unit):
            raise PrivacyError(
                f"the budget is for {budget.relation!r} of one {budget.unit}, the ledger for "
                f"{self._relation!r} of one {self._unit}: they are not comparable"
            )
        if budget.noise_multiplier is not None:
            return all(
                event.mechanism == "gaussian" and event.noise_multiplier >= budget.noise_multiplier
                for event in self._events
            )
        if budget.rho is not None:
            return self.rho() <= budget.rho
        if budget.mu is not None:
            return self.mu() <= budget.mu
        assert budget.epsilon is not None  # noqa: S101 - the only kind left
        if not budget.delta:
            return pure_epsilon_of(self._events) <= budget.epsilon
        return self.delta(budget.epsilon) <= budget.delta

    def require(self, event: Event, budget: Budget) -> None:
        """Refuse an event that `budget` does not cover together with what was spent before.

        Raises
        ------
        BudgetError
            Before anything is drawn or any row is read.
        """
        if not Ledger(self._relation, self._unit, (*self._events, event)).within(budget):
            raise BudgetError(
                f"the budget does not cover {event.count} more {event.mechanism} release(s) of this scale: "
                "allow more, or release less"
            )

    def compose(self, other: Ledger, *, group_size: int | None = None) -> Ledger:
        """A new ledger with the events of both.

        Parameters
        ----------
        other
            A ledger about the same rows.
        group_size
            How many of the other's changes one of ours makes; needed where relation or unit differ. An
            add_remove ledger enters a replace_one ledger with 2 (one row out, one in), a ledger by rows
            enters one by persons of at most k rows with k (add_remove) or 2 k.

        Raises
        ------
        PrivacyError
            If relation or unit differ and no group size is given, or it is impossible.
        """
        same = (other.relation, other.unit) == (self._relation, self._unit)
        if same:
            return Ledger(self._relation, self._unit, (*self._events, *other.events))
        if group_size is None or group_size < 1:
            raise PrivacyError(
                f"a ledger for {other.relation!r} of one {other.unit} does not enter one for "
                f"{self._relation!r} of one {self._unit}: give group_size"
            )
        if other.relation != self._relation:
            if self._relation == "add_remove":
                raise PrivacyError("a replace_one ledger says nothing about adding or removing a row")
            if group_size < 2:
                raise PrivacyError("replacing a row is two changes of an add_remove ledger: group_size >= 2")
        grown = [_under(event.for_group(group_size), self._relation) for event in other.events]
        return Ledger(self._relation, self._unit, (*self._events, *grown))

    def to_dp_event(self) -> DpEvent:
        """The ledger as dp-accounting's event, for a second opinion.

        Raises
        ------
        PrivacyError
            If an event has no counterpart there (K-norm, stated epsilon, objective perturbation).
        """
        from dp_accounting import ComposedDpEvent

        return ComposedDpEvent([_dp_event(event) for event in self._events])

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and words."""
        return {
            "format": _FORMAT,
            "version": 1,
            "relation": self._relation,
            "unit": self._unit,
            "events": [event.to_json() for event in self._events],
        }

    def save(self, path: str | Path) -> None:
        """Write the ledger as JSON, whole or not at all."""
        write_text(Path(path), json.dumps(self.to_json(), indent=2, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        PrivacyError
            If the file is missing, damaged or of another version.
        """
        try:
            record = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PrivacyError(f"{path} is not a readable ledger") from error
        if not isinstance(record, dict) or record.get("format") != _FORMAT or record.get("version") != 1:
            raise PrivacyError(f"{path} is not a ledger of version 1")
        try:
            return cls(record["relation"], record["unit"], [Event.from_json(one) for one in record["events"]])
        except (KeyError, TypeError) as error:
            raise PrivacyError(f"{path} is a damaged ledger") from error


def _under(event: Event, relation: Relation) -> Event:
    from dataclasses import replace

    return replace(event, relation=relation)


def _dp_event(event: Event) -> DpEvent:
    from dp_accounting import GaussianDpEvent, LaplaceDpEvent, PoissonSampledDpEvent, SelfComposedDpEvent

    kinds = {"gaussian": GaussianDpEvent, "laplace": LaplaceDpEvent}
    kind = kinds.get(event.mechanism)
    if kind is None or event.sampling.kind == "without_replacement" or math.isinf(event.scale):
        raise PrivacyError(
            f"dp-accounting has no event for {event.mechanism} with {event.sampling.kind} sampling"
        )
    single = kind(event.noise_multiplier)
    if event.sampling.kind == "poisson":
        single = PoissonSampledDpEvent(event.sampling.rate, single)
    return SelfComposedDpEvent(single, event.count)
