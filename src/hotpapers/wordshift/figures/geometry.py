"""Where every bar, label and sum of a word shift graph lies: pure numbers, no drawing.

One geometry serves the figures, the terminal and the page. Lengths are per cent of the shift's norm
(of its own unit where nothing is normalised); right is positive. Words stand in rows 1, 2, ... from
the top; the sums above them in rows 1, 2, ... counted upwards from the words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hotpapers.wordshift.figures.labels import short_label
from hotpapers.wordshift.figures.screening import KINDS, Layout, Parts, checked_kinds, scale_of
from hotpapers.wordshift.shifts import Shift, Vector, WordShiftError

__all__ = [
    "KINDS",
    "Bar",
    "Geometry",
    "Intervals",
    "Layout",
    "Piece",
    "Scored",
    "Sum",
    "cumulative",
    "geometry",
    "pieces",
]

Intervals = Mapping[Any, Sequence[float]]
"""Type -> (low, high, ...) in the unit of ``shift.score``."""


class Scored(Protocol):
    """Intervals as an object that knows them in the unit of ``shift.score``."""

    def scores(self) -> Mapping[Any, Sequence[float]]:
        """Type -> (low, high)."""


# The pairs that share a row of the top panel, left and right, from the words upwards.
_PAIRS = (("neg_s", "pos_s"), ("neg_s_pos_p", "neg_s_neg_p"), ("pos_s_neg_p", "pos_s_pos_p"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a bar from `start` to `end` in the colour of `kind`.

    `faded` where it is cancelled, or where the word's direction is not clear.
    """

    start: float
    end: float
    kind: str
    faded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One word's row.

    Parameters
    ----------
    row
        1 at the top.
    index
        Its position in ``shift.types``; -1 where the shift lacks the word (only its row is kept).
    word
        The type.
    label
        What is written, at most 30 characters and the missing-score mark.
    pieces
        Empty where the word contributes nothing.
    value
        The net contribution as drawn.
    tip
        Where the bar ends and the label begins; its sign is the label's side.
    interval
        (low, high) as drawn.
    """

    row: int
    index: int
    word: Any
    label: str
    pieces: tuple[Piece, ...]
    value: float
    tip: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A bar of the top panel, drawn from `start` to `end`; `value` is what it truly adds up to."""

    row: int
    kind: str
    start: float
    end: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """All that a word shift graph shows.

    Parameters
    ----------
    layout
        Simple, detailed or all-positive.
    bars, sums
        The words and the top panel.
    sum_scale
        Drawn length of a sum over its true value.
    curve
        Ranks and cumulative contributions, each of at most 400 points.
    extent
        The longest reach of a word bar, its interval included.
    percent
        Lengths are per cent of the norm; otherwise in the shift's own unit.
    """

    layout: Layout
    bars: tuple[Bar, ...]
    sums: tuple[Sum, ...]
    sum_scale: float
    curve: tuple[Vector, Vector]
    extent: float
    percent: bool


