"""Training that goes on where it was: after each epoch all that the next one depends on, in one file.

The file is written whole beside its place and then renamed, so that a process killed at any moment leaves the last
epoch's or the one before. What goes on from it ends with the same numbers, bit by bit, as what was never disturbed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from hotpapers.common.files import atomic_path
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.training import Training, TrainingSet

__all__ = ["EpochFile", "training_key"]

_FORMAT, _VERSION = "hotpapers-hopfield-mil-epoch", "1"


def training_key(parameters: Mapping[str, Any], data: TrainingSet, *more: Any) -> str:
    """Changes with anything that training depends on: parameters, rows, labels, weights, groups."""
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True, default=str).encode())
    for tensor in (data.rows, data.offsets, data.labels, data.weights):
        digest.update(tensor.cpu().numpy().tobytes())
    for other in more:
        digest.update(repr(other).encode())
    return digest.hexdigest()[:16]


class EpochFile:
    """The state of a training after its last epoch.

    Parameters
    ----------
    path
        The file.
    key
        What `training_key` says: a file of another training is not taken up.
    resume
        Whether to take up what the file holds; without, training starts anew and overwrites it.
    """

    def __init__(self, path: Path, key: str, *, resume: bool) -> None:
        self.path, self.key, self.resume = path, key, resume
        self.resumed_after = 0

    def write(self, training: Training, more: Mapping[str, Tensor], numbers: Mapping[str, int]) -> None:
        """Keep the state: of networks, optimizer and generator, and what else the loop knows."""
        tensors = {
            f"networks.{at}": parameter.detach()
            for at, parameter in enumerate(training.networks.parameters())
        }
        for at, state in training.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{at}.{name}": value for name, value in state.items()}
        rates = [group["lr"] for group in training.optimizer.param_groups]
        tensors["rates"] = torch.tensor(rates, dtype=torch.float64)
        tensors["generator"] = training.generator.get_state()
        tensors |= {f"more.{name}": value for name, value in more.items()}
        about = {
            "format": _FORMAT,
            "version": _VERSION,
            "key": self.key,
            "numbers": json.dumps(dict(numbers)),
        }
        with atomic_path(self.path) as temporary:
            save_file(
                {name: one.cpu().contiguous().clone() for name, one in tensors.items()}, temporary, about
            )

    def take_up(self, training: Training, more: Mapping[str, Tensor]) -> dict[str, int]:
        """Bring training and the loop's tensors to the state kept, in place; its numbers, {} where there is none.

        Raises
        ------
        HopfieldError
            If the file is damaged, of another version, or of another training.
        """
        if not self.resume or not self.path.is_file():
            return {}
        try:
            with safe_open(self.path, "pt") as file:
                about = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        except (OSError, SafetensorError) as error:
            raise HopfieldError(f"{self.path} is damaged ({error}): remove it to start anew") from error
        if about.get("format") != _FORMAT or about.get("version") != _VERSION:
            raise HopfieldError(f"{self.path} holds no epoch of this version: remove it to start anew")
        if about.get("key") != self.key:
            raise HopfieldError(
                f"{self.path} is of another training (other bags, labels or settings): give those, or leave out "
                "--resume to start anew"
            )
        self._restore(training, tensors)
        for name, value in more.items():
            value.copy_(tensors[f"more.{name}"])
        numbers: dict[str, int] = json.loads(about["numbers"])
        self.resumed_after = numbers["made"]
        return numbers

    def _restore(self, training: Training, tensors: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for at, parameter in enumerate(training.networks.parameters()):
                parameter.copy_(tensors[f"networks.{at}"])
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, index, field = name.split(".")
                state.setdefault(int(index), {})[field] = value
        groups = training.optimizer.state_dict()["param_groups"]
        for group, rate in zip(groups, tensors["rates"].tolist(), strict=True):
            group["lr"] = rate
        training.optimizer.load_state_dict({"state": state, "param_groups": groups})
        training.generator.set_state(tensors["generator"])

    def remove(self) -> None:
        """Training is done: nothing is left to go on with."""
        self.path.unlink(missing_ok=True)
