"""The motif of sequences of most attention as a logo."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from hotpapers.common.figures import PALETTE
from hotpapers.hopfield.figures import figure_at
from hotpapers.hopfield.repertoire.motifs import Motif
from hotpapers.hopfield.repertoire.sequences import AMINO_ACIDS

__all__ = ["draw_logo"]

_KINDS = {
    "acidic": ("DE", PALETTE["vermilion"][0]),
    "basic": ("HKR", PALETTE["blue"][0]),
    "polar": ("CGNQSTY", PALETTE["green"][0]),
    "hydrophobic": ("AFILMPVW", "#1c2024"),
}
"""Kind -> letters and colour: hues that differ for the colour-blind, and in lightness for print."""

_LEAST = 0.02  # bits: what is lower is not drawn


def draw_logo(motif: Motif, path: Path, title: str) -> None:
    """Letters of each place, as high as their share of its information, the commonest on top.

    Parameters
    ----------
    motif
        As `motif_of` makes it.
    path
        .svg, .png or .pdf.
    title
        Of the figure.
    """
    width, top = len(motif.information), math.log2(20)
    with figure_at(path, 1.1 + 0.52 * width, 3.4) as figure:
        panel = figure.add_axes((0.72 / (1.1 + 0.52 * width), 0.15, 1 - 0.9 / (1.1 + 0.52 * width), 0.64))
        for place, (row, bits) in enumerate(zip(motif.frequencies, motif.information, strict=True), start=1):
            base = 0.0
            for at in np.argsort(row, kind="stable"):
                height = float(row[at] * bits)
                if height >= _LEAST:
                    _letter(panel, AMINO_ACIDS[at], place, base, height)
                    base += height
        panel.set(
            xlim=(0.4, width + 0.6), ylim=(0, top), xlabel="place in the motif", ylabel="information in bits"
        )
        panel.set_xticks(range(1, width + 1))
        panel.spines[["top", "right"]].set_visible(False)
        left = 0.72 / (1.1 + 0.52 * width)
        figure.text(left, 0.94, title, fontsize=10, va="center")
        _key(figure, left)


def _letter(panel: Any, letter: str, place: float, base: float, height: float) -> None:
    """A letter stretched to its box, as a shape: text can't be stretched."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    shape = TextPath((0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = shape.get_extents()
    wide = 0.9 * (0.35 if letter == "I" else 1.0)
    fit = (
        Affine2D()
        .translate(-box.x0, -box.y0)
        .scale(wide / box.width, height / box.height)
        .translate(place - wide / 2, base)
    )
    hue = next(colour for letters, colour in _KINDS.values() if letter in letters)
    panel.add_patch(PathPatch(fit.transform_path(shape), facecolor=hue, linewidth=0, gid=f"letter-{letter}"))


def _key(figure: Any, left: float) -> None:
    """The kinds in their colours, in one line."""
    from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, TextArea

    words: list[Any] = [
        TextArea(kind, textprops={"color": hue, "fontsize": 8}) for kind, (_, hue) in _KINDS.items()
    ]
    line = HPacker(children=words, pad=0, sep=8)
    figure.add_artist(
        AnchoredOffsetbox(
            "center left", child=line, pad=0, frameon=False, bbox_to_anchor=(left, 0.86),
            bbox_transform=figure.transFigure, borderpad=0,
        )
    )  # fmt: skip
