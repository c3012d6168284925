"""A comparison of two windows for its readers: bars for a terminal, files, and the site's figure."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotpapers.common.console import console
from hotpapers.common.errors import InputError, MissingExtraError
from hotpapers.common.figures import PALETTE
from hotpapers.common.files import write_text
from hotpapers.digest.comparing import FORMATS, WindowShift, compare_windows, missing_extra
from hotpapers.digest.edition import ShiftFigure, ShiftRow
from hotpapers.digest.listing import print_trends
from hotpapers.digest.trends import rising_words

if TYPE_CHECKING:
    from hotpapers.digest.store import Store

__all__ = ["SENTENCES", "bars", "check_outputs", "notes", "report_trends", "shift_figure", "write_comparison"]

SENTENCES = 12
"""Contexts of a word and window that an interactive page has."""

_DRAWN = {"svg", "png", "pdf"}
_WIDTHS = (720.0, 358.0)  # pixels of the site's pictures: a column of text, a telephone
_COLOURS = {
    kind: f"var(--{name}, {PALETTE[name][0]})"
    for kind, name in (("positive", "blue"), ("negative", "orange"))
}


def report_trends(
    store: Store, *, weeks: int, until: date | None, top: int, style: str, outputs: Sequence[Path]
) -> None:
    """Print the rising words and, where they can be drawn, the bars of the word shift; write `outputs`.

    Parameters
    ----------
    style
        ``"table"`` prints list and bars; the other formats of `hotpapers.digest.listing` the list alone.

    Raises
    ------
    MissingExtraError
        If files were asked for and the extra of word shift graphs is not installed.
    InputError
        If an option or a window can't be used.
    """
    check_outputs(outputs)
    missing = missing_extra()
    if missing and outputs:
        raise MissingExtraError(f"to write {outputs[0]}, install word shift graphs: {missing}")
    found = rising_words(store, weeks=weeks, until=until, top=top)
    compared = None
    if outputs or (style == "table" and not missing):
        sentences = SENTENCES if any(_kind(path) == "html" for path in outputs) else 0
        compared = compare_windows(store, found, top=top, contexts=sentences)
    print_trends(found, style)
    if style == "table" and compared:
        print(_encodable(bars(compared, top=top)))
        for sentence in (compared.movers, compared.verdict, *notes(compared)):
            console().print(_encodable(sentence), markup=False)
    elif style == "table":
        print(f"hotpapers: to see these windows as a word shift graph: {missing}", file=sys.stderr)
    if compared:
        write_comparison(compared, outputs, top=top)
        for path in outputs:
            print(path, file=sys.stdout if style == "table" else sys.stderr)


def _encodable(text: str) -> str:
    """`text` in letters that stdout has."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("–", "-").encode(encoding, "replace").decode(encoding)
    return text


def check_outputs(paths: Sequence[Path]) -> None:
    """Refuse files of a kind that a comparison can't be written as, before any work is done.

    Raises
    ------
    InputError
        If a suffix is none of `FORMATS`.
    """
    for path in paths:
        if _kind(path) not in FORMATS:
            raise InputError(f"{path}: accepted are .{', .'.join(FORMATS)}")


