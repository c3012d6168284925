"""What a restoration did, to be heard and seen: a listening page and a picture of the part that matters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.listening.page import LONGEST
from hotpapers.denoise.reading import read_clip
from hotpapers.denoise.settings import Restoration
from hotpapers.denoise.survey import Survey, survey
from hotpapers.media.audio import clock

__all__ = ["excerpt_start", "excerpts", "facts_of", "show", "write_report"]

Samples = NDArray[np.float32]
_HIGHEST_RATE = 48_000  # of a page's sound
_MOST_CHANNELS = 2


def write_report(told: Restoration, *, page: Path | None = None, picture: Path | None = None) -> None:
    """Write the listening page and the picture of a restoration.

    Of a recording of more than 60 s they show the 60 s from which most was removed.

    Parameters
    ----------
    told
        What `restore` returned; its source and its output are read again.
    page, picture
        An HTML file; a PNG, SVG or PDF file. None for none.
    """
    start = excerpt_start(told.removed_by_second)
    before, after, sr = excerpts(told.source, told.output, told.start + start, start, told.rate)
    facts = facts_of(told, before, after, sr)
    show(before, after, sr, told.source.name, facts, told.start + start, page=page, picture=picture)


def show(
    before: Samples,
    after: Samples,
    sr: int,
    title: str,
    facts: Mapping[str, str],
    start: float,
    *,
    page: Path | None,
    picture: Path | None,
) -> None:
    """Write the page and the picture of two sounds; arguments as of `listening.page.to_html`."""
    if page is not None:
        from hotpapers.denoise.listening.page import write_page

        write_page(page, before, after, sr, title=title, facts=facts, start=start)
    if picture is not None:
        from hotpapers.denoise.listening.figure import save_figure

        save_figure(picture, before, after, sr, title=title)


def excerpt_start(removed_by_second: Sequence[float], seconds: float = LONGEST) -> int:
    """First second of the excerpt of this length from which most energy was removed.

    Examples
    --------
    >>> excerpt_start([0.0, 0.0, 5.0, 4.0, 0.0], seconds=2)
    2
    """
    width = int(seconds)
    if len(removed_by_second) <= width:
        return 0
    sums = np.convolve(removed_by_second, np.ones(width), "valid")
    return int(np.argmax(sums))


def excerpts(
    source: Path, output: Path, start_source: float, start_output: float, rate: int
) -> tuple[Samples, Samples, int]:
    """Both sounds for a page: of one length, at a rate that browsers play, in at most two channels.

    Parameters
    ----------
    source, output
        Files.
    start_source, start_output
        Where the excerpts begin in them, in seconds; at most 60 s are read.
    rate
        Of the files, in Hz.
    """
    sr = min(rate, _HIGHEST_RATE)
    before = _for_ears(read_clip(source, sr, start=start_source, seconds=LONGEST, sanitize=True))
    after = _for_ears(read_clip(output, sr, start=start_output, seconds=LONGEST))
    length = min(len(before), len(after))
    return before[:length], after[:length], sr


def _for_ears(samples: Samples) -> Samples:
    if samples.shape[1] > _MOST_CHANNELS:
        return np.asarray(samples.mean(axis=1, keepdims=True), np.float32)
    return samples


def facts_of(told: Restoration, before: Samples, after: Samples, sr: int) -> dict[str, str]:
    """What was measured, label -> value with its unit.

    The survey is of the whole recording; what stands as "before → after" is of the excerpts.
    """
    facts = {"length": clock(told.seconds)}
    facts["removed"] = "nothing" if told.removed_db is None else f"{told.removed_db:.1f} dB of the recording"
    found = told.survey
    if isinstance(found, Survey):
        facts |= _survey_facts(found)
    was, now = (survey(iter([part]), sr=sr, channels=part.shape[1]) for part in (before, after))
    facts["clicks per second"] = f"{was.click_rate:.1f} → {now.click_rate:.1f}"
    low, high = _floor_db(before, sr), _floor_db(after, sr)
    facts["quietest tenth, 1 to 8 kHz"] = f"{low:.1f} → {high:.1f} dB"
    return facts


def _survey_facts(found: Survey) -> dict[str, str]:
    facts = {}
    profile = found.repaired_profile
    if profile is not None:
        facts["noise"] = f"{profile.level_db:.1f} dB of full scale"
        where = ", ".join(f"{clock(start)}-{clock(end)}" for start, end in profile.stretches[:3])
        facts["noise measured at"] = where or "the floor between the notes"
    facts["hum"] = ", ".join(f"{line.frequency:.1f} Hz" for line in found.hum[:4]) or "none"
    facts["rumble"] = "yes" if found.has_rumble else "none"
    if found.rotation_period is not None:
        facts["speed"] = f"about {60 / found.rotation_period:.0f} revolutions a minute"
    return facts


def _floor_db(samples: Samples, sr: int) -> float:
    """Level from 1 to 8 kHz that is passed in nine tenths of the time, in dB of full scale."""
    mono = samples.mean(axis=1)
    size = max(256, round(sr * 0.046))
    frames = np.pad(mono, (0, -len(mono) % size)).reshape(-1, size) * np.hanning(size)
    power = np.square(np.abs(np.fft.rfft(frames)))
    bins = slice(round(1000 * size / sr), max(round(8000 * size / sr), 1) + 1)
    mean_square = power[:, bins].sum(axis=1) * 2 / (size * np.sum(np.hanning(size) ** 2))
    return 10 * math.log10(float(np.quantile(mean_square, 0.1)) + 1e-14)
