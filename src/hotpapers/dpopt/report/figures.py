"""The report's figures as SVG text in the house's manner: colours follow the page, words keep their size.

Everything drawn is public (shares, scales, the account) or a released noisy number (coefficients).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from hotpapers.common.figures import PALETTE
from hotpapers.common.html import clean_text
from hotpapers.dpopt.accounting.spending import shown
from hotpapers.dpopt.audit.verdicts import AuditResult
from hotpapers.dpopt.report.contents import Coefficients, Iterations
from hotpapers.dpopt.report.curves import PrivacyCurve

__all__ = ["draw_coefficients", "draw_curve", "draw_iterations", "most_drawn"]

most_drawn = 40
"""Coefficients in a figure: the largest; the table has all."""

_LEFT, _WIDTH = 11.0, 84.0  # per cent: where the axis stands, and how long it is
_VIEW = 1000  # units of a panel's own coordinates, either way


def draw_iterations(found: Iterations) -> str:
    """Two panels above each other: share of the budget, and noise on the sum, iteration by iteration."""
    top, height, gap = 30, 120, 56
    parts: list[str] = []
    panels = (("share of the budget, %", [100 * share for share in found.shares], "blue"),
              ("noise scale on the sum", list(found.scales), "orange"))  # fmt: skip
    for row, (name, values, hue) in enumerate(panels):
        y = top + row * (height + gap)
        most = max(values) * 1.08
        parts.append(_label(_LEFT, y - 10, name, anchor="start", strong=True))
        parts += _value_axis(y, height, _round_steps(most))
        parts += [_stage_line(boundary / len(values), y, height) for boundary in found.boundaries]
        parts.append(_panel(y, height, _steps(values, _round_steps(most)[-1]), hue))
        if row == 1 or len(panels) == 1:
            parts += _iteration_axis(len(values), y + height)
    title = (
        f"Budget and noise of {len(found.shares)} iterations: the share goes from "
        f"{100 * found.shares[0]:.3g} % to {100 * found.shares[-1]:.3g} %."
    )
    if found.boundaries:
        title += f" Dashed lines end the {len(found.boundaries)} stage(s) before the last."
    return _svg(parts, title, top + 2 * height + gap + 40)


def draw_curve(
    curve: PrivacyCurve, audits: Sequence[AuditResult] = (), budget: tuple[float, float] | None = None
) -> str:
    """Delta against epsilon, logarithmic in delta; lower bounds of audits, the budget and the pure epsilon on it.

    Parameters
    ----------
    curve
        From `privacy_curve`.
    audits
        Each drawn at its lower bound on epsilon, at its delta.
    budget
        (epsilon, delta) that was allowed.
    """
    top, height = 24, 240
    seen = [*curve.epsilons, *(one.eps_lower for one in audits), *([budget[0]] if budget else [])]
    seen += [curve.pure] if curve.pure is not None else []
    ticks = _round_steps(max([value for value in seen if math.isfinite(value)], default=1.0) * 1.02)
    low, high = -9.0, 0.0

    def place(epsilon: float, delta: float) -> tuple[float, float]:
        """Per cent from the left, pixels from the top; a delta of 0 stands on the floor."""
        depth = (high - max(low, math.log10(delta) if delta > 0 else low)) / (high - low)
        return _LEFT + _WIDTH * min(1.0, epsilon / ticks[-1]), top + height * depth

    parts = [_label(_LEFT, 12, "δ", anchor="end", shift=-8, strong=True)]
    for power in (0, -3, -6, -9):
        y = top + height * (high - power) / (high - low)
        parts += [_rule(y), _label(_LEFT, y + 4, f"1e{power}" if power else "1", anchor="end", shift=-8)]
    for tick in ticks:
        x, _ = place(tick, 0.0)
        parts.append(_label(x, top + height + 20, f"{tick:g}", anchor="middle"))
    parts.append(_label(_LEFT + _WIDTH, top + height + 38, "ε", anchor="end", strong=True))
    points = [
        (_VIEW * epsilon / ticks[-1], _VIEW * -math.log10(delta) / (high - low))
        for epsilon, delta in zip(curve.epsilons, curve.deltas, strict=True)
    ]
    parts.append(_panel(top, height, points, "blue"))
    marks = [("pure", curve.pure, 0.0, "purple", "pure ε")] if curve.pure is not None else []
    marks += [("budget", *budget, "green", "allowed")] if budget else []
    marks += [("audit", one.eps_lower, one.delta, "vermilion", "audit: at least") for one in audits]
    for kind, epsilon, delta, hue, name in marks:
        x, y = place(epsilon, delta)
        parts += _mark(kind, x, y, hue, f"{name} {epsilon:.3g}")
    title = "The privacy curve of the ledger: each point is a pair of ε and δ that it satisfies."
    title += "".join(f" {name} {epsilon:.3g} at δ = {shown(delta)}." for _, epsilon, delta, _, name in marks)
    return _svg(parts, title, top + height + 46)


def draw_coefficients(found: Coefficients, output: int) -> str:
    """Released coefficients of one output, the largest first, with two standard deviations of the noise."""
    values = found.values[output]
    order = sorted(range(len(values)), key=lambda at: -abs(values[at]))[:most_drawn]
    reach = 2.0 * found.deviation if found.deviation is not None else 0.0
    extent = max((abs(values[at]) + reach for at in order), default=1.0) or 1.0
    ticks = _round_steps(extent)
    most = ticks[-1]
    left, width, step, head = 36.0, 60.0, 22, 34
    height = head + step * len(order) + 8

    def across(value: float) -> float:
        return left + width * (value + most) / (2 * most)

    parts = []
    for tick in (-most, -ticks[len(ticks) // 2], 0.0, ticks[len(ticks) // 2], most):
        x = across(tick)
        weight = "0.6" if tick == 0 else "0.18"
        parts.append(
            f'<line x1="{_n(x)}%" y1="24" x2="{_n(x)}%" y2="{height - 4}" stroke="currentColor" opacity="{weight}"/>'
        )
        parts.append(_label(x, 16, f"{tick:g}", anchor="middle"))
    for row, at in enumerate(order):
        y = head + step * row + step / 2 - 3
        x1, x2 = across(max(-most, values[at] - reach)), across(min(most, values[at] + reach))
        name = found.names[at]
        short = name if len(name) <= 24 else name[:23] + "…"
        parts.append(_label(left - 2, y + 4.5, short, anchor="end"))
        if reach:
            parts.append(
                f'<line x1="{_n(x1)}%" y1="{_n(y)}" x2="{_n(x2)}%" y2="{_n(y)}" stroke="{_colour("blue")}" '
                'stroke-width="3" opacity="0.4"/>'
            )
        parts.append(
            f'<circle cx="{_n(across(values[at]))}%" cy="{_n(y)}" r="4.5" fill="{_colour("blue")}">'
            f"<title>{_text(name)}: {values[at]:.4g}</title></circle>"
        )
    spread = f" Bars are at most ± {reach:.3g}, two standard deviations of the noise." if reach else ""
    cut = f" the largest {len(order)} of {len(values)}" if len(order) < len(values) else " all"
    title = f"Coefficients of {found.outputs[output]},{cut}, by size.{spread}"
    return _svg(parts, title, height)


def _svg(parts: Sequence[str], title: str, height: float) -> str:
    return (
        f'<svg class="figure" role="img" width="100%" height="{_n(height)}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{_text(title)}</title>{''.join(parts)}</svg>"
    )


def _panel(y: float, height: float, points: Sequence[tuple[float, float]], hue: str) -> str:
    """A line in a panel's own coordinates, 1000 either way, which stretch with the page."""
    path = " ".join(f"{'M' if at == 0 else 'L'}{_n(px)} {_n(py)}" for at, (px, py) in enumerate(points))
    return (
        f'<svg x="{_n(_LEFT)}%" y="{_n(y)}" width="{_n(_WIDTH)}%" height="{_n(height)}" '
        f'viewBox="0 0 {_VIEW} {_VIEW}" preserveAspectRatio="none" overflow="visible">'
        f'<path d="{path}" fill="none" stroke="{_colour(hue)}" stroke-width="2" '
        'vector-effect="non-scaling-stroke" stroke-linejoin="round"/></svg>'
    )


