"""The word shift graph as SVG for the page: what is seen before, and without, the page's script.

``assets/shift.js`` draws the same picture with the same numbers; a test holds them together. Lengths
are pixels. Colours stand in attributes, for the page's policy allows no style within elements.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from hotpapers.common.html import clean_text
from hotpapers.wordshift.figures.geometry import Bar, Geometry, Piece, Sum
from hotpapers.wordshift.figures.labels import clean_label, directions, short_label
from hotpapers.wordshift.shifts import Shift

__all__ = ["Drawing", "number_text", "signed_text", "value_text"]

WIDTH, ROW = 720.0, 21.0
_WIDE = 560.0  # from here on insets may stand among the words
_LEFT, _RIGHT, _TOP, _GAP = 36.0, 6.0, 30.0, 6.0
_CURVE = (118.0, 122.0)  # the insets' width and height
_SIZES = (132.0, 56.0)


def number_text(value: float) -> str:
    """A length or position as SVG text: two decimals, none needless."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def value_text(value: float) -> str:
    """Three significant digits, with an exponent only where the number is tiny or huge.

    Examples
    --------
    >>> [value_text(v) for v in (0.1683812, -12.3278, 1.892e-4, 0.0)]
    ['0.168', '−12.3', '1.89e-4', '0']
    """
    if value == 0:
        return "0"
    size = abs(value)
    if not 1e-3 <= size < 1e6:
        mantissa, _, exponent = f"{size:.2e}".partition("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        text = f"{size:.{max(0, 2 - math.floor(math.log10(size)))}f}"
    return f"−{text}" if value < 0 else text


def signed_text(value: float, *, percent: bool) -> str:
    """A contribution in words: per cent with two decimals, or in the shift's own unit."""
    if not percent:
        return value_text(value)
    text = f"{abs(value):.2f}"
    return f"−{text} %" if value < 0 and float(text) else f"{text} %"


def text_width(text: str) -> float:
    """About how wide `text` is at 13 px: the picture is laid out without asking for a font."""
    return sum(
        0.0 if unicodedata.category(one).startswith("M") else 13.0 if ord(one) > 0x1100 else 7.2
        for one in text
    )


def tick_step(reach: float) -> float:
    """A round step that puts two to four ticks between zero and `reach`."""
    power = 10.0 ** math.floor(math.log10(reach / 2))
    return max(part * power for part in (1.0, 2.0, 5.0) if part * power <= reach / 2)


@dataclass(frozen=True, kw_only=True)
class _Box:
    x: float
    y: float
    width: float
    height: float


class Drawing:
    """One graph.

    Parameters
    ----------
    shift, geometry
        What is shown, and where.
    colours, symbols
        Kind of a piece -> colour, and what stands beside the sums.
    description
        The alternative text.
    width
        Pixels; a smaller one leaves less room for bars and words, whose letters stay as large.
    identifier
        Of its title, in a page with several graphs.
    insets
        Whether cumulative contribution and text sizes are drawn.
    """

    def __init__(
        self,
        shift: Shift,
        geometry: Geometry,
        *,
        colours: Mapping[str, str],
        symbols: Mapping[str, str],
        description: str,
        width: float = WIDTH,
        identifier: str = "graph",
        insets: bool = True,
    ) -> None:
        self.shift, self.geometry = shift, geometry
        self.colours, self.symbols, self.description = colours, symbols, description
        self.width, self.identifier, self.insets = width, identifier, insets
        self.half = (width - _LEFT - _RIGHT) / 2
        self.centre = _LEFT + self.half
        self.longest = min(30, math.floor(0.55 * self.half / 7.2))
        self.sum_rows = max((one.row for one in geometry.sums), default=0)
        self.words_top = _TOP + self.sum_rows * ROW + 8
        self.words_end = self.words_top + len(geometry.bars) * ROW + 4
        self.scale = self._scale()

    def svg(self) -> str:
        """The picture, an ``<svg>`` element."""
        parts = [
            *self._frame(),
            *map(self._sum, self.geometry.sums),
            *map(self._word, self.geometry.bars),
        ]
        height = self.words_end + 46
        if self.insets:
            curve, sizes, height = self._insets()
            parts += [self._curve(curve), self._sizes(sizes)]
        return (
            f'<svg class="graph" xmlns="http://www.w3.org/2000/svg" role="img" '
            f'aria-labelledby="{self.identifier}-says" '
            f'viewBox="0 0 {number_text(self.width)} {number_text(height)}" width="{number_text(self.width)}" '
            f'height="{number_text(height)}" font-size="13" fill="currentColor">'
            f'<title id="{self.identifier}-says">{_safe(self.description)}</title>{"".join(parts)}</svg>'
        )

    def _label(self, bar: Bar) -> str:
        mark = "*" if bar.index >= 0 and self.shift.adopted[bar.index] else ""
        return short_label(bar.word, self.longest) + mark

    def _reach(self, bar: Bar) -> float:
        """How far the bar and its interval reach on the label's side."""
        ends = bar.interval or ()
        if bar.tip < 0:
            return max(-bar.tip, *(-end for end in ends), 0.0)
        return max(bar.tip, *ends, 0.0)

    def _scale(self) -> float:
        room = self.half - _GAP - 4
        fits = [
            (room - text_width(self._label(bar))) / self._reach(bar)
            for bar in self.geometry.bars
            if self._reach(bar) > 0
        ]
        fits += [
            (room - text_width(self._says(one))) / abs(end)
            for one in self.geometry.sums
            for end in (one.start, one.end)
            if end
        ]
        return min([0.92 * self.half / self.geometry.extent, *fits])

    def _x(self, value: float) -> float:
        return self.centre + value * self.scale

    def _frame(self) -> Iterable[str]:
        letters = math.floor((self.half - 28) / 8)
        left, right = (
            text if len(text) <= letters else short_label(name, letters)
            for text, name in zip(directions(self.shift), self.shift.names, strict=True)
        )
        yield _text(self.centre - 14, 14, f"← {left}", anchor="end", opacity=0.75)
        yield _text(self.centre + 14, 14, f"{right} →", opacity=0.75)
        bottom = self.words_end
        step = tick_step(self.half / self.scale)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        for number in range(-5, 6):
            value = number * step
            x = self._x(value)
            if abs(x - self.centre) > self.half - 12:
                continue
            yield _line(x, self.words_top, x, bottom, opacity=0.3 if number == 0 else 0.08)
            shown = f"{abs(value):.{decimals}f}"
            minus = "−" if value < 0 and self.geometry.layout != "all-positive" else ""
            yield _text(x, bottom + 16, minus + shown, anchor="middle", size=11.5, opacity=0.75)
        yield _line(self.centre, _TOP, self.centre, self.words_top, opacity=0.3)
        yield _line(_LEFT, bottom, self.width - _RIGHT, bottom, opacity=0.45)
        yield _text(self.centre, bottom + 36, self._axis(), anchor="middle", size=12.5)
        if self.sum_rows > 1 and any(one.kind == "total" for one in self.geometry.sums):
            y = _TOP + (self.sum_rows - 1) * ROW
            yield _line(_LEFT, y, self.width - _RIGHT, y, opacity=0.18)
        yield _line(_LEFT, self.words_top - 4, self.width - _RIGHT, self.words_top - 4, opacity=0.45)

    def _axis(self) -> str:
        if not self.geometry.percent:
            return f"Contribution ({self.shift.unit})" if self.shift.unit else "Contribution"
        whole = "all changes" if self.shift.normalization == "variation" else "the difference"
        return f"Contribution, per cent of {whole}"

    def _pieces(self, pieces: Sequence[Piece], y: float) -> str:
        return "".join(
            _bar(
                self._x(min(piece.start, piece.end)),
                y,
                abs(piece.end - piece.start) * self.scale,
                fill=self.colours[piece.kind],
                faded=piece.faded,
            )
            for piece in pieces
        )

    def _word(self, bar: Bar) -> str:
        y = self.words_top + (bar.row - 1) * ROW
        middle = y + ROW / 2
        rank = bar.row == 1 or bar.row % 5 == 0
        parts = [self._pieces(bar.pieces, y)]
        if rank:
            parts.append(_text(_LEFT - 8, middle + 4, str(bar.row), anchor="end", size=11.5, opacity=0.75))
        if bar.interval:
            parts.append(_whisker([self._x(end) for end in bar.interval], middle))
        side = -1 if bar.tip < 0 else 1
        x = self.centre + side * (self._reach(bar) * self.scale + _GAP)
        parts.append(_text(x, middle + 4.5, self._label(bar), anchor="end" if side < 0 else "start"))
        says = f"{clean_label(bar.word)}: {self._amount(bar.value)}"
        return f'<g class="word"><title>{_safe(says)}</title>{"".join(parts)}</g>'

    def _amount(self, value: float) -> str:
        """`value` in words; where sides mean texts, an amount on the left isn't negative."""
        shown = abs(value) if self.geometry.layout == "all-positive" else value
        return signed_text(shown, percent=self.geometry.percent)

    def _says(self, one: Sum) -> str:
        return f"{self.symbols[one.kind]} {self._amount(one.value)}".strip()

    def _sum(self, one: Sum) -> str:
        y = _TOP + (self.sum_rows - one.row) * ROW
        low, high = sorted((one.start, one.end))
        left = one.value < 0 or one.kind in {"neg_s", "neg_s_pos_p", "pos_s_neg_p", "negative"}
        end, anchor = (
            (self._x(low) - _GAP, "end") if left and one.kind != "total" else (self._x(high) + _GAP, "start")
        )
        if one.kind == "total" and one.end < 0:
            end, anchor = self._x(low) - _GAP, "end"
        says = self._says(one)
        return (
            f'<g class="sum"><title>{_safe(says)}</title>'
            f"{_bar(self._x(low), y, (high - low) * self.scale, fill=self.colours[one.kind])}"
            f"{_text(end, y + ROW / 2 + 4.5, says, anchor=anchor, size=12)}</g>"
        )

    def _insets(self) -> tuple[_Box, _Box, float]:
        """Where the two insets lie: in a free corner among the words, else below the axis."""
        spans = []
        for bar in self.geometry.bars:
            drawn = (end for piece in bar.pieces for end in (piece.start, piece.end))
            ends = [0.0, *drawn, *(bar.interval or ())]
            left, right = self._x(min(ends)), self._x(max(ends))
            width = text_width(self._label(bar)) + _GAP
            reach = self._reach(bar) * self.scale
            if bar.tip < 0:
                left = min(left, self.centre - reach - width)
            else:
                right = max(right, self.centre + reach + width)
            spans.append((left, right))
        curve = self._corner(spans, *_CURVE, side=-1)
        sizes = self._corner(spans, *_SIZES, side=1)
        below = self.words_end + 56
        height = self.words_end + 46
        if curve is None:
            curve = _Box(x=_LEFT + 24, y=below, width=_CURVE[0], height=_CURVE[1])
            height = below + _CURVE[1] + 8
        if sizes is None:
            sizes = _Box(x=self.width - _RIGHT - _SIZES[0] - 8, y=below, width=_SIZES[0], height=_SIZES[1])
            height = max(height, below + _SIZES[1] + 8)
        return curve, sizes, height

    def _corner(
        self, spans: Sequence[tuple[float, float]], width: float, height: float, *, side: int
    ) -> _Box | None:
        if self.width < _WIDE:
            return None
        x = _LEFT + 24 if side < 0 else self.width - _RIGHT - width - 8
        y = self.words_end - height - 12
        while y >= self.words_top + 4 * ROW:
            first = math.floor((y - 8 - self.words_top) / ROW)
            last = math.floor((y + height + 8 - self.words_top) / ROW)
            rows = spans[max(first, 0) : last + 1]
            if all(left > x + width + 10 if side < 0 else right < x - 10 for left, right in rows):
                return _Box(x=x, y=y, width=width, height=height)
            y -= ROW
        return None

    def _curve(self, box: _Box) -> str:
        ranks, values = (array.tolist() for array in self.geometry.curve)
        if not ranks:
            return ""
        low, high = min(0.0, *values), max(0.0, *values)
        span = (high - low) or 1.0
        x0, y0, wide, tall = box.x + 26, box.y + 16, box.width - 30, box.height - 34
        decades = max(math.log10(ranks[-1]), 1e-9)
        points = " ".join(
            f"{number_text(x0 + wide * (value - low) / span)},{number_text(y0 + tall * math.log10(rank) / decades)}"
            for rank, value in zip(ranks, values, strict=True)
        )
        parts = [
            _text(box.x, box.y + 8, "Cumulative contribution", size=10.5, opacity=0.75),
            _line(x0, y0, x0, y0 + tall, opacity=0.45),
            _line(x0, y0 + tall, x0 + wide, y0 + tall, opacity=0.45),
            f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/>',
        ]
        for power in range(math.floor(decades + 1e-9) + 1):
            y = y0 + tall * power / decades
            parts.append(_text(x0 - 4, y + 3.5, f"{10**power:,}", anchor="end", size=9.5, opacity=0.75))
        top = y0 + tall * math.log10(max(len(self.geometry.bars), 1)) / decades
        parts.append(_line(x0, top, x0 + wide, top, opacity=0.6, dash="3 2"))
        for value in (low, high):
            x = x0 + wide * (value - low) / span
            shown = f"{value:.0f} %".replace("-", "−") if self.geometry.percent else value_text(value)
            anchor = "start" if value == low else "end"
            parts.append(_text(x, y0 + tall + 12, shown, anchor=anchor, size=9.5, opacity=0.75))
        return f'<g class="inset">{"".join(parts)}</g>'

    def _sizes(self, box: _Box) -> str:
        tokens = self.shift.coverage.tokens
        largest = max(*tokens, 1e-300)
        parts = [_text(box.x, box.y + 8, "Text size", size=10.5, opacity=0.75)]
        for number, (name, count) in enumerate(zip(self.shift.names, tokens, strict=True)):
            y = box.y + 15 + 21 * number
            shown = f"{short_label(name, 14)} {count:,.0f}"
            parts.append(_text(box.x, y + 9, shown, size=10.5))
            parts.append(
                f'<rect x="{number_text(box.x)}" y="{number_text(y + 12)}" '
                f'width="{number_text(box.width * count / largest)}" height="5" fill="#707070"/>'
            )
        return f'<g class="inset">{"".join(parts)}</g>'


def _safe(text: str) -> str:
    return escape(clean_text(text))


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: float = 13, opacity: float = 1.0
) -> str:
    attributes = f'x="{number_text(x)}" y="{number_text(y)}"'
    if anchor != "start":
        attributes += f' text-anchor="{anchor}"'
    if size != 13:
        attributes += f' font-size="{number_text(size)}"'
    if opacity != 1:
        attributes += f' fill-opacity="{number_text(opacity)}"'
    return f"<text {attributes}>{_safe(text)}</text>"


