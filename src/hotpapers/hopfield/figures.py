"""Figures: completed digits, the energy over the plane with the ways of states, learning curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hotpapers.common.figures import PALETTE
from hotpapers.common.files import atomic_path
from hotpapers.hopfield.convergence import energy
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.experiments.digits import UPPER, Completion
from hotpapers.hopfield.experiments.learning import Learned
from hotpapers.hopfield.experiments.regimes import STORED, Landscape

__all__ = ["check_figure", "draw_digits", "draw_landscapes", "draw_learning", "figure_at"]

_INK, _FAINT = "#1c2024", "#6b6f73"
_BLUE, _WARM = PALETTE["blue"][0], PALETTE["vermilion"][0]


def check_figure(path: Path) -> Path:
    """`path`, if a figure can be written there.

    Raises
    ------
    HopfieldError
        For a suffix other than .svg, .png and .pdf.
    """
    if path.suffix.lower() not in {".svg", ".png", ".pdf"}:
        raise HopfieldError(f"{path}: a figure is written as .svg, .png or .pdf")
    return path


@contextmanager
def figure_at(path: Path, width: float, height: float) -> Iterator[Any]:
    """A figure of so many inches that is written to `path` when the block ends; text stays text.

    Parameters
    ----------
    path
        .svg, .png or .pdf.
    width, height
        Inches.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    check_figure(path)
    settings: Any = {
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "svg.hashsalt": "hotpapers",
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width, height))
        yield figure
        with atomic_path(path) as temporary:
            kind = path.suffix[1:].lower()
            dated: Any = {"metadata": {"Date": None}} if kind == "svg" else {}
            figure.savefig(temporary, format=kind, dpi=160, **dated)


# ---- digits


def draw_digits(done: Completion, path: Path) -> None:
    """The stored images, their known halves, and what each temperature retrieves for them.

    Parameters
    ----------
    done
        As `complete_digits` makes it.
    path
        .svg, .png or .pdf.
    """
    rows: list[tuple[str, str, Any]] = [("stored", "one image of each digit", done.images)]
    rows.append(("known", "the upper half", torch.where(UPPER, done.images, math.nan)))
    for beta, found in zip(done.betas, done.found, strict=True):
        middle = int(np.median([report.k for report in found.reports]))
        says = "one pattern each" if middle == 1 else f"means of some {middle:,} patterns"
        rows.append((f"beta {beta:.3g}", says, found.state))
    columns = len(done.images)
    left, top, cell = 2.05, 0.42, 0.62
    width, height = left + columns * cell + 0.1, top + len(rows) * (cell + 0.14) + 0.1
    with figure_at(path, width, height) as figure:
        figure.text(
            0.1 / width, 1 - 0.22 / height, "Digits completed from half an image", fontsize=11, va="center"
        )
        for row, (name, note, images) in enumerate(rows):
            y = 1 - (top + row * (cell + 0.14) + cell) / height
            figure.text(0.1 / width, y + 0.62 * cell / height, name, fontweight="bold", va="center")
            figure.text(0.1 / width, y + 0.32 * cell / height, note, color=_FAINT, fontsize=8, va="center")
            for column, image in enumerate(images):
                place = ((left + column * cell) / width, y, (cell - 0.06) / width, (cell - 0.06) / height)
                _digit(figure.add_axes(place), image.reshape(8, 8).numpy())


