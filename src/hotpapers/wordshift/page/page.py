"""The interactive word shift graph as one HTML file that asks nobody for anything.

The graph and its table stand in the page as they were computed; the page's own script then makes every
number again from frequencies, so that words can be removed and references moved.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from hotpapers.common.files import write_text
from hotpapers.common.html import environment, json_block, render_page
from hotpapers.wordshift.figures.geometry import Bar, Geometry, Scored, geometry
from hotpapers.wordshift.figures.labels import clean_label, default_title, short_label
from hotpapers.wordshift.figures.styles import PALETTES, SYMBOLS
from hotpapers.wordshift.page.data import contexts_of, intervals_of, vocabulary
from hotpapers.wordshift.page.picture import WIDTH, Drawing, signed_text, value_text
from hotpapers.wordshift.page.script import compact
from hotpapers.wordshift.shifts import Shift

__all__ = ["LARGEST_PAGE", "to_html", "to_svg", "write_page"]

LARGEST_PAGE = 1_000_000
"""Bytes of a page; the vocabulary gives way, so only very many contexts make it larger."""

_PACKAGE = "hotpapers.wordshift.page"
_MOST_SHOWN = 200

_MEASURES = {
    "proportion": "proportions",
    "entropy": "Shannon entropy",
    "tsallis": "Tsallis entropy",
    "kld": "Kullback-Leibler divergence",
    "jsd": "Jensen-Shannon divergence",
    "sentiment": "average score",
    "custom": "average score",
}


def to_html(
    shift: Shift,
    *,
    contexts: Mapping[str, tuple[Sequence[Any], Sequence[Any]]] | None = None,
    intervals: Mapping[Any, Sequence[float]] | Scored | None = None,
    unclear: Collection[Any] = (),
    top: int = 50,
    title: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> str:
    """The page of `shift`, the same bytes for the same input.

    Removing a word in the page makes the shift again from the kept types' frequencies without that
    word: shares get new denominators, scores that come from shares are made again from the new
    shares, pooled weights and a reference ``"average"`` move with them; scores of a lexicon stay.
    It equals the shift of both texts with the word on a stop list. Custom scores are taken as fixed; where
    a function made them, nothing can be removed.

    Parameters
    ----------
    contexts
        Type -> its contexts in text 1 and text 2: objects with ``left``, ``word``, ``right``,
        ``document``. All that are given are shipped.
    intervals
        Type -> (low, high, ...) in the unit of ``shift.score``; or what `hotpapers.wordshift.intervals`
        gives.
    unclear
        Types whose direction is not clear: their bars are pale, in the simple view. Those beyond the 200
        words that the page can show at once are not kept.
    top
        Words shown at first.
    title
        Heading; by default the names of the texts.
    meta
        How the shift was made, shown at the page's end and kept in saved pictures.

    Raises
    ------
    WordShiftError
        If `top` is not positive.
    """
    if intervals is not None and not isinstance(intervals, Mapping):
        intervals = intervals.scores()
    drawn = geometry(shift, top_n=top, intervals=intervals, unclear=unclear)
    names = [clean_label(name) for name in shift.names]
    heading = clean_label(title) if title else f"{names[0]} and {names[1]}"
    headlines = default_title(shift).split("\n")
    picture = _picture(shift, drawn)
    details = _meta(meta)
    most = max(top, min(_MOST_SHOWN, len(shift.types)))
    settings = _settings(shift, detailed=drawn.layout == "detailed") | {
        "names": names, "title": heading, "top": top, "most": most, "meta": dict(details),
    }  # fmt: skip

    def page(data: Mapping[str, Any], model: Mapping[str, Any]) -> str:
        return render_page(
            _templates(),
            "shift.html.j2",
            styles=[_asset("shift.css")],
            scripts=[_script()],
            title=heading,
            measure=_MEASURES.get(shift.measure, shift.measure),
            headlines=headlines,
            standfirst=_standfirst(shift, names),
            short_names=[short_label(name, 20) for name in names],
            picture=Markup(picture),  # noqa: S704 - escaped where it is made
            rows=[_row(shift, bar) for bar in drawn.bars],
            explained=_explained(shift, names, pale=bool(unclear)),
            remade=shift.measure in {"entropy", "tsallis", "kld", "jsd"},
            averaged=settings["reference"] == "average",
            removes=model.get("removes", True),
            why=model.get("why", ""),
            meta=details,
            data=json_block(data),
        )

    pale = {word for index in shift.order[:most].tolist() if (word := shift.types[index]) in unclear}
    wanted = {*(bar.word for bar in drawn.bars), *(contexts or {}), *(intervals or {}), *pale}
    needed = [index for index, word in enumerate(shift.types) if word in wanted]
    chosen_contexts = contexts_of(contexts, {shift.types[index]: index for index in needed})
    spent = len(page(settings | {"contexts": chosen_contexts}, {}).encode("utf-8"))
    words = vocabulary(shift, budget=LARGEST_PAGE - spent - 40 * len(intervals or {}) - 5_000, needed=needed)
    places = words.pop("places")
    if places is not None:  # positions among the named types
        position = {index: place for place, index in enumerate(places)}
        chosen_contexts["words"] = {
            str(position[int(index)]): sides for index, sides in chosen_contexts["words"].items()
        }
        positions = {shift.types[index]: position[index] for index in needed}
    else:
        positions = {shift.types[index]: index for index in needed}
    data = settings | {
        "contexts": chosen_contexts,
        "intervals": intervals_of(intervals, positions),
        "unclear": sorted(positions[word] for word in pale),
        "rest": None,
    }
    return page(data | words, words["model"])


def _settings(shift: Shift, *, detailed: bool) -> dict[str, Any]:
    """What the page's script needs to know of the shift beside its words."""
    averaged = shift.parameters.get("reference") == "average"
    return {
        "measure": shift.measure,
        "unit": shift.unit,
        "detailed": detailed,
        "allPositive": bool(shift.all_positive),
        "normalization": shift.normalization,
        "reference": "average" if averaged else shift.reference,
        "referenceValue": shift.reference,
        "norm": shift.norm,
        "referenceRange": _reference_range(shift),
        "averages": shift.averages is not None,
        "offset": _offset(shift),
        "tokens": list(shift.coverage.tokens),
        "palettes": PALETTES,
        "symbols": {kind: SYMBOLS[kind] for kind in PALETTES["paper"]},
    }


