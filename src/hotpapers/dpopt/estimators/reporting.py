"""From a fitted estimator to its privacy report."""

from __future__ import annotations

from typing import Any

import numpy as np

from hotpapers.dpopt.report import Coefficients, PrivacyReport, noise_deviation, report_of
from hotpapers.dpopt.training import Request, Trained

__all__ = ["report_of_estimator"]

_SUBJECTS = {
    "DPLogisticRegression": "logistic regression",
    "DPLinearSVC": "linear support vector machine",
    "DPRidge": "ridge regression",
    "DPHuberRegressor": "Huber regression",
}


def report_of_estimator(estimator: Any, request: Request) -> PrivacyReport:
    """The report of a fitted estimator that was asked for `request`.

    The error bars are for the scale that the model was trained in, so there are none where bounds were declared.
    """
    trained = Trained(np.zeros(0), estimator.plan_, estimator.ledger_, estimator.n_iter_, estimator.history_)
    values = np.atleast_2d(estimator.coef_)
    names = getattr(estimator, "feature_names_in_", None)
    scaled = estimator.bounds is not None or hasattr(estimator, "target_bounds")
    deviation = (
        None if scaled or estimator.plan_ is None else noise_deviation(estimator.plan_, estimator.history_)
    )
    kind = type(estimator).__name__
    return report_of(
        trained,
        request,
        subject=_SUBJECTS.get(kind, kind),
        private=estimator.private_,
        coefficients=Coefficients(
            names=tuple(f"x{at + 1}" for at in range(values.shape[1]))
            if names is None
            else tuple(map(str, names)),
            outputs=_outputs(estimator, len(values)),
            values=tuple(tuple(float(value) for value in row) for row in values),
            deviation=deviation,
        ),
        assumptions={} if estimator.bounds is None else {"columns": "scaled by declared bounds"},
    )


def _outputs(estimator: Any, count: int) -> tuple[str, ...]:
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return ("target",)
    return (str(classes[-1]),) if count == 1 else tuple(map(str, classes))
