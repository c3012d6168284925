"""What the survey of a file says, in words and as JSON."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.survey import Survey, survey
from hotpapers.media.audio import open_audio

__all__ = ["as_json", "as_lines", "inspect"]


def inspect(path: Path | str) -> Survey:
    """Survey a recording at its own rate.

    Raises
    ------
    AudioError
        If the file is not audio.
    DenoiseError
        If it is empty or holds values that are not finite numbers.
    """
    reader = open_audio(path)

    def blocks() -> Any:
        for block in reader.blocks():
            if not np.isfinite(block).all():
                raise DenoiseError(f"{path} holds samples that are no finite numbers")
            yield block

    found = survey(blocks(), sr=reader.rate, channels=reader.channels)
    if not found.seconds:
        raise DenoiseError(f"{path} holds no samples")
    return found


def as_json(found: Survey) -> dict[str, Any]:
    """The survey in numbers; None for what isn't known."""
    profile = found.repaired_profile
    return {
        "sr": found.sr,
        "channels": found.channels,
        "seconds": round(found.seconds, 6),
        "peak": found.peak,
        "rms_db": found.rms_db if math.isfinite(found.rms_db) else None,
        "noise_db": None if profile is None else profile.level_db,
        "noise_origin": None if profile is None else profile.origin,
        "noise_stretches": [] if profile is None else [list(each) for each in profile.stretches],
        "noise_trust": 0.0 if profile is None else profile.trust,
        "snr_db": found.snr_db,
        "clean": found.is_clean,
        "clicks_per_second": found.click_rate,
        "hum": [{"hz": line.frequency, "excess_db": line.excess_db} for line in found.hum],
        "rumble": found.has_rumble,
        "bandwidth_hz": found.bandwidth,
        "rpm": None if found.rotation_period is None else 60 / found.rotation_period,
    }


def as_lines(found: Survey) -> list[str]:
    """The survey for people."""
    profile = found.repaired_profile
    channels = "1 channel" if found.channels == 1 else f"{found.channels} channels"
    level = f"{found.rms_db:.1f} dB rms" if math.isfinite(found.rms_db) else "silent"
    lines = [f"{found.seconds:.2f} s, {found.sr} Hz, {channels}, {level}, peak {found.peak:.3f}"]
    if profile is None:
        lines.append(
            "noise: " + ("none found" if found.has_little_noise else "none for certain; a net will tell")
        )
    else:
        where = ", ".join(f"{start:.2f}-{end:.2f} s" for start, end in profile.stretches)
        clean = ": clean already" if found.is_clean else ""
        lines.append(
            f"noise: {profile.level_db:.1f} dB, {found.snr_db:.1f} dB below the recording{clean}; "
            + (f"measured at {where}" if where else "estimated from the floor between the notes")
            + f" (trust {profile.trust:.2f})"
        )
    lines.append(f"clicks: {found.click_rate:.1f} per second" + ("" if found.has_clicks else ", left alone"))
    lines.append("hum: " + (", ".join(f"{line.frequency:.1f} Hz" for line in found.hum) or "none"))
    lines.append("rumble: " + ("yes" if found.has_rumble else "none"))
    lines.append(f"bandwidth: {found.bandwidth:.0f} Hz")
    if found.rotation_period is not None:
        lines.append(f"record: about {60 / found.rotation_period:.1f} revolutions per minute")
    return lines
