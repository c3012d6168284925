"""The engine that a caller asks for, with the noise that they know."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from hotpapers.denoise.engines import Engine, load_engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.survey import Survey, survey

__all__ = ["choose_engine"]


def choose_engine(
    engine: str | Engine = "auto",
    *,
    sr: int,
    model: str | None = None,
    only: Collection[str] | None = None,
    skip: Collection[str] = (),
    noise_profile: tuple[float, float] | ArrayLike | None = None,
) -> Engine:
    """An engine by name with its options, or the one given.

    Parameters
    ----------
    engine
        ``"auto"``, ``"net"``, ``"dsp"``, ``"hybrid"``, ``"module:function"``, or an `Engine`.
    sr
        Rate of `noise_profile` in Hz, where that is sound.
    model
        Weights that ship, by name, or the path of others.
    only, skip
        Take out only these kinds of noise, or leave these: hiss, crackle, click, hum, rumble.
    noise_profile
        Start and end in seconds of a stretch of the recording that holds only noise; or such noise itself,
        ``(n,)`` or ``(n, channels)`` at `sr` Hz. Looked for where None.

    Raises
    ------
    DenoiseError
        If there is no such engine, or it does not take an option that was given.
    """
    region, noise = _told(noise_profile)
    options: dict[str, Any] = {}
    if model is not None:
        options["model"] = str(model)
    if only is not None:
        options["only"] = tuple(only)
    if skip:
        options["skip"] = tuple(skip)
    if region is not None:
        options["profile"] = region
    if isinstance(engine, Engine):
        if options:
            raise DenoiseError(f"an engine that is made already takes no {', '.join(options)}")
        chosen = engine
    else:
        chosen = load_engine(engine, options)
    return chosen if noise is None else _told_noise(chosen, noise, sr)


def _told(given: Any) -> tuple[tuple[float, float] | None, NDArray[np.float32] | None]:
    """Start and end, or sound."""
    if given is None:
        return None, None
    if isinstance(given, tuple) and len(given) == 2 and all(np.isscalar(each) for each in given):
        return (float(given[0]), float(given[1])), None
    noise = np.asarray(given, np.float32)
    noise = noise[:, None] if noise.ndim == 1 else noise
    if noise.ndim != 2 or not np.isfinite(noise).all():
        raise DenoiseError("a noise profile is a start and an end in seconds, or finite samples of noise")
    return None, noise


def _told_noise(engine: Engine, noise: NDArray[np.float32], sr: int) -> Engine:
    """The engine, whose survey takes this for the recording's noise."""
    look = engine.survey
    if look is None:
        raise DenoiseError("this engine looks at no recording beforehand: it takes no noise profile")
    heard = soxr.resample(noise, sr, engine.sr, quality="VHQ") if sr != engine.sr else noise
    length = len(heard) / engine.sr
    known = survey(iter([heard]), sr=engine.sr, channels=heard.shape[1], region=(0.0, length))

    def survey_with(blocks: Any, *, sr: int, channels: int) -> Any:
        found = look(blocks, sr=sr, channels=channels)
        if not isinstance(found, Survey):
            raise DenoiseError("this engine has a survey of its own: it takes no noise profile")
        return replace(found, profile=known.profile, repaired_profile=known.repaired_profile)

    return Engine(make_stage=engine.make_stage, survey=survey_with, sr=engine.sr)
