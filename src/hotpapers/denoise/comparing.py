"""Two files of one sound compared: another program's restoration, or two of ours."""

from __future__ import annotations

import math
from itertools import zip_longest
from pathlib import Path

import numpy as np

from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.listening.page import octave_changes
from hotpapers.denoise.removed_energy import EnergyBySecond
from hotpapers.denoise.report import excerpt_start, excerpts, show
from hotpapers.media.audio import open_audio

__all__ = ["compare"]


def compare(
    before: Path, after: Path, *, page: Path | None = None, picture: Path | None = None
) -> dict[str, float | dict[str, float]]:
    """Compare two files, and write a listening page and a picture of where they differ most.

    Parameters
    ----------
    before, after
        Files of one rate, length and number of channels.
    page, picture
        As for `report.write_report`.

    Returns
    -------
    dict
        ``seconds``; ``before_db``, ``after_db`` and ``difference_db``, rms in dB of full scale; ``octaves``,
        change by band in dB over the excerpt that is shown.

    Raises
    ------
    AudioError
        If one can't be read.
    DenoiseError
        If they are not alike.
    """
    one, other = open_audio(before), open_audio(after)
    if (one.rate, one.channels) != (other.rate, other.channels):
        raise DenoiseError(
            f"{before} has {one.channels} channels at {one.rate} Hz, {after} has {other.channels} at {other.rate} Hz: "
            "only like can be compared"
        )
    energy, frames = np.zeros(3), 0
    removed = EnergyBySecond(one.rate)
    for first, second in zip_longest(one.blocks(), other.blocks()):
        if first is None or second is None or first.shape != second.shape:
            raise DenoiseError(f"{before} and {after} are not equally long: only like can be compared")
        difference = np.square(first.astype(np.float64) - second)
        energy += [float(np.sum(np.square(x, dtype=np.float64))) for x in (first, second)] + [
            difference.sum()
        ]
        removed.add(difference)
        frames += len(first)
    if not frames:
        raise DenoiseError(f"{before} and {after} hold no samples")
    start = excerpt_start(removed.seconds)
    was, now, sr = excerpts(before, after, start, start, one.rate)
    levels = [10 * math.log10(each / frames / one.channels + 1e-20) for each in energy]
    told = dict(zip(("before_db", "after_db", "difference_db"), levels, strict=True))
    facts = {name.removesuffix("_db"): f"{level:.1f} dB of full scale" for name, level in told.items()}
    show(was, now, sr, f"{before.name} and {after.name}", facts, start, page=page, picture=picture)
    changes = {str(centre): change for centre, change in octave_changes(was, now, sr)}
    return {"seconds": frames / one.rate, **told, "octaves": changes}
