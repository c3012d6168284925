"""`hotpapers wordshift coverage`: simulate, and record how often intervals held the truth."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from hotpapers.common.files import write_text
from hotpapers.common.provenance import provenance
from hotpapers.wordshift.uncertainty.simulation import coverage, coverage_table

__all__ = ["run_coverage"]


def run_coverage(*, samples: int, reps: int, seed: int, results: Path) -> tuple[str, Path]:
    """The table as text, and where ``RESULTS/wordshift/coverage.json`` was written.

    Raises
    ------
    WordShiftError
        If a number is out of range.
    """
    rows = coverage(samples=samples, reps=reps, seed=seed)
    path = results / "wordshift" / "coverage.json"
    content = {"made": provenance(), "level": 0.95, "rows": [asdict(row) for row in rows]}
    write_text(path, json.dumps(content, indent=2) + "\n")
    return coverage_table(rows), path
