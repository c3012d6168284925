"""The contributions of a shift as functions of counts: what every kind of uncertainty works on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.shifts import Shift, WordShiftError
from hotpapers.wordshift.uncertainty.derivatives import (
    Entropy,
    FixedScores,
    Formula,
    GeneralizedJensenShannon,
    JensenShannon,
    KullbackLeibler,
    Tsallis,
)

__all__ = ["Contributions", "formula_of"]

Vector = NDArray[np.float64]
Indices = NDArray[np.intp]

_ORDER_ONE = 1e-9  # orders nearer to 1 than this are Shannon's, as in the measures


def formula_of(shift: Shift) -> Formula:
    """The formula of the measure that `shift` was computed with.

    Weights of a JSD are held as they were computed (``"pooled"`` is not drawn again): they define what
    is estimated. Scores of a custom measure are taken as fixed.

    Raises
    ------
    WordShiftError
        If the measure is not one of `Shift.measure`'s.
    """
    parameters = shift.parameters
    base = float(parameters.get("base") or 2.0)
    alpha = float(parameters.get("alpha") or 1.0)
    order_one = abs(alpha - 1) < _ORDER_ONE
    match shift.measure:
        case "proportion" | "sentiment" | "custom":
            return FixedScores(shift.s1, shift.s2)
        case "entropy" | "tsallis":
            form = str(parameters.get("tsallis_form") or "paper")
            return Entropy(base) if order_one else Tsallis(alpha, form)
        case "kld":
            return KullbackLeibler(base)
        case "jsd":
            first, second = parameters.get("weights") or (0.5, 0.5)
            weights = (float(first), float(second))
            return JensenShannon(weights, base) if order_one else GeneralizedJensenShannon(alpha, weights)
    raise WordShiftError(f"measure {shift.measure!r} has no known formula")


@dataclass(frozen=True, kw_only=True, eq=False)
class Contributions:
    """Contributions as a function of both texts' counts over the kept types.

    Parameters
    ----------
    formula
        g and its derivatives.
    f1, f2
        The observed frequencies, shape (types,).
    reference
        R, or None where it is text 1's average and moves with the counts.
    pseudo_count
        Added to every frequency before shares are taken (Kullback-Leibler with ``"smooth"``), else 0.
    """

    formula: Formula
    f1: Vector
    f2: Vector
    reference: float | None = 0.0
    pseudo_count: float = 0.0

    @classmethod
    def of(cls, shift: Shift) -> Contributions:
        """Those of a computed shift, whose `parameters` say how R and zero counts were treated."""
        parameters = shift.parameters
        smoothed = parameters.get("kld_missing") == "smooth"
        averaged = parameters.get("reference") == "average"
        reference = None if averaged else float(shift.reference)
        return cls(
            formula=formula_of(shift),
            f1=np.asarray(shift.f1, dtype=float),
            f2=np.asarray(shift.f2, dtype=float),
            reference=0.0 if shift.measure == "kld" else reference,  # p_diff is 0 there
            pseudo_count=float(parameters.get("pseudo_count", 0.5)) if smoothed else 0.0,
        )

    @property
    def totals(self) -> tuple[float, float]:
        """Tokens of both texts over the kept types."""
        return float(self.f1.sum()), float(self.f2.sum())

    def shares(self, frequencies: Vector, total: Vector | float) -> Vector:
        """Relative frequencies out of `total` tokens, pseudo-counts included."""
        if self.pseudo_count:
            shares: Vector = (frequencies + self.pseudo_count) / (total + self.pseudo_count * len(self.f1))
            return shares
        return frequencies / total

    def at(
        self,
        f1: Vector,
        f2: Vector,
        *,
        totals: tuple[Vector | float, Vector | float],
        index: Indices | slice = slice(None),
        reference: Vector | float | None = None,
    ) -> Vector:
        """Contributions at other counts.

        Parameters
        ----------
        f1, f2
            Frequencies of the types in `index`, shape (..., types shown).
        totals
            Tokens of both texts, broadcastable to the leading axes.
        index
            Which types the columns are; all by default.
        reference
            R at those counts, where it is text 1's average.
        """
        p1, p2 = self.shares(f1, totals[0]), self.shares(f2, totals[1])
        formula = self.formula if isinstance(index, slice) else self.formula.take(index)
        value = formula.value(p1, p2)
        used = self.reference_or(reference)
        return value if np.ndim(used) == 0 and used == 0 else value - used * (p2 - p1)

    def reference_or(self, drawn: Vector | float | None) -> Vector | float:
        """R where it is fixed, else the one `drawn`."""
        if self.reference is not None:
            return self.reference
        if drawn is None:
            raise WordShiftError("the reference score is text 1's average: give it at the drawn counts")
        return drawn

    def average(self, f1: Vector, f2: Vector) -> Vector:
        """Text 1's average at whole-vocabulary counts, shape of the leading axes."""
        p1 = self.shares(f1, f1.sum(axis=-1, keepdims=True))
        p2 = self.shares(f2, f2.sum(axis=-1, keepdims=True))
        return np.asarray(self.formula.average(p1, p2).sum(axis=-1))

    def total(self, f1: Vector, f2: Vector) -> float:
        """Sum of all contributions at whole-vocabulary counts (R cancels)."""
        p1, p2 = self.shares(f1, f1.sum()), self.shares(f2, f2.sum())
        return math.fsum(self.formula.value(p1, p2))

    def slopes(self, index: Indices) -> tuple[Vector, Vector]:
        """Derivatives of c_i by its own shares p1_i and p2_i with R held, shape (types shown,) each."""
        n1, n2 = self.totals
        p1, p2 = self.shares(self.f1[index], n1), self.shares(self.f2[index], n2)
        one, two = self.formula.take(index).slopes(p1, p2)
        reference = self.reference if self.reference is not None else float(self.average(self.f1, self.f2))
        return one + reference, two - reference

    def reference_slopes(self) -> tuple[Vector, Vector] | None:
        """Derivatives of R by all shares of both texts, shape (types,) each; None where R is fixed."""
        if self.reference is not None:
            return None
        n1, n2 = self.totals
        return self.formula.average_slopes(self.shares(self.f1, n1), self.shares(self.f2, n2))

    def delta_variance(self, index: Indices) -> Vector:
        """Variance of c_i under independent tokens by the delta method, shape (types shown,).

        With gradient G of c_i by a text's shares, the variance is (sum p G^2 - (sum p G)^2) / n, summed
        over the texts. With R fixed only G_i is not 0 and this is (dc/dp)^2 p (1 - p) / n.
        """
        own, moving = self.slopes(index), self.reference_slopes()
        n1, n2 = self.totals
        away = self.shares(self.f2[index], n2) - self.shares(self.f1[index], n1)
        variance = np.zeros(len(index))
        for k, (frequencies, n) in enumerate(((self.f1, n1), (self.f2, n2))):
            p, a = frequencies[index] / n, own[k]
            square, mean = p * a**2, p * a
            if moving is not None:
                r, everywhere = moving[k], frequencies / n
                square += away**2 * float(everywhere @ r**2) - 2 * a * away * p * r[index]
                mean -= away * float(everywhere @ r)
            shrink = n / (n + self.pseudo_count * len(frequencies))
            variance += np.maximum(square - mean**2, 0) / n * shrink**2
        return variance

    def total_slopes(self) -> tuple[Vector, Vector]:
        """Derivatives of the total by every share, centred to mean 0 under the text's own shares."""
        n1, n2 = self.totals
        slopes = self.formula.slopes(self.shares(self.f1, n1), self.shares(self.f2, n2))
        size = len(self.f1)
        centred = []
        for slope, frequencies, n in zip(slopes, (self.f1, self.f2), (n1, n2), strict=True):
            shrink = n / (n + self.pseudo_count * size)
            centred.append((slope - float(slope @ frequencies) / n) * shrink)
        return centred[0], centred[1]

    def batched_total(self) -> Callable[[Vector, Vector], Vector]:
        """The total as a function of counts with a leading axis of replicates.

        Types that a replicate's text 1 lacks are left out of a Kullback-Leibler divergence and text 2
        is renormalised, as the measure's ``missing="drop"`` does.
        """
        drops = isinstance(self.formula, KullbackLeibler) and not self.pseudo_count

        def total(f1: Vector, f2: Vector) -> Vector:
            f2 = np.where(f1 > 0, f2, 0.0) if drops else f2
            p1 = self.shares(f1, f1.sum(axis=-1, keepdims=True))
            p2 = self.shares(f2, f2.sum(axis=-1, keepdims=True))
            return np.asarray(self.formula.value(p1, p2).sum(axis=-1))

        return total
