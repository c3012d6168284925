"""Progress of training in the terminal; silent where stderr is none."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from hotpapers.common.console import console, printable

__all__ = ["Display"]

_MOST_VALUES = 4  # on the line; the log has all


class Display:
    """A bar that fills with the budget, the step, and the last row of the log.

    Parameters
    ----------
    visible
        Show it, if stderr is a terminal: for one process of a run.
    """

    def __init__(self, *, visible: bool) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("step {task.fields[step]}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=console(stderr=True),
            transient=True,
            disable=not (visible and sys.stderr.isatty()),
        )
        self._line = self._bar.add_task("", total=1.0, step=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, step: int, progress: float) -> None:
        """Show that `step` steps are done, `progress` (0..1) of the budget."""
        self._bar.update(self._line, completed=progress, step=step)

    def values(self, row: Mapping[str, float]) -> None:
        """Show the first values of a row of the log."""
        shown = [f"{name} {value:.4g}" for name, value in row.items()][:_MOST_VALUES]
        self._bar.update(self._line, description=printable("  ".join(shown)))
