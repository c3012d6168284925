"""A command in a process of its own, which kills itself after so many fsyncs: `python killed.py COUNT WORDS...`."""

from __future__ import annotations

import os
import signal
import sys


def die_after(count: int) -> None:
    """Let the real fsync work, and kill -9 the process when the last one has returned."""
    plain, left = os.fsync, [count]

    def counted(descriptor: int) -> None:
        plain(descriptor)
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = counted


if __name__ == "__main__":
    die_after(int(sys.argv[1]))

    from hotpapers.cli import main

    main(["dpopt", *sys.argv[2:]])