def geometry(
    shift: Shift,
    *,
    top_n: int = 50,
    detailed: bool | None = None,
    all_positive: bool | None = None,
    kinds: Collection[str] | None = None,
    preserve_order: Shift | Sequence[Any] | None = None,
    intervals: Intervals | Scored | None = None,
    unclear: Collection[Any] = (),
    missing_symbol: str = "*",
    show_total: bool = True,
    show_score_diffs: bool | None = None,
) -> Geometry:
    """Lay out the `top_n` largest contributions of `shift` and the sums of all of them.

    Parameters
    ----------
    top_n
        Words shown, or fewer where fewer contribute.
    detailed
        Draw both parts of every contribution; None: for weighted averages only.
    all_positive
        Point each bar at the text that uses the word more; None: as the shift says.
    kinds
        Show only these `KINDS`: parts of other kinds are left out, and words that have none left.
    preserve_order
        A shift, or types: their rows are kept, so that two graphs compare row by row.
    intervals
        Type -> (low, high, ...) in the unit of ``shift.score``, or an object that has them as `scores`;
        types without one get no whisker.
    unclear
        Types whose direction is not clear: their bars are pale. A detailed graph does not show it: there
        pale is what cancels.
    missing_symbol
        Appended to labels whose score was borrowed.
    show_total, show_score_diffs
        Whether the top panel has the sum of all, and the pair of score changes (None: if any changed).

    Raises
    ------
    WordShiftError
        If `top_n` is not positive, a kind is unknown, or contributions are negative where all-positive
        was asked.
    """
    if top_n < 1:
        raise WordShiftError(f"top_n={top_n}: a graph needs at least 1 word")
    if intervals is not None and not isinstance(intervals, Mapping):
        intervals = intervals.scores()
    layout = _layout(shift, detailed=detailed, all_positive=all_positive)
    parts = Parts.of(shift, layout, checked_kinds(kinds))
    indices, words = parts.rows(top_n, preserve_order)
    bars = tuple(
        _bar(
            shift,
            parts,
            row,
            index,
            word,
            intervals=intervals,
            faded=word in unclear,
            missing_symbol=missing_symbol,
        )
        for row, (index, word) in enumerate(zip(indices, words, strict=True), start=1)
    )
    tips = max((abs(bar.tip) for bar in bars), default=0.0)
    sums, sum_scale = _sums(
        shift, parts, longest=tips or 1.0, show_total=show_total, show_score_diffs=show_score_diffs
    )
    ends = [abs(end) for bar in bars if bar.interval for end in bar.interval]
    return Geometry(
        layout=layout,
        bars=bars,
        sums=sums,
        sum_scale=sum_scale,
        curve=cumulative(shift),
        extent=max([tips, *ends]) or 1.0,
        percent=shift.normalization != "none",
    )


def pieces(p_part: float, s_part: float, p_kind: str, s_kind: str) -> tuple[tuple[Piece, ...], float]:
    """The pieces of one detailed bar, and its tip (section 2.7).

    Parts of one sign follow each other. Of opposite signs, what survives is solid from zero in the
    larger part's colour; the cancelled amount is faded, on both sides.

    Parameters
    ----------
    p_part, s_part
        Lengths of both parts, signed.

    Examples
    --------
    >>> [(piece.start, piece.end, piece.faded) for piece in pieces(5.0, -2.0, "pos_s_pos_p", "neg_s")[0]]
    [(0.0, 3.0, False), (3.0, 5.0, True), (0.0, -2.0, True)]
    """
    net = p_part + s_part
    if p_part * s_part >= 0:
        stacked = (
            Piece(start=0.0, end=p_part, kind=p_kind),
            Piece(start=p_part, end=net, kind=s_kind),
        )
        return tuple(piece for piece in stacked if piece.start != piece.end), net
    larger, smaller = (p_part, s_part) if abs(p_part) >= abs(s_part) else (s_part, p_part)
    kind, other = (p_kind, s_kind) if larger == p_part else (s_kind, p_kind)
    return (
        Piece(start=0.0, end=net, kind=kind),
        Piece(start=net, end=larger, kind=kind, faded=True),
        Piece(start=0.0, end=smaller, kind=other, faded=True),
    ), larger


def cumulative(shift: Shift, points: int = 400) -> tuple[Vector, Vector]:
    """Cumulative contribution of the r largest, at no more than `points` ranks r, evenly spaced in log r.

    Of absolute contributions under "variation" (it ends at 100), of signed ones otherwise.
    """
    if shift.normalization == "variation":  # sizes alone sort much faster than the places of types
        ordered = np.sort(np.abs(shift.contribution))[::-1]
    else:
        ordered = shift.contribution[shift.order]
    ranks = np.arange(1, len(ordered) + 1)
    if len(ranks) > points:
        ranks = np.unique(np.rint(np.geomspace(1, len(ordered), points)).astype(np.int64))
    return ranks.astype(np.float64), np.cumsum(ordered)[ranks - 1] * scale_of(shift)


