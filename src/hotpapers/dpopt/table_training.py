"""A private model from a file of rows and its public schema: one request, one reading, one training.

Everything that can be refused is refused before the file is opened: settings that do not go together, and a budget
that the accountant does not have.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol, Self, cast, get_args

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accountant import Accountant
from hotpapers.dpopt.accounting import Budget, Event, Ledger
from hotpapers.dpopt.checkpoints import Checkpoint
from hotpapers.dpopt.errors import PrivacyError, SchemaError
from hotpapers.dpopt.linear_model import LinearModel, LossName
from hotpapers.dpopt.losses import Huber, Logistic, Loss, Multinomial, SmoothHinge, Squared
from hotpapers.dpopt.model_folder import SavedModel, coefficients_of
from hotpapers.dpopt.randomness import Randomness
from hotpapers.dpopt.report import noise_deviation, report_of
from hotpapers.dpopt.tables.design import Design
from hotpapers.dpopt.tables.fixed_rows import fixed_rows
from hotpapers.dpopt.tables.matrix import read_matrix
from hotpapers.dpopt.tables.schema import Classes, Interval, Schema
from hotpapers.dpopt.tables.stored_matrix import StoredMatrix
from hotpapers.dpopt.training import METHODS, MethodName, Request, Trained, train
from hotpapers.dpopt.training_methods import RESUMABLE, planned_events

__all__ = ["Options", "TableTraining"]

_SUBJECTS = {
    "logistic": "logistic regression",
    "multinomial": "multinomial logistic regression",
    "svm": "linear support vector machine",
    "ridge": "ridge regression",
    "huber": "Huber regression",
}
_SMOOTHING = 0.5
_RESIDUAL_CLIP = 0.5
_HUBER = 0.2
# Bytes of features that stay in memory, beside as many again that are made ready from them.
_MEMORY = 96 << 20


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may choose beside schema and budget.

    Parameters
    ----------
    loss
        None: logistic regression for classes, ridge regression for numbers.
    method, noise, allocation, lam, clip, iterations, batch
        As of `Request`.
    seed
        None for the operating system's entropy; else NOT PRIVATE.
    """

    loss: LossName | None = None
    method: str = "auto"
    noise: Literal["gaussian", "laplace", "knorm"] | None = None
    allocation: str = "auto"
    lam: float = 1e-4
    clip: float | None = None
    iterations: int | None = None
    batch: float | None = None
    seed: int | None = None


class _Account(Protocol):
    """What `train` asks of an accountant."""

    @property
    def durable(self) -> bool: ...

    def require(self, events: Iterable[Event]) -> None: ...

    def spend(self, event: Event) -> None: ...


@dataclass(frozen=True)
class _PerUnit:
    """An account by units of several rows, told of releases whose sensitivity is for one row."""

    account: Accountant
    rows: int

    @property
    def durable(self) -> bool:
        return self.account.durable

    def require(self, events: Iterable[Event]) -> None:
        self.account.require([event.for_group(self.rows) for event in events])

    def spend(self, event: Event) -> None:
        self.account.spend(event.for_group(self.rows))


