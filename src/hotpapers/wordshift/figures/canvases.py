"""Where graphs stand on a figure and how large their letters are; settings that they are drawn under."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hotpapers.wordshift.figures.geometry import Geometry
from hotpapers.wordshift.figures.labels import default_title
from hotpapers.wordshift.figures.letters import INK, POINTS, Sizes, font, is_mathematics, line_extents
from hotpapers.wordshift.figures.rendering import quiet
from hotpapers.wordshift.figures.styles import GraphOptions, rc_settings
from hotpapers.wordshift.shifts import Shift, WordShiftError

__all__ = [
    "Room", "default_height", "figure_of", "fit_axes", "letter_sizes", "new_figure", "settings", "title_of",
    "write_title",
]  # fmt: skip

_DEFAULT_HEIGHT = 15.0
_DEFAULT_SIZES = {"label": 13.0, "title": 18.0, "xlabel": 20.0, "ylabel": 20.0, "xtick": 14.0, "ytick": 14.0}


def new_figure(width: float, height: float, dpi: float, *, shown: bool = False) -> Figure:
    """An empty white figure, known to pyplot only where it will be `shown`."""
    if shown:
        from matplotlib import pyplot as plt

        return plt.figure(figsize=(width, height), dpi=dpi, facecolor="white")
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def figure_of(ax: Axes) -> Figure:
    """The figure of axes, also where they stand in a subfigure."""
    figure = ax.get_figure(root=True)
    if not isinstance(figure, Figure):
        raise WordShiftError("the axes belong to no figure")
    return figure


@contextmanager
def settings(*, own: bool) -> Iterator[None]:
    """Matplotlib's own defaults for a figure of ours, what a graph needs for somebody else's axes."""
    with mpl.rc_context(), quiet():
        settings: Any = mpl.rcParams
        if own:
            settings.update(
                {name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith("backend")}
            )
        settings.update(rc_settings())
        yield


def default_height(laid: Geometry) -> float:
    """Inches: the reference's 15 for 50 words, less for fewer, and more for more."""
    rows = len(laid.bars)
    return _DEFAULT_HEIGHT * (rows + 12) / 62 if rows else 4.0


@dataclass(frozen=True, kw_only=True)
class Room:
    """What graphs side by side all leave room for, so that their rows are level."""

    rows: int
    sum_rows: int
    title_lines: int

    @classmethod
    def of(cls, graphs: Sequence[tuple[Shift, Geometry, GraphOptions]]) -> Room:
        """The most that any of `graphs` needs."""
        return cls(
            rows=max(len(laid.bars) for _, laid, _ in graphs),
            sum_rows=max((total.row for _, laid, _ in graphs for total in laid.sums), default=0),
            title_lines=max(len(title_of(shift, each).splitlines()) for shift, _, each in graphs),
        )


def title_of(shift: Shift, options: GraphOptions) -> str:
    """The option, or the default title."""
    return default_title(shift) if options.title is None else options.title


def letter_sizes(ax: Axes, laid: Geometry, options: GraphOptions, *, own: bool) -> Sizes:
    """The options' sizes; where they name none, the reference's, made to fit the axes."""
    figure = figure_of(ax)
    box = ax.get_window_extent()
    width, height = box.width / figure.dpi, box.height / figure.dpi
    scale = min(1.0, width / 4.4, max(height / 6.0, 0.4)) if not own else min(1.0, options.width / 6.0)
    pitch = POINTS * height / (max(len(laid.bars), 8) + 7)
    given = {name: getattr(options, f"{name}_fontsize") for name in _DEFAULT_SIZES}
    made = {
        name: size if (size := given[name]) is not None else _DEFAULT_SIZES[name] * scale for name in given
    }
    if given["label"] is None:
        made["label"] = max(min(made["label"], 0.82 * pitch), 3.0)
        if not own:  # the other letters keep their proportion to the words
            scale = max(made["label"] / _DEFAULT_SIZES["label"], 0.6)
            made |= {
                n: _DEFAULT_SIZES[n] * min(scale, 1.0) for n in made if n != "label" and given[n] is None
            }
    return Sizes(**made)


def fit_axes(
    ax: Axes,
    laid: Geometry,
    options: GraphOptions,
    sizes: Sizes,
    title_lines: int,
    cell: tuple[float, float, float, float],
) -> None:
    """Give the axes all of their cell but what the labels around them take."""
    figure = figure_of(ax)
    left, bottom, right, top = 0.08 * POINTS, 0.08 * POINTS, 0.13 * POINTS, 0.1 * POINTS
    if laid.bars and options.ranks:
        if not options.remove_yticks:
            left += 0.65 * len(str(len(laid.bars))) * sizes.ytick + 0.3 * sizes.xtick + 4
        if options.ylabel:
            left += 1.25 * sizes.ylabel + 4
    if laid.bars and not options.remove_xticks:
        bottom += 1.3 * sizes.xtick + 0.3 * sizes.xtick + 3.5
        right += 0.6 * sizes.xtick
    if laid.bars and options.xlabel != "":
        bottom += 1.5 * sizes.xlabel + 3
    if title_lines:
        top += 1.22 * sizes.title * title_lines + 0.45 * sizes.title
    width, height = (float(size) * POINTS for size in figure.get_size_inches())
    x, y, wide, high = cell
    ax.set_position(
        (
            x + left / width,
            y + bottom / height,
            max(wide - (left + right) / width, 0.05 * wide),
            max(high - (top + bottom) / height, 0.05 * high),
        )
    )


def write_title(ax: Axes, title: str, size: float, options: GraphOptions) -> None:
    """Write the title, with smaller letters where it would be wider than the axes."""
    mathematics = options.title is not None and is_mathematics(title)
    if not mathematics:
        wide = line_extents(title.splitlines(), size, serif=options.serif)
        room = ax.get_window_extent().width / figure_of(ax).dpi * POINTS * 1.06
        size *= min(1.0, room / max(wide, 1.0))
    ax.set_title(
        title,
        fontproperties=font(title, size, serif=options.serif),
        color=INK,
        pad=0.45 * size,
        parse_math=mathematics,
    ).set_gid(f"{(ax.get_gid() or '').removesuffix('graph')}title")
