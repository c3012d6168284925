"""The options of a word shift graph: names, defaults, palettes and ready-made styles; no drawing."""

from __future__ import annotations

import dataclasses
import difflib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hotpapers.wordshift.figures.geometry import Intervals, Scored
from hotpapers.wordshift.shifts import COMPONENTS, Shift, WordShiftError

__all__ = ["PALETTES", "STYLES", "SYMBOLS", "GraphOptions", "families", "graph_options", "rc_settings"]

PALETTES: dict[str, dict[str, str]] = {
    # The paper's own.
    "paper": {
        "pos_s_pos_p": "#FFFF80",
        "pos_s_neg_p": "#FDFFD2",
        "neg_s_pos_p": "#2F7CCE",
        "neg_s_neg_p": "#C4CAFC",
        "pos_s": "#FECC5D",
        "neg_s": "#9E75B7",
        "positive": "#FECC5D",
        "negative": "#9E75B7",
        "total": "#707070",
    },
    # Orange against blue, told apart with any colour vision; six lightnesses at least 12 apart (CIE L*:
    # 94, 80, 65, 46, 34, 14), told apart in grey print.
    "cvd": {
        "pos_s_pos_p": "#E08A00",
        "pos_s_neg_p": "#FDEBC4",
        "neg_s_pos_p": "#12528C",
        "neg_s_neg_p": "#A3CBEF",
        "pos_s": "#BB4C08",
        "neg_s": "#3A1248",
        "positive": "#F0A93B",
        "negative": "#27568A",
        "total": "#707070",
    },
}
"""Palette name -> kind of piece -> colour."""

SYMBOLS: dict[str, str] = {
    **{kind: symbol.replace("-", "−") for kind, symbol in COMPONENTS.items()},
    "positive": "",
    "negative": "",
    "total": "Σ",
}
"""Kind of a sum -> what is written beside it."""

# The reference implementation's names of the two simple kinds.
_ALIASES = {"all_pos_pos": "positive", "all_pos_neg": "negative"}

STYLES: dict[str, dict[str, Any]] = {
    "tall": {},
    # 20 words that can be read from the last row of a lecture hall.
    "slide": {
        "top_n": 20,
        "width": 8.0,
        "height": 7.5,
        "label_fontsize": 15.0,
        "ytick_fontsize": 13.0,
        "bar_width": 0.78,
    },
    # One column of a journal: 3.5 inches wide, words of 6.5 points.
    "column": {
        "top_n": 30,
        "width": 3.5,
        "height": 5.6,
        "dpi": 300,
        "bar_linewidth": 0.2,
        "label_fontsize": 6.5,
        "title_fontsize": 8.0,
        "xlabel_fontsize": 7.5,
        "ylabel_fontsize": 7.5,
        "xtick_fontsize": 6.5,
        "ytick_fontsize": 6.5,
    },
}
"""Style name -> the defaults that it changes."""


@dataclass(frozen=True, kw_only=True)
class GraphOptions:
    r"""Every option of a word shift graph, with the reference implementation's names and defaults.

    Parameters
    ----------
    top_n
        Words shown.
    detailed
        Both parts of every contribution; None: for weighted averages.
    text_size_inset, cumulative_inset
        Whether the insets are drawn.
    title, xlabel, ylabel
        None: the defaults; "" for none. ``$...$`` in them is mathematics, in words it never is.
    all_pos_contributions
        Bars point to the text that uses the word more; None: for Jensen-Shannon divergences.
    alpha_fade
        Opacity of what is cancelled or unclear.
    bar_linewidth, bar_width, bar_type_space_scaling
        Outline in points; height in rows; gap between bar and word as a share of the width.
    cumulative_xlabel, cumulative_xticks, cumulative_xticklabels, cumulative_ylabel
        None: the defaults.
    dpi, width, height
        Resolution, and the size in inches; `height` None: 15, or less where fewer words contribute.
    every_nth_ytick
        Ranks between labels.
    invisible_spines
        Any of ``"left"``, ``"right"``, ``"top"``, ``"bottom"``.
    label_fontsize, title_fontsize, xlabel_fontsize, xtick_fontsize, ylabel_fontsize, ytick_fontsize
        Points; None: the style's, smaller where rows are narrow.
    missing_symbol
        Marks words whose score was borrowed.
    pos_cumulative_inset, pos_text_size_inset
        ``(left, bottom, width, height)`` in shares of the axes; None: where no bar is in the way.
    remove_xticks, remove_yticks
        Draw no ticks.
    score_colors, symbols
        Kind -> colour or symbol, over those of the palette.
    serif
        Letters with serifs.
    show_score_diffs, show_total
        Rows of the top panel: △▽ (None: if any score changed) and Σ.
    system_names
        The two texts; None: as the shift names them.
    tick_format
        Format of the values on the x axis.
    tight
        Fit the axes to the figure; False: matplotlib's default margins.
    width_scaling
        The x axis reaches at least this many times the longest bar.
    y_margin
        Free space above and below, as a share of the height.
    style
        ``"tall"``, ``"slide"`` or ``"column"``.
    palette
        ``"paper"`` or ``"cvd"``.
    show_values
        Write their true value beside the sums, whose bars are scaled to fit.
    intervals, kinds, preserve_order, unclear
        As in `geometry`.
    ranks
        Label the rows with their rank.
    """

    top_n: int = 50
    detailed: bool | None = None
    text_size_inset: bool = True
    cumulative_inset: bool = True
    title: str | None = None
    all_pos_contributions: bool | None = None
    alpha_fade: float = 0.35
    bar_linewidth: float = 0.25
    bar_type_space_scaling: float = 0.015
    bar_width: float = 0.8
    cumulative_xlabel: str | None = None
    cumulative_xticks: Sequence[float] | None = None
    cumulative_xticklabels: Sequence[str] | None = None
    cumulative_ylabel: str | None = None
    dpi: float = 200
    every_nth_ytick: int = 5
    width: float = 7.0
    height: float | None = None
    invisible_spines: Collection[str] = ()
    label_fontsize: float | None = None
    missing_symbol: str = "*"
    pos_cumulative_inset: Sequence[float] | None = None
    pos_text_size_inset: Sequence[float] | None = None
    remove_xticks: bool = False
    remove_yticks: bool = False
    score_colors: Mapping[str, str] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)
    serif: bool = False
    show_score_diffs: bool | None = None
    show_total: bool = True
    system_names: Sequence[str] | None = None
    tick_format: str = "{:.1f}"
    tight: bool = True
    title_fontsize: float | None = None
    width_scaling: float = 1.2
    xlabel: str | None = None
    xlabel_fontsize: float | None = None
    xtick_fontsize: float | None = None
    y_margin: float = 0.005
    ylabel: str = "Rank"
    ylabel_fontsize: float | None = None
    ytick_fontsize: float | None = None
    style: str = "tall"
    palette: str = "paper"
    show_values: bool = True
    intervals: Intervals | Scored | None = None
    kinds: Collection[str] | None = None
    preserve_order: Shift | Sequence[Any] | None = None
    unclear: Collection[Any] = ()
    ranks: bool = True

    @property
    def colours(self) -> dict[str, str]:
        """Kind -> colour."""
        return PALETTES[self.palette] | {_ALIASES.get(k, k): v for k, v in self.score_colors.items()}

    @property
    def marks(self) -> dict[str, str]:
        """Kind -> symbol."""
        return SYMBOLS | {_ALIASES.get(k, k): v for k, v in self.symbols.items()}


