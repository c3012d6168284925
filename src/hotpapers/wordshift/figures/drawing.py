"""Draw the bars, words and sums of one word shift graph on given axes; only figures import this."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import Normal, withStroke
from matplotlib.transforms import ScaledTranslation, Transform

from hotpapers.wordshift.figures.geometry import Bar, Geometry, Piece, Sum
from hotpapers.wordshift.figures.labels import directions
from hotpapers.wordshift.figures.letters import INK, POINTS, SOFT, Sizes, font, line_extents, text_width
from hotpapers.wordshift.figures.styles import GraphOptions
from hotpapers.wordshift.shifts import Shift

__all__ = ["Graph"]


@dataclass(frozen=True, kw_only=True)
class _Word:
    """A text beside the bar end `x`, on the side of `sign`."""

    x: float
    y: float
    sign: int
    text: str
    font: FontProperties
    width: float
    colour: str = INK
    gid: str = ""
    extra: float = 0.0


@dataclass(kw_only=True)
class Graph:
    """One graph being drawn: what, with which options, where.

    Parameters
    ----------
    prefix
        Of the ids of its parts in an SVG, so that several graphs can share a figure.
    rows, sum_rows
        Words and sums to leave room for, so that graphs side by side compare row by row; 0: its own.
    """

    ax: Axes
    shift: Shift
    geometry: Geometry
    options: GraphOptions
    sizes: Sizes
    prefix: str = ""
    rows: int = 0
    sum_rows: int = 0
    words: list[_Word] = field(default_factory=list)
    limit: float = 1.0

    # --- vertical places ----------------------------------------------------------------------

    def sum_y(self, row: int) -> float:
        """Row of the top panel -> y; words stand at y = 1, 2, ... downwards."""
        return -0.4 - (row - 1) - (0.3 if row > 1 and self.options.show_total else 0.0)

    @property
    def top(self) -> float:
        """Upper end of the y axis, above the line that says what left and right mean."""
        rows = max(self.sum_rows, max((total.row for total in self.geometry.sums), default=0))
        return self.sum_y(rows) - 2.05 if self.geometry.bars else 0.4

    @property
    def bottom(self) -> float:
        """Lower end of the y axis, without the free rows that insets may add."""
        return max(len(self.geometry.bars), self.rows, 1) + 0.5

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the axes, in points."""
        box = self.ax.get_window_extent()
        scale = POINTS / float(self.ax.figure.dpi)
        return box.width * scale, box.height * scale

    # --- steps --------------------------------------------------------------------------------

    def measure(self) -> None:
        """Collect the words and find the x limit that leaves room for each beyond its bar."""
        for bar in self.geometry.bars:
            self.words.append(self._bar_word(bar))
        for total in self.geometry.sums:
            if total.value or total.kind == "total":
                self.words += self._sum_words(total, self.sum_y(total.row))
        half = self.size[0] / 2
        self.limit = max(self.geometry.extent, 1e-300) * max(self.options.width_scaling, 1.02)
        gap = self.gap
        for word in self.words:
            room = half - word.width - word.extra - 2.5 * gap
            self.limit = max(self.limit, abs(word.x) * half / max(room, 0.25 * half))

    @property
    def gap(self) -> float:
        """Points between a bar and its word."""
        return max(self.options.bar_type_space_scaling * self.size[0] / 2, 1.0)

    def _bar_word(self, bar: Bar) -> _Word:
        x = bar.tip
        if bar.interval is not None:
            x = max(x, bar.interval[1]) if bar.tip >= 0 else min(x, bar.interval[0])
        # A word may take 60 % of its side; longer ones get smaller letters.
        size, limit = self.sizes.label, 0.6 * self.size[0] / 2
        properties = font(bar.label, size, serif=self.options.serif)
        width = text_width(bar.label, properties)
        if width > limit:
            size = max(size * limit / width, 0.55 * size)
            properties = font(bar.label, size, serif=self.options.serif)
            width = text_width(bar.label, properties)
        return _Word(
            x=x,
            y=bar.row,
            sign=-1 if bar.tip < 0 else 1,
            text=bar.label,
            font=properties,
            width=width,
            colour=INK if bar.pieces else "#8a8a8a",
            gid=f"label-{bar.row}",
        )

    def _sum_words(self, total: Sum, y: float) -> list[_Word]:
        kind = total.kind
        end = total.end if abs(total.end) >= abs(total.start) else total.start
        sign = -1 if end < 0 else 1
        made: list[_Word] = []
        symbol, extra = self.options.marks[kind], 0.0
        if symbol:
            properties = font(symbol, self.sizes.label, serif=self.options.serif)
            width = text_width(symbol, properties)
            made.append(
                _Word(x=end, y=y, sign=sign, text=symbol, font=properties, width=width, gid=f"symbol-{kind}")
            )
            extra = width + 0.4 * self.sizes.label
        if self.options.show_values:
            text = self.number(total.value)
            properties = font(text, self.sizes.small, serif=self.options.serif)
            made.append(
                _Word(
                    x=end,
                    y=y,
                    sign=sign,
                    text=text,
                    font=properties,
                    width=text_width(text, properties),
                    colour=SOFT,
                    gid=f"value-{kind}",
                    extra=extra,
                )
            )
        return made

    def number(self, value: float) -> str:
        """A sum's true value as written beside it."""
        if self.geometry.layout == "all-positive":
            value = abs(value)
        if not self.geometry.percent:
            return f"{value:.3g}".replace("-", "−")
        return f"{value + 0.0:.1f} %".replace("-", "−")

    def draw(self) -> None:
        """Draw all but the axes and the insets."""
        if not self.geometry.bars:
            self._no_difference()
            return
        for bar in self.geometry.bars:
            for piece in bar.pieces:
                self._piece(piece, bar.row, f"bar-{bar.row}-{piece.kind}{'-faded' if piece.faded else ''}")
            self._whisker(bar)
        for total in self.geometry.sums:
            piece = Piece(start=total.start, end=total.end, kind=total.kind)
            self._piece(piece, self.sum_y(total.row), f"sum-{total.kind}")
        self._rules()
        self._words()
        self._directions()

    def _piece(self, piece: Piece, y: float, gid: str) -> None:
        if piece.start == piece.end:
            return
        alpha = self.options.alpha_fade if piece.faded else 1.0
        patch = Rectangle(
            (piece.start, y - self.options.bar_width / 2),
            piece.end - piece.start,
            self.options.bar_width,
            facecolor=to_rgba(self.options.colours[piece.kind], alpha),
            edgecolor=to_rgba("black", alpha),
            linewidth=self.options.bar_linewidth,
            zorder=2,
        )
        patch.set_gid(self.prefix + gid)
        self.ax.add_patch(patch)

    def _whisker(self, bar: Bar) -> None:
        if bar.interval is None:
            return
        (low, high), y, cap = bar.interval, bar.row, 0.2
        ends = [(low, y), (high, y), (low, y - cap), (low, y + cap), (high, y - cap), (high, y + cap)]
        codes = [Outline.MOVETO, Outline.LINETO] * 3
        width = 0.075 * self.sizes.label
        patch = PathPatch(
            Outline(np.array(ends), codes), fill=False, edgecolor=INK, linewidth=width, zorder=4,
            path_effects=[withStroke(linewidth=2.6 * width, foreground="white"), Normal()],
        )  # fmt: skip
        patch.set_gid(f"{self.prefix}interval-{bar.row}")
        self.ax.add_patch(patch)

    def _beside(self, sign: int, points: float, size: float) -> Transform:
        """Data coordinates, moved away from the bar and down to where letters look centred."""
        move = ScaledTranslation(
            sign * points / POINTS, -0.36 * size / POINTS, self.ax.figure.dpi_scale_trans
        )
        return self.ax.transData + move

    def _words(self) -> None:
        for word in self.words:
            text = self.ax.text(
                word.x,
                word.y,
                word.text,
                transform=self._beside(
                    word.sign, self.gap + word.extra, float(word.font.get_size_in_points())
                ),
                horizontalalignment="left" if word.sign > 0 else "right",
                verticalalignment="baseline",
                fontproperties=word.font,
                color=word.colour,
                parse_math=False,
                zorder=5,
            )
            text.set_gid(self.prefix + word.gid)

    def _rules(self) -> None:
        colour = "#000000"
        self.ax.axvline(0, color=colour, linewidth=0.6, zorder=3)
        self.ax.axhline(0.3, color=colour, linewidth=0.9, zorder=1)
        if self.options.show_total and any(total.row > 1 for total in self.geometry.sums):
            self.ax.axhline(self.sum_y(2) + 0.66, color=SOFT, linewidth=0.4, zorder=1)

    def _directions(self) -> None:
        y = self.top + 0.85
        for sign, text in zip((-1, 1), directions(self.shift), strict=True):
            words = f"← {text}" if sign < 0 else f"{text} →"
            size = 0.92 * self.sizes.label
            width = line_extents([words], size, serif=self.options.serif)
            size *= min(1.0, 0.94 * self.size[0] / 2 / max(width, 1.0))
            made = self.ax.text(
                0.5 + sign * 0.485, y, words,
                transform=self.ax.get_yaxis_transform()
                + ScaledTranslation(0, -0.36 * size / POINTS, self.ax.figure.dpi_scale_trans),
                horizontalalignment="left" if sign < 0 else "right",
                verticalalignment="baseline",
                fontproperties=font(words, size, serif=self.options.serif),
                color=INK, parse_math=False, zorder=5,
            )  # fmt: skip
            made.set_gid(f"{self.prefix}direction-{'left' if sign < 0 else 'right'}")

    def _no_difference(self) -> None:
        first, second = self.shift.names
        text = f"No difference\nbetween {first} and {second}"
        if self.options.kinds is not None and self.shift.contribution.any():
            text = "No words of the chosen kinds"
        self.ax.text(
            0.5, 0.5, text, transform=self.ax.transAxes, horizontalalignment="center",
            verticalalignment="center", linespacing=1.5, color=SOFT, parse_math=False,
            fontproperties=font(text, self.sizes.label, serif=self.options.serif),
        ).set_gid(f"{self.prefix}no-difference")  # fmt: skip
