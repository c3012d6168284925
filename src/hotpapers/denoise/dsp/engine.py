"""The classical engine: rumble, hum, clicks and hiss taken out, each where the survey found it."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from hotpapers.denoise.dsp.aligned import Untouched
from hotpapers.denoise.dsp.clicks import DEFAULT_CLICKS, ClickSettings, Declicker
from hotpapers.denoise.dsp.hum import HumLine, notch_filter
from hotpapers.denoise.dsp.log_mmse import Stereo
from hotpapers.denoise.dsp.refinement import RefinedLogMmse
from hotpapers.denoise.dsp.rumble import high_pass
from hotpapers.denoise.engines import Engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.keeping import Keeping
from hotpapers.denoise.stages import Chain, Stage
from hotpapers.denoise.survey import Region, Survey, survey

__all__ = ["DEFAULTS", "KINDS", "DspOptions", "dsp_stage", "engine", "fitted", "notched_lines", "with_kept"]

KINDS = ("hiss", "crackle", "click", "hum", "rumble")

_NOTCHED_HZ = (
    200.0  # on nine mixtures with hum: 6.5 dB with notches everywhere, 8.0 up to here, 7.8 with none
)


@dataclass(frozen=True, kw_only=True)
class DspOptions:
    """What the classical engine takes out.

    Parameters
    ----------
    only
        Take out these of `KINDS`, found by the survey or not; None for all that the survey found.
    skip
        Leave these.
    max_attenuation_db
        Hiss falls by no more.
    clicks
        What counts as a click.
    stereo
        Whether the channels share their gains.
    notched_hz
        Lines of hum are notched out up to here.

    Raises
    ------
    DenoiseError
        If there is no such kind of noise.
    """

    only: Collection[str] | None = None
    skip: Collection[str] = ()
    max_attenuation_db: float = 34.0
    clicks: ClickSettings = DEFAULT_CLICKS
    stereo: Stereo = "linked"
    notched_hz: float = math.inf

    def __post_init__(self) -> None:
        for kind in [*(self.only or ()), *self.skip]:
            if kind not in KINDS:
                raise DenoiseError(f"there is no noise {kind!r} to take out: {', '.join(KINDS)}")

    def takes_out(self, *kinds: str, found: bool) -> bool:
        """Whether a stage for these kinds is wanted; `found`: whether the survey says it is needed."""
        wanted = set(kinds) - set(self.skip)
        return bool(wanted & set(self.only)) if self.only is not None else bool(wanted) and found


DEFAULTS = DspOptions()


def dsp_stage(found: Survey, *, sr: int, channels: int, options: DspOptions = DEFAULTS) -> Stage:
    """The stages that a recording needs, in the order rumble, hum, clicks, hiss.

    Parameters
    ----------
    found
        The recording's survey.
    sr, channels
        Of what will be pushed: as surveyed.
    options
        What to take out.

    Raises
    ------
    DenoiseError
        If the survey was made at another rate.
    """
    if found.sr != sr:
        raise DenoiseError(f"the survey was made at {found.sr} Hz and the stage is for {sr} Hz")
    stages: list[Stage] = []
    if options.takes_out("rumble", found=found.has_rumble):
        stages.append(high_pass(sr=sr, channels=channels))
    hum = notched_lines(found, options)
    if hum:
        stages.append(notch_filter(hum, sr=sr, channels=channels))
    if options.takes_out("crackle", "click", found=found.has_clicks):
        stages.append(Declicker(sr=sr, channels=channels, settings=options.clicks))
    profile = found.repaired_profile
    if profile is not None and options.takes_out("hiss", found=not found.is_clean):
        coarse, fine = profile.without_lines(line.frequency for line in hum)
        stages.append(
            RefinedLogMmse(
                noise_rms=coarse,
                fine_noise_rms=fine,
                n_fft=profile.n_fft,
                channels=channels,
                max_attenuation_db=options.max_attenuation_db,
                stereo=options.stereo,
            )
        )
    return Chain(stages) if stages else Untouched(channels)


def fitted(options: DspOptions, found: Survey) -> DspOptions:
    """The options, with high harmonics of hum left to what takes out hiss where the noise alone was heard.

    That lets the music pass where it covers them, as fifty notches in its midst don't.
    """
    profile = found.repaired_profile
    if (
        profile is None
        or profile.origin == "floor"
        or not options.takes_out("hiss", found=not found.is_clean)
    ):
        return options
    return replace(options, notched_hz=_NOTCHED_HZ)


def notched_lines(found: Survey, options: DspOptions) -> tuple[HumLine, ...]:
    """The lines of hum that notches take out."""
    hum = found.hum if options.takes_out("hum", found=True) else ()
    return tuple(line for line in hum if line.frequency < options.notched_hz)


def with_kept(stage: Stage, found: Survey, *, channels: int, options: DspOptions) -> Stage:
    """A stage that takes out all noise, kept from what the options say is to stay.

    Taking out hiss takes hum, rumble and clicks with it, as far as they are in the noise profile or a net knows
    them: those that stay are put aside before it.

    Parameters
    ----------
    stage
        Takes out hiss, and with it all else.
    found
        The recording's survey.
    channels
        Of what will be pushed.
    options
        What to take out.
    """
    kept = [kind for kind in KINDS if not options.takes_out(kind, found=True)]
    if not kept or not options.takes_out("hiss", found=True):
        return stage
    aside = dsp_stage(found, sr=found.sr, channels=channels, options=DspOptions(only=kept))
    return Keeping(aside, stage, channels)


def engine(
    *, only: Collection[str] | None = None, skip: Collection[str] = (), profile: Region | None = None
) -> Engine:
    """The classical engine as restoring takes it.

    Parameters
    ----------
    only, skip
        As in `DspOptions`.
    profile
        Start and end in seconds of a stretch that holds only noise.
    """
    options = DspOptions(only=only, skip=skip)

    def look(blocks: object, *, sr: int, channels: int) -> Survey:
        return survey(blocks, sr=sr, channels=channels, region=profile)  # type: ignore[arg-type]

    def make_stage(found: Survey, *, sr: int, channels: int) -> Stage:
        stage = dsp_stage(found, sr=sr, channels=channels, options=fitted(options, found))
        return with_kept(stage, found, channels=channels, options=options)

    return Engine(make_stage=make_stage, survey=look)
