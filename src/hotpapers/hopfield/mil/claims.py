"""What the paper claims of bags, and how it is measured: nested cross-validation over the published folds."""

from __future__ import annotations

from functools import partial

from hotpapers.common.claims import Claim, Measurement

__all__ = ["CLAIMS"]

# Mean areas that the paper reports, and the least that we promise.
_BARS = {"tiger": (0.913, 0.905), "fox": (0.6405, 0.65), "elephant": (0.949, 0.94), "musk1": (None, 0.93)}


def check_bags(name: str) -> Measurement:
    """H6: 5 x 10 folds of one set, nested, beside a random forest on the same folds."""
    from hotpapers.common.datasets import data_file
    from hotpapers.hopfield.mil.jobs import crossed
    from hotpapers.hopfield.mil.report import verdict
    from hotpapers.hopfield.mil.sets import BAGS
    from hotpapers.hopfield.mil.tables import read_bags

    run, _ = crossed(read_bags(data_file(BAGS, f"mil_{name}.npz")), name, jobs=2)
    return Measurement(measured=verdict(run), holds=run.mean_and_deviation()[0] >= _BARS[name][1])


CLAIMS = tuple(
    Claim(
        id=f"H6-{name}",
        statement=f"Hopfield pooling classifies the bags of {name.capitalize()}",
        reported="not in the paper" if reported is None else f"AUC {100 * reported:.1f} %",
        check=partial(check_bags, name),
        tier="full",
        source="Table of multiple instance learning (bar: mean AUC at least " + f"{bar:g})",
    )
    for name, (reported, bar) in _BARS.items()
)
