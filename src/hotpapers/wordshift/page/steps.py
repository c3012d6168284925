"""A series of shifts as pages: one that lists the steps, and the interactive page of each beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hotpapers.common.files import write_text
from hotpapers.common.html import environment, render_page
from hotpapers.wordshift.figures.labels import clean_label, short_label
from hotpapers.wordshift.page.page import write_page
from hotpapers.wordshift.shifts import Shift

__all__ = ["write_steps"]

_PACKAGE = "hotpapers.wordshift.page"
_WORDS = 8


def write_steps(
    steps: Sequence[tuple[str, Shift]], path: Path, *, top: int = 20, meta: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write `path`, the list of steps, and ``STEM-01.html``, ``STEM-02.html`` ... beside it.

    Returns
    -------
    All paths; `path`, which is written last, is the first.
    """
    digits = max(2, len(str(len(steps))))
    pages = [path.with_name(f"{path.stem}-{at:0{digits}}{path.suffix}") for at in range(1, len(steps) + 1)]
    for page, (_, step) in zip(pages, steps, strict=True):
        write_page(step, page, top=top, meta=meta)
    sizes = [_size(step) for _, step in steps]
    largest = max(map(abs, sizes), default=0.0) or 1.0
    rows = [
        {
            "first": short_label(step.names[0], 40),
            "second": short_label(label, 40),
            "page": quote(page.name),
            "value": f"{size:.4g}".replace("-", "−"),
            "share": round(100 * abs(size) / largest, 2),
            "words": [
                {"word": clean_label(step.types[at]), "more": bool(step.p_diff[at] > 0)}
                for at in step.top(_WORDS).tolist()
                if step.contribution[at] != 0
            ],
        }
        for page, (label, step), size in zip(pages, steps, sizes, strict=True)
    ]
    unit = next((step.unit for _, step in steps if step.unit), "")
    html = render_page(
        environment(_PACKAGE),
        "steps.html.j2",
        styles=[_style()],
        title=f"{clean_label(steps[0][1].names[0])} to {clean_label(steps[-1][0])}",
        rows=rows,
        unit=unit,
    )
    write_text(path, html)
    return [path, *pages]


def _size(step: Shift) -> float:
    """The total; for proportions, whose total is 0, the total variation distance."""
    return 0.5 * float(abs(step.p_diff).sum()) if step.measure == "proportion" else step.difference


@cache
def _style() -> str:
    folder = files(_PACKAGE) / "assets"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in ("shift.css", "steps.css"))
