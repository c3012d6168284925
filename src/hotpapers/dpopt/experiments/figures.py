"""The paper's figures, drawn from computed curves: labelled at the lines, logarithmic where it matters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from hotpapers.common.figures import PALETTE
from hotpapers.common.files import atomic_path
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.experiments.comparison import METHODS, Curve
from hotpapers.dpopt.experiments.privacy_accuracy import PrivacyAccuracy
from hotpapers.dpopt.experiments.tables import BetaSweep, Division

__all__ = ["draw_bounds", "draw_curves", "draw_divisions", "draw_privacy_accuracy"]

_INK = "#1c2024"
_HUES = ("grey", "purple", "blue", "green", "orange", "vermilion")
_SUFFIXES = {".svg", ".png", ".pdf"}


@contextmanager
def _figure(path: Path, width: float, height: float) -> Iterator[Any]:
    """A figure of so many inches, written to `path` when the block ends; text stays text."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    if path.suffix.lower() not in _SUFFIXES:
        raise PrivacyError(f"{path}: a figure is written as .svg, .png or .pdf")
    look: Any = {
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "hotpapers",
    }
    with mpl.rc_context(look):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        with atomic_path(path) as temporary:
            kind = path.suffix[1:].lower()
            dated: Any = {"metadata": {"Date": None}} if kind == "svg" else {}
            figure.savefig(temporary, format=kind, dpi=160, **dated)


def draw_curves(curves: Sequence[Curve], path: Path, *, title: str) -> None:
    """Excess risk against the iteration, a panel for each (T, c): mean, and band from the 10th to the 90th percentile.

    Parameters
    ----------
    curves
        All six methods of each panel.
    path
        .svg, .png or .pdf.
    title
        Above all panels.
    """
    counts = sorted({curve.asked for curve in curves})
    steps = sorted({curve.c for curve in curves})
    with _figure(path, 3.6 * len(counts) + 0.6, 3.0 * len(steps) + 0.4) as figure:
        figure.suptitle(title, fontsize=11, ha="left", x=0.01)
        panels = figure.subplots(len(steps), len(counts), squeeze=False, sharey="row")
        labels = []
        for row, c in enumerate(steps):
            for column, count in enumerate(counts):
                panel = panels[row][column]
                chosen = [curve for curve in curves if (curve.asked, curve.c) == (count, c)]
                labels.append((panel, _excess_panel(panel, chosen), count))
                panel.set_title(f"T = {count}, step {c:g}/L", fontsize=9, loc="left")
                if row == len(steps) - 1:
                    panel.set_xlabel("iteration")
                if column == 0:
                    panel.set_ylabel("excess risk F(θ) − F*")
        for panel, ends, count in labels:
            _label_ends(panel, ends, count, room=0.42)


def _excess_panel(panel: Any, curves: Sequence[Curve]) -> list[tuple[float, float, str, str]]:
    """Draw the lines; where each ends, with its name and colour."""
    ends: list[tuple[float, float, str, str]] = []
    for curve in curves:
        hue = PALETTE[_HUES[METHODS.index(curve.method)]][0]
        mean = curve.excess.mean(axis=1)
        low, high = np.quantile(curve.excess, [0.1, 0.9], axis=1)
        dashes = "--" if curve.method.endswith("-opt") else "-"
        panel.fill_between(curve.at, low, high, color=hue, alpha=0.15, linewidth=0)
        panel.plot(curve.at, mean, color=hue, linestyle=dashes, linewidth=1.4)
        ends.append((float(mean[-1]), float(curve.at[-1]), curve.method, hue))
    panel.set_yscale("log")
    return ends


