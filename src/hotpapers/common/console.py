"""One look for everything printed: tables that keep their text when piped, progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["console", "printable", "progress", "table"]

Item = TypeVar("Item")

# Wide enough for any table: a pipe has no width, and cutting text there would lose it.
_PIPE_WIDTH = 240


def console(*, stderr: bool = False) -> Console:
    """A rich console for stdout or stderr; plain and wide where the output is not a terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else _PIPE_WIDTH)


def printable(text: str) -> str:
    """`text` without what a terminal would obey instead of show: control and direction characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def table(*headings: str, title: str | None = None, numbers: Iterable[str] = ()) -> Table:
    """An empty table; the columns named in `numbers` are set flush right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    sheet = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for heading in headings:
        sheet.add_column(heading, justify="right" if heading in set(numbers) else "left")
    return sheet


def progress(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Go through `items` with a progress bar on stderr; silent where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.progress import track

    yield from track(items, description=what, total=total, console=console(stderr=True), transient=True)
