"""Exact draws of |x| with density proportional to e^{-psi(x)}, as a bucket and as many bits as are needed.

A magnitude is ``|x| = (i + f) h``: bucket i from the integer table, f uniform in [0, 1) through its first 64
bits, accepted if a uniform U lies below

    A(i, f) = e^{-psi((i + f) h)} w_0 / w_i  <= 1,

for then every x has density ``w_i/2^64 * A = e^{-psi(x)} w_0 / 2^64`` up to a constant: exactly the wanted law.

*No rounding enters.* A is first computed in float64, whose total error is below 3e-14 (psi is a difference of
at most 11 computed to a few units in the last place; f is cut to 53 bits; one exp; two products), and U is
known to 53 bits. Only if U and A are within 2^-39 (1.8e-12) of each other the decision is left to
mpmath, which draws further bits of f and U until two intervals separate. The bits of f that no decision
looked at are still uniform, so the caller may draw them later; those that one did look at are handed out.

*The tail* ``i >= N`` is one entry N of the table; then ``i = N + J`` with J geometric,
``P(J >= j) = (1 - 2^-m)^j`` from coin flips, and its own acceptance probability, with m so large that
``1 - 2^-m >= e^{-(psi((N+1)h) - psi(N h))}``, which keeps it at most 1 for every J.

*Any h.* h is given as ``1/r``, r = `per_scale` buckets to a unit of the scale, an exact number in [8, 16]. The
table is made for one of 17 values ``r_q = 8 * 2^{q/16} >= r``; since ``psi(i/r) >= psi(i/r_q)`` the bound A <= 1
holds, and about 2 % more proposals are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import mpmath
import numpy as np
from numpy.typing import NDArray

from hotpapers.dpopt.noise.alias_tables import AliasTable, bucket_weights, build_alias
from hotpapers.dpopt.noise.sources import EntropySource

__all__ = ["MARGIN", "Magnitudes", "Shape", "draw_magnitudes"]

Shape = Literal["gaussian", "laplace"]
MARGIN = 2.0**-39
_BUCKETS: dict[Shape, int] = {"gaussian": 128, "laplace": 256}
_CLASSES = 17
_BLOCK = 1 << 14


@dataclass(frozen=True)
class Magnitudes:
    """Accepted draws: ``|x| = (bucket + position/2^64 + less than 2^-64) h``, and a fair sign.

    ``further[k]`` holds, for the few draws that multiple precision decided, the next bits of draw k's f: their
    value and how many words of 64 they are. All other further bits are uniform.
    """

    bucket: NDArray[np.int64]
    position: NDArray[np.uint64]
    negative: NDArray[np.bool_]
    further: dict[int, tuple[int, int]]


@dataclass(frozen=True)
class _Table:
    shape: Shape
    per_scale: float
    weights: tuple[int, ...]
    tail_bits: int
    alias: AliasTable
    acceptance: NDArray[np.float64]  # e^{-psi(i / r_q)} w_0 / w_i, and 0 for the tail

    @property
    def buckets(self) -> int:
        return len(self.weights) - 1


def draw_magnitudes(
    count: int, shape: Shape, per_scale: float, source: EntropySource, *, margin: float = MARGIN
) -> Magnitudes:
    """`count` independent exact draws.

    Parameters
    ----------
    count
        >= 0.
    shape
        ``"gaussian"``: psi = x^2/2; ``"laplace"``: psi = x.
    per_scale
        Buckets to a unit of the scale, ``1/h``, in [8, 16]; taken as an exact number.
    source
        Of the random words.
    margin
        Decisions closer than this are made in multiple precision; larger ones only cost time.
    """
    table = _table(shape, _class_of(per_scale))
    acceptance = _acceptance_at(table, per_scale)
    parts: list[Magnitudes] = []
    further: dict[int, tuple[int, int]] = {}
    done = 0
    while done < count:
        part = _propose(
            min(int((count - done) * 1.09) + 8, _BLOCK), table, per_scale, acceptance, source, margin
        )
        parts.append(part)
        further |= {done + index: bits for index, bits in part.further.items() if done + index < count}
        done += len(part.bucket)
    return Magnitudes(
        np.concatenate([part.bucket for part in parts] or [np.empty(0, np.int64)])[:count],
        np.concatenate([part.position for part in parts] or [np.empty(0, np.uint64)])[:count],
        np.concatenate([part.negative for part in parts] or [np.empty(0, np.bool_)])[:count],
        further,
    )


def _propose(
    count: int,
    table: _Table,
    per_scale: float,
    acceptance: NDArray[np.float64],
    source: EntropySource,
    margin: float,
) -> Magnitudes:
    """The accepted ones of `count` proposals."""
    words = source.words(3 * count)
    position, coin = words[count : 2 * count], words[2 * count :]
    bucket = table.alias.buckets(words[:count])
    f, h = (position >> np.uint64(11)) * 2.0**-53, 1 / per_scale
    fall = f * (2 * bucket + f) * (h * h / 2) if table.shape == "gaussian" else f * h
    ratio = np.exp(-fall)
    excess = (coin >> np.uint64(11)) * 2.0**-53 - ratio * acceptance[bucket]
    accepted = excess < -margin
    tail = bucket == table.buckets
    further: dict[int, tuple[int, int]] = {}
    for index in np.flatnonzero((np.abs(excess) <= margin) | tail).tolist():
        proposal = int(bucket[index]), int(position[index]), int(coin[index]) >> 11
        found = _decide(table, per_scale, *proposal, source)
        accepted[index] = found is not None
        if found is not None:
            bucket[index], further[index] = found
    rank = np.cumsum(accepted) - 1
    return Magnitudes(
        bucket[accepted],
        position[accepted],
        (coin[accepted] & np.uint64(1)).astype(np.bool_),
        {int(rank[index]): bits for index, bits in further.items() if bits[1]},
    )


def _decide(
    table: _Table, per_scale: float, bucket: int, position: int, coin: int, source: EntropySource
) -> tuple[int, tuple[int, int]] | None:
    """Bucket and further bits of f if the proposal is accepted, else None; draws bits until it is certain."""
    proposed: mpmath.mpf = mpmath.mpf(table.weights[bucket])
    if bucket == table.buckets:
        jump = _geometric(table.tail_bits, source)
        bucket += jump
        with mpmath.workprec(200 + 2 * jump * table.tail_bits):
            keep = 1 - mpmath.ldexp(1, -table.tail_bits)
            proposed = proposed * mpmath.ldexp(1, -table.tail_bits) * keep**jump
    f_bits, u_bits = 64, 53
    while True:
        with mpmath.workprec(200 + f_bits + bucket.bit_length() * 2):
            slack = mpmath.ldexp(1, -(f_bits + 40))
            ends = [mpmath.ldexp(position + end, -f_bits) for end in (0, 1)]
            above, below = (
                mpmath.exp(-_exponent(table.shape, (bucket + f) / mpmath.mpf(per_scale)))
                * table.weights[0]
                / proposed
                for f in ends
            )
            if mpmath.ldexp(coin + 1, -u_bits) <= below - slack:
                return bucket, (position & ((1 << (f_bits - 64)) - 1), (f_bits - 64) // 64)
            if mpmath.ldexp(coin, -u_bits) >= above + slack:
                return None
        more = source.words(2).tolist()
        position, f_bits = (position << 64) | more[0], f_bits + 64
        coin, u_bits = (coin << 64) | more[1], u_bits + 64


def _geometric(bits: int, source: EntropySource) -> int:
    """J with ``P(J >= j) = (1 - 2^-bits)^j``."""
    jump = 0
    while int(source.words(1)[0]) >> (64 - bits):
        jump += 1
    return jump


def _exponent(shape: Shape, x: mpmath.mpf) -> mpmath.mpf:
    return x * x / 2 if shape == "gaussian" else x


def _class_of(per_scale: float) -> int:
    """The least q with ``r_q >= per_scale``."""
    if not 8 <= per_scale <= 16:
        raise ValueError(f"per_scale must be in [8, 16]: got {per_scale!r}")
    return next(q for q in range(_CLASSES) if _class_per_scale(q) >= per_scale)


def _class_per_scale(q: int) -> float:
    return float(8 * 2.0 ** (q / (_CLASSES - 1)))


@lru_cache(maxsize=2 * _CLASSES)
def _table(shape: Shape, q: int) -> _Table:
    per_scale, buckets = _class_per_scale(q), _BUCKETS[shape]
    with mpmath.workprec(200):
        edges = [_exponent(shape, i / mpmath.mpf(per_scale)) for i in range(buckets + 2)]
        fall = mpmath.exp(edges[buckets] - edges[buckets + 1])
        tail_bits = next(m for m in range(1, 64) if 1 - mpmath.ldexp(1, -m) >= fall)
        weights = bucket_weights(lambda i: edges[i], buckets, tail_bits)
        exact = [mpmath.exp(-edges[i]) * weights[0] / weights[i] for i in range(buckets)]
        exact_tail = mpmath.exp(-edges[buckets]) * weights[0] * (1 << tail_bits) / weights[buckets]
        assert max(*exact, exact_tail) <= 1  # noqa: S101 - what the whole method rests on
        acceptance = np.array([float(one) for one in exact] + [0.0])
    return _Table(shape, per_scale, tuple(weights), tail_bits, build_alias(weights), acceptance)


def _acceptance_at(table: _Table, per_scale: float) -> NDArray[np.float64]:
    """``e^{-psi(i / r)} w_0 / w_i`` for the r at hand, from the table's by the difference of the exponents."""
    i = np.arange(len(table.weights), dtype=np.float64)
    h, table_h = 1 / per_scale, 1 / table.per_scale
    more = i * i * ((h - table_h) * (h + table_h) / 2) if table.shape == "gaussian" else i * (h - table_h)
    return table.acceptance * np.exp(-more)
