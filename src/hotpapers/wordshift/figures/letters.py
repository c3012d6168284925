"""Letters of a graph: fonts for every script, sizes, and the room that a text takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, fontManager

from hotpapers.wordshift.figures.styles import families

__all__ = [
    "INK",
    "POINTS",
    "SOFT",
    "Sizes",
    "font",
    "is_mathematics",
    "label_axis",
    "line_extents",
    "text_width",
]

INK = "#1a1a1a"
SOFT = "#666666"
POINTS = 72.0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Font sizes of one graph, in points."""

    label: float
    title: float
    xlabel: float
    ylabel: float
    xtick: float
    ytick: float

    @property
    def small(self) -> float:
        """Of insets, directions and the sums' values."""
        return max(0.78 * self.label, 4.5)


def font(text: str, size: float, *, serif: bool = False, weight: str = "normal") -> FontProperties:
    """The font of `text`, with a fallback for every script in it that an installed family covers."""
    return FontProperties(
        family=families(text, fontManager.get_font_names(), serif=serif), size=size, weight=weight
    )


# At ten pixels a point, so that rounding to whole pixels (hinting) does not matter.
_FINE = 10.0
_MEASURE: Any = RendererAgg(1, 1, _FINE * POINTS)  # type: ignore[no-untyped-call]


def text_width(text: str, properties: FontProperties) -> float:
    """Points that `text` takes in a line, with a little for letters that are drawn at whole pixels."""
    return 1.02 * float(_MEASURE.get_text_width_height_descent(text, properties, False)[0]) / _FINE


def line_extents(lines: Iterable[str], size: float, *, serif: bool = False) -> float:
    """Points that the longest of `lines` takes."""
    return max((text_width(line, font(line, size, serif=serif)) for line in lines), default=0.0)


def is_mathematics(text: str) -> bool:
    """Whether `text` holds a ``$...$`` that matplotlib can set."""
    if text.count("$") - text.count(r"\$") < 2:
        return False
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return False
    return True


def label_axis(setter: Callable[..., Any], text: str, size: float, *, serif: bool = False) -> None:
    """Write an axis label, with mathematics where the text has any that can be read."""
    setter(text, fontproperties=font(text, size, serif=serif), color=INK, parse_math=is_mathematics(text))
