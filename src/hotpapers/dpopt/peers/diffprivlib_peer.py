"""diffprivlib's private logistic regression on arrays in a file: coefficients of every run as JSON.

Called as ``python diffprivlib_peer.py INPUT.npz OUTPUT.json`` with X, y, epsilon, repeats, data_norm and
regularisations (Lambda, for the sum of losses, one run of `repeats` for each).
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any


def run(given: Any) -> list[dict[str, Any]]:
    """Coefficients by regularisation."""
    from diffprivlib.models import LogisticRegression

    found = []
    for regularisation in given["settings"].tolist():
        started, coefficients = time.process_time(), []
        for _ in range(int(given["repeats"])):
            model = LogisticRegression(
                epsilon=float(given["epsilon"]),
                data_norm=float(given["data_norm"]),
                C=1.0 / regularisation,
                fit_intercept=False,
                max_iter=1000,
            )
            model.fit(given["X"], given["y"])
            coefficients.append(model.coef_[0].tolist())
        found.append(
            {
                "settings": f"Lambda = {regularisation:.4g}",
                "coefficients": coefficients,
                "cpu_seconds": time.process_time() - started,
            }
        )
    return found


if __name__ == "__main__":
    import diffprivlib
    import numpy as np

    warnings.simplefilter("ignore")
    with np.load(sys.argv[1]) as data:
        result = {"version": diffprivlib.__version__, "runs": run(dict(data))}
    Path(sys.argv[2]).write_text(json.dumps(result), encoding="utf-8")
