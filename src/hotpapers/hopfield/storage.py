"""How many patterns can be stored: the paper's Theorem 3 for random ones, and what chosen ones reach."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["CapacityBound", "capacity", "placed_patterns_log2"]


@dataclass(frozen=True, kw_only=True)
class CapacityBound:
    """What Theorem 3 guarantees for random patterns on a sphere.

    Parameters
    ----------
    c
        Base of the exponential, ``b / W0(exp(a + ln b))``.
    needed
        What c must reach: ``(2 / sqrt p)^(4 / (d - 1))``.
    log10_N
        Decimal logarithm of the guaranteed number of patterns, ``sqrt(p) c^((d-1)/4)``.
    valid
        Whether c reaches what is needed; without that the theorem says nothing.
    """

    c: float
    needed: float
    log10_N: float  # noqa: N815 - the paper's N
    valid: bool

    @property
    def patterns(self) -> float:
        """The guaranteed number of patterns; ``inf`` where it exceeds a float.

        Raises
        ------
        HopfieldError
            If the theorem's condition fails, so that nothing is guaranteed.
        """
        if not self.valid:
            raise HopfieldError(
                f"Theorem 3 guarantees nothing here: c = {self.c:.6g} is below {self.needed:.6g}; "
                "raise K, beta or d, or allow a larger failure probability p"
            )
        return math.inf if self.log10_N > 308 else 10.0**self.log10_N


def capacity(beta: float, K: float, d: int, p: float) -> CapacityBound:  # noqa: N803 - the paper's K
    """Guaranteed capacity (Theorem 3): with probability 1 - p at least N random patterns can be stored.

    The patterns are uniform on the sphere of radius ``M = K sqrt(d - 1)``. The constants are worst case:
    for small d the number is tiny although far more patterns are stored in practice.

    Parameters
    ----------
    beta
        Inverse temperature, > 0.
    K
        Radius in units of ``sqrt(d - 1)``, > 0.
    d
        Dimension, >= 2.
    p
        Probability that storing fails, 0 < p <= 1.

    Raises
    ------
    HopfieldError
        If a parameter lies outside its range, or ``2 beta K^2 p (d - 1)`` is too small for a float.

    Examples
    --------
    >>> bound = capacity(beta=1, K=3, d=20, p=0.001)
    >>> f"{bound.c:.4f} {bound.patterns:.2f}"
    '3.1546 7.41'
    """
    from scipy.special import wrightomega

    for name, value in (("beta", beta), ("K", K), ("p", p)):
        if not (math.isfinite(value) and value > 0):
            raise HopfieldError(f"{name} must be a positive number: got {value!r}")
    if p > 1:
        raise HopfieldError(f"p is a probability, at most 1: got {p!r}")
    if d < 2 or d != int(d):
        raise HopfieldError(f"d must be a whole number of at least 2: got {d!r}")
    log_inside = math.log(2) + math.log(beta) + 2 * math.log(K) + math.log(p) + math.log(d - 1)
    a = 2 / (d - 1) * (1 + log_inside)
    log_b = math.log(0.4) + 2 * math.log(K) + math.log(beta)
    # W0(exp(y)) is the w with w + ln w = y, the Wright omega function: nothing overflows for large y.
    w = float(wrightomega(a + log_b))
    if w <= 0:
        raise HopfieldError(f"beta {beta!r} and K {K!r} are too small: their bound lies below every float")
    log_c = log_b - math.log(w)
    log_needed = 4 / (d - 1) * (math.log(2) - math.log(p) / 2)
    log_patterns = math.log(p) / 2 + (d - 1) / 4 * log_c
    return CapacityBound(
        c=_exp(log_c),
        needed=_exp(log_needed),
        log10_N=log_patterns / math.log(10),
        valid=log_c >= log_needed,
    )


def placed_patterns_log2(K: float, d: int, beta: float = 1.0) -> float:  # noqa: N803 - the paper's K
    """Binary logarithm of how many patterns can be stored when they are placed well, not drawn: 2 (d - 1).

    Parameters
    ----------
    K
        Radius in units of ``sqrt(d - 1)``: at least 2 with d >= 4, or at least 1.7 with d >= 50.
    d
        Dimension.
    beta
        Inverse temperature; the statement is for beta = 1, and a larger ``beta K^2`` only helps.

    Raises
    ------
    HopfieldError
        If neither of the two cases applies.
    """
    radius = K * math.sqrt(beta)  # beta and K enter through beta K^2 alone
    if not ((radius >= 2 and d >= 4) or (radius >= 1.7 and d >= 50)):
        raise HopfieldError(
            f"no statement for K sqrt(beta) = {radius:g} and d = {d}: it takes 2 with d >= 4, or 1.7 with d >= 50"
        )
    return 2.0 * (d - 1)


def _exp(value: float) -> float:
    return math.exp(value) if value < 709 else math.inf
