"""What the analysis of a model's heads found: as numbers, a table, a file, a figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hotpapers.common.files import write_text
from hotpapers.hopfield.heads.statistics import CLASSES, HeadClass, class_of

__all__ = ["HeadReport", "HeadSummary"]


@dataclass(frozen=True, kw_only=True)
class HeadSummary:
    """One head.

    Parameters
    ----------
    layer, head
        Both from 0.
    median_k
        Median of k over all rows.
    median_share
        Median of k/n, n being what a row sees.
    head_class
        ``"I"`` to ``"IV"``; None where no row sees 32 tokens.
    rows
        Rows looked at.
    """

    layer: int
    head: int
    median_k: float
    median_share: float
    head_class: HeadClass | None
    rows: int


@dataclass(frozen=True)
class HeadReport:
    """k of every head and row of a model.

    Parameters
    ----------
    k
        For each layer, int ``[H, R]``: R rows, the positions of all sequences without padding.
    n
        For each layer, int ``[R]``: how many tokens a row sees.
    """

    k: Sequence[np.ndarray[Any, Any]]
    n: Sequence[np.ndarray[Any, Any]]

    @property
    def by_share(self) -> bool:
        """Whether rows see different numbers of tokens, so that k/n is what can be compared."""
        return any(len(np.unique(n)) > 1 for n in self.n)

    def heads(self) -> list[HeadSummary]:
        """All heads, layer by layer."""
        return [
            HeadSummary(
                layer=layer,
                head=head,
                median_k=float(np.median(row)),
                median_share=float(np.median(row / n)),
                head_class=class_of(row, n),
                rows=len(n),
            )
            for layer, (k, n) in enumerate(zip(self.k, self.n, strict=True))
            for head, row in enumerate(k)
        ]

    def class_counts(self) -> list[dict[HeadClass, int]]:
        """For each layer, how many heads are of each class."""
        counts: list[dict[HeadClass, int]] = [dict.fromkeys(CLASSES, 0) for _ in self.k]
        for head in self.heads():
            if head.head_class is not None:
                counts[head.layer][head.head_class] += 1
        return counts

    def summary(self) -> str:
        """A line a layer: heads of each class."""
        counted = "k/n of each row's visible tokens" if self.by_share else f"k of {int(self.n[0][0])} tokens"
        lines = [f"classes by the median of {counted}"]
        for layer, counts in enumerate(self.class_counts()):
            named = ", ".join(f"{count} of class {name}" for name, count in counts.items() if count)
            lines.append(f"layer {layer}: {named or 'no row sees 32 tokens'}")
        return "\n".join(lines)

    def to_csv(self, path: str | Path) -> None:
        """Write one line a head."""
        stream = io.StringIO()
        writer = csv.DictWriter(stream, list(HeadSummary.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(head) for head in self.heads())
        write_text(Path(path), stream.getvalue())

    def plot(self, path: str | Path, title: str = "") -> None:
        """Draw a violin of k for each head to a .svg, .png or .pdf; heads of a layer sorted by median."""
        from hotpapers.hopfield.heads.figures import violins

        violins(self, Path(path), title)
