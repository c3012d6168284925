"""The two insets of a word shift graph, in axes coordinates, where no bar and no word is in the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from hotpapers.wordshift.figures.drawing import Graph
from hotpapers.wordshift.figures.labels import short_label
from hotpapers.wordshift.figures.letters import INK, SOFT, font, label_axis, line_extents

__all__ = ["draw_insets"]

_HEADING = "Text size (tokens)"

# How far the insets may shrink, and the x axis widen, before free rows are added under the words.
_TRIES = ((1.0, 1.0), (0.86, 1.0), (0.86, 1.12), (0.74, 1.12), (0.74, 1.28))


class _Box(NamedTuple):
    """Left, bottom, right and top, in shares of the axes."""

    left: float
    bottom: float
    right: float
    top: float


class _Inset(NamedTuple):
    """Plot size and the room around it for its words (left, bottom, right, top), in points."""

    width: float
    height: float
    around: tuple[float, float, float, float]
    left_first: bool


def draw_insets(graph: Graph) -> list[Axes]:
    """Draw the wanted insets and return their axes; the graph's limits may widen to make room."""
    options = graph.options
    wanted: dict[str, _Inset] = {}
    bounds: dict[str, tuple[float, float, float, float]] = {}
    scale = 1.0
    if options.cumulative_inset and graph.geometry.bars:
        wanted["cumulative"] = _cumulative_size(graph)
        if options.pos_cumulative_inset is not None:
            bounds["cumulative"] = _four(options.pos_cumulative_inset)
    if options.text_size_inset and graph.geometry.bars:
        wanted["sizes"] = _text_size(graph)
        if options.pos_text_size_inset is not None:
            bounds["sizes"] = _four(options.pos_text_size_inset)
    free = {name: inset for name, inset in wanted.items() if name not in bounds}
    if free:
        placed, scale = _place(graph, free)
        bounds |= placed
    made = []
    for name, at in bounds.items():
        inset = graph.ax.inset_axes(at, zorder=6)
        inset.set_gid(f"{graph.prefix}inset-{name}")
        (_cumulative if name == "cumulative" else _sizes)(inset, graph, scale)
        made.append(inset)
    return made


def _four(bounds: Sequence[float]) -> tuple[float, float, float, float]:
    left, bottom, width, height = (float(value) for value in bounds)
    return left, bottom, width, height


def _cumulative_size(graph: Graph) -> _Inset:
    width, height = graph.size
    small = graph.sizes.small
    plot = min(0.21 * width, 12 * small)
    around = (small * 3.9, small * 2.9, small * 0.9, small * 0.7)
    return _Inset(plot, min(0.19 * height, 1.5 * plot), around, left_first=True)


def _text_size(graph: Graph) -> _Inset:
    small = graph.sizes.small
    lines = [_HEADING, *_size_lines(graph)]
    width = max(0.13 * graph.size[0], line_extents(lines, 0.9 * small, serif=graph.options.serif))
    return _Inset(width, 5.6 * small, (0.3 * small,) * 4, left_first=False)


# --- finding room ----------------------------------------------------------------------------------


def _obstacles(graph: Graph, widening: float, rows: float) -> NDArray[np.float64]:
    """Boxes of all bars, whiskers and words, shape (boxes, 4), with `rows` free rows at the bottom."""
    width, height = graph.size
    limit = graph.limit * widening
    span = graph.bottom + rows - graph.top
    boxes: list[tuple[float, float, float, float]] = []

    def across(x: float) -> float:
        return 0.5 + 0.5 * x / limit

    def up(y: float) -> float:
        return (graph.bottom + rows - y) / span

    for bar in graph.geometry.bars:
        ends = [
            0.0,
            *(end for piece in bar.pieces for end in (piece.start, piece.end)),
            *(bar.interval or ()),
        ]
        boxes.append((across(min(ends)), up(bar.row + 0.45), across(max(ends)), up(bar.row - 0.45)))
    for word in graph.words:
        start = across(word.x) + word.sign * (graph.gap + word.extra) / width
        ends = sorted((start, start + word.sign * word.width / width))
        half = 0.6 * float(word.font.get_size_in_points()) / height
        boxes.append((ends[0], up(word.y) - half, ends[1], up(word.y) + half))
    boxes.append((0.0, up(0.3), 1.0, 1.0))  # the top panel
    return np.array(boxes)


