"""A recording restored: surveyed in a first pass, then streamed through an engine in constant memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.denoise.checking import check_room, check_targets
from hotpapers.denoise.engines import Engine
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.outputs import Outputs, copied
from hotpapers.denoise.removal import Removals, Stereo, plan_removal
from hotpapers.denoise.settings import Restoration, Settings
from hotpapers.media.audio import (
    DamagedAudioError,
    Encoding,
    SampleQueue,
    Scan,
    choose_encoding,
    open_audio,
    scan,
)

__all__ = ["Progress", "restore"]

Progress = Callable[[str, float], None]


def restore(
    path: Path | str,
    out: Path | str,
    *,
    engine: Engine,
    residual: Path | str | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    **more: Any,
) -> Restoration:
    """Restore a recording: ``clean = recording - strength * noise``, and nothing else changes.

    The recording is resampled to the engine's rate, and only what the engine takes away is resampled back.
    Length, rate, channels, encoding and tags are kept. Memory does not grow with the length.

    Parameters
    ----------
    path
        The recording; never changed.
    out
        The restored one; its suffix names the format.
    engine
        What takes noise away.
    residual
        File for what was taken away: with whole-number formats, clean + residual is the recording to the
        last bit.
    settings
        How; or its fields as keywords.
    progress
        Called with what is being done and how much of it is, 0 to 1.

    Raises
    ------
    AudioError, DenoiseError
        If the recording can't be read, or the outputs can't be written as asked; nothing is left behind.
        A recording whose end is damaged is restored up to there as ``OUT.part``, and the error says so.
    FailureError
        If the disk refuses.
    """
    settings = settings or Settings(**more)
    path, out = Path(path), Path(out)
    residual = None if residual is None else Path(residual)
    targets = [out] if residual is None else [out, residual]
    check_targets(path, targets, overwrite=settings.overwrite)
    job = _Job(path, out, residual, engine, settings, progress or _silent)
    return job.run()


def _silent(what: str, done: float) -> None:
    """No progress is shown."""


class _Job:
    """One recording on its way."""

    def __init__(
        self,
        path: Path,
        out: Path,
        residual: Path | None,
        engine: Engine,
        settings: Settings,
        progress: Progress,
    ) -> None:
        self._engine, self._settings, self._progress = engine, settings, progress
        self._reader = reader = open_audio(path)
        self._out, self._residual = out, residual
        self._start = round(settings.start * reader.rate)
        self._stop = None if settings.end is None else round(settings.end * reader.rate)
        self._encoding = self._choose(out, settings.subtype, reader.encoding, settings.container)
        self._residual_encoding = (
            None
            if residual is None
            else self._choose(residual, settings.residual_subtype or "keep", self._encoding, None)
        )

    def _choose(self, path: Path, subtype: str, like: Encoding, container: str | None) -> Encoding:
        reader = self._reader
        return choose_encoding(
            path,
            rate=reader.rate,
            channels=reader.channels,
            like=like,
            container=container,
            subtype=subtype,
            frames=self._expected(),
        )

    def _expected(self) -> int | None:
        """Frames that the output will have, by what the recording declares."""
        declared = self._reader.frames
        if declared is None and self._reader.duration is not None:
            declared = math.ceil(self._reader.duration * self._reader.rate)
        if declared is None:
            return None if self._stop is None else self._stop - self._start
        return max(0, min(declared, self._stop or declared) - self._start)

    def run(self) -> Restoration:
        self._check_room()
        found = self._scanned()
        outputs = Outputs(
            reader=self._reader,
            out=self._target(self._out, found),
            residual=None if self._residual is None else self._target(self._residual, found),
            encoding=self._encoding,
            residual_encoding=self._residual_encoding,
            settings=self._settings,
            same_as=found.same_as,
        )
        stage = None
        removing = self._settings.share > 0 and bool(found.sounding)
        if not removing and self._may_be_copied(found):
            copied(outputs, found.frames)
        else:
            stage = self._stage(found) if removing else None
            with outputs:
                self._stream(stage, outputs, found.frames)
        if found.damage is not None:
            raise DenoiseError(f"{found.damage}; that part is restored as {outputs.out}")
        return self._told(outputs, found, stage)

    def _check_room(self) -> None:
        frames = self._expected()
        if frames is not None:
            sizes = [(self._out, self._encoding.size(frames, self._reader.channels))]
            if self._residual is not None and self._residual_encoding is not None:
                size = self._residual_encoding.size(frames, self._reader.channels)
                sizes.append((self._residual, size))
            check_room(sizes)

    def _scanned(self) -> Scan:
        found = scan(
            self._reader,
            start=self._start,
            stop=self._stop,
            progress=lambda done: self._tell("reading", done),
        )
        path = self._reader.path
        if found.non_finite and not self._settings.sanitize:
            raise DenoiseError(
                f"{path} has {found.non_finite:,} samples that are no numbers (NaN or infinite): "
                "--sanitize takes zero for them"
            )
        if not found.frames:
            raise found.damage or DenoiseError(
                f"{path} has no samples from {self._settings.start:g} s on: it ends before"
            )
        return found

    def _tell(self, what: str, frames: int) -> None:
        if self._reader.duration:
            self._progress(what, min(1.0, frames / self._reader.rate / self._reader.duration))

    def _target(self, path: Path, found: Scan) -> Path:
        return path if found.damage is None else path.with_name(f"{path.name}.part")

    def _may_be_copied(self, found: Scan) -> bool:
        """Whether the output is the recording, byte by byte."""
        kept = self._encoding == self._reader.encoding and self._settings.dither != "tpdf"
        return kept and self._settings.is_whole and not found.non_finite and found.damage is None

    def _stage(self, found: Scan) -> Removals:
        """The survey is of the whole recording, so that a part sounds as it will in the whole."""

        def blocks() -> Iterator[NDArray[np.float32]]:
            done = 0
            with suppress(DamagedAudioError):
                for block in self._reader.blocks():
                    yield np.nan_to_num(block, nan=0, posinf=0, neginf=0)
                    done += len(block)
                    self._tell("surveying", done)

        return plan_removal(
            self._engine,
            blocks,
            rate=self._reader.rate,
            same_as=found.same_as,
            sounding=found.sounding,
            stereo=Stereo(self._settings.stereo),
        )

    def _stream(self, stage: Removals | None, outputs: Outputs, total: int) -> None:
        """The second pass: each block of the recording waits for what is to be taken from it."""
        waiting = SampleQueue(self._reader.channels, np.float64)
        scale = self._reader.encoding.scale

        def write(noise: NDArray[np.float32]) -> None:
            outputs.write(waiting.take(len(noise)), noise)
            self._progress("restoring", outputs.frames / total)

        with suppress(DamagedAudioError):
            for block in self._reader.blocks(start=self._start, stop=self._stop, exact=True):
                samples = np.asarray(block, np.float64) / scale
                if self._settings.sanitize:
                    samples = np.nan_to_num(samples, nan=0, posinf=0, neginf=0)
                waiting.put(samples)
                write(
                    np.zeros(samples.shape, np.float32)
                    if stage is None
                    else stage.push(samples.astype(np.float32))
                )
        if stage is not None:
            write(stage.flush())
        if len(waiting):
            raise DenoiseError(f"the engine gave {len(waiting)} frames too few")

    def _told(self, outputs: Outputs, found: Scan, stage: Removals | None) -> Restoration:
        path = self._reader.path
        notes = [*outputs.notes(), *(f"{path}: {note}" for note in (stage.notes() if stage else []))]
        if found.is_silent:
            notes.append(f"{path} holds only silence: it was copied as it is")
        if found.non_finite:
            notes.append(f"{path}: zero was taken for {found.non_finite:,} samples that were no numbers")
        if found.clipped_runs:
            notes.append(f"{path} was cut off at full scale in {found.clipped_runs:,} places, which stay so")
        return Restoration(
            source=path,
            output=outputs.out,
            residual=outputs.residual,
            frames=outputs.frames,
            rate=self._reader.rate,
            channels=self._reader.channels,
            container=self._encoding.format,
            subtype=self._encoding.subtype,
            removed_db=outputs.removed_db,
            clipped=outputs.clipped,
            start=self._start / self._reader.rate,
            survey=next(iter(stage.surveys), None) if stage else None,
            removed_by_second=outputs.removed_by_second,
            notes=tuple(notes),
        )
