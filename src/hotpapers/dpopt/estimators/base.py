"""What the private estimators share: parameters, validation that says nothing about rows, fitting, coefficients.

Peers' names are ours where they mean the same (`epsilon`, `delta`, `data_norm`, `C`, `accountant`, `bounds` of
diffprivlib, `noise_multiplier` of Opacus; its `max_grad_norm` is `clip`).

No error or warning depends on a value in a row: what is no number is imputed (the middle of the declared bounds,
else 0), what is too long is scaled down, labels outside the declared classes count as rows of zeros.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from hotpapers.dpopt.accountant import Accountant
from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.relations import Relation
from hotpapers.dpopt.checkpoints import Checkpoint
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.estimators.scaling import ColumnBounds
from hotpapers.dpopt.losses import Loss
from hotpapers.dpopt.randomness import Randomness
from hotpapers.dpopt.training import MethodName, Request, Trained, train

if TYPE_CHECKING:
    from hotpapers.dpopt.report import PrivacyReport

__all__ = ["DPLinearModel"]


@dataclass(eq=False, repr=False)
class DPLinearModel(BaseEstimator):  # type: ignore[misc]
    """Parameters of every estimator.

    Parameters
    ----------
    epsilon, delta
        The budget: pure epsilon-DP where delta is None, else (epsilon, delta). Delta is never guessed.
    rho
        Instead of epsilon: zero-concentrated DP.
    noise_multiplier
        Instead of epsilon, for ``method="sgd"``: standard deviation of the noise over the sensitivity, each step.
    method
        ``"auto"``: objective perturbation for pure epsilon, else Nesterov's method by the data-free planner; or
        ``"gd"``, ``"hb"``, ``"nag"``, ``"masg"``, ``"objective"``, ``"sgd"``, ``"ssp"`` (ridge).
    noise
        None: whatever the budget allows and is quieter; or ``"gaussian"``, ``"laplace"``, ``"knorm"``.
    allocation
        Division of the budget among iterations: ``"auto"``, ``"uniform"``, ``"geometric"``, ``"spectrum"`` or
        ``"paper"``.
    data_norm, data_norm_ord
        Declared bound of a row's norm; longer rows are scaled down. Must be given unless `bounds` are.
    data_norm_l1
        A second bound, of the L1 norm: one-hot rows have a small one, and pure noise can be far smaller for it.
    bounds
        (low, high), numbers or one for each column: columns are clipped to them and scaled, so that `data_norm`
        may be left out (then 1, which holds for every row). NaN is put in the middle.
    clip
        Bound C of one row's gradient; by default the largest that the loss allows, so nothing is clipped.
    C, lam
        Regulariser ``(lam/2) |theta|^2`` of the *mean* loss; C is scikit-learn's, ``lam = 1/(C n)``, and needs
        a public n.
    fit_intercept, intercept_scaling, penalize_intercept
        A constant column of `intercept_scaling` times the norm's bound; it is counted in the row's norm.
    max_iter, step_size, momentum, batch_size
        ``"auto"`` or numbers (`batch_size`: None, or expected rows of an SGD step).
    relation
        ``"add_remove"`` (the number of rows is private too) or ``"replace_one"``.
    n_public
        The number of rows, where it is public; else one per cent or less of the budget buys a noisy one.
    accountant
        An `Accountant` that several fits share.
    random_state
        None for the operating system's entropy. A seed makes the fit reproducible and NOT PRIVATE.
    secure
        Exact sums and noise on a lattice; else floating point, whose low bits may say more than they should.

    Attributes
    ----------
    coef_, intercept_
        As of scikit-learn's linear models.
    n_iter_
        Passes (1 for methods that release once).
    ledger_
        Every noisy release and what they cost.
    plan_
        What was run.
    history_
        Noisy quantities of each iteration.
    privacy_report_
        `PrivacyReport`, to save as HTML, Markdown or JSON.
    private_, randomness_
        Whether nobody can reproduce the noise, and where it came from.
    """

    epsilon: float | None = None
    delta: float | None = None
    rho: float | None = None
    noise_multiplier: float | None = None
    method: str = "auto"
    noise: str | None = None
    allocation: str = "auto"
    data_norm: float | None = None
    data_norm_ord: int = 2
    data_norm_l1: float | None = None
    bounds: Any = None
    clip: float | None = None
    C: float | None = None
    lam: float = 1e-4
    fit_intercept: bool = True
    intercept_scaling: float = 0.5
    penalize_intercept: bool = True
    max_iter: int | str = "auto"
    step_size: float | str = "auto"
    momentum: float | str = "auto"
    batch_size: float | None = None
    relation: str = "add_remove"
    n_public: int | None = None
    accountant: Accountant | None = None
    random_state: Any = None
    secure: bool = True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.non_deterministic = self.random_state is None
        return tags

    @property
    def privacy_report_(self) -> PrivacyReport:
        """What a privacy officer reads: ``.save("report.html")``, or ``.md``, ``.json``."""
        from hotpapers.dpopt.estimators.reporting import report_of_estimator

        check_is_fitted(self, "ledger_")
        return report_of_estimator(self, self._asked)

    @property
    def privacy_facts_(self) -> dict[str, Any]:
        """What a privacy report states, as plain numbers and words: nothing but public settings and the ledger's."""
        check_is_fitted(self, "ledger_")
        ledger = self.ledger_
        return {
            "relation": ledger.relation,
            "unit": ledger.unit,
            "epsilon_pure": ledger.epsilon(0.0),
            "delta": self.delta,
            "epsilon": ledger.epsilon(self.delta) if self.delta else ledger.epsilon(0.0),
            "method": self.method_ if self.plan_ is not None else "none: one class is declared",
            "iterations": self.n_iter_,
            "data_norm": self.data_norm,
            "data_norm_ord": self.data_norm_ord,
            "bounds_declared": self.bounds is not None,
            "rows_public": self.n_public if self.relation == "add_remove" else "public by relation",
            "randomness": self.randomness_,
            "private": self.private_,
            "events": [event.to_json() for event in ledger.events],
        }

    def _budget(self) -> Budget:
        return Budget(
            epsilon=self.epsilon,
            delta=self.delta,
            rho=self.rho,
            noise_multiplier=self.noise_multiplier,
            relation=cast(Relation, self.relation),
        )

    def _request(self, loss: Loss, method: str) -> Request:
        budget, norm = self._budget(), self.data_norm
        if norm is None and self.bounds is not None:
            norm = 1.0
        if norm is None:
            raise PrivacyError(
                "data_norm is not declared: give data_norm, a bound of every row's norm that is public knowledge, "
                "or bounds of every column; it is never read from the rows"
            )
        if self.data_norm_ord not in {1, 2}:
            raise PrivacyError(f"data_norm_ord must be 1 or 2: got {self.data_norm_ord!r}")
        return Request(
            loss=loss,
            budget=budget,
            data_norm=float(norm),
            data_norm_ord=cast(Literal[1, 2], self.data_norm_ord),
            data_norm_l1=self.data_norm_l1,
            intercept=self.intercept_scaling * float(norm) if self.fit_intercept else None,
            penalize_intercept=self.penalize_intercept,
            method=cast(MethodName, method),
            noise=cast(Any, self.noise),
            allocation=self.allocation,
            clip=self.clip,
            lam=self.lam,
            rows=self.n_public,
            iterations=_given(self.max_iter, int, "max_iter"),
            step=_given(self.step_size, float, "step_size"),
            momentum=_given(self.momentum, float, "momentum"),
            batch=self.batch_size,
        )

    def _features(self, table: Any, *, reset: bool) -> NDArray[Any]:
        """The features as numbers, NaN and infinity as they are.

        Raises
        ------
        PrivacyError
            If their type is not one of numbers: a conversion would tell whether each value is one.
        """
        found: NDArray[Any] = validate_data(
            self,
            _typed(table),
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            ensure_min_samples=0,
        )
        if self.bounds is None:
            return found
        return ColumnBounds.declared(self.bounds, found.shape[1]).scaled(found)

    def _targets(self, y: Any, count: int) -> NDArray[Any]:
        if y is None:
            raise PrivacyError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        if getattr(y, "dtype", None) is None:
            y = np.asarray(y)
        if getattr(y.dtype, "kind", "O") == "c":
            raise PrivacyError("Complex data not supported in y")
        found: NDArray[Any] = column_or_1d(y, warn=True)
        if len(found) != count:
            raise PrivacyError("X and y must have the same number of rows")
        return found

    def _trained(
        self,
        features: NDArray[Any],
        targets: NDArray[Any],
        ignored: NDArray[np.bool_] | None,
        request: Request,
        checkpoint: str | Path | None,
    ) -> Trained:
        """Run `train`, and keep all of it but the coefficients."""
        if self.n_public is not None:
            if self.relation == "replace_one" and self.n_public != len(features):
                raise PrivacyError(
                    "n_public is not the number of rows, which relation='replace_one' takes as public"
                )
            warning = request.budget.delta_warning(self.n_public)
            if warning is not None:
                warnings.warn(warning, UserWarning, stacklevel=3)
        if self.C is not None:
            request = _with_c(
                request, self.C, len(features) if self.relation == "replace_one" else self.n_public
            )
        self._asked = request
        randomness = Randomness(self.secure, _seed(self.random_state))
        if checkpoint is None:
            found = self._train(features, targets, ignored, request, randomness, None)
        else:
            with Checkpoint(checkpoint, request.budget, self._terms(request, features.shape[1])) as kept:
                found = self._train(features, targets, ignored, request, randomness, kept)
        self.method_, self.plan_, self.ledger_ = request.chosen_method, found.plan, found.ledger
        self.n_iter_, self.history_ = found.iterations, found.history
        self.private_, self.randomness_ = randomness.private, randomness.description
        return found

    def _train(
        self,
        features: NDArray[Any],
        targets: NDArray[Any],
        ignored: NDArray[np.bool_] | None,
        request: Request,
        randomness: Randomness,
        checkpoint: Checkpoint | None,
    ) -> Trained:
        return train(
            features,
            targets,
            request,
            randomness=randomness,
            ignored=ignored,
            accountant=self.accountant,
            checkpoint=checkpoint,
        )

    def _terms(self, request: Request, width: int) -> dict[str, Any]:
        """Public settings that a resumed fit must share."""
        named = {name: value for name, value in vars(request).items() if name not in {"loss", "budget"}}
        return {
            **named,
            "loss": repr(request.loss),
            "budget": repr(request.budget),
            "width": width,
            "secure": self.secure,
        }

    def _coefficients(self, theta: NDArray[np.float64], request: Request) -> tuple[Any, Any]:
        """Coefficients ``(K, d)`` and intercepts ``(K,)`` in the features' own units."""
        rows = theta.reshape(len(theta), -1).T
        if request.intercept is None:
            coefficients, intercept = rows, np.zeros(len(rows))
        else:
            coefficients, intercept = rows[:, 1:], rows[:, 0] * request.intercept
        if self.bounds is None:
            return coefficients, intercept
        return ColumnBounds.declared(self.bounds, coefficients.shape[1]).unscaled(coefficients, intercept)

    def _margins(self, table: ArrayLike) -> NDArray[np.float64]:
        """``table coef' + intercept``, ``(n, K)``; what is no number is put where the fit put it."""
        check_is_fitted(self, "coef_")
        found = validate_data(
            self,
            _typed(table),
            reset=False,
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            ensure_min_samples=0,
        )
        middle = 0.0 if self.bounds is None else ColumnBounds.declared(self.bounds, found.shape[1]).middle
        known = np.nan_to_num(np.where(np.isnan(found), middle, found))
        coefficients = np.atleast_2d(self.coef_)
        return np.asarray(known @ coefficients.T + np.atleast_1d(self.intercept_))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coef_")


