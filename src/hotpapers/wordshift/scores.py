"""Every measure of the paper as a weighted average: relative frequencies p and scores phi of two texts.

Section numbers are those of Gallagher et al., "Generalized Word Shift Graphs" (arXiv 2008.02250); the
paper's measures are its section "Information-theoretic measures". Each function takes the frequencies of
both texts over the same types, shape (types,), and puts phi1, phi2 into the one decomposition of `Shift`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hotpapers.wordshift.shifts import Vector

__all__ = [
    "ORDER_ONE",
    "Scored",
    "entropy",
    "jsd",
    "kld",
    "proportion",
    "shares",
    "tsallis",
    "weighted_average",
]

ORDER_ONE = 1e-9  # orders alpha nearer to 1 than this are Shannon's


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A measure, ready for the decomposition.

    Parameters
    ----------
    p1, p2
        Relative frequencies as the equation uses them, shape (types,).
    s1, s2
        Scores phi in text 1 and 2, shape (types,).
    reference
        The measure's own R.
    unit
        Of the difference: ``"bits"``, ``"nats"``, ... or "".
    averages
        What titles show of both texts; None where an average means nothing.
    divergence
        Contributions are never negative at R = 0.
    direct
        dPhi_i at R = 0 by a formula without cancellation; None: p part + s part.
    """

    p1: Vector
    p2: Vector
    s1: Vector
    s2: Vector
    reference: float = 0.0
    unit: str = ""
    averages: tuple[float, float] | None = None
    divergence: bool = False
    direct: Vector | None = None


def shares(frequencies: Vector) -> Vector:
    """Relative frequencies p_i = f_i / sum_j f_j."""
    return np.asarray(frequencies / frequencies.sum())


def _average(p: Vector, s: Vector) -> float:
    """Phi = sum_i p_i phi_i, summed exactly."""
    return math.fsum(p * s)


def _unit(base: float) -> str:
    if base == 2:
        return "bits"
    if math.isclose(base, math.e, rel_tol=1e-12):
        return "nats"
    return "hartleys" if base == 10 else f"base-{base:g} units"


def _where_positive(p: Vector) -> Vector:
    """`p` with 1 in place of 0: logarithms and powers of it are finite and get masked afterwards."""
    return np.where(p > 0, p, 1.0)


def proportion(f1: Vector, f2: Vector) -> Scored:
    """Phi = 1 in both texts, so dPhi_i = p2 - p1; the norm is twice the total variation distance."""
    ones = np.ones(len(f1))
    return Scored(p1=shares(f1), p2=shares(f2), s1=ones, s2=ones)


def entropy(f1: Vector, f2: Vector, *, base: float = 2.0) -> Scored:
    """Shannon's entropy: phi = -log_b p, and 0 where p = 0."""
    p1, p2 = shares(f1), shares(f2)
    s1, s2 = (-np.log(_where_positive(p)) / math.log(base) + 0.0 for p in (p1, p2))
    averages = (_average(p1, s1), _average(p2, s2))
    return Scored(p1=p1, p2=p2, s1=s1, s2=s2, unit=_unit(base), averages=averages)


def tsallis(f1: Vector, f2: Vector, *, alpha: float, form: Literal["paper", "qlog"] = "paper") -> Scored:
    """Tsallis entropy of order a != 1, a >= 0: H_a = (1 - sum_i p_i^a) / (a - 1).

    Parameters
    ----------
    alpha
        The order a: above 1 it stresses common words, below 1 rare ones; 0 counts types (H_0 = V - 1).
    form
        ``"paper"``: phi = -p^(a-1) / (a-1), without the constant of H_a, so that with R = 0 the shift
        does not tend to Shannon's as a -> 1. ``"qlog"``: phi = (1 - p^(a-1)) / (a-1), which does. The
        difference is the same, and with R = text 1's average all contributions are.
    """
    p1, p2 = shares(f1), shares(f2)
    # (1 - p^(a-1)) / (a-1) = -expm1((a-1) ln p) / (a-1): no cancellation near a = 1
    q1, q2 = (-np.expm1((alpha - 1) * np.log(_where_positive(p))) / (alpha - 1) + 0.0 for p in (p1, p2))
    averages = (_average(p1, q1), _average(p2, q2))
    if form == "paper":
        q1, q2 = (np.where(p > 0, -(_where_positive(p) ** (alpha - 1)) / (alpha - 1), 0.0) for p in (p1, p2))
    return Scored(p1=p1, p2=p2, s1=q1, s2=q2, averages=averages)


def kld(f1: Vector, f2: Vector, *, base: float = 2.0, pseudo_count: float = 0.0) -> Scored:
    """Kullback-Leibler divergence D(P2 || P1) = sum_i p2 log_b(p2 / p1): phi1 = -log_b p2, phi2 = -log_b p1.

    Both columns of relative frequencies are text 2's, so p2 - p1 = 0 and only the scores differ.

    Parameters
    ----------
    f1, f2
        f1 > 0 wherever f2 > 0, unless `pseudo_count` > 0.
    pseudo_count
        Added to every frequency of both texts (Lidstone smoothing).
    """
    p1, p2 = shares(f1 + pseudo_count), shares(f2 + pseudo_count)
    s1, s2 = (-np.log(_where_positive(p)) / math.log(base) + 0.0 for p in (p2, p1))
    return Scored(p1=p2, p2=p2, s1=s1, s2=s2, unit=_unit(base))


