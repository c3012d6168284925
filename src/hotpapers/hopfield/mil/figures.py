"""ROC curves of a cross-validation as SVG text: the mean curve and how far folds stray."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hotpapers.common.figures import PALETTE
from hotpapers.common.html import clean_text

if TYPE_CHECKING:
    from hotpapers.hopfield.mil.report import CrossValidation

__all__ = ["roc_curve_at", "roc_with_band"]

_SIDE, _LEFT, _TOP, _BOTTOM, _RIGHT = 320, 56, 40, 52, 16
_GRID = np.linspace(0, 1, 101)


def roc_curve_at(
    scores: Any, positive: Any, grid: npt.NDArray[np.float64] = _GRID
) -> npt.NDArray[np.float64]:
    """True positive rate at each false positive rate of `grid`; ties make slanted pieces.

    Parameters
    ----------
    scores, positive
        ``[n]`` each.
    """
    values, true = np.asarray(scores, dtype=np.float64), np.asarray(positive) > 0.5
    cuts = np.unique(values)[::-1]
    tpr = np.concatenate([[0.0], [(values[true] >= cut).mean() for cut in cuts]])
    fpr = np.concatenate([[0.0], [(values[~true] >= cut).mean() for cut in cuts]])
    # Between points the curve is straight; where it rises straight up, its highest point counts.
    highest = [tpr[np.isclose(fpr, rate)].max(initial=0.0) for rate in grid]
    found: npt.NDArray[np.float64] = np.maximum(np.interp(grid, fpr, tpr), highest)
    return found


def roc_with_band(run: CrossValidation) -> str:
    """Mean ROC of the network with a band of one standard deviation over folds, and the forest's mean."""
    ours = np.stack([roc_curve_at(fold.probabilities, fold.labels) for fold in run.folds])
    theirs = np.stack([roc_curve_at(fold.forest_probabilities, fold.labels) for fold in run.folds])
    mean, spread = ours.mean(0), ours.std(0, ddof=1)
    blue, orange = (f"var(--{name}, {PALETTE[name][0]})" for name in ("blue", "vermilion"))
    low, high = np.clip(mean - spread, 0, 1), np.clip(mean + spread, 0, 1)
    band = " ".join([_points(_GRID, high), _points(_GRID[::-1], low[::-1])])
    (ours_auc, ours_sd), (forest_auc, _) = run.mean_and_deviation(), run.mean_and_deviation("forest_auc")
    marks = [
        _axes(),
        f'<polygon points="{band}" fill="{blue}" opacity="0.22"/>',
        (
            f'<polyline points="{_points(_GRID, theirs.mean(0))}" fill="none" stroke="{orange}" stroke-width="2" '
            'stroke-dasharray="6 4"/>'
        ),
        f'<polyline points="{_points(_GRID, mean)}" fill="none" stroke="{blue}" stroke-width="2.5"/>',
        _legend(0, blue, "", f"network: AUC {ours_auc:.3f}, SD {ours_sd:.3f}"),
        _legend(1, orange, "6 4", f"random forest: AUC {forest_auc:.3f}"),
    ]
    name = escape(clean_text(run.name))
    under = f"{len(run.folds)} folds; band: one standard deviation"
    width, height = _LEFT + _SIDE + _RIGHT, _TOP + _SIDE + _BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="currentColor"><title>{name}: ROC, {under}</title>'
        f'<text x="{_LEFT}" y="16" font-size="14" font-weight="600">{name}</text>'
        f'<text x="{_LEFT}" y="32" font-size="12">{under}</text>{"".join(marks)}</svg>\n'
    )


def _points(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> str:
    return " ".join(
        f"{_LEFT + _SIDE * a:.1f},{_TOP + _SIDE * (1 - b):.1f}" for a, b in zip(x, y, strict=True)
    )


def _legend(at: int, colour: str, dashes: str, text: str) -> str:
    y = _TOP + _SIDE - 46 + 22 * at
    x = _LEFT + 92
    return (
        f'<line x1="{x}" x2="{x + 26}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2.5" '
        f'stroke-dasharray="{dashes}"/><text x="{x + 33}" y="{y + 4}" font-size="12">{text}</text>'
    )


def _axes() -> str:
    bottom, right = _TOP + _SIDE, _LEFT + _SIDE
    marks = [
        (
            f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="currentColor" '
            'stroke-opacity="0.4"/>'
        ),
        f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{_TOP}" stroke="currentColor" stroke-opacity="0.3"/>',
    ]
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _LEFT + _SIDE * value, bottom - _SIDE * value
        marks.append(
            f'<text x="{x:.0f}" y="{bottom + 18}" text-anchor="middle" font-size="12">{value:g}</text>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.0f}" text-anchor="end" font-size="12">{value:g}</text>'
        )
    marks.append(
        f'<text x="{_LEFT + _SIDE / 2:.0f}" y="{bottom + 40}" text-anchor="middle">false positive rate</text>'
        f'<text transform="translate(16 {_TOP + _SIDE / 2:.0f}) rotate(-90)" text-anchor="middle">'
        "true positive rate</text>"
    )
    return "".join(marks)
