"""A model's score on private test rows, with noise that is paid for.

Each row has a loss e in [0, 1]: 1 for a wrong class, or the squared error over the square of the target's width.
Released are the sums of e and of 1 - e. Adding a row moves both together by e + (1 - e) = 1 in L1, so one Laplace
mechanism of sensitivity 1 pays for the score *and* for the number of rows. Where a row is replaced, the number is
public, and the sum of e alone moves by at most 1. A row whose target is not as declared adds nothing to either.

The sums are exact: e is a function of its row alone (`LinearModel.margins`) and is cut to a multiple of 2^-20.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.accounting.relations import Relation
from hotpapers.dpopt.errors import PrivacyError, SchemaError
from hotpapers.dpopt.linear_model import LinearModel
from hotpapers.dpopt.noise.scales import laplace_scale
from hotpapers.dpopt.releases import LatticeNoise, Noise, Spend, release
from hotpapers.dpopt.tables.rows import read_rows
from hotpapers.dpopt.tables.schema import Interval
from hotpapers.dpopt.tables.units import UnitCap

__all__ = ["Score", "exact_score", "private_score"]

_BITS = 20


@dataclass(frozen=True)
class Score:
    """How well a model does on test rows.

    Attributes
    ----------
    name
        ``"accuracy"`` or ``"root mean squared error"``, in the target's units.
    value
        The score.
    margin
        Half of an interval that holds the exact value with 95 %, as the noise goes; 0 for an exact one. For a
        root mean squared error, to first order.
    epsilon
        What it cost; 0 for an exact one.
    """

    name: str
    value: float
    margin: float
    epsilon: float


def exact_score(model: LinearModel, data: Path) -> Score:
    """The score without noise: for test rows that are public."""
    lost, kept = _sums(model, data)
    value, _ = _scored(model, lost.item() / 2**_BITS, (lost + kept).item() / 2**_BITS, 0.0)
    return Score(_name(model), value, 0.0, 0.0)


def private_score(
    model: LinearModel,
    data: Path,
    epsilon: float,
    relation: Relation,
    *,
    spend: Spend,
    rows: int | None = None,
    noise: Noise | None = None,
) -> Score:
    """The score with Laplace noise, epsilon-DP for one unit of the schema.

    Parameters
    ----------
    model, data
        What is judged on which rows; the schema's units are capped as in training.
    epsilon
        What it may cost.
    relation
        Neighbouring relation.
    spend
        Told before the noise is drawn.
    rows
        The public number of test rows, which relation replace_one needs.
    noise
        Laplace noise on a lattice; a seeded one is for tests.

    Raises
    ------
    PrivacyError
        If epsilon is not positive, or the number of rows is missing. No row was read.
    """
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise PrivacyError(f"epsilon must be a positive number: got {epsilon!r}")
    if relation == "replace_one" and (rows is None or rows < 1):
        raise PrivacyError("relation replace_one takes the number of test rows as public: give it")
    most = float(model.schema.rows_per_unit)
    scale = laplace_scale(most, epsilon)
    lost, kept = _sums(model, data)
    asked = [lost, kept] if relation == "add_remove" else [lost]
    noisy = release(
        np.array([one.item() for one in asked], dtype=np.int64),
        spacing=2.0**-_BITS,
        sensitivity=most,
        scale=scale,
        relation=relation,
        noise=noise or LatticeNoise("laplace"),
        spend=spend,
        purpose="score on test rows",
    )
    total = float(noisy.sum()) if relation == "add_remove" else float(rows or 1)
    value, slope = _scored(model, float(noisy[0]), max(1.0, total), 1.0)
    # 95 % of Laplace noise lies within ln 20 scales; the ratio moves by that over the number of rows.
    return Score(_name(model), value, min(1.0, math.log(20.0) * scale / max(1.0, total)) * slope, epsilon)


def _sums(model: LinearModel, data: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums of e and of 1 - e over all rows, in multiples of 2^-20."""
    schema = model.schema
    if schema.target is None:
        raise SchemaError("the schema declares no [target]")
    cap = UnitCap(schema.rows_per_unit) if schema.unit is not None else None
    lost = np.zeros((), dtype=np.int64)
    kept = np.zeros((), dtype=np.int64)
    for block in read_rows(data, schema):
        target = model.design.target(block)
        used = ~np.isnan(target)
        if cap is not None and schema.unit is not None:
            used &= cap.keep(block[schema.unit])
        each = _losses(model, model.design.features(block)[used], target[used])
        lost += each.sum()
        kept += ((1 << _BITS) - each).sum()
    return lost, kept


def _losses(model: LinearModel, features: NDArray[Any], target: NDArray[np.float64]) -> NDArray[np.int64]:
    """E of each row in multiples of 2^-20, between 0 and 2^20."""
    if isinstance(model.schema.target, Interval):
        width = model.schema.target.high - model.schema.target.low
        share = np.square((model.numbers(features) - target) / width)
        return np.asarray(np.trunc(np.clip(share, 0.0, 1.0) * (1 << _BITS)), dtype=np.int64)
    wrong = model.class_numbers(features) != target
    return np.asarray(wrong.astype(np.int64) << _BITS)


def _name(model: LinearModel) -> str:
    return "root mean squared error" if isinstance(model.schema.target, Interval) else "accuracy"


def _scored(model: LinearModel, lost: float, total: float, least: float) -> tuple[float, float]:
    """The score, and how much it moves with the share that is lost."""
    share = min(1.0, max(0.0, lost / total)) if total >= max(least, 1e-12) else 0.5
    target = model.schema.target
    if not isinstance(target, Interval):
        return 1.0 - share, 1.0
    width, root = target.high - target.low, math.sqrt(share)
    return width * root, width / (2.0 * max(root, 1e-3))
