"""Engines: what takes noise away, by name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.stages import Stage

__all__ = ["ENGINES", "RATE", "Engine", "load_engine"]

RATE = 44_100

# Name -> "module:function"; the function makes the engine out of the options that it takes.
ENGINES: dict[str, str] = {"dsp": "hotpapers.denoise.dsp.engine:engine"}


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A way to take noise away.

    Parameters
    ----------
    make_stage
        ``make_stage(survey, *, sr, channels)`` gives a new stage that works at `sr` Hz on so many channels.
    survey
        ``survey(blocks, *, sr, channels)`` goes through the whole recording, blocks of shape
        ``(n, channels)`` at `sr` Hz, and gives what `make_stage` needs to know of it; None where the engine
        needs nothing, and then gets None.
    sr
        The engine's rate in Hz.
    """

    make_stage: Callable[..., Stage]
    survey: Callable[..., Any] | None = None
    sr: int = RATE


def load_engine(name: str, options: Mapping[str, object] | None = None) -> Engine:
    """An engine by its name, or by ``"module:function"`` where somebody else wrote it.

    Parameters
    ----------
    name
        One of `ENGINES`, or where to find a function that returns an `Engine`.
    options
        Keyword arguments of the function.

    Raises
    ------
    DenoiseError
        If there is no such engine, or it does not take one of the options.
    """
    module, _, attribute = ENGINES.get(name, name).partition(":")
    known = ", ".join([*ENGINES, "MODULE:FUNCTION"])
    if not attribute:
        raise DenoiseError(f"no engine {name!r}: one of {known}")
    try:
        make = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise DenoiseError(f"the engine {name!r} can't be loaded: {error}") from error
    taken = inspect.signature(make).parameters
    for option in options or {}:
        if option not in taken and not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
            raise DenoiseError(f"the engine {name!r} takes no option {option!r}")
    made = make(**(options or {}))
    if not isinstance(made, Engine):
        raise DenoiseError(f"the engine {name!r} is a {type(made).__name__}, not an Engine")
    return made
