"""A word shift graph in a terminal: block bars in eighths of a cell, the same geometry as the figures."""

from __future__ import annotations

import math
import os
import shutil
import sys
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from hotpapers.wordshift.figures.geometry import Bar, Geometry, Intervals, Piece, Scored, geometry
from hotpapers.wordshift.figures.labels import default_title, directions, short_label
from hotpapers.wordshift.shifts import COMPONENTS, Shift

__all__ = ["display_width", "fit_to_width", "to_text"]

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NARROWEST, _WIDEST = 40, 140
_WORD = 18  # columns that the longest word of a graph may take

# 256-colour codes of the paper's palette; "dim" of what is cancelled.
_COLOURS = {
    "pos_s_pos_p": 227, "pos_s_neg_p": 187, "neg_s_pos_p": 32, "neg_s_neg_p": 147,
    "pos_s": 221, "neg_s": 97, "positive": 221, "negative": 97, "total": 245,
}  # fmt: skip
_PLAIN = str.maketrans({"↑": "^", "↓": "v", "△": "/\\", "▽": "\\/", "Σ": "S", "│": "|", "─": "-", "−": "-",
                        "←": "<-", "→": "->", "…": "~", "‖": "||", "Φ": "Phi ", "α": "alpha", "·": ","})  # fmt: skip


def to_text(
    shift: Shift,
    *,
    top: int = 20,
    width: int | None = None,
    colour: bool | None = None,
    ascii: bool | None = None,  # noqa: A002 - the option's name for users
    detailed: bool | None = None,
    intervals: Intervals | Scored | None = None,
    unclear: Collection[Any] = (),
) -> str:
    """The `top` words of `shift` as lines of text, bars to the left and to the right of one axis.

    Parameters
    ----------
    width
        Columns; None: the terminal's. At least 40.
    colour
        None: where stdout is a terminal. Never where the environment has ``NO_COLOR``.
    ascii
        Only ASCII, but for the words; None: where stdout's encoding has no blocks.
    detailed
        As in `geometry`; where both parts are known, the line of their sums is shown.
    intervals
        Shown as numbers behind the bars, in the values' unit.
    unclear
        As in `geometry`.

    Returns
    -------
    Lines without trailing blanks, ended by a line feed.
    """
    laid = geometry(shift, top_n=top, detailed=detailed, intervals=intervals, unclear=unclear)
    plain = not _shows_blocks() if ascii is None else ascii
    page = _Page.of(
        laid, _columns(width), directions(shift), plain=plain, colour=_wants_colour(colour) and not plain
    )
    lines = [page.plainly(line) for line in default_title(shift).splitlines()]
    if not laid.bars:
        lines.append(f"no difference between {short_label(shift.names[0])} and {short_label(shift.names[1])}")
        return "\n".join(lines) + "\n"
    lines += [page.head(*directions(shift)), *(page.row(bar) for bar in laid.bars)]
    lines += page.foot(laid, len(shift.types), _columns(width))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _columns(width: int | None) -> int:
    if width is None:
        width = min(shutil.get_terminal_size((80, 24)).columns, _WIDEST)
    return max(width, _NARROWEST)


def _wants_colour(colour: bool | None) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if colour is None:
        return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return colour


def _shows_blocks() -> bool:
    try:
        "▏█▐│↑△−".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


# --- widths ----------------------------------------------------------------------------------------


def display_width(text: str) -> int:
    """Columns that `text` takes in a terminal: wide East Asian letters and emoji two, marks none.

    Examples
    --------
    >>> [display_width(text) for text in ("abc", "漢字", "e\u0301", "नमस्ते", "👍🏽", "❤️")]
    [3, 4, 1, 4, 2, 2]
    """
    columns, before, joined = 0, 0, False
    for character in text:
        if character == "\ufe0f":  # the emoji form of what stands before
            columns += 2 - before if before == 1 else 0
            before = 2
        elif character == "\u200d":
            joined = True
        elif not _is_mark(character):
            wide = unicodedata.east_asian_width(character) in "WF"
            modifies = before == 2 and (joined or "\U0001f3fb" <= character <= "\U0001f3ff")
            before = 0 if wide and modifies else 1 + wide
            columns += before
            before, joined = before or 2, False
    return columns


