"""What a batch has done, line by line: a file of JSON lines that a killed process leaves readable."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from hotpapers.common.errors import FailureError
from hotpapers.denoise.errors import DenoiseError

__all__ = ["Journal", "sha256_of"]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal.

    Raises
    ------
    FailureError
        If it can't be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FailureError(f"cannot read {path}: {error.strerror}") from error


class Journal:
    """A journal that is open for appending; used in a `with`, by one process at a time.

    A record is on the disk before `append` returns. A line that a killed process left unfinished is dropped.

    Parameters
    ----------
    path
        The file; made where it is missing.

    Raises
    ------
    DenoiseError
        If another process has it open, or it is no journal.
    FailureError
        If the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream: IO[bytes] = self.path.open("a+b")
        except OSError as error:
            raise FailureError(f"cannot write {self.path}: {error.strerror}") from error
        try:
            self._lock()
            self._stream.seek(0)
            end = 0
            for number, line in enumerate(self._lines(), start=1):
                self.records.append(self._record(line, number))
                end += len(line)
            self._stream.truncate(end)
        except BaseException:
            self._stream.close()
            raise
        return self

    def _lines(self) -> Iterator[bytes]:
        for line in self._stream:
            if line.endswith(b"\n"):
                yield line

    def _record(self, line: bytes, number: int) -> dict[str, Any]:
        with suppress(ValueError):
            record = json.loads(line)
            if isinstance(record, dict):
                return record
        raise DenoiseError(
            f"{self.path} is no journal of a batch: line {number} is no JSON object; move it away"
        )

    def _lock(self) -> None:
        if importlib.util.find_spec("fcntl") is None:  # not on Windows
            return
        import fcntl

        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DenoiseError(
                f"another batch is at work in {self.path.parent}: wait for its end, or choose another folder"
            ) from error

    def append(self, record: Mapping[str, Any]) -> None:
        """Write a record and wait until it is on the disk.

        Raises
        ------
        FailureError
            If the disk refuses.
        """
        line = json.dumps(record).encode("ascii") + b"\n"
        try:
            self._stream.write(line)
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise FailureError(f"cannot write {self.path}: {error.strerror}") from error
        self.records.append(dict(record))

    def clear(self) -> None:
        """Forget everything."""
        self._stream.truncate(0)
        self.records.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
