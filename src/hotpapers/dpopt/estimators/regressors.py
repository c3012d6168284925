"""Private regressors: ridge and Huber."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from hotpapers.dpopt.estimators.base import DPLinearModel
from hotpapers.dpopt.estimators.scaling import TargetBounds
from hotpapers.dpopt.losses import Huber, Loss, Squared

__all__ = ["DPHuberRegressor", "DPRidge"]


@dataclass(eq=False, repr=False)
class _DPLinearRegressor(RegressorMixin, DPLinearModel):  # type: ignore[misc]
    """A linear regressor with declared bounds of the target."""

    target_bounds: Any = None

    def _loss(self, bounds: TargetBounds) -> Loss:
        raise NotImplementedError

    def fit(self, X: Any, y: Any, *, checkpoint: str | Path | None = None) -> Self:  # noqa: N803
        """Fit the model privately.

        Parameters
        ----------
        X
            ``(n, d)`` numbers; NaN and infinity are imputed and clipped, each by itself.
        y
            ``(n,)`` numbers, clipped to `target_bounds`; NaN counts as their middle.
        checkpoint
            As of `DPLogisticRegression.fit`.

        Raises
        ------
        PrivacyError
            If a declaration is missing or settings do not go together. Never for a value in a row.
        BudgetError
            If the accountant's budget does not cover the fit.
        """
        features = self._features(X, reset=True)
        numbers = self._targets(y, len(features))
        bounds = TargetBounds.declared(self.target_bounds)
        request = self._request(self._loss(bounds), self.method)
        targets = request.loss.encode(bounds.scaled(numbers))
        found = self._trained(features, targets, None, request, checkpoint)
        coefficients, intercept = self._coefficients(found.theta, request)
        self.coef_ = coefficients[0] * bounds.unit
        self.intercept_ = float(intercept[0]) * bounds.unit + bounds.middle
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """``X coef + intercept``, ``(n,)``."""
        return self._margins(X)[:, 0]


@dataclass(eq=False, repr=False)
class DPRidge(_DPLinearRegressor):
    """Differentially private ridge regression.

    The target is mapped from its declared bounds to [-1, 1]; without an intercept the model is
    ``middle of the bounds + X coef``. ``method="ssp"`` perturbs the sufficient statistics X'X and X'y instead;
    on white wine the methods of ``"auto"`` were better at every budget from 0.1 to 4.

    The parameters are those of `DPLinearModel`, and

    Parameters
    ----------
    target_bounds
        (low, high), declared.
    residual_clip
        For all methods but ``"ssp"``: residuals are clipped to this part of half the bounds' width, so the loss is
        Huber's.
    """

    residual_clip: float = 0.5

    def _loss(self, bounds: TargetBounds) -> Loss:
        return Squared(target_bound=1.0, residual_clip=self.residual_clip)


@dataclass(eq=False, repr=False)
class DPHuberRegressor(_DPLinearRegressor):
    """Differentially private regression with Huber's loss.

    The parameters are those of `DPLinearModel`, and

    Parameters
    ----------
    target_bounds
        (low, high), declared.
    threshold
        Residual at which the loss becomes linear, in the target's units; by default a tenth of the bounds' width.
    """

    threshold: float | None = None

    def _loss(self, bounds: TargetBounds) -> Loss:
        relative = 0.2 if self.threshold is None else self.threshold / bounds.unit
        return Huber(delta=relative, target_bound=1.0)
