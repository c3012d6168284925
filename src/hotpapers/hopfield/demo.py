"""The demo: three ways in which a state comes to rest, by temperature."""

from __future__ import annotations

from pathlib import Path

from hotpapers.common.papers import Card

__all__ = ["demo"]

_BETAS = (0.1, 0.5, 4.0)


def demo(out: Path) -> Card:
    """Let one state find its fixed point at three temperatures and draw the energies and the ways."""
    import torch

    from hotpapers.common.files import write_text
    from hotpapers.hopfield.convergence import energy, update
    from hotpapers.hopfield.figures import landscapes

    stored = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], dtype=torch.float64)
    ways, facts = [], {}
    for beta in _BETAS:
        way = [torch.tensor([1.0, 0.25], dtype=torch.float64)]
        while len(way) < 1000 and (len(way) < 2 or float(torch.dist(way[-1], way[-2])) > 1e-9):
            way.append(update(way[-1], stored, beta))
        ways.append(torch.stack(way))
        facts[f"beta {beta:g}"] = (
            f"rests at ({way[-1][0]:.2f}, {way[-1][1]:.2f}) after {len(way) - 1} updates"
        )
    picture = out / "fixed-points.svg"
    write_text(picture, landscapes(stored, _BETAS, ways, energy))
    return Card(
        text=(
            "One state and three stored patterns in the plane. Hot, the state falls to the mean of all three; "
            "warmer than needed, to the mean of the two that are near; cold, to a single pattern."
        ),
        command="hotpapers hopfield bounds 20 --k 3",
        picture=picture,
        picture_alt=(
            "Three contour maps of the energy over the plane with the way of one state: it ends in the middle of "
            "three patterns, between two of them, and at one"
        ),
        facts=facts,
    )
