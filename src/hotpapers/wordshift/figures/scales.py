"""The two axes of a word shift graph: per cent across, ranks down."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import FixedLocator, MaxNLocator

from hotpapers.wordshift.figures.drawing import Graph
from hotpapers.wordshift.figures.letters import INK, font, label_axis

__all__ = ["draw_axes"]


def draw_axes(graph: Graph) -> None:
    """Limits, ticks, labels and frame; insets may widen the limits afterwards."""
    ax, options = graph.ax, graph.options
    ax.set_xlim(-graph.limit, graph.limit)
    margin = options.y_margin * (graph.bottom - graph.top)
    ax.set_ylim(graph.bottom + margin, graph.top - margin)
    ax.tick_params(axis="both", which="both", direction="out", length=0.3 * graph.sizes.xtick, color=INK)
    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set(visible=side not in options.invisible_spines, linewidth=0.7, color=INK)
    _x_axis(graph)
    _y_axis(graph)


def _x_axis(graph: Graph) -> None:
    ax, options = graph.ax, graph.options
    ticks: Sequence[float] = []
    if graph.geometry.bars and not options.remove_xticks:
        bins = max(2, min(8, int(graph.size[0] / (5.2 * graph.sizes.xtick))))
        found = MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10]).tick_values(-graph.limit, graph.limit)
        ticks = [float(tick) for tick in found if abs(tick) <= graph.limit * (1 + 1e-9)]
    labels = _tick_labels(ticks, options.tick_format, unsigned=graph.geometry.layout == "all-positive")
    ax.xaxis.set_major_locator(FixedLocator(list(ticks)))
    ax.set_xticks(list(ticks), labels)
    for label in ax.get_xticklabels():
        label.set_fontproperties(font("0", graph.sizes.xtick, serif=options.serif))
        label.set_color(INK)
    if graph.geometry.bars:
        label_axis(ax.set_xlabel, _xlabel(graph), graph.sizes.xlabel, serif=options.serif)


def _xlabel(graph: Graph) -> str:
    """The x axis' label: the option, or the paper's with the unit."""
    if graph.options.xlabel is not None:
        return graph.options.xlabel
    unit = "%" if graph.geometry.percent else graph.shift.unit
    return r"Score shift $\delta\Phi_{\tau}$" + (f" ({unit})" if unit else "")


def _y_axis(graph: Graph) -> None:
    ax, options = graph.ax, graph.options
    rows = len(graph.geometry.bars)
    ticks: list[int] = []
    if rows and options.ranks and not options.remove_yticks:
        step = options.every_nth_ytick
        ticks = [1, *range(step if step > 1 else 2, rows + 1, step)]
    ax.set_yticks(ticks, [str(tick) for tick in ticks])
    for label in ax.get_yticklabels():
        label.set_fontproperties(font("0", graph.sizes.ytick, serif=options.serif))
        label.set_color(INK)
    if rows and options.ranks:
        label_axis(ax.set_ylabel, options.ylabel, graph.sizes.ylabel, serif=options.serif)


def _tick_labels(ticks: Sequence[float], pattern: str, *, unsigned: bool) -> list[str]:
    """`ticks` in the given format, with more decimals where two would read alike."""
    values = [abs(tick) if unsigned else tick + 0.0 for tick in ticks]
    labels = [pattern.format(value) for value in values]
    decimals = 1
    while len(set(labels)) < len({round(value, 12) for value in values}) and decimals < 12:
        decimals += 1
        labels = [f"{value:.{decimals}f}" for value in values]
    return [label.replace("-", "−") for label in labels]
