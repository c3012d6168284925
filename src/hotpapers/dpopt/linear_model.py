"""A released linear model of a table: what it predicts for a row, by the public schema and the coefficients alone.

Margins are sums of integers: features are cut to multiples of 2^-20 and coefficients rounded to a lattice fine
enough for every partial sum to be exact in float64. So the answer for a row does not depend on the other rows of
its file, to the last bit, which scores on private test rows rest on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.tables.design import Design
from hotpapers.dpopt.tables.schema import Classes, Interval, Schema

__all__ = ["LinearModel", "LossName"]

LossName = Literal["logistic", "multinomial", "svm", "ridge", "huber"]
Floats = NDArray[np.float64]

_FEATURE_BITS = 20
_SUM_BITS = 52


@dataclass(frozen=True, kw_only=True)
class LinearModel:
    """Coefficients with the schema that says what they are of.

    Parameters
    ----------
    loss
        ``"logistic"``, ``"multinomial"``, ``"svm"``, ``"ridge"`` or ``"huber"``.
    coefficients
        ``(d,)``, or ``(d, K)`` for a multinomial; of the features of `Design`, its constant first.
    schema
        With its target.

    Raises
    ------
    PrivacyError
        If they do not fit together.
    """

    loss: LossName
    coefficients: Floats
    schema: Schema

    def __post_init__(self) -> None:
        if self.loss not in get_args(LossName):
            raise PrivacyError(f"loss must be one of {', '.join(get_args(LossName))}: got {self.loss!r}")
        width, target = len(self.design.names), self.schema.target
        classes = len(target.values) if isinstance(target, Classes) else 0
        fitting = {"logistic": 2, "svm": 2, "multinomial": classes, "ridge": 0, "huber": 0}[self.loss]
        shape = (width, classes) if self.loss == "multinomial" else (width,)
        if target is None or classes != fitting or (self.loss == "multinomial" and classes < 2):
            raise PrivacyError(f"a {self.loss} model does not go with the schema's [target]")
        if self.coefficients.shape != shape or not np.isfinite(self.coefficients).all():
            raise PrivacyError(
                f"a {self.loss} model of this schema has finite coefficients of shape {shape}: "
                f"got {self.coefficients.shape}"
            )

    @cached_property
    def design(self) -> Design:
        """How rows become features."""
        return Design(self.schema)

    @property
    def classes(self) -> tuple[str, ...]:
        """The target's classes; none for numbers."""
        target = self.schema.target
        return target.values if isinstance(target, Classes) else ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """What each column of coefficients speaks for."""
        if self.loss == "multinomial":
            return self.classes
        assert self.schema.target is not None  # noqa: S101 - checked when made
        return (self.classes[1] if self.classes else self.schema.target.column,)

    def margins(self, features: NDArray[Any]) -> Floats:
        """``x . theta``, ``(m,)`` or ``(m, K)``: exact sums of rounded factors (relative error about 1e-6)."""
        theta = self.coefficients
        largest = float(np.abs(theta).max(initial=0.0))
        bits = _SUM_BITS - _FEATURE_BITS - math.ceil(math.log2(max(2, len(theta))))
        spacing = math.ldexp(1.0, (math.frexp(largest)[1] if largest else 0) - bits)
        whole = np.trunc(np.ldexp(np.asarray(features, dtype=np.float64), _FEATURE_BITS))
        return np.asarray((whole @ np.rint(theta / spacing)) * math.ldexp(spacing, -_FEATURE_BITS))

    def probabilities(self, features: NDArray[Any]) -> Floats | None:
        """``(m, K)`` in the order of the classes; None for models that have none."""
        from scipy.special import expit, softmax

        if self.loss == "logistic":
            positive = expit(self.margins(features))
            return np.column_stack([1.0 - positive, positive])
        if self.loss == "multinomial":
            return np.asarray(softmax(self.margins(features), axis=1))
        return None

    def class_numbers(self, features: NDArray[Any]) -> NDArray[np.int64]:
        """Place of the predicted class of each row, ``(m,)``."""
        margins = self.margins(features)
        if margins.ndim == 2:
            return np.asarray(margins.argmax(axis=1))
        return np.asarray(margins > 0).astype(np.int64)

    def numbers(self, features: NDArray[Any]) -> Floats:
        """Predicted number of each row in the target's units, within its bounds, ``(m,)``."""
        target = self.schema.target
        if not isinstance(target, Interval):
            raise PrivacyError("a model of classes predicts no numbers")
        middle, half = (target.low + target.high) / 2, (target.high - target.low) / 2
        return np.clip(middle + half * self.margins(features), target.low, target.high)
