"""libsndfile's streams, opened so that they give all that is in a file and nothing on stderr."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import soundfile

__all__ = ["has_length_of_its_own", "opened"]

_PIECE = 2**18


class _Stream(soundfile.SoundFile):  # type: ignore[misc]
    """A SoundFile that reads on until libsndfile has no more.

    Told that it can seek, soundfile asks for no more than the declared length and seeks after each read,
    which fails in files that declare no length and in damaged ones.
    """

    def seekable(self) -> bool:
        return False


def has_length_of_its_own(path: Path) -> bool:
    """Whether libsndfile can know a file's length: an MP3 without a header of its own has only a guess."""
    if path.suffix.lower() not in {".mp3", ".mp2"} and not _is_mpeg(path):
        return True
    from mutagen import MutagenError
    from mutagen.mp3 import MP3, BitrateMode

    try:
        return bool(MP3(path).info.bitrate_mode != BitrateMode.UNKNOWN)
    except MutagenError:
        return True


def _is_mpeg(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(3)
    return head == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


@contextmanager
def opened(path: Path, *, whole: bool) -> Iterator[soundfile.SoundFile]:
    """A stream on a file; through a pipe unless `whole`, which makes libsndfile read to the very end."""
    with _quiet(path):
        if whole:
            with _Stream(str(path)) as stream:
                yield stream
            return
        reading, writing = os.pipe()
        feeder = threading.Thread(target=_feed, args=(path, writing), daemon=True)
        feeder.start()
        try:
            with _Stream(reading, closefd=False) as stream:
                yield stream
        finally:
            os.close(reading)  # ends the feeder, too, where not all was read
            feeder.join()


def _feed(path: Path, writing: int) -> None:
    with suppress(BrokenPipeError), path.open("rb") as source, os.fdopen(writing, "wb") as sink:
        while piece := source.read(_PIECE):
            sink.write(piece)


@contextmanager
def _quiet(path: Path) -> Iterator[None]:
    """Keep the notes that libsndfile's MP3 decoder prints about damaged files off the terminal."""
    if not _is_mpeg(path):
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