def _place(
    graph: Graph, insets: dict[str, _Inset]
) -> tuple[dict[str, tuple[float, float, float, float]], float]:
    """Bounds of each inset's plot and their scale; widens the graph's limits if it must.

    No bounds where there is no room at all (rows shared with neighbours, or tiny axes).
    """
    attempts = [(scale, widening, 0.0) for scale, widening in _TRIES]
    if graph.rows:  # rows are shared with a neighbour: only the x axis can give
        attempts += [(0.74, 1.5, 0.0), (0.74, 1.8, 0.0), (0.62, 2.2, 0.0)]
    else:
        attempts += [(0.86, 1.0, float(rows)) for rows in range(2, 200, 2)]
    for scale, widening, rows in attempts:
        boxes = _obstacles(graph, widening, rows)
        placed: dict[str, tuple[float, float, float, float]] = {}
        for name, inset in insets.items():
            found = _free_place(graph, inset, boxes, scale)
            if found is None:
                break
            placed[name], outer = found
            boxes = np.vstack([boxes, outer])
        if len(placed) == len(insets):
            _apply(graph, widening, rows)
            return placed, scale
    return {}, 1.0


def _free_place(
    graph: Graph, inset: _Inset, boxes: NDArray[np.float64], scale: float
) -> tuple[tuple[float, float, float, float], _Box] | None:
    """The lowest free place at one of the sides: the plot's bounds, and the box with its words."""
    width, height = graph.size
    left, bottom, right, top = (share * scale for share in inset.around)
    wide = (left + inset.width * scale + right) / width
    high = (bottom + inset.height * scale + top) / height
    margin_x, margin_y = 4.0 / width, 4.0 / height
    sides = [margin_x, 1 - margin_x - wide]
    if not inset.left_first:
        sides.reverse()
    for y in np.arange(margin_y, 1 - high, max(3.0 / height, 0.004)):
        for x in sides:
            outer = _Box(x, float(y), x + wide, float(y) + high)
            if x >= 0 and outer.right <= 1 and not _touches(outer, boxes):
                plot = (x + left / width, float(y) + bottom / height)
                return (*plot, inset.width * scale / width, inset.height * scale / height), outer
    return None


def _touches(box: _Box, boxes: NDArray[np.float64]) -> bool:
    return bool(
        np.any(
            (boxes[:, 0] < box.right)
            & (boxes[:, 2] > box.left)
            & (boxes[:, 1] < box.top)
            & (boxes[:, 3] > box.bottom)
        )
    )


def _apply(graph: Graph, widening: float, rows: float) -> None:
    graph.limit *= widening
    if widening != 1.0 or rows:
        graph.ax.set_xlim(-graph.limit, graph.limit)
        low, high = graph.ax.get_ylim()
        graph.ax.set_ylim(low + rows, high)


# --- drawing ---------------------------------------------------------------------------------------