def _label_ends(
    panel: Any, ends: Sequence[tuple[float, float, str, str]], furthest: float, *, room: float
) -> None:
    """Names beside the lines' ends, moved apart where they would meet, and ticks for the data alone.

    After all panels of a row are drawn: they share the limits that are set here.
    """
    forward, back = (math.log, math.exp) if panel.get_yscale() == "log" else (float, float)
    bottom, top = map(forward, panel.get_ylim())
    gap = (top - bottom) / 13
    ordered = sorted(ends)
    places = spread([forward(end[0]) for end in ordered], gap)
    for place, (_, _, name, hue) in zip(places, ordered, strict=True):
        panel.text(furthest * 1.03, back(place), name, color=hue, fontsize=7.5, va="center")
    panel.set_xlim(0, furthest * (1 + room))
    panel.set_xticks(np.linspace(0, furthest, 6))
    panel.set_ylim(back(min(bottom, places[0] - gap / 2)), back(max(top, places[-1] + gap / 2)))


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending `places` moved as little as keeps neighbours `gap` apart.

    Places that meet are gathered in groups, each spaced evenly around its mean.

    Examples
    --------
    >>> spread([0.0, 0.1, 5.0], 1.0)
    [-0.45, 0.55, 5.0]
    """
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _start(groups[-1], gap) < _start(groups[-2], gap) + gap * len(groups[-2]):
            last = groups.pop()
            groups[-1].extend(last)
    return [_start(group, gap) + gap * i for group in groups for i in range(len(group))]


def _start(group: Sequence[float], gap: float) -> float:
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def draw_divisions(divisions: Sequence[Division], path: Path) -> None:
    """Figure 2: the noise scale of each iteration, normalised, with the stages' boundaries.

    Parameters
    ----------
    divisions
        One for each number of stages.
    path
        .svg, .png or .pdf.
    """
    with _figure(path, 3.0 * len(divisions), 2.9) as figure:
        panels = figure.subplots(1, len(divisions), squeeze=False)[0]
        for panel, division in zip(panels, divisions, strict=True):
            t = np.arange(1, len(division.scales) + 1)
            panel.plot(t, division.scales, color=PALETTE["blue"][0], linewidth=1.4)
            panel.axhline(len(t), color=PALETTE["grey"][0], linewidth=0.9, linestyle="--")
            panel.text(
                t[-1], len(t), "uniform", color=PALETTE["grey"][0], fontsize=7.5, ha="right", va="bottom"
            )
            for boundary in division.boundaries:
                panel.axvline(boundary + 0.5, color=PALETTE["grey"][0], linewidth=0.5)
            panel.set_title(f"{division.stages} stages, bound × {division.ratio:.2f}", fontsize=9, loc="left")
            panel.set_xlabel("iteration")
            panel.set_ylim(0, None)
        panels[0].set_ylabel("noise scale b · nε/S₁")


def draw_bounds(sweeps: Sequence[BetaSweep], path: Path) -> None:
    """Figure 1: heavy ball's rate against the momentum, and its error bound against the iterations.

    Parameters
    ----------
    sweeps
        One for each step size.
    path
        .svg, .png or .pdf.
    """
    constants = [constant for constant, _ in sweeps[0].bounds]
    hues = [PALETTE[name][0] for name in ("grey", "orange", "green", "blue")]
    with _figure(path, 3.3 * len(sweeps), 2.5 * (1 + len(constants))) as figure:
        panels = figure.subplots(1 + len(constants), len(sweeps), squeeze=False, sharey="row")
        labels = []
        for column, sweep in enumerate(sweeps):
            top = panels[0][column]
            top.plot(sweep.betas, sweep.rates, color=PALETTE["blue"][0], linewidth=1.4)
            top.set_title(f"step {sweep.alpha:g}/L", fontsize=9, loc="left")
            top.set_xlabel("momentum β")
            for row, (constant, lines) in enumerate(sweep.bounds, start=1):
                panel = panels[row][column]
                ends = []
                for hue, (beta, logs) in zip(hues, lines, strict=True):
                    values = logs / math.log(10)
                    panel.plot(np.arange(1, len(logs) + 1), values, color=hue, linewidth=1.3)
                    ends.append((float(values[-1]), float(len(logs)), f"β = {beta:.2f}", hue))
                labels.append((panel, ends, len(lines[0][1])))
                panel.set_xlabel("iterations T")
                if column == 0:
                    panel.set_ylabel(f"log₁₀ E(T), noise {constant:g}")
        panels[0][0].set_ylabel("rate ρ")
        for panel, ends, count in labels:
            _label_ends(panel, ends, count, room=0.3)


def draw_privacy_accuracy(found: PrivacyAccuracy, path: Path) -> None:
    """Accuracy against epsilon: mean of the repeats and band from the 10th to the 90th percentile.

    Parameters
    ----------
    found
        Measured.
    path
        .svg, .png or .pdf.
    """
    with _figure(path, 7.2, 4.2) as figure:
        panel = figure.subplots()
        epsilons, last, ends = found.epsilons, found.epsilons[-1], []
        for (name, scores), hue_name in zip(
            found.accuracies.items(), ("blue", "orange", "purple"), strict=True
        ):
            hue, mean = PALETTE[hue_name][0], 100 * scores.mean(axis=1)
            low, high = 100 * np.quantile(scores, [0.1, 0.9], axis=1)
            panel.fill_between(epsilons, low, high, color=hue, alpha=0.13, linewidth=0)
            panel.plot(epsilons, mean, color=hue, linewidth=1.8, marker="o", markersize=3.5)
            ends.append((float(mean[-1]), name, hue))
        grey = PALETTE["grey"][0]
        for value, name in (
            (found.without, "without privacy"),
            (found.majority, "always the commoner class"),
        ):
            panel.axhline(100 * value, color=grey, linewidth=1.0, linestyle="--")
            ends.append((100 * value, name, grey))
        panel.set_xscale("log")
        panel.set_xticks(epsilons, [f"{epsilon:g}" for epsilon in epsilons])
        panel.minorticks_off()
        panel.set_xlim(epsilons[0], last)
        panel.set_xlabel("ε")
        panel.set_ylabel("test accuracy, %")
        bottom, top = panel.get_ylim()
        ordered = sorted(ends)
        places = spread([end[0] for end in ordered], (top - bottom) / 18)
        for place, (_, name, hue) in zip(places, ordered, strict=True):
            panel.text(last * 1.06, place, name, color=hue, fontsize=8.5, va="center")
        panel.set_title("Breast cancer data, 426 rows: accuracy against privacy", fontsize=11, loc="left")
