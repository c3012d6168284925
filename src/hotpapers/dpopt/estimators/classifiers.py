"""Private classifiers: logistic regression (binary and multinomial) and a smooth support vector machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin

from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.descent import History
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.estimators.base import DPLinearModel
from hotpapers.dpopt.estimators.labels import class_numbers, declared_classes
from hotpapers.dpopt.losses import Logistic, Loss, Multinomial, SmoothHinge

__all__ = ["DPLinearSVC", "DPLogisticRegression"]


@dataclass(eq=False, repr=False)
class _DPLinearClassifier(ClassifierMixin, DPLinearModel):  # type: ignore[misc]
    """A linear classifier with declared classes."""

    classes: Any = None

    def _loss(self, classes: int) -> Loss:
        raise NotImplementedError

    def fit(self, X: Any, y: Any, *, checkpoint: str | Path | None = None) -> Self:  # noqa: N803
        """Fit the model privately.

        Parameters
        ----------
        X
            ``(n, d)`` numbers; NaN and infinity are imputed and clipped, each by itself.
        y
            ``(n,)`` labels. A row whose label is not among the declared classes counts as a row of zeros. One class
            only is no error.
        checkpoint
            Folder for a write-ahead ledger and the state after every iteration: a fit that was killed goes on
            from there, and what it spent stays spent. For gd, hb, nag and masg with Gaussian noise.

        Raises
        ------
        PrivacyError
            If a declaration is missing or settings do not go together; a `ValueError` too. Never for a value in a row.
        BudgetError
            If the accountant's budget does not cover the fit.
        """
        features = self._features(X, reset=True)
        labels = self._targets(y, len(features))
        self.classes_ = declared_classes(self.classes, y if hasattr(y, "dtype") else labels)
        numbers, unknown = class_numbers(labels, self.classes_)
        request = self._request(self._loss(len(self.classes_)), self.method)
        if len(self.classes_) == 1:
            self._asked = request
            return self._constant(features.shape[1])
        loss = request.loss
        targets = loss.encode(numbers)
        found = self._trained(features, targets, unknown, request, checkpoint)
        self.coef_, self.intercept_ = self._coefficients(found.theta, request)
        return self

    def _constant(self, width: int) -> Self:
        """One declared class: nothing is learnt and nothing is spent."""
        self.coef_, self.intercept_ = np.zeros((1, width)), np.zeros(1)
        self.ledger_ = Ledger(self._budget().relation)
        self.plan_, self.n_iter_, self.history_ = None, 1, History()
        self.private_, self.randomness_ = True, "none was needed"
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Margins, ``(n,)`` for two classes, else ``(n, K)``."""
        margins = self._margins(X)
        return margins[:, 0] if len(self.classes_) <= 2 else margins

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """The likelier class of each row, ``(n,)``."""
        margins = self.decision_function(X)
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(margins))
        place = (margins > 0).astype(np.intp) if margins.ndim == 1 else margins.argmax(axis=1)
        return np.asarray(self.classes_[place])


@dataclass(eq=False, repr=False)
class DPLogisticRegression(_DPLinearClassifier):
    """Differentially private logistic regression; multinomial for more than two classes.

    The parameters are those of `DPLinearModel`, and

    Parameters
    ----------
    classes
        The labels that may occur, declared. May be left out where the type of y says them (booleans, pandas
        categories). ``"observed"`` reads them from y, if it is public which classes occur.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(2000, 2))
    >>> y = X[:, 0] > X[:, 1]
    >>> model = DPLogisticRegression(epsilon=1.0, delta=1e-6, data_norm=3.0, n_public=2000, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.9
    True
    >>> model.ledger_.epsilon(1e-6) <= 1.0, model.randomness_
    (True, 'NOT PRIVATE: seeded')
    """

    def _loss(self, classes: int) -> Loss:
        return Logistic() if classes <= 2 else Multinomial(classes)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Probability of each class, ``(n, K)``."""
        margins = self._margins(X)
        if len(self.classes_) == 1:
            return np.ones((len(margins), 1))
        if len(self.classes_) == 2:
            second = expit(margins[:, 0])
            return np.column_stack([1.0 - second, second])
        return np.asarray(softmax(margins, axis=1))

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))


@dataclass(eq=False, repr=False)
class DPLinearSVC(_DPLinearClassifier):
    """Differentially private linear support vector machine with the hinge rounded by a parabola; two classes.

    The parameters are those of `DPLinearModel`, and

    Parameters
    ----------
    classes
        As of `DPLogisticRegression`.
    smoothing
        h > 0: the hinge is rounded where the margin is within h of 1; its curvature is at most ``1/(2h)``.
    """

    smoothing: float = 0.5

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _loss(self, classes: int) -> Loss:
        if classes > 2:
            raise PrivacyError(
                f"Only binary classification is supported: {classes} classes are declared; "
                "DPLogisticRegression takes more"
            )
        return SmoothHinge(self.smoothing)
