"""Time as the connectors see it, and how far apart they keep their requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["SYSTEM_CLOCK", "Clock", "Pace"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The three questions that are asked of time; tests answer them without waiting.

    Parameters
    ----------
    sleep
        Waits that many seconds.
    monotonic
        Seconds since some fixed moment; never goes back.
    now
        The present moment, UTC.
    """

    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now


SYSTEM_CLOCK = Clock()


class Pace:
    """Keeps the starts of two requests at least `interval` seconds apart.

    Parameters
    ----------
    interval
        Seconds between two starts.
    clock
        Where the time comes from.
    """

    def __init__(self, interval: float, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._interval = interval
        self._clock = clock
        self._last: float | None = None

    def wait(self) -> None:
        """Return when the next request may start."""
        if self._last is not None:
            remaining = self._last + self._interval - self._clock.monotonic()
            if remaining > 0:
                self._clock.sleep(remaining)
        self._last = self._clock.monotonic()