def _layout(shift: Shift, *, detailed: bool | None, all_positive: bool | None) -> Layout:
    detailed = shift.measure in {"sentiment", "custom"} if detailed is None else detailed
    if all_positive and shift.contribution.size:
        lowest = float(shift.contribution.min())
        if lowest < -1e-12 * float(np.abs(shift.contribution).max()):
            raise WordShiftError(
                f"all_pos_contributions=True, but the contributions go down to {lowest:.3g}: leave it out"
            )
    if detailed:
        return "detailed"
    return "all-positive" if (shift.all_positive if all_positive is None else all_positive) else "simple"


def _bar(
    shift: Shift,
    parts: Parts,
    row: int,
    index: int,
    word: Any,
    *,
    intervals: Intervals | None,
    faded: bool,
    missing_symbol: str,
) -> Bar:
    label = short_label(word)
    if index < 0:
        return Bar(row=row, index=index, word=word, label=label, pieces=(), value=0.0, tip=0.0)
    if shift.adopted[index]:
        label += missing_symbol
    p, s = float(parts.p[index]), float(parts.s[index])
    net = p + s
    if parts.layout == "detailed":
        drawn, tip = pieces(p, s, parts.p_kind(index), parts.s_kind(index))
    else:
        kind = "positive" if net > 0 else "negative"
        drawn, tip = ((Piece(start=0.0, end=net, kind=kind, faded=faded),) if net else ()), net
    interval = intervals.get(word) if intervals else None
    ends = None
    if interval is not None and drawn:
        factor = (1.0 if shift.normalization == "none" else 100.0) * (
            -1.0 if parts.layout == "all-positive" and not parts.up[index] else 1.0
        )
        low, high = sorted(float(end) * factor for end in interval[:2])
        ends = (low, high)
    return Bar(row=row, index=index, word=word, label=label, pieces=drawn, value=net, tip=tip, interval=ends)


def _sums(
    shift: Shift, parts: Parts, *, longest: float, show_total: bool, show_score_diffs: bool | None
) -> tuple[tuple[Sum, ...], float]:
    """The top panel of all kept types: the total, then the pairs, scaled to the longest word bar."""
    scale = scale_of(shift)
    if parts.layout == "detailed":
        values = {kind: value * scale for kind, value in shift.components.items()}
        changed = bool(np.any(shift.s1 != shift.s2)) if show_score_diffs is None else show_score_diffs
        pairs: tuple[tuple[str, str], ...] = _PAIRS if changed else _PAIRS[1:]
        if changed and not np.any(shift.p1 != shift.p2):  # Kullback-Leibler: all is in the scores
            pairs = _PAIRS[:1]
    else:
        net = shift.contribution * scale
        if parts.layout == "all-positive":
            net = np.where(parts.up, net, -net)
        values = {"negative": float(net[net < 0].sum()), "positive": float(net[net > 0].sum())}
        pairs = (("negative", "positive"),)
    spans = {kind: (0.0, value) for kind, value in values.items()}
    rows: list[tuple[int, str]] = []
    first = 1
    if show_total:
        # What only rounding keeps from zero, as between proportions, is zero.
        variation = float(np.abs(shift.contribution).sum())
        values["total"] = shift.difference * scale if abs(shift.difference) > 1e-12 * variation else 0.0
        spans["total"] = (0.0, values["total"])
        if parts.layout == "all-positive":  # the whole divergence is both sides together
            spans["total"] = (values["negative"], values["positive"])
        rows.append((1, "total"))
        first = 2
    for number, pair in enumerate(pairs):
        rows += [(first + number, kind) for kind in pair if parts.kinds is None or kind in parts.kinds]
    largest = max((abs(end) for _, kind in rows for end in spans[kind]), default=0.0)
    factor = longest / largest if largest else 1.0
    return tuple(
        Sum(
            row=row, kind=kind, start=spans[kind][0] * factor, end=spans[kind][1] * factor, value=values[kind]
        )
        for row, kind in rows
    ), factor
