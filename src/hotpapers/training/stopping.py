"""When to stop: the clock of the budget, and the wish of whoever presses Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Clock", "Wish", "listening"]


class Clock:
    """Seconds of training, those before an interruption included."""

    def __init__(self, used: float = 0.0) -> None:
        self._start = time.monotonic() - used

    @property
    def seconds(self) -> float:
        """So far."""
        return time.monotonic() - self._start


class Wish:
    """Whether somebody asked for the end, and by which signal."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def __bool__(self) -> bool:
        return self.signal is not None

    @property
    def words(self) -> str:
        """How it was asked for."""
        return "Ctrl-C" if self.signal in {None, signal.SIGINT} else str(self.signal and self.signal.name)


@contextmanager
def listening() -> Iterator[Wish]:
    """Within, the first Ctrl-C (or SIGTERM) is a wish that the loop may grant between two steps.

    A second Ctrl-C interrupts at once. Outside the main thread nothing changes.
    """
    wish = Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if wish and number == signal.SIGINT:
            raise KeyboardInterrupt
        wish.signal = signal.Signals(number)
        if sys.stderr.isatty():
            sys.stderr.write("\nstopping after this step; Ctrl-C again stops at once\n")

    old = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
