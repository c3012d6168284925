"""The house palette and a few small figures as SVG text, for light and dark pages and for print.

The figures carry no style of their own: colours are CSS variables with the light value as fallback
(so that a saved SVG still shows), text is text in the page's own font and colour, and lengths
are percentages, so that words keep their size when a figure shrinks to a telephone's width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from hotpapers.common.html import clean_text

__all__ = ["PALETTE", "dumbbell", "palette_css", "sparkline", "stacked_bar"]

_LONGEST_LABEL = 17

PALETTE: dict[str, tuple[str, str]] = {
    "blue": ("#0f62a8", "#78b4ec"),
    "orange": ("#b96f00", "#eda63c"),
    "green": ("#00795c", "#4fc3a1"),
    "purple": ("#9c4a82", "#d993c0"),
    "vermilion": ("#b8400a", "#f08a5d"),
    "grey": ("#6b6f73", "#9aa0a6"),
}
"""Name -> (on light, on dark): Okabe and Ito's hues, each at least 3:1 against the page."""


def palette_css() -> str:
    """CSS that defines ``--blue`` ... on the page, following its light or dark scheme."""
    light, dark = (
        " ".join(f"--{name}: {shades[shade]};" for name, shades in PALETTE.items()) for shade in (0, 1)
    )
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _colour(name: str) -> str:
    return f"var(--{name}, {PALETTE[name][0]})"


def _text(text: str) -> str:
    return escape(clean_text(text))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _svg(content: str, *, kind: str, title: str, height: float) -> str:
    return (
        f'<svg class="figure {kind}" role="img" width="100%" height="{_number(height)}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{_text(title)}</title>{content}</svg>'
    )


def stacked_bar(parts: Sequence[tuple[str, float]], *, whole: float, title: str, height: float = 10) -> str:
    """One bar whose pieces are `parts` in order, its length their sum's share of `whole`.

    Parameters
    ----------
    parts
        (label, value >= 0); the label is the piece's tooltip.
    whole
        The value that would fill the width, such as the day's largest sum.
    title
        What the figure says, in words.
    height
        Pixels.
    """
    hues = [name for name in PALETTE if name != "grey"]
    whole = max(whole, sum(value for _, value in parts)) or 1.0
    pieces = [f'<rect width="100%" height="{_number(height)}" fill="currentColor" opacity="0.1"/>']
    start = 0.0
    for index, (label, value) in enumerate(parts):
        width = 100 * value / whole
        pieces.append(
            f'<rect x="{_number(start)}%" width="{_number(width)}%" height="{_number(height)}" '
            f'fill="{_colour(hues[index % len(hues)])}"><title>{_text(label)}</title></rect>'
        )
        start += width
    return _svg("".join(pieces), kind="stacked-bar", title=title, height=height)


def sparkline(
    values: Sequence[float], *, positions: Sequence[float] | None = None, title: str, height: float = 34
) -> str:
    """A line through `values` from zero up, its last point marked.

    Parameters
    ----------
    values
        At least two, >= 0.
    positions
        Where they stand from left to right (such as seconds); evenly spaced where not given.
    title
        What the figure says, in words.
    height
        Pixels.
    """
    places = list(positions) if positions is not None else [float(index) for index in range(len(values))]
    if len(values) < 2 or len(places) != len(values):
        raise ValueError(f"a sparkline needs two or more values, each with its position: got {len(values)}")
    first, span = places[0], (places[-1] - places[0]) or 1.0
    top = max(values) or 1.0
    points = [
        (2 + 94 * (place - first) / span, 4 + (height - 8) * (1 - value / top))
        for place, value in zip(places, values, strict=True)
    ]
    lines = "".join(
        f'<line x1="{_number(x1)}%" y1="{_number(y1)}" x2="{_number(x2)}%" y2="{_number(y2)}" '
        f'stroke="{_colour("blue")}" stroke-width="1.75" stroke-linecap="round"/>'
        for (x1, y1), (x2, y2) in pairwise(points)
    )
    floor = _number(height - 1)
    base = f'<line x1="2%" y1="{floor}" x2="98%" y2="{floor}" stroke="currentColor" opacity="0.25"/>'
    x, y = points[-1]
    end = f'<circle cx="{_number(x)}%" cy="{_number(y)}" r="3.5" fill="{_colour("blue")}"/>'
    return _svg(base + lines + end, kind="sparkline", title=title, height=height)


