"""What a comparison over molecules found: a table of methods, the difference to the best peer, a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hotpapers.common.files import write_text
from hotpapers.common.provenance import provenance
from hotpapers.hopfield.mil.scores import PairedDifference, corrected_difference
from hotpapers.hopfield.molecules.validation import FOREST, LEARNED, LOOKUP, MACHINE, Judged, Plan

__all__ = ["Comparison"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All parts of a run.

    Parameters
    ----------
    name
        Of the data set.
    labels
        Names of the labels.
    parts
        What was judged.
    plan
        By which methods.
    are_folds
        Whether the parts are folds of one cross-validation; else those of a published split, each by itself.
    left_out
        A line about rows that are no molecule, or "".
    """

    name: str
    labels: tuple[str, ...]
    parts: tuple[Judged, ...]
    plan: Plan
    are_folds: bool
    left_out: str = ""

    @property
    def methods(self) -> list[str]:
        """Those that were judged, the memory first."""
        return [name for name in (LOOKUP, LEARNED, FOREST, MACHINE) if name in self.parts[0].areas]

    def mean_and_deviation(self, method: str) -> tuple[float, float]:
        """Over parts, of the mean area over labels."""
        means = [part.mean(method) for part in self.parts]
        return float(np.mean(means)), float(np.std(means, ddof=1)) if len(means) > 1 else 0.0

    def difference(self, peer: str) -> PairedDifference:
        """The memory's area (the learned one's if there is one) less a peer's, corrected resampled t-test."""
        ours = LEARNED if LEARNED in self.methods else LOOKUP
        share = float(np.mean([part.molecules / part.trained_on for part in self.parts]))
        pairs = [(part.mean(ours), part.mean(peer)) for part in self.parts]
        return corrected_difference(*map(list, zip(*pairs, strict=True)), test_share=share)

    @property
    def _tested(self) -> Judged:
        """The part of a published split that is called test; the largest one where none is."""
        called = [part for part in self.parts if part.part.lower() == "test"]
        return called[0] if called else max(self.parts, key=lambda part: part.molecules)

    @property
    def verdict(self) -> str:
        """One sentence: how the memory compares with the better peer."""
        peers = [name for name in self.methods if name in {FOREST, MACHINE}]
        ours = LEARNED if LEARNED in self.methods else LOOKUP
        if not peers:
            return f"{self.name}: no peer was judged"
        best = max(peers, key=lambda name: self.mean_and_deviation(name)[0])
        if not self.are_folds:
            part = self._tested
            best = max(peers, key=part.mean)
            mine, theirs = part.mean(ours), part.mean(best)
            word = "above" if mine > theirs else "below"
            return (
                f"{self.name}, {part.part}: the {ours} is {word} the best peer, {best}, AUC {mine:.3f} against "
                f"{theirs:.3f}; one split has no interval"
            )
        mine, theirs = self.mean_and_deviation(ours)[0], self.mean_and_deviation(best)[0]
        areas = f"mean AUC {mine:.3f} against {theirs:.3f}"
        word = "above" if mine > theirs else "below"
        gap = self.difference(best)
        chance = "more than" if gap.low > 0 or gap.high < 0 else "no more than"
        return (
            f"{self.name}: the {ours} is {word} the best peer, {best}, {areas}: "
            f"95 % interval of the difference {gap.low:+.3f} to {gap.high:+.3f}, {chance} chance may do"
        )

    def lines(self) -> list[str]:
        """What the terminal shows."""
        found = [self.left_out] if self.left_out else []
        if self.are_folds:
            for method in self.methods:
                mean, deviation = self.mean_and_deviation(method)
                found.append(f"{method:<30} AUC {mean:.3f} (SD {deviation:.3f})")
        else:
            for part in self.parts:
                said = ", ".join(f"{method} {part.mean(method):.3f}" for method in self.methods)
                found.append(f"{part.part} ({part.molecules} judged by {part.trained_on}): AUC {said}")
        over = f", mean over {len(self.labels)} labels" if len(self.labels) > 1 else ""
        chosen = sorted({part.beta for part in self.parts})
        found.append(f"{len(self.parts)} parts{over}; beta {', '.join(f'{beta:g}' for beta in chosen)}")
        if self.plan.trees:
            found[-1] += f"; forests of {self.plan.trees} trees"
        return [*found, self.verdict, self.time]

    @property
    def time(self) -> str:
        """Processor seconds of each method."""
        names = self.parts[0].seconds
        total = {name: sum(part.seconds[name] for part in self.parts) for name in names}
        return "processor time: " + ", ".join(f"{name} {value:.0f} s" for name, value in total.items())

    def record(self) -> dict[str, Any]:
        """The run as it goes into JSON; an area that could not be taken is null."""
        return {
            "made": provenance(),
            "data": {"name": self.name, "labels": list(self.labels), "left_out": self.left_out},
            "plan": asdict(self.plan),
            "verdict": self.verdict,
            "methods": {
                name: dict(zip(("mean", "sd"), self.mean_and_deviation(name), strict=True))
                for name in self.methods
            },
            "parts": [
                {
                    **asdict(part),
                    "areas": {name: _numbers(areas) for name, areas in part.areas.items()},
                }
                for part in self.parts
            ],
        }

    def write(self, path: Path) -> None:
        """Write the record as JSON."""
        write_text(path, json.dumps(self.record(), indent=1, ensure_ascii=False) + "\n")


def _numbers(values: Iterable[float]) -> Sequence[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
