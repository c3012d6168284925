"""Opacus' DP-SGD for logistic regression on arrays in a file: coefficients of every run as JSON.

Called as ``python opacus_peer.py INPUT.npz OUTPUT.json`` with X, y, epsilon, delta, repeats, data_norm, lam and
settings (rows of batch size, epochs, learning rate).
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any


def train(given: Any, batch: int, epochs: int, rate: float) -> list[float]:
    """One run: Poisson samples, gradients clipped to the declared norm, PRV accountant."""
    import torch
    from opacus import PrivacyEngine
    from torch.utils.data import DataLoader, TensorDataset

    features = torch.tensor(given["X"], dtype=torch.float32)
    targets = torch.tensor(given["y"], dtype=torch.float32)
    model = torch.nn.Linear(features.shape[1], 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    optimiser = torch.optim.SGD(model.parameters(), lr=rate, weight_decay=float(given["lam"]))
    loader = DataLoader(TensorDataset(features, targets), batch_size=batch)
    model, optimiser, loader = PrivacyEngine(accountant="prv").make_private_with_epsilon(
        module=model,
        optimizer=optimiser,
        data_loader=loader,
        epochs=epochs,
        target_epsilon=float(given["epsilon"]),
        target_delta=float(given["delta"]),
        max_grad_norm=float(given["data_norm"]),
    )
    criterion = torch.nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        for block, labels in loader:
            optimiser.zero_grad()
            criterion(model(block)[:, 0], labels).backward()
            optimiser.step()
    weights: list[float] = next(iter(model.parameters())).detach().double()[0].tolist()
    return weights


def run(given: Any) -> list[dict[str, Any]]:
    """Coefficients by setting."""
    found = []
    for batch, epochs, rate in given["settings"].tolist():
        started = time.process_time()
        coefficients = [train(given, int(batch), int(epochs), rate) for _ in range(int(given["repeats"]))]
        found.append(
            {
                "settings": f"batch {int(batch)}, {int(epochs)} epochs, step {rate:g}",
                "coefficients": coefficients,
                "cpu_seconds": time.process_time() - started,
            }
        )
    return found


if __name__ == "__main__":
    import numpy as np
    import opacus

    warnings.simplefilter("ignore")
    with np.load(sys.argv[1]) as data:
        result = {"version": opacus.__version__, "runs": run(dict(data))}
    Path(sys.argv[2]).write_text(json.dumps(result), encoding="utf-8")
