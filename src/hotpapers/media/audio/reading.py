"""Sound files read block by block, at any length in constant memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from hotpapers.media.audio.damage import declared_more, ends_early
from hotpapers.media.audio.errors import AudioError, DamagedAudioError
from hotpapers.media.audio.formats import Encoding
from hotpapers.media.audio.sample_queue import SampleQueue
from hotpapers.media.audio.soundfile_streams import has_length_of_its_own, opened

if TYPE_CHECKING:
    from hotpapers.media.audio.tags import Tags

__all__ = ["BLOCK", "AudioReader", "SoundFileReader", "open_audio", "read_audio"]

BLOCK = 65_536
# libsndfile gives nothing of a read that fails: small reads lose little of a damaged file.
_READ = 2048
_MOST_CHANNELS = 8
_RATES = (8_000, 192_000)


class AudioReader(ABC):
    """A sound file that can be read again and again; nothing stays open between reads.

    Attributes
    ----------
    path
        The file.
    rate
        Frames per second.
    channels
        1 to 8.
    frames
        Length that the file declares; None where it declares none. What was read is the truth.
    encoding
        Container and subtype.
    """

    path: Path
    rate: int
    channels: int
    frames: int | None
    encoding: Encoding

    @abstractmethod
    def _reads(self, start: int, exact: bool) -> Iterator[NDArray[Any]]:
        """Reads of any length from frame `start` on."""

    @cached_property
    def tags(self) -> Tags:
        """Title, artist and the like, with the pictures; empty where the file has none."""
        from hotpapers.media.audio.tags import read_tags

        return read_tags(self.path)

    @property
    def duration(self) -> float | None:
        """Declared length in seconds."""
        return None if self.frames is None else self.frames / self.rate

    def blocks(
        self, size: int = BLOCK, *, start: int = 0, stop: int | None = None, exact: bool = False
    ) -> Iterator[NDArray[Any]]:
        """Yield the samples from frame `start` up to `stop` in blocks of `size` frames; the last is shorter.

        Parameters
        ----------
        size
            Frames of a block.
        start, stop
            The part to read; to the end where `stop` is None.
        exact
            The file's own numbers: int32 of the size that `encoding.bits` says, float32 or float64.
            Otherwise float32, full scale 1.0. float32 holds samples of up to 24 bits exactly.

        Yields
        ------
        ndarray
            Shape ``(n, channels)``.

        Raises
        ------
        DamagedAudioError
            After all that could be read, if that is not all that the file declares.
        """
        if size < 1 or start < 0 or (stop is not None and stop < start):
            raise AudioError(f"{self.path}: no blocks of {size} frames from {start} to {stop}")
        waiting: SampleQueue | None = None
        left = None if stop is None else stop - start
        damage: DamagedAudioError | None = None
        reads = self._reads(start, exact)
        while left is None or left > 0:
            try:
                read = next(reads, None)
            except DamagedAudioError as error:
                read, damage = None, error
            if read is None:
                break
            read = read if left is None else read[:left]
            left = None if left is None else left - len(read)
            waiting = waiting or SampleQueue(self.channels, read.dtype)
            waiting.put(read)
            while len(waiting) >= size:
                yield waiting.take(size)
        if waiting:
            yield waiting.take(size)
        if damage is not None:
            raise damage


class SoundFileReader(AudioReader):
    """A file that libsndfile reads.

    Raises
    ------
    AudioError
        If it isn't one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._measured = has_length_of_its_own(path)
        try:
            with opened(path, whole=True) as stream:
                self.rate, self.channels = int(stream.samplerate), int(stream.channels)
                self.encoding = Encoding.of(stream.format, stream.subtype)
                frames = int(stream.frames)
                self._declared = declared_more(stream.extra_info, frames)
        except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name such as "x.raw"
            raise AudioError(f"{path} is no sound file that can be read: {_reason(error)}") from error
        self.frames = frames if self._measured and frames < 2**62 else None

    def _dtype(self, exact: bool) -> str:
        if not exact:
            return "float32"
        if self.encoding.bits is not None:
            return "int32"
        return "float64" if self.encoding.subtype == "DOUBLE" else "float32"

    def _reads(self, start: int, exact: bool) -> Iterator[NDArray[Any]]:
        dtype = self._dtype(exact)
        # libsndfile sets whole numbers flush left in 32 bits.
        shift = 32 - (self.encoding.bits or 32) if dtype == "int32" else 0
        # libsndfile's seeking in Vorbis misses by some frames near the end.
        seekable = self._measured and (self.encoding.bits is not None or not self.encoding.lossy)
        position = start
        try:
            with opened(self.path, whole=self._measured) as stream:
                for read in _frames_from(stream, start, dtype, seekable=seekable):
                    position += len(read)
                    yield read >> shift if shift else read
        except soundfile.LibsndfileError as error:
            raise DamagedAudioError(self.path, position, self.rate, _reason(error)) from error
        self._check_end(start, position)

    def _check_end(self, start: int, position: int) -> None:
        """Raise where the decoder came to an end before the recording does."""
        if self._declared is not None:
            why = f"its header declares {self._declared} frames and {position} are there"
        elif self.frames is not None and position < self.frames and start < self.frames:
            why = f"it declares {self.frames} frames and {position} can be decoded"
        elif self.encoding.format == "OGG" and ends_early(self.path):
            why = "its last page is missing"
        else:
            return
        raise DamagedAudioError(self.path, position, self.rate, why)


