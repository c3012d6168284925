"""The engines with a net: alone, beside the classical engine, or whichever fits the recording."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import cast

from hotpapers.denoise.dsp.aligned import Untouched
from hotpapers.denoise.dsp.engine import DspOptions, dsp_stage, fitted, with_kept
from hotpapers.denoise.engines import Engine
from hotpapers.denoise.guard import Guarded
from hotpapers.denoise.hybrid import hybrid_stage, is_trusted, is_usable
from hotpapers.denoise.net_hearing import heard_by
from hotpapers.denoise.net_stage import NetStage, StreamedNet
from hotpapers.denoise.stages import Chain, Stage
from hotpapers.denoise.survey import Region, Survey, survey
from hotpapers.denoise.weights import find_weights, load_net

__all__ = ["auto", "hybrid", "net"]

_PIECE_SECONDS = 5.0
_EAR = "small"  # whichever net restores: what this one takes from music and from noise was measured

# A survey, the net as a stage and the classical options -> the stage for hiss and what goes with it.
Choose = Callable[[Survey, Stage, int, DspOptions], Stage]


def net(
    *,
    model: str = "small",
    only: Collection[str] | None = None,
    skip: Collection[str] = (),
    profile: Region | None = None,
    blind: bool = False,
) -> Engine:
    """The net, told the noise profile where the survey found one that it trusts.

    Parameters
    ----------
    model
        Weights that ship, by name, or the path of others.
    only, skip
        Kinds of noise to take out, or to leave.
    profile
        Start and end in seconds of a stretch that holds only noise.
    blind
        Never tell the net the profile.

    Raises
    ------
    DenoiseError
        If the weights can't be used, or there is no such kind of noise.
    """
    return _engine(_guarded, model=model, only=only, skip=skip, profile=profile, blind=blind)


def hybrid(
    *,
    model: str = "small",
    only: Collection[str] | None = None,
    skip: Collection[str] = (),
    profile: Region | None = None,
) -> Engine:
    """The net and the classical engine together where the noise is known, else the net alone; options as of `net`."""
    return _engine(_together, model=model, only=only, skip=skip, profile=profile)


def auto(
    *,
    model: str = "small",
    only: Collection[str] | None = None,
    skip: Collection[str] = (),
    profile: Region | None = None,
) -> Engine:
    """What fits the recording; options as of `net`.

    A recording without hiss and clicks loses only the hum and rumble that the survey found; where steady noise isn't
    surely heard, the net decides alone, and where it is, the classical engine helps: as `hybrid`.
    """
    return _engine(_together, model=model, only=only, skip=skip, profile=profile, spare_clean=True)


def _engine(
    choose: Choose,
    *,
    model: str,
    only: Collection[str] | None,
    skip: Collection[str],
    profile: Region | None,
    blind: bool = False,
    spare_clean: bool = False,
) -> Engine:
    options = DspOptions(only=only, skip=skip)
    loaded = _loaded(find_weights(model))
    ear = _loaded(find_weights(_EAR))

    def look(blocks: object, *, sr: int, channels: int) -> Survey:
        found = survey(blocks, sr=sr, channels=channels, region=profile)  # type: ignore[arg-type]
        return heard_by(ear, found) if found.peak else found

    def make_stage(found: Survey, *, sr: int, channels: int) -> Stage:
        if not found.peak:
            return Untouched(channels)
        spared = spare_clean and found.has_little_noise and not found.has_clicks
        if spared or not options.takes_out("hiss", found=True):
            return dsp_stage(found, sr=sr, channels=channels, options=options)
        known = found.profile.rms if found.profile is not None and is_trusted(found) and not blind else None
        stage: Stage = NetStage(
            loaded,
            channels=channels,
            level=10 ** (found.rms_db / 20),
            profile=known,
            piece_seconds=_PIECE_SECONDS,
        )
        # What filters know exactly is not left to the net.
        fit = fitted(options, found)
        steady = replace(fit, skip=[*options.skip, "hiss", "click", "crackle"])
        stage = Chain([dsp_stage(found, sr=sr, channels=channels, options=steady), stage])
        return with_kept(choose(found, stage, channels, fit), found, channels=channels, options=options)

    return Engine(make_stage=make_stage, survey=look)


def _together(found: Survey, stage: Stage, channels: int, options: DspOptions) -> Stage:
    """The net and the classical engine where the noise is known; the mean of both cannot lose what one keeps."""
    if not is_usable(found):
        return _guarded(found, stage, channels, options)
    return hybrid_stage(found, stage, sr=found.sr, channels=channels, options=options)


def _guarded(found: Survey, stage: Stage, channels: int, options: DspOptions) -> Stage:
    """The net, watched; beside it the classical engine takes out what can be taken out without a profile."""
    careful = replace(options, skip=[*options.skip, "hiss"])
    beside = dsp_stage(found, sr=found.sr, channels=channels, options=careful)
    return Guarded(stage, beside, sr=found.sr, channels=channels)


def _loaded(path: Path) -> StreamedNet:
    """The net of a weights file, once for each state of the file."""
    return cast(StreamedNet, _loaded_once(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=4)
def _loaded_once(path: Path, _changed: int) -> object:
    return load_net(path)