def write_page(
    shift: Shift,
    path: str | Path,
    *,
    contexts: Mapping[str, tuple[Sequence[Any], Sequence[Any]]] | None = None,
    intervals: Mapping[Any, Sequence[float]] | Scored | None = None,
    unclear: Collection[Any] = (),
    top: int = 50,
    title: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Path:
    """Write `to_html`'s page to `path`, whole or not at all, and return `path`."""
    page = to_html(
        shift, contexts=contexts, intervals=intervals, unclear=unclear, top=top, title=title, meta=meta
    )
    write_text(Path(path), page)
    return Path(path)


def to_svg(
    shift: Shift,
    *,
    intervals: Mapping[Any, Sequence[float]] | Scored | None = None,
    unclear: Collection[Any] = (),
    top: int = 50,
    width: float = WIDTH,
    score_colors: Mapping[str, str] | None = None,
    identifier: str = "graph",
    insets: bool = True,
) -> str:
    """The graph as an ``<svg>`` element for somebody's page, which must have a table with the numbers.

    Letters have the page's font and colour, and keep their size: draw it again for another width.

    Parameters
    ----------
    intervals, unclear, top
        As in `to_html`.
    width
        Pixels.
    score_colors
        Kind of a piece (``"positive"``, ``"negative"`` ...) -> colour, also ``var(--name)``, over the
        paper's own.
    identifier
        Begins the ids within, in a page with several graphs.
    insets
        Whether cumulative contribution and text sizes are drawn.
    """
    drawn = geometry(shift, top_n=top, intervals=intervals, unclear=unclear)
    return _picture(shift, drawn, colours=score_colors, width=width, identifier=identifier, insets=insets)


def _picture(
    shift: Shift,
    drawn: Geometry,
    *,
    colours: Mapping[str, str] | None = None,
    **options: Any,
) -> str:
    return Drawing(
        shift,
        drawn,
        colours=PALETTES["paper"] | dict(colours or {}),
        symbols=SYMBOLS,
        description=(
            f"Word shift graph. {'; '.join(default_title(shift).splitlines())}. The {len(drawn.bars)} words that "
            "contribute most, ranked; the table below has the numbers."
        ),
        **options,
    ).svg()


@cache
def _templates() -> Environment:
    return environment(_PACKAGE)


@cache
def _asset(name: str) -> str:
    return (files(_PACKAGE) / "assets" / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    return compact("\n".join(_asset(name) for name in ("shift.js", "graph.js", "page.js")))


def _offset(shift: Shift) -> float:
    """What the title's averages have beyond sum p phi: the Tsallis form of the paper drops a constant."""
    if shift.averages is None:
        return 0.0
    offset = shift.averages[0] - math.fsum(shift.p1 * shift.s1)
    if shift.measure == "tsallis" and abs(offset) > 1e-9:
        return 1.0 / (float(shift.parameters["alpha"]) - 1.0)
    return 0.0


def _reference_range(shift: Shift) -> dict[str, Any]:
    """The slider: over all scores, in about 200 round steps."""
    ends = [shift.reference]
    for scores in (shift.s1, shift.s2):
        if len(scores):
            ends += [float(scores.min()), float(scores.max())]
    low, high = min(ends), max(ends)
    step = 10.0 ** math.floor(math.log10((high - low) or 1.0)) / 100
    return {
        "min": math.floor(low / step) * step,
        "max": math.ceil(high / step) * step,
        "step": "any" if shift.reference % step else step,
    }


def _standfirst(shift: Shift, names: Sequence[str]) -> str:
    first, second = (f"{count:,.0f}" for count in shift.coverage.tokens)
    names = [short_label(name, 40) for name in names]
    text = f"{first} words in {names[0]}, {second} in {names[1]}; {len(shift.types):,} different."
    if min(shift.coverage.share) < 0.9995:
        one, two = (f"{100 * share:.0f} %" for share in shift.coverage.share)
        text += f" That is {one} and {two} of all their words: the others have no score, or were left out."
    return text


def _explained(shift: Shift, names: Sequence[str], *, pale: bool) -> str:
    names = [short_label(name, 40) for name in names]
    common = (
        f"Every bar is one word’s part of how {names[1]} differs from {names[0]}, the longest first; all words, "
        "shown or not, add up to the whole. The bars above the line are sums over all words, drawn to fit: "
        "their true values are written beside them. "
    ) + ("Where a bar is pale, the word’s direction is not clear. " if pale else "")
    if shift.all_positive:
        return common + "A bar points to the text that uses the word more."
    if shift.measure == "proportion":
        return common + "A bar to the right is a word that the second text uses more."
    return common + (
        "A bar to the right raises the second text’s value. In the detailed view, the frequency part says that a "
        "word above (+) or below (−) the reference score is used more (↑) or less (↓), the score part that its "
        "own score rises (△) or falls (▽); what cancels between them is pale."
    )


def _meta(meta: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Names and values as text, nested ones as JSON."""
    return [
        (
            str(name),
            value
            if isinstance(value, str)
            else json.dumps(value, ensure_ascii=False, default=str, sort_keys=True),
        )
        for name, value in (meta or {}).items()
    ]


def _row(shift: Shift, bar: Bar) -> dict[str, Any]:
    index = bar.index
    percent = shift.normalization != "none"
    scale = 100.0 / shift.norm if percent else 1.0
    parts = (shift.p_part[index], shift.s_part[index], shift.contribution[index])
    return {
        "rank": bar.row,
        "word": clean_label(bar.word) + ("*" if shift.adopted[index] else ""),
        "cells": [
            *(_count(float(f[index])) for f in (shift.f1, shift.f2)),
            *(_per_million(float(p[index])) for p in (shift.p1, shift.p2)),
            *(_score(float(s[index])) for s in (shift.s1, shift.s2)),
            *(signed_text(float(part) * scale, percent=percent) for part in parts),
        ],
    }


def _count(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:.6g}"


def _per_million(share: float) -> str:
    value = 1e6 * share
    if value == 0:
        return "0"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _score(value: float) -> str:
    if value != 0 and abs(value) < 1e-3:
        return value_text(value)
    return f"{value + 0.0:.4f}".replace("-", "−")
