"""The listening page: one HTML file with three synchronised sounds, their spectrograms and a blind test.

It asks nobody for anything: sounds (FLAC) and pictures stand inside, and it plays from ``file://``.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jinja2 import Environment

from hotpapers.common.figures import palette_css
from hotpapers.common.files import write_text
from hotpapers.common.html import environment, json_block, render_page
from hotpapers.denoise.listening.spectrograms import LogSpectrogram, log_spectrogram, picture

__all__ = ["LONGEST", "asset", "octave_changes", "to_html", "write_page"]

LONGEST = 60.0
"""Seconds of sound that a page carries; of a longer recording the caller chooses a part."""

_PACKAGE = "hotpapers.denoise.listening"
_TICKS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)

Samples = npt.NDArray[np.float32]


def to_html(
    before: Samples,
    after: Samples,
    sr: int,
    *,
    title: str,
    facts: Mapping[str, str] | None = None,
    start: float = 0.0,
    removed: Samples | None = None,
) -> str:
    """The page of a restoration, the same bytes for the same input.

    Parameters
    ----------
    before, after
        The recording and its restoration, ``[n]`` or ``[n, channels]``, aligned; at most `LONGEST` seconds are used.
    sr
        Samples a second.
    title
        Heading, such as the file's name.
    facts
        What was measured on the whole recording: name -> value with its unit.
    start
        Where in the recording the samples begin, in seconds.
    removed
        What was taken out; ``before - after`` where not given.

    Raises
    ------
    ValueError
        If the two are not of one shape.
    """
    if before.shape != after.shape:
        raise ValueError(f"before and after must have one shape: got {before.shape} and {after.shape}")
    most = int(LONGEST * sr)
    before, after = before[:most], after[:most]
    removed = before - after if removed is None else removed[:most]
    sounds = {"before": before, "after": after, "removed": removed}
    drawn = {name: log_spectrogram(sound, sr) for name, sound in sounds.items()}
    top = max(float(drawn["before"].levels.max()), -80.0)
    data = {
        "sounds": {name: _encoded(_flac(sound, sr)) for name, sound in sounds.items()},
        "gains": {name: _matching_gain(sound, before) for name, sound in sounds.items()},
        "title": title,
    }
    return render_page(
        _templates(),
        "listen.html.j2",
        styles=[palette_css(), asset("listen.css")],
        scripts=[asset("listen.js")],
        title=title,
        facts=dict(facts or {}),
        start=start,
        seconds=len(before) / sr,
        pictures={name: _encoded(picture(found, top=top)) for name, found in drawn.items()},
        ticks=_ticks(drawn["before"]),
        top=round(top),
        octaves=octave_changes(before, after, sr),
        data=json_block(data),
    )


def write_page(path: Path, before: Samples, after: Samples, sr: int, **options: Any) -> Path:
    """Write `to_html`'s page, whole or not at all, and return its path."""
    write_text(Path(path), to_html(before, after, sr, **options))
    return Path(path)


def octave_changes(before: Samples, after: Samples, sr: int) -> list[tuple[int, float]]:
    """Change of level by octave band: (centre in Hz, dB)."""
    spectra = [np.square(np.abs(np.fft.rfft(x if x.ndim == 1 else x.mean(axis=1)))) for x in (before, after)]
    frequencies = np.fft.rfftfreq(len(before), 1 / sr)
    changes = []
    for centre in (63, 125, 250, 500, 1000, 2000, 4000, 8000, 16_000):
        band = (frequencies >= centre / math.sqrt(2)) & (frequencies < centre * math.sqrt(2))
        was, now = (float(spectrum[band].sum()) for spectrum in spectra)
        if was > 0 and centre * math.sqrt(2) <= sr / 2 * 1.3:
            changes.append((centre, 10 * math.log10(max(now, was * 1e-12) / was)))
    return changes


def _flac(samples: Samples, sr: int) -> bytes:
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, np.clip(samples, -1, 1), sr, format="FLAC", subtype="PCM_16")
    return stream.getvalue()


def _matching_gain(sound: Samples, reference: Samples) -> float:
    """Gain that makes a sound as loud as the reference, at most 24 dB and without clipping."""
    level, wanted = (
        float(np.sqrt(np.square(x, dtype=np.float64).mean())) if x.size else 0.0 for x in (sound, reference)
    )
    peak = float(np.abs(sound).max(initial=0))
    return 1.0 if level == 0 else min(wanted / level, 1 / peak, 15.8)


def _ticks(spectrogram: LogSpectrogram) -> list[tuple[str, float]]:
    """Labels of frequencies and how high they stand, in per cent from below."""
    low, high = spectrogram.frequencies[0], spectrogram.frequencies[-1]
    return [
        (
            f"{tick // 1000} k" if tick >= 1000 else str(tick),
            100 * math.log(tick / low) / math.log(high / low),
        )
        for tick in _TICKS
        if low < tick < high
    ]


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


@cache
def _templates() -> Environment:
    return environment(_PACKAGE)


@cache
def asset(name: str) -> str:
    """Text of a style sheet or script of the pages."""
    return (files(_PACKAGE) / "assets" / name).read_text(encoding="utf-8")
