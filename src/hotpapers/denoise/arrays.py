"""Sound in arrays restored: `denoise`, and `reduce_noise` with the names of the package noisereduce."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotpapers.denoise.choosing import choose_engine
from hotpapers.denoise.engines import Engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.removal import plan_removal
from hotpapers.denoise.settings import Settings
from hotpapers.denoise.stages import run

__all__ = ["check_layout", "check_rate", "denoise", "reduce_noise"]

RATES = (8_000, 192_000)
MOST_CHANNELS = 8
_BLOCK = 1 << 18
_MORE_THAN_CHANNELS = 64


@overload
def denoise(
    y: ArrayLike,
    sr: int,
    *,
    engine: str | Engine = ...,
    model: str | None = ...,
    strength: float = ...,
    max_attenuation_db: float | None = ...,
    stereo: str = ...,
    only: Collection[str] | None = ...,
    skip: Collection[str] = ...,
    noise_profile: tuple[float, float] | ArrayLike | None = ...,
    residual: Literal[False] = ...,
) -> NDArray[Any]: ...
@overload
def denoise(
    y: ArrayLike,
    sr: int,
    *,
    engine: str | Engine = ...,
    model: str | None = ...,
    strength: float = ...,
    max_attenuation_db: float | None = ...,
    stereo: str = ...,
    only: Collection[str] | None = ...,
    skip: Collection[str] = ...,
    noise_profile: tuple[float, float] | ArrayLike | None = ...,
    residual: Literal[True],
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def denoise(
    y: ArrayLike,
    sr: int,
    *,
    engine: str | Engine = "auto",
    model: str | None = None,
    strength: float = 1.0,
    max_attenuation_db: float | None = None,
    stereo: str = "linked",
    only: Collection[str] | None = None,
    skip: Collection[str] = (),
    noise_profile: tuple[float, float] | ArrayLike | None = None,
    residual: bool = False,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[Any]]:
    """Take the noise out of a recording: ``y - strength * noise``, and nothing else changes.

    Parameters
    ----------
    y
        ``(n,)`` or ``(n, channels)`` as soundfile gives it, up to 8 channels; floating-point with full scale 1, or
        integers with the full scale of their type.
    sr
        Rate in Hz, 8,000 to 192,000.
    engine
        ``"auto"``: what fits the recording, and clean ones are left alone; ``"net"``, ``"dsp"``, ``"hybrid"``,
        or an `Engine`.
    model
        Weights that ship, by name, or the path of others; ``"small"`` where None.
    strength
        From 0, nothing is taken away, to 1.
    max_attenuation_db
        Leave at least this much of what the engine takes away, in dB below it.
    stereo
        ``"linked"``, ``"independent"`` or ``"mid-side"``.
    only, skip
        Take out only these kinds of noise, or leave these: hiss, crackle, click, hum, rumble.
    noise_profile
        Start and end in seconds of a stretch of only noise, or such noise itself at `sr` Hz; looked for where None.
    residual
        Also return what was taken away.

    Returns
    -------
    ndarray, or a pair of them
        As `y` in shape and type. A floating-point result may exceed 1 where a click was taken out of a loud passage.

    Raises
    ------
    DenoiseError
        If the array is empty, has another layout, type or rate, or holds values that are not finite.

    Examples
    --------
    >>> clean, noise = denoise(y, 44_100, residual=True)  # doctest: +SKIP
    """
    settings = Settings(strength=strength, max_attenuation_db=max_attenuation_db, stereo=stereo)
    given = np.asarray(y)
    check_rate(sr)
    samples, scale = _as_float(given)
    made = given.copy()
    if settings.share > 0:
        chosen = choose_engine(engine, sr=sr, model=model, only=only, skip=skip, noise_profile=noise_profile)
        noise = _noise_of(samples, sr, chosen, settings) * settings.share
        made = _as_given(samples.astype(np.float64) - noise, scale, given)
    return (made, given - made) if residual else made


def _as_float(given: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """Samples (n, channels) with full scale 1, and what full scale was."""
    check_layout(given)
    if given.dtype.kind == "i":
        scale = -float(np.iinfo(given.dtype).min)
    elif given.dtype.kind == "f":
        scale = 1.0
    else:
        raise DenoiseError(
            f"samples of type {given.dtype}: floating-point numbers or signed integers are taken"
        )
    columns = given[:, None] if given.ndim == 1 else given
    if not np.isfinite(columns).all():
        count = int(columns.size - np.count_nonzero(np.isfinite(columns)))
        raise DenoiseError(f"{count:,} samples are no finite numbers: numpy.nan_to_num makes zeros of them")
    return (columns if scale == 1 else columns / scale), scale


def _as_given(clean: NDArray[np.float64], scale: float, given: NDArray[Any]) -> NDArray[Any]:
    if scale != 1:
        clean = np.clip(np.rint(clean * scale), -scale, scale - 1)
    return clean.astype(given.dtype).reshape(given.shape)


def check_rate(sr: int) -> None:
    """Make sure that a rate is one that recordings have.

    Raises
    ------
    DenoiseError
        If it is no whole number from 8,000 to 192,000.
    """
    if int(sr) != sr or not RATES[0] <= sr <= RATES[1]:
        raise DenoiseError(f"a rate of {sr} Hz: whole numbers from {RATES[0]:,} to {RATES[1]:,} are taken")


def check_layout(samples: NDArray[Any]) -> None:
    """Make sure that samples come as ``(n,)`` or ``(n, channels)``.

    Raises
    ------
    DenoiseError
        If not; where they come as ``(channels, n)``, it says how to turn them.
    """
    if samples.ndim not in {1, 2}:
        raise DenoiseError(f"an array of shape {samples.shape}: (n,) or (n, channels) is taken")
    if samples.ndim == 2 and len(samples) <= MOST_CHANNELS < _MORE_THAN_CHANNELS < samples.shape[1]:
        raise DenoiseError(
            f"an array of shape {samples.shape} looks like (channels, n): samples come first here, so give y.T"
        )
    if not samples.size:
        raise DenoiseError(f"an array of shape {samples.shape} holds no samples")
    if samples.ndim == 2 and samples.shape[1] > MOST_CHANNELS:
        raise DenoiseError(f"{samples.shape[1]} channels: up to {MOST_CHANNELS} are taken")


def _noise_of(samples: NDArray[Any], sr: int, engine: Engine, settings: Settings) -> NDArray[np.float64]:
    """What is to be taken away at full strength, (n, channels)."""
    columns = samples.astype(np.float32)
    channels = columns.shape[1]
    same_as = [
        next(first for first in range(at + 1) if np.array_equal(columns[:, first], columns[:, at]))
        for at in range(channels)
    ]
    sounding = [at for at, first in enumerate(same_as) if first == at and columns[:, at].any()]
    if not sounding:
        return np.zeros(columns.shape)
    stage = plan_removal(
        engine,
        lambda: (columns[at : at + _BLOCK] for at in range(0, len(columns), _BLOCK)),
        rate=sr,
        same_as=same_as,
        sounding=sounding,
        stereo=settings.stereo,  # type: ignore[arg-type]
    )
    return np.asarray(run(stage, columns), np.float64)


def reduce_noise(
    y: ArrayLike,
    sr: int,
    *,
    prop_decrease: float = 1.0,
    y_noise: ArrayLike | None = None,
    **more: Any,
) -> NDArray[Any]:
    """`denoise` with the arguments and the layout of noisereduce, for whoever comes from there.

    Parameters
    ----------
    y
        ``(n,)`` or, as there, ``(channels, n)``.
    sr
        Rate in Hz.
    prop_decrease
        As `strength` of `denoise`.
    y_noise
        Noise alone, in the layout of `y`.
    more
        Other arguments of `denoise`; ``stationary``, without effect: steady and changing noise go together.

    Returns
    -------
    ndarray
        In the shape of `y`.

    Raises
    ------
    DenoiseError
        If an argument of noisereduce has nothing to set here, and as `denoise` does.
    """
    more.pop("stationary", None)
    for name in more:
        if name not in {"engine", "model", "max_attenuation_db", "stereo", "only", "skip"}:
            raise DenoiseError(f"reduce_noise has nothing to set by {name!r} here: leave it out")
    samples = np.asarray(y)
    noise = None if y_noise is None else np.asarray(y_noise).T
    clean: NDArray[Any] = denoise(samples.T, sr, strength=prop_decrease, noise_profile=noise, **more)
    return clean.T
