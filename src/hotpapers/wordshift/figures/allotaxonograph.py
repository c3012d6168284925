"""The allotaxonograph: two ranked systems against each other, and the types that set them apart.

Dodds et al., "Allotaxonometry and rank-turbulence divergence" (arXiv 2002.09770): a rank-rank histogram
turned by 45 degrees, common types on top, with the ranked contributions beside it.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from hotpapers.wordshift.figures.canvases import new_figure, settings
from hotpapers.wordshift.figures.labels import short_label
from hotpapers.wordshift.figures.letters import INK, SOFT, font
from hotpapers.wordshift.figures.rendering import write_figure
from hotpapers.wordshift.rank_turbulence import RankCell, Turbulence

__all__ = ["allotaxonograph", "save_allotaxonograph"]

_LEFT, _RIGHT = "#9E75B7", "#FECC5D"
_LETTERS = 8.0


def allotaxonograph(found: Turbulence, *, top: int = 30, per_decade: int = 15, dpi: float = 200) -> Figure:
    """Draw the rank-rank histogram, words at its edges, and the `top` contributions.

    Left is system 1, right is system 2: a cell to the right holds types that system 2 ranks higher.
    """
    with settings(own=True):
        figure = new_figure(10.0, 6.2, dpi)
        histogram = figure.add_axes((0.02, 0.09, 0.52, 0.78))
        _histogram(histogram, found, found.cells(per_decade), per_decade)
        _contributions(figure.add_axes((0.6, 0.09, 0.38, 0.78)), found, top)
        names = [short_label(name, 28) for name in found.names]
        for x, side, name in ((0.03, "left", names[0]), (0.53, "right", names[1])):
            figure.text(x, 0.92, name, ha=side, color=INK, parse_math=False,
                        fontproperties=font(name, 12, weight="bold"))  # fmt: skip
        alpha = "∞" if np.isinf(found.alpha) else f"{found.alpha:.3g}"
        figure.text(0.6, 0.92, f"{found.kind}-turbulence divergence {found.total:.3f}  (α = {alpha})",
                    fontsize=10, color=INK)  # fmt: skip
    return figure


def _histogram(ax: Any, found: Turbulence, cells: list[RankCell], per_decade: int) -> None:
    side = 1 / per_decade
    corners = np.array([(0, 0), (side, 0), (side, side), (0, side)])
    low = np.array([(cell.log_rank_1, cell.log_rank_2) for cell in cells])
    squares = low[:, None, :] + corners[None]
    # to the right: ranked higher (a smaller rank) by system 2; upwards: common in both
    turned = np.stack([squares[..., 0] - squares[..., 1], -(squares[..., 0] + squares[..., 1])], axis=-1)
    counts = np.array([cell.types for cell in cells], dtype=float)
    drawn = PolyCollection(list(turned), array=counts, cmap="viridis_r",
                           norm=LogNorm(1, max(2.0, float(counts.max()))), linewidths=0)  # fmt: skip
    ax.add_collection(drawn)
    reach = float(np.log10(max(found.r1.max(), found.r2.max()))) + 0.1
    ax.plot([0, 0], [-2 * reach, 0.1], color=SOFT, lw=0.6, zorder=0)
    for sign in (-1, 1):
        ax.plot([0, sign * reach], [0.1, -reach + 0.1], color=SOFT, lw=0.6, zorder=0)
        ax.plot([sign * reach, 0], [-reach + 0.1, -2 * reach], color="#dddddd", lw=0.6, zorder=0)
    for decade in range(1, int(reach) + 1):
        for sign in (-1, 1):
            ax.text(sign * (decade + 0.06), -decade + 0.12, f"$10^{decade}$", fontsize=_LETTERS - 1, color=SOFT,
                    ha="left" if sign > 0 else "right", va="bottom")  # fmt: skip
    _edge_words(ax, cells, side)
    ax.set_xlim(-1.28 * reach, 1.28 * reach)
    ax.set_ylim(-2 * reach, 0.4)
    ax.set_axis_off()
    bar = ax.figure.add_axes((0.045, 0.1, 0.012, 0.18))
    ax.figure.colorbar(drawn, cax=bar)
    bar.tick_params(labelsize=_LETTERS - 1, colors=SOFT, length=2)
    bar.set_title("types", fontsize=_LETTERS - 1, color=SOFT, loc="left")


def _edge_words(ax: Any, cells: list[RankCell], side: float, bands: int = 14) -> None:
    """In bands from top to bottom, the outermost cell's word on either side."""
    depth = np.array([cell.log_rank_1 + cell.log_rank_2 for cell in cells])
    across = np.array([cell.log_rank_1 - cell.log_rank_2 for cell in cells])
    edges = np.linspace(0, float(depth.max()) + 1e-9, bands + 1)
    for low, high in pairwise(edges.tolist()):
        band = np.flatnonzero((depth >= low) & (depth < high))
        for sign in (-1, 1):
            outer = band[sign * across[band] > side]
            if not len(outer):
                continue
            at = int(outer[np.argmax(sign * across[outer])])
            word = short_label(cells[at].example, 18)
            x = float(across[at]) + (1.2 if sign > 0 else -1.2) * side
            ax.text(x, -float(depth[at]) - side, word, ha="left" if sign > 0 else "right", va="center", color=INK,
                    fontproperties=font(word, _LETTERS), parse_math=False)  # fmt: skip


def _contributions(ax: Any, found: Turbulence, top: int) -> None:
    order = [at for at in found.order[:top].tolist() if found.contribution[at] > 0]
    values = 100 * found.contribution[order] * np.where(found.direction[order] >= 0, 1, -1)
    rows = np.arange(len(order))
    colours = [_RIGHT if value >= 0 else _LEFT for value in values]
    ax.barh(rows, values, color=colours, height=0.78, edgecolor="#55555555", linewidth=0.25)
    limit = 1.75 * float(np.abs(values).max(initial=1e-9))
    for row, at, value in zip(rows.tolist(), order, values.tolist(), strict=True):
        word = short_label(found.types[at], 22)
        ax.text(value + (0.02 if value >= 0 else -0.02) * limit, row, word, va="center",
                ha="left" if value >= 0 else "right", color=INK, fontproperties=font(word, _LETTERS),
                parse_math=False)  # fmt: skip
    ax.set_xlim(-limit, limit)
    ax.set_ylim(max(len(order), 1) - 0.4, -0.6)
    ax.set_yticks([])
    ax.axvline(0, color=INK, lw=0.6)
    ax.tick_params(labelsize=_LETTERS - 1, colors=INK)
    ax.xaxis.set_major_formatter(lambda value, _: f"{abs(value):.3g}")
    ax.set_xlabel("contribution, % of two systems that share nothing", fontsize=_LETTERS, color=INK)
    for side in ("left", "top", "right"):
        ax.spines[side].set_visible(False)


def save_allotaxonograph(
    found: Turbulence, paths: list[Path], *, metadata: dict[str, Any] | None = None, top: int = 30
) -> None:
    """Draw once and write PNG, SVG or PDF by suffix, whole or not at all."""
    write_figure(allotaxonograph(found, top=top), paths, dpi=200, metadata=metadata or {})
