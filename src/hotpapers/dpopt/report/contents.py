"""What a privacy report holds: the ledger, what was asked, and noisy numbers; nothing that comes from rows."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import hotpapers
from hotpapers.common.files import write_text
from hotpapers.dpopt.accounting import Budget, Event, Ledger
from hotpapers.dpopt.audit.verdicts import AuditResult
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.tables.schema import Schema
from hotpapers.dpopt.tables.schema_file import schema_from, schema_words

__all__ = ["Coefficients", "Iterations", "PrivacyReport"]

_FORMAT = "hotpapers-dpopt-report"


@dataclass(frozen=True, kw_only=True)
class Iterations:
    """How the budget was divided among the iterations of a descent.

    Parameters
    ----------
    method
        ``"gd"``, ``"hb"``, ``"nag"`` or ``"masg"``.
    shares
        Part of the gradients' budget, ``(T,)``, summing to 1.
    scales
        Noise on the sum, ``(T,)``.
    stages
        Number of the stage from 1, ``(T,)``.
    """

    method: str
    shares: tuple[float, ...]
    scales: tuple[float, ...]
    stages: tuple[int, ...]

    @property
    def boundaries(self) -> tuple[int, ...]:
        """Iterations after which a stage ends, the last one left out."""
        return tuple(t for t in range(1, len(self.stages)) if self.stages[t] != self.stages[t - 1])


@dataclass(frozen=True, kw_only=True)
class Coefficients:
    """The released coefficients.

    Parameters
    ----------
    names
        Of the ``d`` features.
    outputs
        Of the model's outputs: the positive class, all classes, or the target's name.
    values
        One tuple of d numbers for each output.
    deviation
        Largest standard deviation that the privacy noise gives a coefficient; None where it is not known.
    """

    names: tuple[str, ...]
    outputs: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    deviation: float | None = None


@dataclass(frozen=True, kw_only=True)
class PrivacyReport:
    """All that is said about a private model.

    Parameters
    ----------
    subject
        What was made: ``"logistic regression"``.
    budget
        What was allowed.
    ledger
        What was spent.
    private
        False if the random numbers came from a seed.
    assumptions
        What the guarantee rests on, name -> words.
    asked
        Settings of the training, plain values; with the schema they make the reproduction hash.
    schema
        The public schema, where rows came from a table.
    iterations, coefficients
        For the figures.
    audits
        Outcomes of audits.
    evaluations
        What was spent on private test rows; their own ledger.
    made
        The day, ``"2025-01-31"``; "" for none.
    """

    subject: str
    budget: Budget
    ledger: Ledger
    private: bool
    assumptions: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    schema: Schema | None = None
    iterations: Iterations | None = None
    coefficients: Coefficients | None = None
    audits: tuple[AuditResult, ...] = ()
    evaluations: Ledger | None = None
    made: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that was asked: equal for two trainings that were asked for the same."""
        asked = {
            "version": hotpapers.__version__,
            "subject": self.subject,
            "budget": asdict(self.budget),
            "private": self.private,
            "assumptions": dict(self.assumptions),
            "asked": dict(self.asked),
            "schema": None if self.schema is None else schema_words(self.schema),
        }
        text = json.dumps(_as_floats(asked), sort_keys=True, ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and words; `from_json` makes the report of them again."""
        return {
            "format": _FORMAT,
            "version": 1,
            "fingerprint": self.fingerprint,
            "spent": self._spent(),
            "subject": self.subject,
            "budget": asdict(self.budget),
            "ledger": self.ledger.to_json(),
            "private": self.private,
            "assumptions": dict(self.assumptions),
            "asked": dict(self.asked),
            "schema": None if self.schema is None else schema_words(self.schema),
            "iterations": None if self.iterations is None else asdict(self.iterations),
            "coefficients": None if self.coefficients is None else asdict(self.coefficients),
            "audits": [asdict(one) for one in self.audits],
            "evaluations": None if self.evaluations is None else self.evaluations.to_json(),
            "made": self.made,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The report that `to_json` wrote.

        Raises
        ------
        PrivacyError
            If it is something else.
        """
        if record.get("format") != _FORMAT or record.get("version") != 1:
            raise PrivacyError("this is not a privacy report of version 1")
        try:
            evaluations, schema = record["evaluations"], record["schema"]
            return cls(
                subject=record["subject"],
                budget=Budget(**record["budget"]),
                ledger=_ledger(record["ledger"]),
                private=record["private"],
                assumptions=record["assumptions"],
                asked=record["asked"],
                schema=None if schema is None else schema_from(schema),
                iterations=_iterations(record["iterations"]),
                coefficients=_coefficients(record["coefficients"]),
                audits=tuple(AuditResult(**one) for one in record["audits"]),
                evaluations=None if evaluations is None else _ledger(evaluations),
                made=record["made"],
            )
        except (KeyError, TypeError) as error:
            raise PrivacyError("this privacy report is damaged") from error

    def to_markdown(self) -> str:
        """The report as Markdown."""
        from hotpapers.dpopt.report.markdown import to_markdown

        return to_markdown(self)

    def to_html(self) -> str:
        """The report as one page that asks nobody for anything."""
        from hotpapers.dpopt.report.page import to_html

        return to_html(self)

    def save(self, path: str | Path) -> None:
        """Write .html, .md or .json, whole or not at all.

        Raises
        ------
        PrivacyError
            If the name ends otherwise.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind in {".html", ".htm"}:
            write_text(path, self.to_html())
        elif kind in {".md", ".markdown"}:
            write_text(path, self.to_markdown())
        elif kind == ".json":
            write_text(path, json.dumps(self.to_json(), indent=2, allow_nan=False) + "\n")
        else:
            raise PrivacyError(f"{path}: a report is written as .html, .md or .json")

    def _spent(self) -> dict[str, float | None]:
        """Epsilon at the budget's delta, and pure epsilon; None for infinite."""
        pure = self.ledger.epsilon(0.0)
        delta = self.budget.delta or 0.0
        return {
            "pure_epsilon": pure if math.isfinite(pure) else None,
            "delta": delta,
            "epsilon": self.ledger.epsilon(delta) if delta else (pure if math.isfinite(pure) else None),
        }


def _as_floats(value: Any) -> Any:
    """The same with every whole number as a float: 1 and 1.0 ask for the same."""
    if isinstance(value, Mapping):
        return {str(name): _as_floats(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_floats(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _ledger(record: Any) -> Ledger:
    return Ledger(record["relation"], record["unit"], [Event.from_json(one) for one in record["events"]])


def _iterations(record: Any) -> Iterations | None:
    if record is None:
        return None
    return Iterations(
        method=record["method"],
        shares=tuple(record["shares"]),
        scales=tuple(record["scales"]),
        stages=tuple(record["stages"]),
    )


def _coefficients(record: Any) -> Coefficients | None:
    if record is None:
        return None
    return Coefficients(
        names=tuple(record["names"]),
        outputs=tuple(record["outputs"]),
        values=tuple(tuple(values) for values in record["values"]),
        deviation=record["deviation"],
    )
