"""Figures as SVG text: the energy over the plane and the way of a state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hotpapers.common.figures import PALETTE

__all__ = ["landscapes"]

_SIDE, _GAP, _HEAD, _LOW, _HIGH, _CELLS, _BANDS = 220, 24, 34, -1.6, 2.4, 44, 9


def landscapes(
    stored: Tensor,
    betas: Sequence[float],
    ways: Sequence[Tensor],
    energy: Callable[[Tensor, Tensor, float], Tensor],
) -> str:
    """One panel a beta: bands of equal energy, the stored patterns, the way of a state.

    Parameters
    ----------
    stored
        ``[N, 2]``.
    betas
        One a panel.
    ways
        For each, the states from first to last, ``[T, 2]``.
    energy
        (states, stored, beta) -> energies.
    """
    width = len(betas) * _SIDE + (len(betas) - 1) * _GAP
    panels = [
        f'<g transform="translate({at * (_SIDE + _GAP)} {_HEAD})">{_panel(stored, beta, way, energy)}</g>'
        for at, (beta, way) in enumerate(zip(betas, ways, strict=True))
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_SIDE + _HEAD + 22}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="currentColor">'
        f"<title>Energy and the way of a state at three temperatures</title>{''.join(panels)}</svg>\n"
    )


def _place(point: Tensor) -> tuple[float, float]:
    x, y = ((point - _LOW) / (_HIGH - _LOW)).tolist()
    return round(x * _SIDE, 1), round((1 - y) * _SIDE, 1)


def _panel(
    stored: Tensor, beta: float, way: Tensor, energy: Callable[[Tensor, Tensor, float], Tensor]
) -> str:
    blue, orange = PALETTE["blue"][0], PALETTE["vermilion"][0]
    marks = [f'<text x="0" y="-12">beta = {beta:g}</text>', *_bands(stored, beta, energy)]
    for at, pattern in enumerate(stored):
        x, y = _place(pattern)
        name = f'<text x="{x + 9}" y="{y - 7}">x{at + 1}</text>'
        marks.append(
            f'<circle cx="{x}" cy="{y}" r="5" fill="none" stroke="currentColor" stroke-width="2"/>{name}'
        )
    line = " ".join(f"{x},{y}" for x, y in map(_place, way))
    marks.append(
        f'<polyline points="{line}" fill="none" stroke="var(--vermilion, {orange})" stroke-width="2"/>'
    )
    for point, radius in ((way[0], 3), (way[-1], 5)):
        x, y = _place(point)
        marks.append(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="var(--vermilion, {orange})"/>')
    marks.append(
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="var(--blue, {blue})" stroke-opacity="0.5"/>'
        f'<text x="0" y="{_SIDE + 16}" font-size="11">small dot: start, large dot: at rest</text>'
    )
    return "".join(marks)


def _bands(stored: Tensor, beta: float, energy: Callable[[Tensor, Tensor, float], Tensor]) -> list[str]:
    """Cells shaded by the rank of their energy: the darker, the lower."""
    step = (_HIGH - _LOW) / _CELLS
    centres = _LOW + step * (torch.arange(_CELLS, dtype=stored.dtype) + 0.5)
    grid = torch.cartesian_prod(centres, centres)
    ranks = energy(grid, stored, beta).argsort().argsort() * _BANDS // len(grid)
    size = _SIDE / _CELLS
    cells = []
    for (column, row), rank in zip(
        torch.cartesian_prod(torch.arange(_CELLS), torch.arange(_CELLS)).tolist(), ranks.tolist(), strict=True
    ):
        if rank == _BANDS - 1:
            continue  # the highest band is the page itself
        x, y = round(column * size, 1), round(_SIDE - (row + 1) * size, 1)
        shade = round(0.42 * (1 - rank / (_BANDS - 1)) ** 1.5, 3)
        cells.append(
            f'<rect x="{x}" y="{y}" width="{size + 0.3:.1f}" height="{size + 0.3:.1f}" opacity="{shade}"/>'
        )
    return [f'<g fill="var(--blue, {PALETTE["blue"][0]})">{"".join(cells)}</g>']
