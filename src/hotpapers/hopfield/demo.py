"""The demo: digits completed from half an image, and the three kinds of fixed point."""

from __future__ import annotations

from pathlib import Path

from hotpapers.common.papers import Card

__all__ = ["demo"]


def demo(out: Path) -> Card:
    """Complete digits at three temperatures, explore the energy in the plane, and draw both."""
    from hotpapers.hopfield.experiments.digits import complete_digits, digits, share_found
    from hotpapers.hopfield.experiments.regimes import explore
    from hotpapers.hopfield.figures import draw_digits, draw_landscapes

    done = complete_digits()
    draw_digits(done, out / "digits.svg")
    landscapes = explore()
    draw_landscapes(landscapes, out / "fixed-points.svg")
    cold = done.found[-1].reports
    held = sum(report.well_separated and not report.void for report in cold)
    return Card(
        text=(
            "A memory of 1,797 handwritten digits sees the upper half of one and fills in the rest. Hot, it "
            "answers with the mean of nearly all; warm, with the mean of those that are alike; cold, with the one "
            "digit that was stored, and a bound of its error where the theory gives one."
        ),
        command="hotpapers hopfield memory retrieve m.hop gaps.csv --complete --report",
        picture=out / "digits.svg",
        picture_alt=(
            "Ten digits, their upper halves, and three completions of each: blurred alike, blurred "
            "like their kind, and exactly the stored digit"
        ),
        facts={
            "digits found from their upper half": f"{share_found():.1%} of {len(digits()[0]):,}",
            "beta chosen": f"{done.betas[-1]:.0f}",
            "of the ten shown, guaranteed": str(held),
            **{f"fixed points in the plane, beta {one.beta:g}": str(len(one.ends)) for one in landscapes},
        },
    )