def dumbbell(rows: Sequence[tuple[str, float, float]], *, names: tuple[str, str], title: str) -> str:
    """One line a row from a hollow dot (before) to a full one (now), values in per cent beside them.

    Parameters
    ----------
    rows
        (label, before, now), shares in [0, 1].
    names
        What the hollow and the full dot stand for, written above the first row.
    title
        What the figure says, in words.
    """
    step, head = 30, 46
    ticks = _ticks(max((max(before, now) for _, before, now in rows), default=0.0))
    left, width = 35.0, 51.0  # per cent: the words' column, and the scale's
    height = head + step * len(rows) + 4
    marks = [_dumbbell_key(names, left), _dumbbell_scale(left, width, ticks, height)]
    for index, (label, before, now) in enumerate(rows):
        y = head + step * index + step / 2
        x1, x2 = (left + width * value / ticks[-1] for value in (before, now))
        shown = label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"
        marks.append(
            f'<text x="{_number(left - 2.5)}%" y="{_number(y + 5)}" text-anchor="end" fill="currentColor" '
            f'font-size="14">{_text(shown)}</text>'
            f'<line x1="{_number(x1)}%" y1="{_number(y)}" x2="{_number(x2)}%" y2="{_number(y)}" '
            f'stroke="{_colour("blue")}" stroke-width="3" opacity="0.45"/>'
            f"{_hollow(x1, y)}{_full(x2, y)}"
            f'<text x="{_number(max(x1, x2))}%" dx="11" y="{_number(y + 4.5)}" fill="currentColor" '
            f'font-size="13">{_text(_percent(now))}</text>'
        )
    return _svg("".join(marks), kind="dumbbell", title=title, height=height)


def _hollow(x: float, y: float) -> str:
    return (
        f'<circle cx="{_number(x)}%" cy="{_number(y)}" r="4.5" fill="var(--paper, #fff)" '
        f'stroke="{_colour("grey")}" stroke-width="2"/>'
    )


def _full(x: float, y: float) -> str:
    return f'<circle cx="{_number(x)}%" cy="{_number(y)}" r="5.5" fill="{_colour("blue")}"/>'


def _ticks(top: float) -> list[float]:
    """Round values from zero to at least `top`, one to five steps."""
    if top <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(top))
    step = next(power * part for part in (0.2, 0.5, 1.0, 2.0) if top <= 5 * power * part)
    return [step * number for number in range(math.ceil(top / step - 1e-9) + 1)]


def _dumbbell_scale(left: float, width: float, ticks: Sequence[float], height: float) -> str:
    lines = []
    for tick in ticks:
        x = _number(left + width * tick / ticks[-1])
        lines.append(
            f'<line x1="{x}%" y1="40" x2="{x}%" y2="{_number(height)}" stroke="currentColor" opacity="0.18"/>'
            f'<text x="{x}%" y="34" text-anchor="middle" font-size="12" fill="{_colour("grey")}">'
            f"{_text(f'{100 * tick:g} %')}</text>"
        )
    return "".join(lines)


def _dumbbell_key(names: tuple[str, str], left: float) -> str:
    """The two dots with their names, in the top line."""
    before, now = (_text(name) for name in names)
    text = f'<text x="{_number(left)}%" y="13.5" font-size="13" fill="currentColor" dx='
    return (
        f'{_hollow(left, 9)}{text}"10">{before}</text>'
        f'<g transform="translate(84)">{_full(left, 9)}{text}"11">{now}</text></g>'
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