def _cumulative(inset: Axes, graph: Graph, scale: float) -> None:
    """Rank (log, downwards) against the cumulative contribution; the line shows where the graph ends."""
    options, small = graph.options, graph.sizes.small * scale
    ranks, sums = graph.geometry.curve
    inset.plot(sums, ranks, color=INK, linewidth=0.09 * small, solid_joinstyle="round")
    shown = len(graph.geometry.bars)
    inset.axhline(shown, color="#8a8a8a", linewidth=0.06 * small)
    inset.set_yscale("log")
    last = max(float(ranks[-1]), 2.0)
    inset.set_ylim(last * 1.25, 0.85)
    inset.yaxis.set_minor_locator(NullLocator())
    decades = [10**power for power in range(8) if 10**power <= last]
    inset.set_yticks(decades, [_power(power) for power in range(len(decades))])
    low, high = min(0.0, float(sums.min())), max(0.0, float(sums.max()))
    room = 0.06 * (high - low or 1.0)
    inset.set_xlim(low - (room if low < 0 else 0), high + room)
    ticks = options.cumulative_xticks
    if ticks is None:
        ticks = [low if abs(low) > high else 0.0, 0.0 if abs(low) > high else high]
    labels = options.cumulative_xticklabels
    if labels is None:
        labels = [_short_number(tick) for tick in ticks]
    inset.set_xticks(list(ticks), list(labels))
    _dress(inset, graph, 0.88 * small)
    unit = "%" if graph.geometry.percent else graph.shift.unit
    xlabel = options.cumulative_xlabel if options.cumulative_xlabel is not None else f"Σ of shift ({unit})"
    ylabel = options.cumulative_ylabel if options.cumulative_ylabel is not None else "Rank"
    if unit == "" and options.cumulative_xlabel is None:
        xlabel = "Σ of shift"
    label_axis(inset.set_xlabel, xlabel, 0.92 * small, serif=options.serif)
    label_axis(inset.set_ylabel, ylabel, 0.92 * small, serif=options.serif)
    inset.xaxis.labelpad = 0.1 * small
    inset.yaxis.labelpad = 0.1 * small


def _power(power: int) -> str:
    return "1" if power == 0 else "10" if power == 1 else "10" + "⁰¹²³⁴⁵⁶⁷⁸⁹"[power]


def _short_number(value: float) -> str:
    text = f"{value:.0f}" if abs(value) >= 10 or value == 0 else f"{value:.2g}"
    return text.replace("-", "−")


def _dress(inset: Axes, graph: Graph, size: float) -> None:
    inset.tick_params(axis="both", which="both", length=0.25 * size, width=0.5, pad=0.2 * size, color=INK)
    for spine in inset.spines.values():
        spine.set(linewidth=0.5, color=INK)
    for label in (*inset.get_xticklabels(), *inset.get_yticklabels()):
        label.set_fontproperties(font("0", size, serif=graph.options.serif))
        label.set(color=INK, parse_math=False)


def _size_lines(graph: Graph) -> list[str]:
    return [
        f"{short_label(name, 16)}: {tokens:,.0f}"
        for name, tokens in zip(graph.shift.names, graph.shift.coverage.tokens, strict=True)
    ]


def _sizes(inset: Axes, graph: Graph, scale: float) -> None:
    """Two grey bars: the tokens of each text after filtering, the larger text's bar the full width."""
    size = 0.9 * graph.sizes.small * scale
    tokens = graph.shift.coverage.tokens
    largest = max(*tokens, 1e-300)
    inset.set(xlim=(0, 1), ylim=(0, 5.6))
    inset.set_axis_off()
    shares = [value / largest for value in tokens]
    for base, share, line, name in zip((2.55, 0.15), shares, _size_lines(graph), ("1", "2"), strict=True):
        inset.text(
            1, base + 0.85, line, horizontalalignment="right", verticalalignment="baseline", color=INK,
            fontproperties=font(line, size, serif=graph.options.serif), parse_math=False,
        )  # fmt: skip
        bar = Rectangle((1 - share, base), share, 0.6, facecolor="#9a9a9a", edgecolor="none", clip_on=False)
        bar.set_gid(f"{graph.prefix}size-{name}")
        inset.add_patch(bar)
    inset.text(
        1, 4.85, _HEADING, horizontalalignment="right", verticalalignment="baseline", color=SOFT,
        fontproperties=font(_HEADING, size, serif=graph.options.serif), parse_math=False,
    )  # fmt: skip
