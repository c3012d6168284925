"""How a recording is restored, and what is told of it afterwards."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.removal import Stereo
from hotpapers.media.audio import clock

__all__ = ["Restoration", "Settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a recording is restored and written.

    Parameters
    ----------
    strength
        From 0, nothing is taken away, to 1, all that the engine would.
    max_attenuation_db
        Leave at least this much of what the engine takes away, in dB below it; None for no such limit.
    stereo
        How channels are treated together: ``linked``, ``independent`` or ``mid-side``.
    start, end
        The part to restore, in seconds; the output holds only that part.
    container
        Format of the output, such as ``"flac"``; named by its suffix where None.
    subtype
        ``"keep"``, or such as ``"PCM_24"``.
    residual_subtype
        Of the file of removed noise; as the output's where None.
    dither
        ``"auto"``: where the output has fewer bits than the recording. ``"none"``, ``"tpdf"``.
    seed
        Of the dither.
    sanitize
        Take zero for samples that are no numbers, instead of refusing the recording.
    overwrite
        Replace existing outputs.
    """

    strength: float = 1.0
    max_attenuation_db: float | None = None
    stereo: Stereo | str = Stereo.linked
    start: float = 0.0
    end: float | None = None
    container: str | None = None
    subtype: str = "keep"
    residual_subtype: str | None = None
    dither: str = "auto"
    seed: int = 0
    sanitize: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise DenoiseError(f"strength {self.strength:g}: from 0 (nothing removed) to 1 (all)")
        if self.max_attenuation_db is not None and not self.max_attenuation_db >= 0:
            raise DenoiseError(f"maximal attenuation {self.max_attenuation_db:g} dB: 0 or more")
        if not (math.isfinite(self.start) and self.start >= 0):
            raise DenoiseError(f"start {self.start:g} s: 0 or later")
        if self.end is not None and not self.end > self.start:
            raise DenoiseError(f"end {self.end:g} s: later than the start, {self.start:g} s")
        if self.dither not in {"auto", "none", "tpdf"}:
            raise DenoiseError(f"dither {self.dither!r}: auto, none or tpdf")
        if self.stereo not in list(Stereo):
            raise DenoiseError(f"stereo {self.stereo!r}: {', '.join(Stereo)}")
        object.__setattr__(self, "stereo", Stereo(self.stereo))

    @property
    def share(self) -> float:
        """Of what the engine takes away, the part that is really taken away."""
        if self.max_attenuation_db is None:
            return self.strength
        return min(self.strength, 1 - 10 ** (-self.max_attenuation_db / 20))

    @property
    def is_whole(self) -> bool:
        """Whether all of the recording is restored."""
        return self.start == 0 and self.end is None


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """What was done to a recording.

    Parameters
    ----------
    source, output, residual
        Files; the residual only where asked for.
    frames, rate, channels
        Of the output.
    container, subtype
        Of the output, by libsndfile's names.
    removed_db
        Level of what was taken away below that of the recording, in dB; None where nothing was.
    clipped
        Samples that the output cut off at full scale.
    start
        Where in the recording the output begins, in seconds.
    survey
        What the engine measured of the recording; None where it measures nothing.
    removed_by_second
        Energy that was taken from each second of the output; full scale is 1.
    notes
        What its owner should know, each a line.
    """

    source: Path
    output: Path
    residual: Path | None
    frames: int
    rate: int
    channels: int
    container: str
    subtype: str
    removed_db: float | None
    clipped: int
    start: float = 0.0
    survey: Any = field(default=None, repr=False)
    removed_by_second: tuple[float, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """Length of the output."""
        return self.frames / self.rate

    def line(self) -> str:
        """One line for people."""
        removed = (
            "nothing removed" if self.removed_db is None else f"removed noise at {self.removed_db:.1f} dB"
        )
        channels = "1 channel" if self.channels == 1 else f"{self.channels} channels"
        return (
            f"{self.output}: {clock(self.seconds)}, {self.rate} Hz, {channels}, "
            f"{self.container} {self.subtype}; {removed}"
        )

    def as_json(self) -> dict[str, object]:
        """It as JSON holds it, without survey and seconds."""
        left_out = ("survey", "removed_by_second")
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in left_out}
        return {name: str(value) if isinstance(value, Path) else value for name, value in told.items()}