def _kind(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()


def notes(found: WindowShift) -> tuple[str, ...]:
    """What a reader must know of bars and intervals, a sentence each."""
    shown = [str(word) for word in found.intervals.types]
    clear = sum(word in found.trends.clear for word in shown)
    pale = f"Pale bars may be chance: among {len(found.shift.types):,} words some always seem to move. "
    if clear:
        pale += f"The full bars, {clear} of {len(shown)}, are more than that; at most one in twenty of them is not."
    else:
        pale += "Here all may be."
    if found.intervals.method == "document":
        return pale, f"Intervals are of 95 %, from drawing the papers again {found.intervals.reps:,} times."
    return pale, f"Intervals are too narrow: {found.intervals.note}."


def bars(found: WindowShift, *, top: int) -> str:
    """The graph as lines of text, as wide as the terminal."""
    from hotpapers import wordshift as ws

    return ws.to_text(found.shift, top=top, intervals=found.intervals, unclear=found.unclear)


def write_comparison(found: WindowShift, paths: Sequence[Path], *, top: int) -> None:
    """Write the comparison to each of `paths`, by its suffix; each file whole or not at all.

    Raises
    ------
    InputError
        If a suffix is none of `FORMATS`, or a file can't be written.
    """
    from hotpapers import wordshift as ws

    check_outputs(paths)
    drawn = [path for path in paths if _kind(path) in _DRAWN]
    if drawn:
        options: dict[str, Any] = {"top_n": top, "intervals": found.intervals, "unclear": found.unclear}
        options |= {"title": _figure_title(found), "text_size_inset": False}
        options |= {"xlabel": "Share of the difference (%); pale: may be chance", "xlabel_fontsize": 13.0}
        ws.save(found.shift, drawn, metadata={"made": _made(found)}, ylabel_fontsize=13.0, **options)
    for path in paths:
        kind = _kind(path)
        if kind == "html":
            write_text(path, _page(found, top=top))
        elif kind == "txt":
            write_text(
                path,
                "\n".join(
                    [found.title, _plain_bars(found, top), found.movers, found.verdict, *notes(found), ""]
                ),
            )
        elif kind not in _DRAWN:
            clear = sorted(found.trends.clear)
            ws.write_table(
                found.shift, path, intervals=found.intervals, meta={"made": _made(found), "clear": clear}
            )


def _plain_bars(found: WindowShift, top: int) -> str:
    from hotpapers import wordshift as ws

    return ws.to_text(
        found.shift, top=top, width=100, colour=False, ascii=False,
        intervals=found.intervals, unclear=found.unclear,
    )  # fmt: skip


def _figure_title(found: WindowShift) -> str:
    shift, null, trends = found.shift, found.null, found.trends
    return (
        f"{found.title}\n{trends.papers:,} papers against {trends.papers_before:,}. "
        f"JSD = {shift.difference:.3f} {shift.unit}, shuffled {null.mean:.3f}, p = {null.p_value:.3g}"
    )


def _made(found: WindowShift) -> dict[str, str]:
    """How the comparison was made, for the file's reader."""
    trends = found.trends
    return {
        "later window": f"{trends.since} to {trends.until}, {trends.papers:,} papers",
        "earlier window": f"{trends.before_since} to {trends.before_until}, {trends.papers_before:,} papers",
        "counted": "papers that use a word in title or abstract: a paper counts each word once; no word is left out",
        "clear": found.movers,
        "as wholes": found.verdict,
        "bars": " ".join(notes(found)),
    }


def _page(found: WindowShift, *, top: int) -> str:
    from hotpapers import wordshift as ws

    return ws.to_html(
        found.shift,
        contexts=found.contexts,
        intervals=found.intervals,
        unclear=found.unclear,
        top=top,
        title=found.title,
        meta=_made(found),
    )


def shift_figure(found: WindowShift, *, top: int) -> ShiftFigure:
    """The comparison as the site shows it, with the interactive page to be written beside it."""
    from hotpapers import wordshift as ws

    wide, narrow = (
        ws.to_svg(
            found.shift, top=top, width=width, intervals=found.intervals, unclear=found.unclear,
            score_colors=_COLOURS, identifier=name, insets=False,
        )
        for name, width in zip(("wide-graph", "narrow-graph"), _WIDTHS, strict=True)
    )  # fmt: skip
    return ShiftFigure(
        wide=wide,
        narrow=narrow,
        rows=tuple(_rows(found)),
        movers=found.movers,
        verdict=found.verdict,
        notes=notes(found),
        page=_page(found, top=top),
    )


def _rows(found: WindowShift) -> list[ShiftRow]:
    shift, spread = found.shift, found.intervals
    return [
        ShiftRow(
            word=str(shift.types[index]),
            before=int(shift.f1[index]),
            now=int(shift.f2[index]),
            share=100 * float(shift.score[index]),
            low=100 * float(low) / shift.norm,
            high=100 * float(high) / shift.norm,
            clear=shift.types[index] in found.trends.clear,
        )
        for index, low, high in zip(spread.index.tolist(), spread.low, spread.high, strict=True)
    ]