@dataclass(frozen=True)
class TableTraining:
    """One training, checked before any row is read.

    Parameters
    ----------
    schema
        With its target.
    budget
        For one unit of the schema: a row, or whatever its unit column names.
    options
        The rest.

    Raises
    ------
    SchemaError
        If the schema leaves something open that the training needs.
    PrivacyError
        If the settings do not go together.
    """

    schema: Schema
    budget: Budget
    options: Options = Options()

    def __post_init__(self) -> None:
        if self.options.method not in METHODS:
            raise PrivacyError(f"method must be one of {', '.join(METHODS)}: got {self.options.method!r}")
        unit = self.schema.unit or "row"
        if self.budget.unit != unit:
            raise PrivacyError(f"the schema's unit is one {unit}: the budget is for one {self.budget.unit}")
        if self.budget.relation == "replace_one" and self.schema.rows is None:
            raise SchemaError("relation replace_one takes the number of rows as public: declare [table] rows")
        if self.schema.rows_per_unit > 1 and self.request.chosen_method in {"objective", "sgd", "ssp"}:
            raise PrivacyError(
                f"method {self.request.chosen_method!r} has no proof for units of several rows: use rows_per_unit = 1, "
                "or method gd, hb, nag or masg"
            )

    @classmethod
    def of_saved(cls, saved: SavedModel) -> Self:
        """The training that made a model."""
        try:
            return cls(saved.model.schema, saved.report.budget, Options(**saved.options))
        except TypeError as error:
            raise PrivacyError("the model does not say how it was trained") from error

    @property
    def loss(self) -> LossName:
        """By the schema's target, where none was chosen."""
        target, chosen = self.schema.target, self.options.loss
        if target is None:
            raise SchemaError("the schema declares no [target]")
        numbers = isinstance(target, Interval)
        if chosen is not None and chosen not in get_args(LossName):
            raise PrivacyError(f"loss must be one of {', '.join(get_args(LossName))}: got {chosen!r}")
        if chosen is None or (chosen == "logistic" and isinstance(target, Classes)):
            return "ridge" if isinstance(target, Interval) else _logistic(target)
        if numbers != (chosen in {"ridge", "huber"}):
            raise PrivacyError(
                f"loss {chosen!r} does not go with a target of {'numbers' if numbers else 'classes'}"
            )
        return chosen

    @property
    def request(self) -> Request:
        """The training in public numbers; its budget is for one row."""
        design, options = Design(self.schema), self.options
        return Request(
            loss=self._loss(),
            budget=_per_row(self.budget, self.schema.rows_per_unit),
            data_norm=1.0,
            data_norm_l1=design.norm_l1,
            method=self._method(),
            noise=options.noise,
            allocation=options.allocation,
            clip=options.clip,
            lam=options.lam,
            rows=None if self.schema.rows is None else float(self.schema.rows),
            iterations=options.iterations,
            batch=options.batch,
        )

    @property
    def resumable(self) -> bool:
        """Whether a killed training can go on where it stood."""
        return self.request.chosen_method in RESUMABLE and self.budget.kind != "pure"

    def require(self, account: Accountant | None) -> None:
        """Refuse what the account does not cover, before any file of rows is opened.

        Raises
        ------
        BudgetError
            Naming no number of the rows.
        """
        if account is not None:
            events = planned_events(self.request, None)
            self._account(account).require(events)

    def run(
        self, data: Path, *, account: Accountant | None = None, checkpoint: Checkpoint | None = None
    ) -> SavedModel:
        """Read, train, and put model and report together.

        Parameters
        ----------
        data
            Rows: CSV, Parquet, Arrow, libsvm or NPZ.
        account
            Asked first, and told of every spend.
        checkpoint
            Where `resumable`.
        """
        warning = None if self.schema.rows is None else self.budget.delta_warning(self.schema.rows)
        if warning is not None:
            warnings.warn(warning, UserWarning, stacklevel=2)
        features, targets = self._rows(data)
        randomness = Randomness(seed=self.options.seed)
        try:
            trained = train(
                features,
                targets,
                self.request,
                randomness=randomness,
                accountant=cast(Accountant | None, None if account is None else self._account(account)),
                checkpoint=checkpoint,
            )
        finally:
            if isinstance(features, StoredMatrix):
                features.close()
        return self._saved(trained, private=randomness.private)

    def terms(self) -> dict[str, object]:
        """Public settings that a resumed training must share."""
        from hotpapers.dpopt.tables.schema_file import schema_words

        return {
            "schema": schema_words(self.schema),
            "options": asdict(self.options),
            "budget": repr(self.budget),
        }

    def _rows(self, data: Path) -> tuple[NDArray[np.float32] | StoredMatrix, NDArray[np.float64]]:
        matrix = read_matrix(data, self.schema, memory=_MEMORY)
        assert matrix.target is not None  # noqa: S101 - the schema has a target
        features, targets = matrix.features, matrix.target
        if self.budget.relation == "replace_one" and self.schema.rows is not None:
            features, targets = fixed_rows(features, targets, self.schema.rows)
        if isinstance(self.schema.target, Interval):
            low, high = self.schema.target.low, self.schema.target.high
            targets = (targets - (low + high) / 2) / ((high - low) / 2)
        return features, self.request.loss.encode(targets)

    def _loss(self) -> Loss:
        target = self.schema.target
        losses: dict[str, Loss] = {
            "logistic": Logistic(),
            "svm": SmoothHinge(_SMOOTHING),
            "ridge": Squared(target_bound=1.0, residual_clip=_RESIDUAL_CLIP),
            "huber": Huber(delta=_HUBER, target_bound=1.0),
        }
        if self.loss == "multinomial":
            return Multinomial(len(cast(Classes, target).values))
        return losses[self.loss]

    def _method(self) -> MethodName:
        if self.options.method == "auto":
            several, pure = self.schema.rows_per_unit > 1, self.budget.kind == "pure"
            if self.loss == "ridge" and not pure and not several:
                return "ssp"
            if several:
                return "nag"
        return cast(MethodName, self.options.method)

    def _account(self, account: Accountant) -> _Account:
        return account if self.schema.rows_per_unit == 1 else _PerUnit(account, self.schema.rows_per_unit)

    def _saved(self, trained: Trained, *, private: bool) -> SavedModel:
        model = LinearModel(loss=self.loss, coefficients=trained.theta, schema=self.schema)
        most, events = self.schema.rows_per_unit, trained.ledger.events
        if most > 1:
            events = tuple(event.for_group(most) for event in events)
        report = report_of(
            trained,
            self.request,
            subject=f"{_SUBJECTS[self.loss]} of {cast(Classes | Interval, self.schema.target).column}",
            private=private,
            coefficients=coefficients_of(model, noise_deviation(trained.plan, trained.history)),
            budget=self.budget,
            ledger=Ledger(self.budget.relation, self.budget.unit, events),
            schema=self.schema,
            assumptions=self._assumptions(),
            made=datetime.now(UTC).date().isoformat(),
        )
        return SavedModel(model, report, {**asdict(self.options), "loss": self.loss})

    def _assumptions(self) -> dict[str, str]:
        found = {"columns": "scaled by the declared schema, which bounds every row's norm whatever it holds"}
        if self.budget.relation == "replace_one":
            found["number of rows"] = (
                f"{self.schema.rows}, declared as public; rows beyond it were left out, missing ones count as zeros"
            )
        if self.schema.unit is not None:
            found[f"rows of one {self.schema.unit}"] = (
                f"at most {self.schema.rows_per_unit}, the first in the file"
            )
        return found


def _logistic(target: Classes) -> LossName:
    return "logistic" if len(target.values) == 2 else "multinomial"


def _per_row(budget: Budget, rows: int) -> Budget:
    """What one row may cost, so that `rows` changed rows cost no more than the budget.

    Exact for Gaussian DP, where k changes of mu are one of k mu, and for pure epsilon.
    """
    if rows == 1:
        return replace(budget, unit="row")
    if budget.kind == "pure":
        return Budget(epsilon=budget.pure_epsilon() / rows, relation=budget.relation)
    if budget.kind == "noise_multiplier":
        raise PrivacyError(
            "a noise_multiplier is for one row: give epsilon and delta for units of several rows"
        )
    return Budget(mu=budget.gaussian_mu() / rows, relation=budget.relation)
