"""From two inputs and options to the files that were asked for: what `hotpapers wordshift graph` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotpapers.wordshift.measures import shift
from hotpapers.wordshift.shifts import Shift, WordShiftError
from hotpapers.wordshift.text.counting import count

__all__ = ["FORMATS", "Comparison", "compare", "write"]

FORMATS = ("txt", "html", "svg", "png", "pdf", "csv", "json", "parquet")
_DRAWN = {"svg", "png", "pdf"}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What to compare, and how.

    Parameters
    ----------
    a, b
        Text 1 and text 2: a file, folder, glob, or ``-``.
    names
        What the texts are called; () to take the inputs' names.
    options
        Options of `hotpapers.wordshift.measures.shift`.
    interval_method
        ``"none"``, ``"token"``, ``"delta"`` or ``"document"``.
    reps, seed
        Of the resampling.
    top
        How many words are shown.
    """

    a: str
    b: str
    names: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    interval_method: str = "none"
    reps: int = 1000
    seed: int = 0
    top: int = 50


def compare(job: Comparison) -> tuple[Shift, Any]:
    """The shift, and its intervals (None where none were asked for).

    Raises
    ------
    WordShiftError
        If an input or an option can't be used.
    """
    if job.top < 1:
        raise WordShiftError(f"--top takes a number of words >= 1, not {job.top}")
    named = job.names or ("", "")
    wanted = job.interval_method == "document"
    texts = [
        count(source, name=name, documents=wanted) for source, name in zip((job.a, job.b), named, strict=True)
    ]
    found = shift(texts[0], texts[1], **job.options)
    if job.interval_method == "none":
        return found, None
    from hotpapers.wordshift.uncertainty.confidence import intervals

    method: Any = job.interval_method
    documents = (texts[0], texts[1]) if wanted else None
    return found, intervals(
        found, method=method, documents=documents, top=job.top, reps=job.reps, seed=job.seed
    )


def write(found: Shift, spread: Any, outputs: Sequence[Path], *, top: int) -> list[Path]:
    """Write the shift to each of `outputs`, by its suffix; returns the paths.

    Raises
    ------
    WordShiftError
        If a suffix is none of `FORMATS`.
    """
    kinds = {path: path.suffix.removeprefix(".").lower() for path in outputs}
    for path, kind in kinds.items():
        if kind not in FORMATS:
            raise WordShiftError(f"{path}: accepted are .{', .'.join(FORMATS)}")
    drawn = [path for path, kind in kinds.items() if kind in _DRAWN]
    if drawn:
        from hotpapers.wordshift.figures.graphs import save

        save(found, drawn, top_n=top, **({"intervals": spread} if spread is not None else {}))
    for path, kind in kinds.items():
        if kind == "html":
            from hotpapers.wordshift.page.page import write_page

            write_page(found, path, top=top, intervals=spread.scores() if spread is not None else None)
        elif kind not in _DRAWN:
            from hotpapers.wordshift.tables import write_table

            write_table(found, path, top=None if kind != "txt" else top, intervals=spread)
    return list(outputs)
