"""The index of a folder's listening pages: the recordings that lost most first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hotpapers.common.figures import palette_css
from hotpapers.common.files import write_text
from hotpapers.common.html import environment, render_page
from hotpapers.denoise.listening.page import asset

__all__ = ["IndexRow", "write_index"]


@dataclass(frozen=True, kw_only=True)
class IndexRow:
    """A restored recording: its name, its page relative to the index, what was removed, notes."""

    name: str
    page: str
    removed_db: float | None
    notes: Iterable[str] = ()

    @property
    def order(self) -> tuple[float, str]:
        """Most removed first."""
        return (math.inf if self.removed_db is None else -self.removed_db, self.name)

    @property
    def link(self) -> str:
        """The page's address."""
        return quote(self.page)


def write_index(folder: Path, rows: Iterable[IndexRow]) -> Path:
    """Write ``folder/index.html``, sorted by what was removed relative to the recording."""
    path = folder / "index.html"
    content = render_page(
        environment("hotpapers.denoise.listening"),
        "index.html.j2",
        styles=[palette_css(), asset("listen.css")],
        rows=sorted(rows, key=lambda row: row.order),
    )
    write_text(path, content)
    return path
