"""All pairs of texts as a heat map: how far apart they are, and the words that set each pair apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from hotpapers.wordshift.figures.canvases import new_figure, settings
from hotpapers.wordshift.figures.labels import short_label
from hotpapers.wordshift.figures.letters import INK, POINTS, SOFT, font, text_width
from hotpapers.wordshift.figures.rendering import write_figure
from hotpapers.wordshift.matrices import Matrix

__all__ = ["matrix_figure", "save_matrix"]

# Light enough that dark letters stand on every shade.
_SHADES = LinearSegmentedColormap.from_list("heat", colormaps["Purples"](np.linspace(0.0, 0.58, 128)))
_MOST_WITH_WORDS = 12
_CELL = 1.15  # inches, with words
_SMALL_CELL = 0.42


def matrix_figure(found: Matrix, *, words: int = 4, title: str | None = None, dpi: float = 200) -> Figure:
    """Draw a matrix of divergences.

    A cell has the divergence of its row's text and its column's, and below it the words that the column's
    text uses more, most telling first; the cell mirrored at the diagonal has the other side's. Past twelve
    texts cells have colours only.

    Parameters
    ----------
    words
        Words a cell, at most.
    title
        Above the cells.
    """
    count = len(found.labels)
    told = count <= _MOST_WITH_WORDS
    size = _CELL if told else _SMALL_CELL
    letters = 8.0
    with settings(own=True):
        names = [short_label(label, 24) for label in found.labels]
        left = max(text_width(name, font(name, letters)) for name in names) / POINTS + 0.2
        above = (0.35 if told else left) + (0.35 if title else 0.0)
        figure = new_figure(left + size * count + 1.0, size * count + 0.12 + above, dpi)
        width, height = figure.get_size_inches()
        ax = figure.add_axes((left / width, 0.12 / height, size * count / width, size * count / height))
        values = np.where(np.eye(count, dtype=bool), np.nan, found.values)
        image = ax.imshow(values, cmap=_SHADES, vmin=0.0, vmax=float(np.nanmax(values)) or 1.0, aspect="auto")
        ax.xaxis.tick_top()
        for axis, turn in ((ax.xaxis, 0 if told else 90), (ax.yaxis, 0)):
            axis.set_ticks(range(count), labels=names)
            for name, label in zip(names, axis.get_ticklabels(), strict=True):
                label.set(fontproperties=font(name, letters), color=INK, rotation=turn, parse_math=False)
                if axis is ax.xaxis and told:
                    room = 0.94 * size * POINTS
                    label.set_fontsize(
                        letters * min(1.0, room / max(text_width(name, font(name, letters)), 1))
                    )
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)
        if told:
            _write_cells(ax, found, words, letters)
        bar = figure.add_axes(
            ((left + size * count + 0.12) / width, 0.12 / height, 0.13 / width, size * count / height)
        )
        figure.colorbar(image, cax=bar)
        bar.tick_params(labelsize=letters - 1, colors=SOFT, length=2)
        bar.set_ylabel(f"Jensen-Shannon divergence ({found.unit})", fontsize=letters, color=INK)
        if title:
            figure.suptitle(title, x=0.02, ha="left", fontproperties=font(title, 11.0), parse_math=False)
    return figure


def _write_cells(ax: Any, found: Matrix, words: int, letters: float) -> None:
    room = 0.92 * _CELL * POINTS
    for row in range(len(found.labels)):
        for column in range(len(found.labels)):
            if row == column:
                continue
            value = float(found.values[row, column])
            ax.text(column, row - 0.36, f"{value:.3f}", ha="center", va="center", color=INK,
                    fontproperties=font("0", letters, weight="bold"))  # fmt: skip
            more = [word for word, amount in found.words[row, column] if amount > 0][:words]
            for place, word in enumerate(more):
                text = short_label(word, 20)
                face = font(text, letters - 0.5)
                face.set_size((letters - 0.5) * min(1.0, room / max(text_width(text, face), 1.0)))
                ax.text(column, row - 0.14 + 0.17 * place, text, ha="center", va="center", color=INK,
                        fontproperties=face, parse_math=False)  # fmt: skip


def save_matrix(
    found: Matrix, paths: list[Path], *, metadata: dict[str, Any] | None = None, **options: Any
) -> None:
    """Draw once and write PNG, SVG or PDF by suffix, whole or not at all."""
    figure = matrix_figure(found, **options)
    write_figure(figure, paths, dpi=options.get("dpi", 200), metadata=metadata or {})