def _line(x1: float, y1: float, x2: float, y2: float, *, opacity: float, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{number_text(x1)}" y1="{number_text(y1)}" x2="{number_text(x2)}" y2="{number_text(y2)}" '
        f'stroke="currentColor" stroke-opacity="{number_text(opacity)}"{dashes}/>'
    )


def _whisker(ends: Sequence[float], y: float) -> str:
    """Dark on a light edge: seen on paper, on bars and on dark pages."""
    low, high = (number_text(end) for end in ends)
    caps = "".join(f"M{end},{number_text(y - 3)}v6" for end in (low, high))
    return "".join(
        f'<path d="M{low},{number_text(y)}H{high}{caps}" fill="none" stroke="{stroke}" '
        f'stroke-width="{number_text(width)}" opacity="{number_text(opacity)}"/>'
        for stroke, width, opacity in (("#fff", 3.5, 0.7), ("#17191b", 1.25, 1.0))
    )


def _bar(x: float, y: float, width: float, *, fill: str, faded: bool = False) -> str:
    opacity = ' opacity="0.35"' if faded else ""
    return (
        f'<rect x="{number_text(x)}" y="{number_text(y + 2.5)}" width="{number_text(width)}" '
        f'height="{number_text(ROW - 5)}" fill="{fill}" stroke="currentColor" stroke-opacity="0.55" '
        f'stroke-width="0.75"{opacity}/>'
    )
