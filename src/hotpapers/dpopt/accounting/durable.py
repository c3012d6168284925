"""A ledger on disk that knows of every release before its noise exists.

`DurableLedger.spend` writes the event, waits until the disk has it (fsync), and only then returns; whoever
draws noise does so after `spend` returned. So at whatever instant the process is killed, a noisy value that
anybody may have seen has its event in the file: the file can only over-report, by the one release that was
announced and perhaps never made.

The file holds one line of JSON per record, each with a checksum. A record without its line feed at the end
was not finished; its `spend` never returned and no noise was drawn for it: it is dropped when the file is
opened again. Damage anywhere else is refused, never skipped.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from hotpapers.common.errors import FailureError
from hotpapers.common.files import write_bytes
from hotpapers.dpopt.accounting.budget import Budget
from hotpapers.dpopt.accounting.events import Event
from hotpapers.dpopt.accounting.ledger import Ledger
from hotpapers.dpopt.accounting.relations import Relation
from hotpapers.dpopt.errors import PrivacyError

__all__ = ["DurableLedger", "create_account", "read_account", "read_durable"]

_FORMAT = "hotpapers-dpopt-write-ahead-ledger"


class DurableLedger:
    """A write-ahead ledger; one process at a time has it open.

    Parameters
    ----------
    path
        The file; made, with an empty ledger, where it is missing.
    relation, unit
        As of `Ledger`; they must be those of a file that is there already.
    budget
        If given, `spend` refuses what it does not cover, before anything is written.

    Raises
    ------
    PrivacyError
        If the file is damaged, is about another relation or unit, or another process has it open.
    """

    def __init__(
        self, path: str | Path, relation: Relation, *, unit: str = "row", budget: Budget | None = None
    ) -> None:
        self._path = Path(path)
        self._budget = budget
        self._ledger = Ledger(relation, unit)
        if budget is not None:
            self._ledger.within(budget)
        if not self._path.exists():
            header = {"format": _FORMAT, "version": 1, "relation": relation, "unit": unit}
            write_bytes(self._path, _line(header))
            _sync_folder(self._path.parent)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND)
        try:
            _lock(self._descriptor, self._path)
            content = self._path.read_bytes()
            found = _parse(content, self._path)
            self._ledger = _of_the_same_kind(found, self._ledger, self._path)
            self._end = content.rfind(b"\n") + 1
            if self._end < len(content):
                self._cut_back()
        except BaseException:
            os.close(self._descriptor)
            raise

    @property
    def ledger(self) -> Ledger:
        """A copy of what was spent so far, in memory."""
        return Ledger(self._ledger.relation, self._ledger.unit, self._ledger.events)

    def spend(self, event: Event) -> None:
        """Put the event on disk; draw its noise only after this returned.

        Raises
        ------
        BudgetError
            If the budget does not cover it: nothing is written.
        PrivacyError
            If it is stated under another relation.
        FailureError
            If the disk refuses: nothing may be drawn.
        """
        self._ledger.check(event)
        if self._budget is not None:
            self._ledger.require(event, self._budget)
        line = _line({"event": event.to_json()})
        try:
            _write_all(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            self._cut_back()
            raise FailureError(
                f"cannot write {self._path}: {error.strerror or error}; nothing was spent"
            ) from error
        self._end += len(line)
        self._ledger.append(event)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cut_back(self) -> None:
        """Remove a record that was not finished."""
        os.ftruncate(self._descriptor, self._end)
        os.fsync(self._descriptor)


def read_durable(path: str | Path) -> Ledger:
    """The ledger in a write-ahead file, which may be open elsewhere or left by a process that was killed.

    Raises
    ------
    PrivacyError
        If the file is missing or damaged.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise PrivacyError(f"{path} is not a readable ledger") from error
    return _parse(content, Path(path))


def create_account(path: str | Path, budget: Budget) -> None:
    """A new, empty write-ahead file that says in its first line what all that will be spent may come to.

    Raises
    ------
    PrivacyError
        If the file is there already.
    """
    path = Path(path)
    if path.exists():
        raise PrivacyError(f"{path} is there already: an account is opened once")
    header = {"format": _FORMAT, "version": 1, "relation": budget.relation, "unit": budget.unit}
    write_bytes(path, _line({**header, "budget": asdict(budget)}))
    _sync_folder(path.parent)


def read_account(path: str | Path) -> Budget:
    """The budget that `create_account` wrote into the file.

    Raises
    ------
    PrivacyError
        If the file is missing, damaged, or states no budget.
    """
    path = Path(path)
    try:
        first = path.read_bytes().partition(b"\n")[0]
    except OSError as error:
        raise PrivacyError(f"{path} is no account: `hotpapers dpopt budget` opens one") from error
    header = _record(first, 1, path)
    try:
        return Budget(**header["budget"])
    except (KeyError, TypeError) as error:
        raise PrivacyError(f"{path} states no budget: it is not an account") from error


def _parse(content: bytes, path: Path) -> Ledger:
    *lines, _unfinished = content.split(b"\n")
    if not lines:
        raise PrivacyError(f"{path} is not a write-ahead ledger")
    header, *records = [_record(line, number, path) for number, line in enumerate(lines, 1)]
    if header.get("format") != _FORMAT or header.get("version") != 1:
        raise PrivacyError(f"{path} is not a write-ahead ledger of version 1")
    try:
        return Ledger(header["relation"], header["unit"], [Event.from_json(one["event"]) for one in records])
    except KeyError as error:
        raise PrivacyError(f"{path} is damaged: a record lacks a field") from error


def _of_the_same_kind(found: Ledger, asked: Ledger, path: Path) -> Ledger:
    if (found.relation, found.unit) != (asked.relation, asked.unit):
        raise PrivacyError(
            f"{path} is a ledger for {found.relation!r} of one {found.unit}: "
            f"asked for {asked.relation!r} of one {asked.unit}"
        )
    return found


def _line(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, sort_keys=True, allow_nan=False).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _record(line: bytes, number: int, path: Path) -> dict[str, Any]:
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        raise PrivacyError(f"{path} is damaged in line {number}: restore it; what it held is not known")
    record = json.loads(text)
    if not isinstance(record, dict):
        raise PrivacyError(f"{path} is damaged in line {number}")
    return record


def _write_all(descriptor: int, content: bytes) -> None:
    written = 0
    while written < len(content):
        written += os.write(descriptor, content[written:])


def _lock(descriptor: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise PrivacyError(f"{path} is open in another process: one at a time can spend") from error


def _sync_folder(folder: Path) -> None:
    """A new file's name is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
