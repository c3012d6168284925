"""What a run needs to go on, in one file that holds tensors, numbers and words but no code."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hotpapers.common.files import atomic_path
from hotpapers.training.errors import TrainingError

__all__ = ["BEST", "LAST", "load_state", "load_weights", "read_checkpoint", "write_checkpoint"]

LAST = "last.ckpt"
BEST = "best.ckpt"

_FORMAT = 1


def write_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """Write state dicts and plain values to `path`, whole or not at all.

    Raises
    ------
    FailureError
        If the disk refuses.
    """
    with atomic_path(path) as temporary:
        torch.save({"format": _FORMAT, **content}, temporary)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `write_checkpoint` wrote, to the CPU; nothing in the file is run.

    Raises
    ------
    TrainingError
        If there is no such file, or it is no checkpoint of this format.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TrainingError(f"there is no checkpoint {path}") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise TrainingError(f"{path} is not a checkpoint of training, or is damaged: {reason}") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise TrainingError(f"{path} is not a checkpoint of training in format {_FORMAT}")
    return content


def load_state(name: str, holder: Any, state: Any, source: Path) -> None:
    """Put `state` into `holder`.

    Raises
    ------
    TrainingError
        If names or shapes differ: the checkpoint is of another network or optimiser.
    """
    try:
        holder.load_state_dict(state)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise TrainingError(f"{source} does not fit {name}: {reason}") from error


def load_weights(path: Path, modules: Mapping[str, nn.Module]) -> None:
    """Put the weights of a checkpoint, averaged ones where it has them, into `modules`.

    Parameters
    ----------
    path
        ``last.ckpt`` or ``best.ckpt`` of a run.
    modules
        Modules by the names that the task gave them; those of the checkpoint that are not named stay out.

    Raises
    ------
    TrainingError
        If the file is no checkpoint, lacks a module, or holds another network's weights.
    """
    path = Path(path)
    content = read_checkpoint(path)
    weights = {**content["modules"], **content.get("average", {}).get("modules", {})}
    for name, module in modules.items():
        if name not in weights:
            raise TrainingError(f"{path} has no module {name!r}: it has {', '.join(weights)}")
        load_state(f"module {name!r}", module, weights[name], path)
