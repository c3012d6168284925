"""What can be wrong with a sound file."""

from __future__ import annotations

from pathlib import Path

from hotpapers.common.errors import InputError

__all__ = ["AudioError", "DamagedAudioError", "clock"]


class AudioError(InputError, ValueError):
    """A sound file, an encoding or a block of samples that can't be used; a `ValueError` too."""


class DamagedAudioError(AudioError):
    """A file whose end, or a part in its middle, can't be read.

    Parameters
    ----------
    path
        The file.
    good_frames
        Frames from the start that were read without an error.
    rate
        Frames per second.
    why
        What the decoder said, in a few words.
    """

    def __init__(self, path: Path, good_frames: int, rate: int, why: str) -> None:
        self.path, self.good_frames, self.rate, self.why = path, good_frames, rate, why
        super().__init__(f"{path} is damaged: good up to {clock(good_frames / rate)} ({why})")


def clock(seconds: float) -> str:
    """Seconds as people read them: ``"1:02:03.450"``, ``"2:03.450"``."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    ahead = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{ahead}:{rest // 1000:02}.{rest % 1000:03}"