def _steps(values: Sequence[float], most: float) -> list[tuple[float, float]]:
    """A staircase through the values of iterations 1, 2, ..., each one unit wide."""
    ups = _VIEW * (1 - np.asarray(values) / most)
    edges = np.linspace(0, _VIEW, len(values) + 1)
    return [(float(x), float(y)) for at, y in enumerate(ups.tolist()) for x in (edges[at], edges[at + 1])]


def _value_axis(y: float, height: float, ticks: Sequence[float]) -> Iterator[str]:
    for tick in (0.0, ticks[-1] / 2, ticks[-1]):
        at = y + height * (1 - tick / ticks[-1])
        yield _rule(at)
        yield _label(_LEFT, at + 4, f"{tick:.3g}", anchor="end", shift=-8)


def _iteration_axis(count: int, y: float) -> Iterator[str]:
    for at in dict.fromkeys((1, max(1, count // 2), count)):
        yield _label(_LEFT + _WIDTH * (at - 0.5) / count, y + 18, str(at), anchor="middle")
    yield _label(_LEFT + _WIDTH, y + 36, "iteration", anchor="end", strong=True)


def _stage_line(share: float, y: float, height: float) -> str:
    x = _n(_LEFT + _WIDTH * share)
    return (
        f'<line x1="{x}%" y1="{_n(y)}" x2="{x}%" y2="{_n(y + height)}" stroke="currentColor" opacity="0.6" '
        'stroke-dasharray="4 4"/>'
    )


def _rule(y: float) -> str:
    end = _n(_LEFT + _WIDTH)
    return f'<line x1="{_n(_LEFT)}%" y1="{_n(y)}" x2="{end}%" y2="{_n(y)}" stroke="currentColor" opacity="0.18"/>'


def _mark(kind: str, x: float, y: float, hue: str, words: str) -> Iterator[str]:
    """A sign of its own shape for each kind, with its words on the side that has room."""
    colour = _colour(hue)
    if kind == "audit":
        ends = f'x1="{_n(x)}%" y1="{_n(y - 14)}" x2="{_n(x)}%" y2="{_n(y + 14)}"'
        yield f'<line {ends} stroke="{colour}" stroke-width="3"/>'
    elif kind == "budget":
        yield f'<circle cx="{_n(x)}%" cy="{_n(y)}" r="6" fill="none" stroke="{colour}" stroke-width="3"/>'
    else:
        yield f'<circle cx="{_n(x)}%" cy="{_n(y)}" r="5" fill="{colour}"/>'
    right = x < (25 if kind == "audit" else 60)
    below = {"audit": 4, "budget": -12, "pure": -10}[kind]
    yield _label(x, y + below, words, anchor="start" if right else "end", shift=8 if right else -8)


def _label(x: float, y: float, words: str, *, anchor: str, shift: float = 0.0, strong: bool = False) -> str:
    weight = ' font-weight="700"' if strong else ""
    return (
        f'<text x="{_n(x)}%" y="{_n(y)}" dx="{_n(shift)}" text-anchor="{anchor}" font-size="13"{weight} '
        f'fill="currentColor">{_text(words)}</text>'
    )


def _round_steps(most: float) -> list[float]:
    """Round values from 0 to at least `most`, in two to five steps."""
    power = 10.0 ** math.floor(math.log10(most)) if most > 0 else 1.0
    step = next((power * part for part in (0.2, 0.5, 1.0, 2.0) if most <= 5 * power * part), 2.0 * power)
    count = max(2, math.ceil(most / step - 1e-9))
    return [float(f"{step * at:.12g}") for at in range(count + 1)]


def _colour(name: str) -> str:
    return f"var(--{name}, {PALETTE[name][0]})"


def _text(words: str) -> str:
    return escape(clean_text(words))


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