def _frames_from(
    stream: soundfile.SoundFile, start: int, dtype: str, *, seekable: bool
) -> Iterator[NDArray[Any]]:
    skip = start
    if seekable and start:
        if start >= stream.frames:
            return
        stream.seek(start)
        skip = 0
    while len(read := stream.read(_READ, dtype=dtype, always_2d=True)):
        if skip < len(read):
            yield read[skip:]
        skip = max(0, skip - len(read))


def _reason(error: Exception) -> str:
    """What libsndfile said, without the file's name and its own "Error"."""
    text = str(getattr(error, "error_string", error))
    return " ".join(text.removeprefix("Error : ").split()).rstrip(".") or type(error).__name__


def open_audio(path: Path | str) -> AudioReader:
    """Open a sound file: by libsndfile, or by ffmpeg where that is installed and libsndfile can't.

    Raises
    ------
    AudioError
        If it is a folder, not there, empty, no sound, of more than 8 channels, or of a rate outside
        8 to 192 kHz.
    """
    path = Path(path)
    if path.is_dir():
        raise AudioError(f"{path} is a folder: give a sound file")
    try:
        with path.open("rb") as stream:
            first = stream.read(1)
    except OSError as error:
        raise AudioError(f"cannot read {path}: {error.strerror}") from error
    if not first:
        raise AudioError(f"{path} is empty: it has no bytes")
    reader: AudioReader
    try:
        reader = SoundFileReader(path)
    except AudioError as refusal:
        from hotpapers.media.audio.ffmpeg import FfmpegReader

        reader = FfmpegReader.instead(path, refusal)
    if not 1 <= reader.channels <= _MOST_CHANNELS:
        raise AudioError(f"{path} has {reader.channels} channels: at most {_MOST_CHANNELS} are accepted")
    if not _RATES[0] <= reader.rate <= _RATES[1]:
        raise AudioError(
            f"{path} has a rate of {reader.rate} Hz: from {_RATES[0]} to {_RATES[1]} are accepted"
        )
    if reader.frames == 0:
        raise AudioError(f"{path} is empty: it has no samples")
    return reader


def read_audio(path: Path | str) -> tuple[NDArray[np.float32], int]:
    """A whole file as float32 of shape ``(n, channels)``, and its rate in Hz.

    Raises
    ------
    AudioError
        As `open_audio` and `AudioReader.blocks`.
    """
    reader = open_audio(path)
    blocks = list(reader.blocks())
    return (np.concatenate(blocks) if blocks else np.zeros((0, reader.channels), np.float32)), reader.rate
