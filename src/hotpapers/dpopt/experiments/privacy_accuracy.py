"""Accuracy against epsilon on scikit-learn's breast cancer data: what privacy costs on a small table.

The rows are public, so exact accuracies are shown and the noise is seeded; nothing here protects anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONTENDERS", "PrivacyAccuracy", "breast_cancer", "measure"]

# Upper bounds of the ten measurements as mean, standard error and worst: round numbers above what such
# images can show; lower bounds are 0.
_HIGH = (
    (40, 50, 250, 4000, 0.3, 0.5, 0.5, 0.3, 0.4, 0.15),
    (4, 6, 30, 700, 0.05, 0.2, 0.5, 0.08, 0.1, 0.05),
    (50, 60, 350, 6000, 0.4, 1.5, 1.5, 0.4, 0.8, 0.3),
)
_TEST_EVERY = 4

CONTENDERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("DP-NAG, δ = 1e-5", {"method": "nag", "delta": 1e-5}),
    ("objective perturbation, δ = 1e-5", {"method": "objective", "delta": 1e-5}),
    ("objective perturbation, pure ε", {"method": "objective"}),
)


@dataclass(frozen=True)
class PrivacyAccuracy:
    """Test accuracies.

    Attributes
    ----------
    epsilons
        Budgets.
    accuracies
        Name of a method -> ``[len(epsilons), repeats]``.
    without
        Of scikit-learn's logistic regression, without any privacy.
    majority
        Of always answering the commoner class.
    """

    epsilons: tuple[float, ...]
    accuracies: dict[str, NDArray[np.float64]]
    without: float
    majority: float


def breast_cancer() -> tuple[NDArray[np.float64], NDArray[np.int64], tuple[float, NDArray[np.float64]]]:
    """Features ``[569, 30]``, classes, and their declared bounds."""
    from sklearn.datasets import load_breast_cancer

    features, classes = load_breast_cancer(return_X_y=True)
    return features, classes, (0.0, np.array(_HIGH, dtype=np.float64).ravel())


def measure(
    epsilons: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0), *, repeats: int = 20, seed: int = 0
) -> PrivacyAccuracy:
    """Train every contender `repeats` times at every budget on three quarters of the rows.

    Parameters
    ----------
    epsilons
        Budgets.
    repeats
        Trainings that differ in their noise.
    seed
        The first of the noise's seeds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from hotpapers.dpopt.estimators import DPLogisticRegression

    features, classes, bounds = breast_cancer()
    test = np.arange(len(classes)) % _TEST_EVERY == 0
    train_x, train_y, test_x, test_y = features[~test], classes[~test], features[test], classes[test]
    found = {}
    for name, settings in CONTENDERS:
        scores = np.empty((len(epsilons), repeats))
        for row, epsilon in enumerate(epsilons):
            for column in range(repeats):
                model = DPLogisticRegression(
                    epsilon=epsilon,
                    bounds=bounds,
                    classes=[0, 1],
                    n_public=len(train_y),
                    random_state=seed + column,
                    **settings,
                )
                scores[row, column] = model.fit(train_x, train_y).score(test_x, test_y)
        found[name] = scores
    plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(train_x, train_y)
    commoner = np.bincount(train_y).argmax()
    return PrivacyAccuracy(
        tuple(epsilons), found, float(plain.score(test_x, test_y)), float(np.mean(test_y == commoner))
    )
