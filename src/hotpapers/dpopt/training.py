"""A private linear model from features and targets: one function for every method, loss and budget.

`train` takes public settings (`Request`) and rows that are already within reach of a declared norm, chooses the
method, asks the accountant before it reads a row, buys what has to be bought, and returns coefficients with the
ledger of what was spent. Every spend is noted, wherever a ledger waits for it, before its noise is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accountant import Accountant
from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.events import Event
from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.checkpoints import Checkpoint
from hotpapers.dpopt.descent import History
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.losses import Loss
from hotpapers.dpopt.objective import RowNorms
from hotpapers.dpopt.randomness import Randomness
from hotpapers.dpopt.releases import NoiseKind, Spend
from hotpapers.dpopt.row_count import RowCount
from hotpapers.dpopt.rows import PreparedRows, RowBound, prepare_rows

__all__ = ["COUNT_EPSILON_SHARE", "METHODS", "MethodName", "Request", "Task", "Trained", "row_count", "train"]

MethodName: TypeAlias = Literal["auto", "gd", "hb", "nag", "masg", "objective", "sgd", "ssp"]
METHODS: tuple[MethodName, ...] = ("auto", "gd", "hb", "nag", "masg", "objective", "sgd", "ssp")
# Of a pure epsilon, for the number of rows.
COUNT_EPSILON_SHARE = 0.01
_NOISES = (None, "gaussian", "laplace", "knorm")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for: public numbers only.

    Attributes
    ----------
    loss, budget
        The loss with its bounds; what may be spent, with its relation.
    data_norm, data_norm_ord, data_norm_l1
        Declared bound of a row's features and its order; a second bound in L1, for rows that have one (one-hot).
    intercept
        Value of the constant column; None for none.
    penalize_intercept
        Whether the regulariser acts on its coefficient.
    method, noise, allocation
        ``"auto"`` and None are decided by `train`.
    clip, lam
        C (None: the largest gradient), and the weight of ``(lam/2) |theta|^2`` in the mean objective.
    rows
        n, where it is public.
    iterations, step, momentum, batch
        None where they are not to be chosen by hand; `batch` is the expected number of rows of a sample.
    """

    loss: Loss
    budget: Budget
    data_norm: float
    data_norm_ord: Literal[1, 2] = 2
    data_norm_l1: float | None = None
    intercept: float | None = None
    penalize_intercept: bool = True
    method: MethodName = "auto"
    noise: NoiseKind | None = None
    allocation: str = "auto"
    clip: float | None = None
    lam: float = 1e-4
    rows: float | None = None
    iterations: int | None = None
    step: float | None = None
    momentum: float | None = None
    batch: float | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise PrivacyError(f"method must be one of {', '.join(METHODS)}: got {self.method!r}")
        if self.noise not in _NOISES:
            raise PrivacyError(f"noise must be 'gaussian', 'laplace' or 'knorm': got {self.noise!r}")
        if self.noise == "gaussian" and self.budget.kind == "pure":
            raise PrivacyError("Gaussian noise needs a delta above 0: give delta, or noise='laplace'")
        if self.noise in {"laplace", "knorm"} and self.budget.kind != "pure":
            raise PrivacyError(f"{self.noise} noise takes a pure budget here: give epsilon without a delta")
        for name in ("clip", "rows", "step", "batch", "data_norm_l1"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise PrivacyError(f"{name} must be a positive number: got {value!r}")
        if self.momentum is not None and not 0 <= self.momentum < 1:
            raise PrivacyError(f"momentum must be at least 0 and below 1: got {self.momentum!r}")
        if self.iterations is not None and not (type(self.iterations) is int and self.iterations >= 1):
            raise PrivacyError(f"max_iter must be a whole number of at least 1: got {self.iterations!r}")
        if self.budget.kind == "noise_multiplier" and self.method not in {"auto", "sgd"}:
            raise PrivacyError("noise_multiplier goes with method='sgd': give epsilon and delta, rho or mu")
        if not 0 <= self.lam < math.inf:
            raise PrivacyError(f"lam must be at least 0: got {self.lam!r}")

    @property
    def chosen_method(self) -> MethodName:
        """Objective perturbation for pure epsilon, SGD for a noise multiplier, Nesterov's method else."""
        if self.method != "auto":
            return self.method
        by_currency = {"pure": "objective", "noise_multiplier": "sgd"}
        return cast(MethodName, by_currency.get(self.budget.kind, "nag"))

    def norms(self, width: int) -> RowNorms:
        """Bounds of a row with its constant column."""
        column = self.intercept or 0.0
        least_l1 = self.data_norm if self.data_norm_ord == 1 else math.sqrt(width) * self.data_norm
        sharper = math.inf if self.data_norm_l1 is None else self.data_norm_l1
        return RowNorms(math.hypot(self.data_norm, column), min(least_l1, sharper) + column)

    def penalties(self, width: int) -> float | NDArray[np.float64]:
        """Lam, or one for each coefficient."""
        if self.penalize_intercept or self.intercept is None:
            return self.lam
        found = np.full(width, self.lam)
        found[0] = 0.0
        return found


@dataclass(frozen=True)
class Trained:
    """A private model.

    Attributes
    ----------
    theta
        ``(d,)`` or ``(d, K)``, the intercept's coefficient first where there is one.
    plan
        What was run.
    ledger
        What it cost.
    iterations
        Passes over the rows.
    history
        Noisy quantities of every iteration; empty for methods that release once.
    """

    theta: NDArray[np.float64]
    plan: Any
    ledger: Ledger
    iterations: int
    history: History = field(default_factory=History)


@dataclass(frozen=True)
class Task:
    """What a method gets to work with."""

    request: Request
    features: Any
    targets: NDArray[Any]
    ignored: NDArray[np.bool_] | None
    randomness: Randomness
    spend: Spend
    require: Callable[[Iterable[Event]], None]
    checkpoint: Checkpoint | None

    def rows(self, order: Literal[1, 2] = 2) -> PreparedRows:
        """The rows within all their bounds, ready for sums in the norm of the given order."""
        request, exact = self.request, self.randomness.secure
        norm: float = request.data_norm
        within: tuple[float, Literal[1, 2]] | None = None
        sharp = request.norms(self.features.shape[1]).l1 - (request.intercept or 0.0)
        if order == 1:
            within = (norm, 2) if request.data_norm_ord == 2 else None
            norm = sharp
        elif request.data_norm_ord == 1 or request.data_norm_l1 is not None:
            within = (sharp, 1)
        return prepare_rows(
            self.features,
            self.targets,
            RowBound(norm, order, request.intercept),
            exact=exact,
            dtype=np.float32 if exact else np.float64,
            within=within,
            ignored=self.ignored,
        )

    def no_rows(self, order: Literal[1, 2] = 2) -> PreparedRows:
        """A table without rows and with the bounds of this one, for planning."""
        return replace(self, features=self.features[:0], targets=self.targets[:0], ignored=None).rows(order)

    def public_rows(self) -> float | None:
        """The number of rows where it is public: declared, or the same for all neighbours."""
        if self.request.budget.relation == "replace_one":
            return float(max(1, len(self.features)))
        return self.request.rows


def train(
    features: Any,
    targets: NDArray[Any],
    request: Request,
    *,
    randomness: Randomness | None = None,
    ignored: NDArray[np.bool_] | None = None,
    accountant: Accountant | None = None,
    checkpoint: Checkpoint | None = None,
) -> Trained:
    """Fit the model that is asked for.

    Parameters
    ----------
    features
        ``(n, d)``; from a `StoredMatrix` the rows go to another one and never into memory together.
    targets
        ``(n,)``, as the loss encodes them.
    request
        Public settings.
    randomness
        Secure by default.
    ignored
        ``(n,)``: rows that count as rows of zeros.
    accountant
        Asked before any row is read, and told of every spend.
    checkpoint
        Of a descent with Gaussian noise over all rows.

    Raises
    ------
    BudgetError
        If the accountant's budget does not cover the fit.
    PrivacyError
        If the settings do not go together. No message depends on a row.
    """
    from hotpapers.dpopt import training_methods as methods

    name = request.chosen_method
    if checkpoint is not None and (name not in methods.RESUMABLE or request.budget.kind == "pure"):
        raise PrivacyError(
            f"method={name!r} with this budget makes its releases at once: a checkpoint is for gd, hb, nag and "
            "masg with a delta, rho or mu"
        )
    ledger = Ledger(request.budget.relation, request.budget.unit)
    if accountant is not None:
        if checkpoint is not None and not accountant.durable:
            raise PrivacyError(
                "a fit that can be resumed needs an accountant with a path: memory is lost with it"
            )
        accountant.require(methods.planned_events(request, checkpoint))

    def spend(event: Event) -> None:
        if accountant is not None:
            accountant.spend(event)
        if checkpoint is not None:
            checkpoint.spend(event)
        ledger.append(event)

    def require(events: Iterable[Event]) -> None:
        if accountant is not None:
            accountant.require(events)

    task = Task(request, features, targets, ignored, randomness or Randomness(), spend, require, checkpoint)
    trained = methods.METHOD_OF[name](task, ledger)
    return trained if checkpoint is None else replace(trained, ledger=checkpoint.ledger)


def row_count(task: Task, rows: PreparedRows, epsilon: float) -> RowCount:
    """The number of rows: public, or bought for pure `epsilon`."""
    from hotpapers.dpopt.row_count import noisy_count_pure

    known = task.public_rows()
    if known is not None:
        return RowCount.declared(known)
    noise = task.randomness.noise("laplace")
    return noisy_count_pure(rows, epsilon, task.request.budget.relation, noise, task.spend)
