"""The files that a restoration writes: the clean recording, and the noise that was taken from it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.files import atomic_path
from hotpapers.denoise.removed_energy import EnergyBySecond
from hotpapers.denoise.settings import Settings
from hotpapers.media.audio import AudioReader, AudioWriter, Encoding

__all__ = ["Outputs", "copied"]

_SILENCE = 65_536


class Outputs:
    """Both writers; in a `with`, as each of them.

    Parameters
    ----------
    reader
        The recording.
    out, residual
        The files; no residual where None.
    encoding, residual_encoding
        How they are written.
    settings
        Strength, dither and the like.
    same_as
        As in `Scan`: copies of a channel are dithered alike.
    """

    def __init__(
        self,
        *,
        reader: AudioReader,
        out: Path,
        residual: Path | None,
        encoding: Encoding,
        residual_encoding: Encoding | None,
        settings: Settings,
        same_as: Sequence[int],
    ) -> None:
        self.reader, self.out, self.residual = reader, out, residual
        self.encoding, self.residual_encoding = encoding, residual_encoding
        self.frames = self._residual_clipped = 0
        self._settings = settings
        self._recording_power = self._noise_power = 0.0
        self._removed = EnergyBySecond(reader.rate)
        self._stack = ExitStack()
        self._clean = self._writer(
            out, encoding, dither=self._dithers(), seed=settings.seed, same_as=same_as, tags_from=reader.path,
            whole=settings.is_whole,
        )  # fmt: skip
        self._noise = None
        if residual is not None and residual_encoding is not None:
            self._noise = self._writer(residual, residual_encoding)

    def _writer(self, path: Path, encoding: Encoding, **more: Any) -> AudioWriter:
        # A part that could be saved replaces an earlier one.
        overwrite = self._settings.overwrite or path.suffix == ".part"
        return AudioWriter(path, like=self.reader, encoding=encoding, overwrite=overwrite, **more)

    def _dithers(self) -> bool:
        if self._settings.dither != "auto":
            return self._settings.dither == "tpdf"
        to, source = self.encoding.bits, self.reader.encoding
        return to is not None and (source.bits is None or to < source.bits)

    def __enter__(self) -> Self:
        self._stack.enter_context(self._clean)
        if self._noise is not None:
            try:
                self._stack.enter_context(self._noise)
            except BaseException as error:
                self._stack.__exit__(type(error), error, error.__traceback__)
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, samples: NDArray[np.float64], noise: NDArray[np.float32]) -> None:
        """Write the next frames.

        Parameters
        ----------
        samples
            Of the recording, shape ``(n, channels)``, full scale 1.0.
        noise
            What the engine takes away from them.
        """
        taken = self._settings.share * np.asarray(noise, np.float64)
        self._removed.add(taken)
        stored = self._clean.write(samples - taken)
        self.frames += len(samples)
        self._recording_power += float(np.sum(samples**2))
        self._noise_power += float(np.sum(taken**2))
        if self._noise is not None and self.residual_encoding is not None:
            self._write_noise(samples, stored, self._noise, self.residual_encoding)

    def _write_noise(
        self, samples: NDArray[np.float64], stored: NDArray[Any], writer: AudioWriter, encoding: Encoding
    ) -> None:
        """The residual is what the clean file, as it was rounded, lacks of the recording."""
        if encoding.bits is None or encoding.bits != self.encoding.bits:
            writer.write(samples - stored / self.encoding.scale)
            self._residual_clipped = writer.clipped
            return
        whole = np.rint(samples * encoding.scale) - stored
        fits = np.clip(whole, -encoding.scale, encoding.scale - 1)
        self._residual_clipped += int(np.count_nonzero(fits != whole))
        writer.write_exact(fits.astype(np.int32))

    @property
    def removed_by_second(self) -> tuple[float, ...]:
        """Energy that was taken from each second of the output."""
        return self._removed.seconds

    @property
    def clipped(self) -> int:
        """Samples that the clean file cut off at full scale."""
        return self._clean.clipped

    @property
    def removed_db(self) -> float | None:
        """Level of what was taken away below that of the recording, in dB; None where nothing was."""
        if not self._noise_power or not self._recording_power:
            return None
        return 10 * math.log10(self._noise_power / self._recording_power)

    def notes(self) -> Iterator[str]:
        """What the owner of the files should know of how they were written."""
        if self.clipped:
            yield (
                f"{self.out}: {self.clipped:,} samples lie beyond full scale and were cut off: "
                "--subtype FLOAT in a WAV keeps them"
            )
        if self._residual_clipped:
            yield (
                f"{self.residual}: {self._residual_clipped:,} samples lie beyond full scale and were cut off: "
                "as a WAV with --residual-subtype FLOAT the residual is exact"
            )
        source = self.reader.encoding
        if source.bits is None and not source.lossy and self.encoding.bits is not None:
            yield f"{self.out}: the recording's floating-point samples became {self.encoding.bits} bits"


def copied(outputs: Outputs, frames: int) -> None:
    """Copy the recording byte by byte, and write silence as its residual."""
    with ExitStack() as stack:
        shutil.copyfile(outputs.reader.path, stack.enter_context(atomic_path(outputs.out)))
        if outputs.residual is not None:
            writer = stack.enter_context(
                AudioWriter(
                    outputs.residual, like=outputs.reader, encoding=outputs.residual_encoding, overwrite=True
                )
            )
            for start in range(0, frames, _SILENCE):
                writer.write(np.zeros((min(_SILENCE, frames - start), outputs.reader.channels), np.float32))
    outputs.frames = frames
