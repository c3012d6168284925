"""Adult by the public schema of the golden numbers (PP-adult): 92 columns, rows of length at most 1."""

from __future__ import annotations

import csv
import gzip
import math
import re

import numpy as np

CATEGORIES = {
    1: ("workclass", True),
    5: ("marital-status", False),
    6: ("occupation", True),
    7: ("relationship", False),
    8: ("race", False),
    9: ("sex", False),
    13: ("native-country", True),
}


def adult(folder, part="train"):
    """(features ``(n, 92)``, targets in {-1, +1})."""
    names = (folder / "adult.names").read_text()
    with gzip.open(folder / f"adult-{part}.csv.gz", "rt") as stream:
        rows = [[cell.strip() for cell in row] for row in csv.reader(stream) if len(row) == 15]
    number = {j: np.array([float(row[j]) for row in rows]) for j in (0, 4, 10, 11, 12)}
    columns = [np.ones(len(rows))]
    columns += [
        np.clip((number[j] - low) / (high - low), 0, 1)
        for j, low, high in ((0, 17, 90), (4, 1, 16), (12, 1, 99))
    ]
    columns += [np.log1p(number[j]) / np.log1p(top) for j, top in ((10, 99999), (11, 4356))]
    for j, (label, with_missing) in CATEGORIES.items():
        values = re.search(rf"^{label}: (.*)\.$", names, re.MULTILINE)[1].split(", ") + ["?"] * with_missing
        cells = np.array([row[j] for row in rows])
        columns += [(cells == value.strip()).astype(float) for value in values]
    targets = np.array([1.0 if row[14].startswith(">50K") else -1.0 for row in rows])
    return np.column_stack(columns) / math.sqrt(13), targets