def _is_mark(character: str) -> bool:
    """Drawn on the letter before: combining marks, joiners, and the later parts of Hangul syllables."""
    return unicodedata.category(character) in {"Mn", "Me", "Cf"} or "\u1160" <= character <= "\u11ff"


def fit_to_width(text: str, width: int, *, mark: str = "…") -> str:
    """`text`, cut with `mark` so that it takes at most `width` columns."""
    if display_width(text) <= width:
        return text
    kept = text
    while kept and display_width(kept) > width - display_width(mark):
        kept = kept[:-1]
    return kept.rstrip("\u200d") + mark


# --- the page --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Page:
    """Columns of rank, the two halves and the values; how bars are drawn.

    Parameters
    ----------
    left, right
        Columns on either side of the axis, words included.
    unit
        Columns a per cent.
    """

    rank: int
    left: int
    right: int
    unit: float
    value: int
    interval: int
    percent: bool
    unsigned: bool
    detailed: bool
    plain: bool
    colour: bool

    @classmethod
    def of(cls, laid: Geometry, width: int, heads: tuple[str, str], *, plain: bool, colour: bool) -> _Page:
        rank = len(str(len(laid.bars)))
        page = cls(
            rank=rank, left=0, right=0, unit=0.0, value=0, interval=0, percent=laid.percent,
            unsigned=laid.layout == "all-positive", detailed=laid.layout == "detailed", plain=plain, colour=colour,
        )  # fmt: skip
        value = max((len(page.number(bar.value)) for bar in laid.bars), default=0)
        interval = max((len(page.interval_of(bar)) for bar in laid.bars), default=0)
        unit, shown, words = 0.0, interval, heads
        # Where it is too narrow for all: first without intervals, then with headings cut short.
        for shown, words in ((interval, heads), (0, heads), (0, ("", ""))):
            unit = _largest_unit(laid, width - rank - value - 3 - (shown + 1 if shown else 0), words)
            if unit * laid.extent >= 8:
                break
        left, right = _needs(laid, unit, words)
        return replace(page, left=left, right=right, unit=unit, value=value, interval=shown)

    def plainly(self, text: str) -> str:
        """`text` in ASCII, as far as its signs go, where the page is."""
        return text.translate(_PLAIN) if self.plain else text

    def head(self, left: str, right: str) -> str:
        """What left and right mean, above the halves."""
        words = fit_to_width(f"← {left}", self.left)
        indent = self.rank + 1 + self.left - display_width(words) - self.plain
        return self.plainly(f"{' ' * indent}{words}│{fit_to_width(f'{right} →', self.right)}")

    def row(self, bar: Bar) -> str:
        """One word: rank, left half, axis, right half, value, interval."""
        word = fit_to_width(bar.label, _WORD, mark="~" if self.plain else "…")
        left, left_columns = self._half([p for p in bar.pieces if p.end < 0 or p.start < 0], -1)
        right, right_columns = self._half([p for p in bar.pieces if p.end > 0 or p.start > 0], 1)
        if bar.tip < 0:
            left, left_columns = f"{word} {left}", left_columns + display_width(word) + 1
        else:
            right, right_columns = f"{right} {word}", right_columns + display_width(word) + 1
        line = f"{bar.row:>{self.rank}} {' ' * (self.left - left_columns)}{left}{self.plainly('│')}{right}"
        line += " " * (self.right - right_columns) + f" {self.number(bar.value):>{self.value}}"
        if self.interval:
            line += f" {self.interval_of(bar):>{self.interval}}"
        return self.plainly(line) if self.plain else line

    def _half(self, pieces: list[Piece], side: int) -> tuple[str, int]:
        """The pieces on one side of the axis, and the columns they take."""
        ordered = sorted(pieces, key=lambda piece: abs(piece.end))
        reach = max((abs(piece.end) for piece in ordered), default=0.0) * self.unit
        full, rest = divmod(round(reach * 8), 8)
        if reach and not full and not rest:
            rest = 1
        if self.plain:
            full, rest = round(reach), 0
        elif ordered and ordered[-1].faded and not self.detailed:
            full, rest = max(round(reach), 1), 0  # parts of a cell are solid only
        cells = [self._cell(ordered, (column + 0.5) / self.unit) for column in range(full)]
        if side < 0:
            cells.reverse()
        drawn = "".join(
            self._paint(
                ("-" if faded else "#") if self.plain else "░" if faded else "█", kind, len(list(run))
            )
            for (kind, faded), run in groupby(cells)
        )
        if rest:
            end = self._end(rest, side, ordered[-1].kind)
            drawn = end + drawn if side < 0 else drawn + end
        return drawn, full + (rest > 0)

    @staticmethod
    def _cell(ordered: list[Piece], at: float) -> tuple[str, bool]:
        for piece in ordered:
            if at <= abs(piece.end):
                return piece.kind, piece.faded
        return ordered[-1].kind, ordered[-1].faded

    def _end(self, eighths: int, side: int, kind: str) -> str:
        """The last cell of a bar; blocks grow from the left, so leftward ones are drawn inside out."""
        if side > 0:
            return self._paint(_EIGHTHS[eighths], kind)
        if self.colour:
            return f"\x1b[7;38;5;{_COLOURS[kind]}m{_EIGHTHS[8 - eighths]}\x1b[0m"
        return "▕" if eighths < 3 else "▐" if eighths < 7 else "█"

    def _paint(self, block: str, kind: str, times: int = 1) -> str:
        return f"\x1b[38;5;{_COLOURS[kind]}m{block * times}\x1b[0m" if self.colour else block * times

    def number(self, value: float) -> str:
        """A value as written behind its bar; all-positive ones have a side and no sign."""
        return _written(abs(value) if self.unsigned else value, percent=self.percent)

    def interval_of(self, bar: Bar) -> str:
        """``[low, high]``, or nothing."""
        if bar.interval is None:
            return ""
        low, high = bar.interval
        if self.unsigned and bar.tip < 0:
            low, high = -high, -low
        return f"[{_written(low, percent=self.percent)}, {_written(high, percent=self.percent)}]"

    def foot(self, laid: Geometry, types: int, width: int) -> list[str]:
        """The sums of all words, not only of those shown."""
        sums = {total.kind: total.value for total in laid.sums}
        signs = {"negative": "←", "positive": "→"}
        if laid.layout != "all-positive":
            signs = {"total": "Σ", **(COMPONENTS if laid.layout == "detailed" else signs)}
        parts = [f"{sign} {self.number(sums[kind])}" for kind, sign in signs.items() if kind in sums]
        lines = [f"all {types:,} words{' (%)' if self.percent else ''}:"]
        for part in map(self.plainly, parts):
            if display_width(lines[-1]) + 2 + len(part) > width:
                lines.append(" ")
            lines[-1] += "  " + part
        return lines


def _written(value: float, *, percent: bool) -> str:
    return (f"{value + 0.0:.2f}" if percent else f"{value:.3g}").replace("-", "−")


def _needs(laid: Geometry, unit: float, heads: tuple[str, str]) -> tuple[int, int]:
    """Columns that each side takes at `unit` columns a per cent, words and headings included."""
    needs = [display_width(head) + 3 for head in heads]
    for bar in laid.bars:
        for piece in bar.pieces:
            for end in (piece.start, piece.end):
                needs[end > 0] = max(needs[end > 0], math.ceil(abs(end) * unit))
        tip = math.ceil(abs(bar.tip) * unit) + 1 + _word_width(bar)
        needs[bar.tip >= 0] = max(needs[bar.tip >= 0], tip)
    return needs[0], needs[1]


def _largest_unit(laid: Geometry, room: int, heads: tuple[str, str]) -> float:
    low, high = 0.0, room / max(max((abs(bar.tip) for bar in laid.bars), default=1.0), 1e-300)
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if sum(_needs(laid, middle, heads)) <= room else (low, middle)
    return max(low, 1e-300)


def _word_width(bar: Bar) -> int:
    return min(display_width(bar.label), _WORD)
