"""Sound files written block by block, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from hotpapers.common.errors import FailureError
from hotpapers.common.files import atomic_path
from hotpapers.media.audio.errors import AudioError
from hotpapers.media.audio.formats import Encoding, choose_encoding
from hotpapers.media.audio.quantizing import Quantizer
from hotpapers.media.audio.reading import AudioReader
from hotpapers.media.audio.same_bytes import make_repeatable
from hotpapers.media.audio.tags import copy_tags

__all__ = ["AudioWriter", "write_audio"]

# libsndfile's Vorbis encoder keeps a write on its stack.
_WRITE = 8192
# 0 is the best quality and the largest file: about 250 kbit/s in stereo here.
_LOSSY_COMPRESSION = 0.2


class AudioWriter:
    """A new sound file, used in a `with`: it appears under its name when the block ends without an error.

    Parameters
    ----------
    path
        The file.
    rate, channels
        Hz and number of channels; those of `like` where left out.
    like
        A reader whose rate, channels and encoding are kept.
    encoding
        How to store the samples; chosen from the name and `like` where left out.
    tags_from
        A sound file whose tags and pictures are copied.
    whole
        Whether the new file is as long as that file: then marks in time may be copied, too.
    dither
        Whether to dither when rounding to whole numbers (see `Quantizer`), with `seed` and `same_as`.
    overwrite
        Whether an existing file may be replaced.

    Raises
    ------
    AudioError
        If the file exists, or its name names no format that holds such samples.
    FailureError
        If the disk refuses.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        rate: int | None = None,
        channels: int | None = None,
        like: AudioReader | None = None,
        encoding: Encoding | None = None,
        tags_from: Path | None = None,
        whole: bool = True,
        dither: bool = False,
        seed: int = 0,
        same_as: Sequence[int] | None = None,
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        if like is not None:
            rate, channels = rate or like.rate, channels or like.channels
        if rate is None or channels is None:
            raise AudioError(f"{self.path}: give a rate and a number of channels, or a file to be like")
        self.encoding = encoding or choose_encoding(
            self.path, rate=rate, channels=channels, like=like.encoding if like else None
        )
        if not overwrite and self.path.exists():
            raise AudioError(f"{self.path} exists already: choose another name, or overwrite it")
        self.rate, self.channels, self.frames = rate, channels, 0
        self._tags_from, self._whole = tags_from, whole
        bits = self.encoding.bits
        self._quantizer = (
            None if bits is None else Quantizer(bits, channels, dither=dither, seed=seed, same_as=same_as)
        )
        self._stack = ExitStack()
        self._stream: Any = None

    @property
    def clipped(self) -> int:
        """Samples beyond full scale that a format of whole numbers cut off."""
        return self._quantizer.clipped if self._quantizer else 0

    def __enter__(self) -> Self:
        temporary = self._stack.enter_context(atomic_path(self.path))
        self._temporary = temporary
        more = (
            {"compression_level": _LOSSY_COMPRESSION}
            if self.encoding.bits is None and self.encoding.lossy
            else {}
        )
        try:
            self._stream = soundfile.SoundFile(
                str(temporary),
                "w",
                self.rate,
                self.channels,
                self.encoding.subtype,
                format=self.encoding.format,
                **more,
            )
        except (soundfile.LibsndfileError, ValueError) as error:
            refusal = AudioError(f"cannot write {self.path}: {_why(error)}")
            self._stack.__exit__(AudioError, refusal, None)
            raise refusal from error
        return self

    def write(self, block: NDArray[np.floating]) -> NDArray[Any]:
        """Append samples of shape ``(n, channels)``, full scale 1.0, and return what was stored.

        Whole numbers of `encoding.bits` bits (int32) where the format has them, else float32, or float64 for DOUBLE.
        """
        if self._quantizer is not None:
            stored: NDArray[Any] = self._quantizer(block)
        else:
            stored = block.astype(np.float64 if self.encoding.subtype == "DOUBLE" else np.float32, copy=False)
        self.write_exact(stored)
        return stored

    def write_exact(self, block: NDArray[Any]) -> None:
        """Append samples in the format's own numbers, as `AudioReader.blocks` gives them with `exact`."""
        if block.ndim != 2 or block.shape[1] != self.channels:
            raise AudioError(
                f"{self.path}: a block of shape {block.shape}; ({self.channels} columns expected)"
            )
        if self.encoding.bits is not None:
            block = np.left_shift(block.astype(np.int32, copy=False), 32 - self.encoding.bits)
        try:
            for start in range(0, len(block), _WRITE):
                self._stream.write(np.ascontiguousarray(block[start : start + _WRITE]))
        except (soundfile.LibsndfileError, AssertionError) as error:
            raise FailureError(f"cannot write {self.path}: {_why(error)}") from error
        self.frames += len(block)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stream.close()
            if kind is None:
                if self._tags_from is not None:
                    copy_tags(self._tags_from, self._temporary, self.encoding, whole=self._whole)
                make_repeatable(self._temporary, self.encoding)
        except BaseException as failure:
            self._stack.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)


def _why(error: Exception) -> str:
    text = str(getattr(error, "error_string", "")) or "not all samples were taken: is the disk full?"
    return text.rstrip(".")


def write_audio(
    path: Path | str,
    samples: NDArray[np.floating],
    rate: int,
    *,
    subtype: str = "keep",
    overwrite: bool = False,
) -> None:
    """Write samples of shape ``(n,)`` or ``(n, channels)``, full scale 1.0, as a file.

    Raises
    ------
    AudioError, FailureError
        As `AudioWriter`.
    """
    columns = samples[:, None] if samples.ndim == 1 else samples
    path = Path(path)
    encoding = choose_encoding(
        path, rate=rate, channels=columns.shape[1], subtype=subtype, frames=len(columns)
    )
    with AudioWriter(
        path, rate=rate, channels=columns.shape[1], encoding=encoding, overwrite=overwrite
    ) as writer:
        writer.write(columns)