def graph_options(options: Mapping[str, Any]) -> GraphOptions:
    """Check `options` and put them over their style's defaults.

    Raises
    ------
    TypeError
        For an unknown name; the message has the nearest one.
    WordShiftError
        For an unknown style, palette, kind of piece or a size that is not positive.
    """
    names = [item.name for item in dataclasses.fields(GraphOptions)]
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            hint = f": did you mean {near[0]!r}?" if near else f": accepted are {', '.join(names)}"
            raise TypeError(f"shift_graph() got an unexpected option {name!r}{hint}")
    style = _one_of("style", options.get("style", "tall"), STYLES)
    made = GraphOptions(**(STYLES[style] | dict(options)))
    _one_of("palette", made.palette, PALETTES)
    for option, given in (("score_colors", made.score_colors), ("symbols", made.symbols)):
        for kind in given:
            _one_of(option, kind, (*SYMBOLS, *_ALIASES))
    for option in ("width", "height", "dpi", "every_nth_ytick", "bar_width"):
        value = getattr(made, option)
        if value is not None and not value > 0:
            raise WordShiftError(f"{option}={value!r}: give a number above 0")
    return made


def _one_of(option: str, value: str, accepted: Collection[str]) -> str:
    if value not in accepted:
        near = difflib.get_close_matches(str(value), list(accepted), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise WordShiftError(f"{option} {value!r}: {hint}accepted are {', '.join(accepted)}")
    return value


def rc_settings() -> dict[str, Any]:
    """Matplotlib settings that a graph is made and written under, whatever the user's own are."""
    return {
        "axes.unicode_minus": True,
        "font.family": ["sans-serif"],
        "path.sketch": None,
        "path.effects": [],
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "hotpapers",
        "svg.id": None,
        "text.antialiased": True,
        "text.hinting": "force_autohint",
        "text.parse_math": True,
        "text.usetex": False,
    }


# Families by the first word of a character's Unicode name, where they aren't "Noto Sans <Script>".
_CJK = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Noto Sans JP", "Source Han Sans SC",
    "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "IPAGothic", "Droid Sans Fallback", "Unifont",
)  # fmt: skip
_FAMILIES = {
    "CJK": _CJK,
    "HIRAGANA": _CJK,
    "KATAKANA": _CJK,
    "FULLWIDTH": _CJK,
    "HANGUL": ("Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic"),
    "ARABIC": ("Noto Sans Arabic", "Noto Naskh Arabic", "Geeza Pro", "Segoe UI"),
    "DEVANAGARI": ("Noto Sans Devanagari", "Kohinoor Devanagari", "Nirmala UI", "Lohit Devanagari", "Mangal"),
}
_PICTURES = (
    "Noto Emoji", "Symbola", "Segoe UI Emoji", "Noto Sans Symbols2", "Noto Sans Symbols 2",
    "Noto Sans Symbols", "Segoe UI Symbol", "Apple Symbols", "Noto Sans Math",
)  # fmt: skip
_COVERED = frozenset({"LATIN", "GREEK", "CYRILLIC", "COMBINING", "DIGIT"})


def families(text: str, installed: Collection[str], *, serif: bool = False) -> list[str]:
    """Font families to draw `text` with, the first first: the base, then one for each other script.

    Parameters
    ----------
    installed
        Names of the families that there are; others are never named, so no look-up fails.
    """
    chosen = ["DejaVu Serif", "DejaVu Sans"] if serif else ["DejaVu Sans"]
    for character in text:
        if character.isascii():
            continue
        script = unicodedata.name(character, "").partition(" ")[0]
        if script in _COVERED:
            continue
        wanted = _FAMILIES.get(script, (f"Noto Sans {script.title()}",))
        if unicodedata.category(character) in {"So", "Sm", "Sk", "Cn"}:
            wanted = _PICTURES
        chosen += [name for name in wanted if name in installed and name not in chosen]
    return chosen
