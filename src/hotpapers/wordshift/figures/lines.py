"""Words followed through texts in an order: a line a word, with its band."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hotpapers.wordshift.figures.canvases import new_figure, settings
from hotpapers.wordshift.figures.labels import short_label
from hotpapers.wordshift.figures.letters import INK, POINTS, SOFT, font, text_width
from hotpapers.wordshift.figures.rendering import write_figure
from hotpapers.wordshift.timelines import Trajectories

__all__ = ["save_trajectories", "trajectories_figure"]

# Okabe and Ito's colours, told apart with any colour vision, and a dash each for grey print.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1)),
    (0, (3, 1, 1, 1)),
    (0, (7, 2)),
    "-",
    (0, (5, 1.5)),
)


def trajectories_figure(found: Trajectories, *, width: float = 7.0, dpi: float = 200) -> Figure:
    """Draw uses per million words of each text, in order, with 95 % bands and the words at the lines' ends."""
    letters = 9.0
    with settings(own=True):
        names = [short_label(word) for word in found.words]
        right = max(text_width(name, font(name, letters)) for name in names) / POINTS + 0.25
        figure = new_figure(width, 3.6, dpi)
        ax = figure.add_axes((0.85 / width, 0.2, (width - 0.85 - right) / width, 0.72))
        steps = np.arange(len(found.labels))
        ends = []
        for place in range(len(names)):
            colour, dash = _COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)]
            million = 1e6 * found.share[place]
            ax.fill_between(
                steps, 1e6 * found.low[place], 1e6 * found.high[place], color=colour, alpha=0.14, lw=0
            )
            ax.plot(steps, million, color=colour, lw=1.6, ls=dash, marker="o", ms=2.6)
            ends.append(float(million[-1]))
        ax.set_ylim(bottom=0.0)
        ax.set_xlim(-0.3, len(steps) - 0.7)
        _write_names(ax, names, ends, letters)
        _label_steps(ax, found.labels, letters)
        ax.set_ylabel("uses per million words", fontsize=letters, color=INK)
        ax.tick_params(labelsize=letters - 1, colors=INK)
        ax.grid(axis="y", color="#e4e4e4", lw=0.6)
        ax.set_axisbelow(True)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    return figure


def _write_names(ax: Any, names: list[str], ends: list[float], letters: float) -> None:
    """Each word at the end of its line, pushed apart where lines end close together."""
    low, high = ax.get_ylim()
    height = ax.get_window_extent().height / ax.figure.dpi * POINTS
    step = 1.25 * letters / height * (high - low)
    order = sorted(range(len(ends)), key=ends.__getitem__)
    places: dict[int, float] = {}
    last = low - step
    for one in order:
        last = places[one] = max(ends[one], last + step)
    over = max(0.0, last - high)
    for one in order:
        ax.annotate(
            names[one], (1.0, places[one] - over), xycoords=("axes fraction", "data"), xytext=(5, 0),
            textcoords="offset points", va="center", color=_COLOURS[one % len(_COLOURS)], annotation_clip=False,
            fontproperties=font(names[one], letters), parse_math=False,
        )  # fmt: skip


def _label_steps(ax: Any, labels: tuple[str, ...], letters: float) -> None:
    """Every label that there is room for."""
    names = [short_label(label, 16) for label in labels]
    wide = max(text_width(name, font(name, letters - 1)) for name in names) + 8
    room = ax.get_window_extent().width / ax.figure.dpi * POINTS
    every = max(1, int(np.ceil(wide * len(names) / room)))
    shown = range(0, len(names), every)
    ax.set_xticks(list(shown), labels=[names[at] for at in shown])
    for at, label in zip(shown, ax.get_xticklabels(), strict=True):
        label.set(fontproperties=font(names[at], letters - 1), color=SOFT, parse_math=False)


def save_trajectories(
    found: Trajectories, paths: list[Path], *, metadata: dict[str, Any] | None = None
) -> None:
    """Draw once and write PNG, SVG or PDF by suffix, whole or not at all."""
    write_figure(trajectories_figure(found), paths, dpi=200, metadata=metadata or {})
