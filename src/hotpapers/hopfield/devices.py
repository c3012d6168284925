"""Where torch computes."""

from __future__ import annotations

import torch

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["check_device"]


def check_device(name: str) -> torch.device:
    """The device called `name`.

    Raises
    ------
    HopfieldError
        If there is none here.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        line = str(error).splitlines()[0]
        raise HopfieldError(f"--device {name!r} can't be used here: {line}") from error
    return device
