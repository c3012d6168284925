"""The figure of the paper: a violin of k for each head, coloured by class, sorted within its layer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotpapers.common.figures import PALETTE
from hotpapers.common.files import atomic_path
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.heads.statistics import CLASSES, SHORTEST

if TYPE_CHECKING:
    from hotpapers.hopfield.heads.reports import HeadReport, HeadSummary

__all__ = ["violins"]

# The paper's red, orange, green and blue, in shades that differ for all kinds of colour vision.
_COLOURS = {"I": "vermilion", "II": "orange", "III": "green", "IV": "blue", None: "grey"}
_NAMES = {
    "I": "I: averages over nearly all",
    "II": "II: over many",
    "III": "III: over some",
    "IV": "IV: few, or one",
}
_COLUMNS = 4


def violins(report: HeadReport, path: Path, title: str = "") -> None:
    """Draw one panel a layer to a .svg, .png or .pdf file.

    The scale is k/n, the share of visible tokens that hold 90 % of the weight, in halvings: the four classes are
    bands that can be compared by eye.

    Raises
    ------
    HopfieldError
        If the file's suffix is another one.
    """
    if path.suffix.lower() not in {".svg", ".png", ".pdf"}:
        raise HopfieldError(f"{path}: a figure is written as .svg, .png or .pdf")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    heads = report.heads()
    layers, widest = len(report.k), max(len(k) for k in report.k)
    columns = min(_COLUMNS, layers)
    rows = math.ceil(layers / columns)
    low = math.log2(min(1 / 64, 0.7 / max(int(n.max()) for n in report.n)))
    with mpl.rc_context({"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}):
        figure = Figure(
            figsize=(1.2 + columns * max(2.0, 0.42 * widest), 1.1 + 2.5 * rows), layout="constrained"
        )
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flatten()
        for layer, panel in enumerate(panels):
            if layer >= layers:
                panel.axis("off")
                continue
            named = sorted(
                (head for head in heads if head.layer == layer), key=lambda head: -head.median_share
            )
            _layer(panel, report, named, low)
            panel.set_title(f"layer {layer}", loc="left", fontsize=9)
        for panel in panels[::columns]:
            panel.set_ylabel("k / n")
        _legend(figure, heads)
        figure.suptitle(
            title or "Share of tokens that hold 90 % of a head's attention", x=0.01, ha="left", fontsize=11
        )
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:].lower(), dpi=150)


def _layer(panel: Any, report: HeadReport, heads: list[HeadSummary], low: float) -> None:
    layer = heads[0].layer
    n = report.n[layer]
    long = n >= SHORTEST if (n >= SHORTEST).any() else np.ones_like(n, bool)
    for place, head in enumerate(heads):
        shares = np.log2(report.k[layer][head.head][long] / n[long])
        colour = PALETTE[_COLOURS[head.head_class]][0]
        if np.ptp(shares) > 1e-6:
            drawn = panel.violinplot([shares], [place], widths=0.85, showextrema=False, points=80)
            for body in drawn["bodies"]:
                body.set(facecolor=colour, edgecolor="none", alpha=0.55)
        middle = float(np.median(shares))
        panel.plot(
            [place - 0.36, place + 0.36], [middle, middle], color=colour, linewidth=2.6, solid_capstyle="butt"
        )
        above = middle < -1.5
        panel.annotate(
            f"{2**middle:.2f}".removeprefix("0"),
            (place, middle),
            (0, 4 if above else -4),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            fontsize=7.5,
            fontweight="bold",
        )
    for border in (1 / 2, 1 / 8, 1 / 32):
        panel.axhline(math.log2(border), color="#c8ccd0", linewidth=0.7, zorder=0)
    panel.set_ylim(low, 0.25)
    panel.set_yticks([0, -1, -3, -5], ["1", "1/2", "1/8", "1/32"])
    panel.set_xticks(range(len(heads)), [str(head.head) for head in heads], fontsize=7.5)
    panel.set_xlim(-0.7, len(heads) - 0.3)
    panel.set_xlabel("head", fontsize=8)
    panel.tick_params(length=0)
    panel.spines[["top", "right", "bottom", "left"]].set_visible(False)


def _legend(figure: Any, heads: list[HeadSummary]) -> None:
    """The classes with how many heads are of each, as a line of coloured words."""
    from matplotlib.lines import Line2D

    counts = {name: sum(head.head_class == name for head in heads) for name in CLASSES}
    marks = [
        Line2D(
            [],
            [],
            color=PALETTE[_COLOURS[name]][0],
            linewidth=6,
            alpha=0.7,
            label=f"{_NAMES[name]} ({counts[name]})",
        )
        for name in CLASSES
    ]
    figure.legend(
        handles=marks, loc="outside lower left", ncols=4, frameon=False, fontsize=8, handlelength=1.0
    )