def _typed(table: Any) -> Any:
    """The table, whose *type* is one of numbers: converting words would tell whether each of them is a number.

    Raises
    ------
    PrivacyError
        With the type, which is public.
    """
    kinds = getattr(table, "dtypes", None)
    if kinds is None and getattr(table, "dtype", None) is None:
        try:
            table = np.asarray(table)
        except ValueError as error:
            raise PrivacyError("X must be a table of numbers (n, d)") from error
    for kind in [table.dtype] if kinds is None else list(kinds):
        if getattr(kind, "kind", "O") in "OUSV":
            raise PrivacyError(f"X must hold numbers: got dtype {kind}; convert it beforehand")
    return table


def _given(value: Any, kind: type[Any], name: str) -> Any:
    """None for ``"auto"``."""
    if isinstance(value, str):
        if value != "auto":
            raise PrivacyError(f"{name} must be 'auto' or a number: got {value!r}")
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise PrivacyError(f"{name} must be 'auto' or a number: got {value!r}")
    if kind is int and int(value) != value:
        raise PrivacyError(f"{name} must be a whole number: got {value!r}")
    return kind(value)


def _with_c(request: Request, inverse: float, rows: int | None) -> Request:
    from dataclasses import replace

    if rows is None or not inverse > 0:
        raise PrivacyError("C stands for lam = 1/(C n): it needs a positive C and n_public; or give lam")
    return replace(request, lam=1.0 / (inverse * max(rows, 1)))


def _seed(random_state: Any) -> int | None:
    """A seed, or None for the operating system."""
    if random_state is None:
        return None
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    return int(random_state)
