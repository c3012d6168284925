"""The nets by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.generator import Generator
from hotpapers.denoise.model import SmallNet
from hotpapers.denoise.two_stage import TwoStageNet

__all__ = ["MODELS", "build_net"]

MODELS: Mapping[str, type[nn.Module]] = {"small": SmallNet, "paper": Generator, "two-stage": TwoStageNet}


def build_net(model: str, settings: Mapping[str, Any]) -> nn.Module:
    """A new net.

    Raises
    ------
    DenoiseError
        If there is no such model, or it does not take these settings.
    """
    if model not in MODELS:
        raise DenoiseError(f"there is no model {model!r}: there are {', '.join(MODELS)}")
    try:
        return MODELS[model](**settings)
    except TypeError as error:
        raise DenoiseError(f"model {model!r} cannot be built with {dict(settings)}: {error}") from error