def jsd(
    f1: Vector,
    f2: Vector,
    *,
    weights: tuple[float, float] = (0.5, 0.5),
    base: float = 2.0,
    alpha: float = 1.0,
) -> Scored:
    """Jensen-Shannon divergence, generalized by the Tsallis entropy of order a.

    With m = w1 p1 + w2 p2: H_a(M) - w1 H_a(P1) - w2 H_a(P2), and per type
    phi1 = w1 (m^(a-1) - p1^(a-1)) / (a-1), phi2 = w2 (p2^(a-1) - m^(a-1)) / (a-1), whose limits at a = 1
    are w1 (log m - log p1) and w2 (log p2 - log m). Terms 0^(a-1) and log 0 are left out: they don't
    change dPhi_i, only how it splits into parts.

    Parameters
    ----------
    weights
        w1 and w2, which sum to 1; 0 is allowed.
    base
        Of the logarithm; only for a = 1.

    Notes
    -----
    The shares' relative distances from m, x_k = (p_k - m) / m, satisfy w1 x1 + w2 x2 = 0, hence
    dPhi_i = m^a (w1 h(x1) + w2 h(x2)) with h(x) = ((1+x)^a - 1 - a x) / (a-1) >= 0. Summed this way no
    contribution is negative and none loses digits where p1 is near p2.
    """
    w1, w2 = weights
    p1, p2 = shares(f1), shares(f2)
    m = w1 * p1 + w2 * p2
    known = m > 0  # with a weight of 0 a type may be in neither text's share of m
    safe = _where_positive(m)
    change = p1 - p2
    x1, x2 = np.where(known, w2 * change / safe, 0.0), np.where(known, -w1 * change / safe, 0.0)
    one = abs(alpha - 1) < ORDER_ONE
    unit = math.log(base) if one else 1.0
    power = np.ones_like(m) if one else safe ** (alpha - 1)
    with np.errstate(over="ignore", invalid="ignore"):  # an extreme alpha: the caller refuses what overflows
        # q-logarithms of p_k / m, and of m itself for what is in one text only
        e1, e2 = _q_log(p1 / safe, x1, alpha), _q_log(p2 / safe, x2, alpha)
        alone = np.log(safe) if one else power / (alpha - 1)
        s1 = w1 * np.where(p1 > 0, -power * e1, alone) / unit
        s2 = w2 * np.where(p2 > 0, power * e2, -alone) / unit
        direct = (w1 * _h(x1, e1, alpha) + w2 * _h(x2, e2, alpha)) * (m if one else m * power) / unit
    s1, s2, direct = (np.where(known, part, 0.0) for part in (s1, s2, direct))
    return Scored(p1=p1, p2=p2, s1=s1, s2=s2, unit=_unit(base) if one else "", divergence=True, direct=direct)


def _q_log(ratio: Vector, x: Vector, alpha: float) -> Vector:
    """(r^(a-1) - 1) / (a-1), ln r at a = 1, of r = 1 + x; 0 at r = 0, where it is not used."""
    logs = np.where(np.abs(x) < 0.5, np.log1p(np.maximum(x, -0.5)), np.log(_where_positive(ratio)))
    return logs if abs(alpha - 1) < ORDER_ONE else np.asarray(np.expm1((alpha - 1) * logs) / (alpha - 1))


def _h(x: Vector, q_log: Vector, alpha: float) -> Vector:
    """((1+x)^a - 1 - a x) / (a-1) = (1+x) q_log(x) - x, at a = 1 its limit; 1 at x = -1."""
    value = (1 + x) * q_log - x
    near = np.flatnonzero((np.abs(x) < 0.02 / max(alpha, 1.0)) & (x != 0))
    if len(near):  # the binomial series from its square term on, where the difference above cancels
        y = x[near]
        coefficients = [alpha / 2]
        for k in range(2, 12):
            coefficients.append(coefficients[-1] * (alpha - k) / (k + 1))
        total = np.zeros(len(near))
        for coefficient in reversed(coefficients):  # Horner's rule
            total *= y
            total += coefficient
        value[near] = total * y * y
    return np.maximum(value, 0.0)


def weighted_average(f1: Vector, f2: Vector, s1: Vector, s2: Vector, *, reference: float = 0.0) -> Scored:
    """Any scores: a lexicon's, two lexicons', or the user's own; R is the middle of their scale."""
    p1, p2 = shares(f1), shares(f2)
    averages = (_average(p1, s1), _average(p2, s2))
    return Scored(p1=p1, p2=p2, s1=s1, s2=s2, reference=reference, averages=averages)
