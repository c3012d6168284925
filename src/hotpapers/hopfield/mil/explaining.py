"""Which rows of a bag decided: their weights, and what leaving a row out does to the bag's probability."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.classifier import HopfieldMILClassifier
from hotpapers.hopfield.mil.data import Bags, as_bags

__all__ = ["explain", "row_weights", "without_row"]


def row_weights(model: HopfieldMILClassifier, bags: Bags) -> pd.DataFrame:
    """One line a row, as the rows were given: ``bag``, ``row`` (from 0), ``weight``, ``rank`` in its bag."""
    weights = model.instance_weights(bags)
    ranks = [(-each).argsort(kind="stable").argsort(kind="stable") + 1 for each in weights]
    found = pd.DataFrame(
        {
            "bag": np.repeat(np.array(bags.names, dtype=object), bags.sizes),
            "row": bags.source,
            "weight": np.concatenate(weights),
            "rank": np.concatenate(ranks),
        }
    )
    return found.sort_values("row", kind="stable", ignore_index=True)


def without_row(bags: Bags, bag: int, position: int) -> Bags | None:
    """One bag without its row at `position`; None where it has no other."""
    rows = bags.rows[bags.offsets[bag] : bags.offsets[bag + 1]]
    if len(rows) == 1:
        return None
    left = np.delete(rows, position, axis=0)
    return Bags(
        rows=left,
        offsets=np.array([0, len(left)], np.int64),
        names=(bags.names[bag],),
        features=bags.features,
        source=np.arange(len(left)),
    )


def explain(model: HopfieldMILClassifier, bags: Any, *, top: int = 5) -> pd.DataFrame:
    """The rows of most weight in each bag, and the effect of each.

    A weight says what the network looked at, not what it made of it. The effect does: the probability of
    the second class with the row, less that without it. It is missing for the only row of a bag.

    Parameters
    ----------
    model
        A trained classifier.
    bags
        In a form that it takes.
    top
        Rows of each bag.

    Returns
    -------
    DataFrame
        ``bag``, ``probability``, ``row`` (from 0, as given), ``weight``, ``rank``, ``effect``.
    """
    if top < 1:
        raise HopfieldError(f"top must be at least 1: got {top}")
    found = bags if isinstance(bags, Bags) else as_bags(bags, bag=model.bag)
    probabilities = model.predict_proba(found)[:, 1]
    lines: list[dict[str, Any]] = []
    for index, weights in enumerate(model.instance_weights(found)):
        order = (-weights).argsort(kind="stable")[:top]
        rest = [without_row(found, index, int(at)) for at in order]
        without = [one for one in rest if one is not None]
        others = model.predict_proba(_joined(without))[:, 1] if without else np.full(len(order), np.nan)
        lines += [
            {
                "bag": found.names[index],
                "probability": probabilities[index],
                "row": int(found.source[found.offsets[index] + at]),
                "weight": float(weights[at]),
                "rank": rank,
                "effect": float(probabilities[index] - other),
            }
            for rank, (at, other) in enumerate(zip(order, others, strict=True), start=1)
        ]
    return pd.DataFrame(lines)


def _joined(parts: list[Bags]) -> Bags:
    ends = np.cumsum([len(one.rows) for one in parts])
    rows = np.concatenate([one.rows for one in parts])
    return Bags(
        rows=rows,
        offsets=np.concatenate([[0], ends]).astype(np.int64),
        names=tuple(one.names[0] for one in parts),
        features=parts[0].features,
        source=np.arange(len(rows)),
    )
