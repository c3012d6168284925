"""The anchor: a random forest on what each bag's features are in the mean, at least and at most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier

from hotpapers.hopfield.mil.data import Bags

__all__ = ["bag_features", "forest_probabilities"]


def bag_features(bags: Bags) -> npt.NDArray[np.float32]:
    """Mean, least and largest value of each feature in each bag, ``[B, 3 d]``."""
    starts = bags.offsets[:-1]
    means = np.add.reduceat(bags.rows.astype(np.float64), starts) / bags.sizes[:, None]
    least, most = np.minimum.reduceat(bags.rows, starts), np.maximum.reduceat(bags.rows, starts)
    return np.concatenate([means.astype(np.float32), least, most], axis=1)


def forest_probabilities(
    train: Bags, positive: npt.NDArray[np.float32], test: Bags, *, trees: int = 200, seed: int = 0
) -> npt.NDArray[np.float64]:
    """Probability that each test bag is positive, ``[b]``, of a forest grown on the training bags."""
    forest = RandomForestClassifier(trees, random_state=seed)
    forest.fit(bag_features(train), positive)
    found: npt.NDArray[np.float64] = forest.predict_proba(bag_features(test))[:, 1]
    return found