def _digit(panel: Any, image: Any) -> None:
    panel.imshow(image, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    missing = np.isnan(image).any(1)
    if missing.any():
        start = float(missing.argmax()) - 0.5
        panel.fill_between(
            [-0.5, 7.5], start, 7.5, facecolor="none", hatch="////", edgecolor="#b9bec4", linewidth=0
        )
    panel.set(xticks=[], yticks=[], xlim=(-0.5, 7.5), ylim=(7.5, -0.5))
    for side in panel.spines.values():
        side.set(color="#c8ccd0", linewidth=0.7)


# ---- landscapes


def draw_landscapes(landscapes: Sequence[Landscape], path: Path) -> None:
    """One panel a temperature: the energy as shades, stored patterns as rings, ways of states as lines.

    Parameters
    ----------
    landscapes
        As `explore` makes them.
    path
        .svg, .png or .pdf.
    """
    count = len(landscapes)
    with figure_at(path, 0.4 + 3.0 * count, 3.6) as figure:
        panels = figure.subplots(1, count, squeeze=False)[0]
        figure.subplots_adjust(left=0.012, right=0.988, bottom=0.09, top=0.93, wspace=0.04)
        for panel, landscape in zip(panels, landscapes, strict=True):
            _landscape(panel, landscape)
        key = "lines: the ways of states, update by update    dots: where they come to rest    rings: stored patterns"
        figure.text(0.5, 0.035, key, ha="center", color=_FAINT, fontsize=8)


def _landscape(panel: Any, landscape: Landscape) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    low, high = -1.75, 2.65
    places = torch.linspace(low, high, 71, dtype=torch.float64)
    grid, axis = torch.cartesian_prod(places, places), places.numpy()
    height = energy(grid, STORED, landscape.beta).reshape(71, 71).T.sqrt().numpy()
    shades = LinearSegmentedColormap.from_list("depth", ["#6fa5d4", "#c3d9ee", "#ffffff"])
    levels = np.linspace(height.min(), height.max(), 15)
    panel.contourf(axis, axis, height, levels=levels, cmap=shades)
    panel.contour(axis, axis, height, levels=levels, colors="white", linewidths=0.5)
    for way in landscape.ways:
        x, y = _thinned(way).numpy().T
        panel.plot(x, y, color=_WARM, linewidth=0.7, alpha=0.75)
        panel.plot(x[:1], y[:1], ".", color=_WARM, markersize=2.2, alpha=0.9)
    for at, (x, y) in enumerate(STORED.tolist(), start=1):
        panel.plot(
            x, y, "o", markersize=10, markerfacecolor="none", markeredgecolor=_INK, markeredgewidth=1.3
        )
        panel.annotate(f"x{at}", (x, y), (8, 7), textcoords="offset points", fontsize=9)
    panel.plot(
        *landscape.ends.numpy().T, "o", color=_WARM, markersize=6, markeredgecolor="white", markeredgewidth=1
    )
    panel.set(xlim=(low, high), ylim=(low, high), xticks=[], yticks=[], aspect="equal")
    panel.spines[:].set_visible(False)
    panel.set_title(f"beta {landscape.beta:g}: {_said(landscape)}", fontsize=9.5, loc="left")


def _thinned(way: torch.Tensor, step: float = 0.02) -> torch.Tensor:
    """A way without the states that lie nearer than `step` to the last one kept; both ends stay."""
    kept = [way[0]]
    for state in way[1:]:
        if float(torch.dist(state, kept[-1])) >= step:
            kept.append(state)
    return torch.stack([*kept, way[-1]])


def _said(landscape: Landscape) -> str:
    if len(landscape.ends) == 1:
        k = landscape.k[0]
        return f"all end at the mean of {k}" if k > 1 else "all end at one pattern"
    if all(k == 1 for k in landscape.k):
        return "each ends at a pattern"
    return f"{len(landscape.ends)} fixed points"


# ---- learning


def draw_learning(curves: Mapping[str, Sequence[Learned]], path: Path, title: str) -> None:
    """Held-out accuracy by epoch: a line a seed, a colour a network, its name at the end of its lines.

    Parameters
    ----------
    curves
        Name of a network -> how it learned, one a seed.
    path
        .svg, .png or .pdf.
    title
        Of the figure.
    """
    hues = [PALETTE[name][0] for name in ("blue", "vermilion", "green", "grey")]
    longest = max(len(one.accuracies) for runs in curves.values() for one in runs)
    with figure_at(path, 6.4, 3.4) as figure:
        panel = figure.add_axes((0.09, 0.15, 0.72, 0.72))
        ends = _apart(
            {name: float(np.mean([one.accuracies[-1] for one in runs])) for name, runs in curves.items()}
        )
        for (name, runs), hue in zip(curves.items(), hues, strict=False):
            for one in runs:
                epochs = np.arange(1, len(one.accuracies) + 1)
                panel.plot(epochs, one.accuracies, color=hue, linewidth=1.2, alpha=0.8)
                if len(epochs) < longest:  # it had learned, and stopped
                    panel.plot(epochs[-1:], one.accuracies[-1:], "o", color=hue, markersize=3.5)
            panel.annotate(
                name, (1.02, ends[name]), xycoords=("axes fraction", "data"), color=hue, va="center"
            )
        panel.axhline(0.5, color="#c8ccd0", linewidth=0.8, zorder=0)
        panel.set(xlim=(1, max(longest, 2)), ylim=(0.4, 1.03), xlabel="epoch", ylabel="held-out accuracy")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_title(title, loc="left", fontsize=11)


def _apart(places: Mapping[str, float], least: float = 0.055) -> dict[str, float]:
    """Heights of labels moved so far apart that they do not overlap."""
    found: dict[str, float] = {}
    last = math.inf
    for name, place in sorted(places.items(), key=lambda pair: -pair[1]):
        last = min(place, last - least)
        found[name] = last
    return found
