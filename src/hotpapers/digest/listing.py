"""Rankings, hits, words and days as tables for a terminal, or as JSON, CSV and Markdown for a program."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hotpapers.common.console import console, printable, table
from hotpapers.common.errors import InputError
from hotpapers.digest.edition import DaySummary, Trends
from hotpapers.digest.ranking import Ranked
from hotpapers.digest.search import Hit
from hotpapers.digest.sources import available_sources, open_source

if TYPE_CHECKING:
    from hotpapers.digest.remembering import Circle
    from hotpapers.digest.sources.settings import Settings

__all__ = [
    "FORMATS",
    "print_circle",
    "print_days",
    "print_hits",
    "print_ranking",
    "print_sources",
    "print_trends",
]

FORMATS = ("table", "json", "csv", "md")

_Q = "q is the share of chance among all words as sure as this one: up to 0.05, its rise is more than chance."


def print_ranking(ranking: Sequence[Ranked], style: str, *, percentile: bool = False) -> None:
    """One line a paper; `percentile` says that the score is one, in (0, 1)."""
    rows = [
        {
            "rank": line.rank,
            "arxiv_id": line.paper.arxiv_id,
            "attention": round(line.attention, 2),
            **({"percentile": round(100 * line.score, 1)} if percentile else {}),
            "sources": dict(line.sources),
            "title": " ".join(line.paper.title.split()),
            "authors": list(line.paper.authors),
            "categories": list(line.paper.categories),
            "url": line.paper.url,
        }
        for line in ranking
    ]
    extra = ("percentile",) if percentile else ()
    _print(rows, style, columns=("rank", "arxiv_id", "attention", *extra, "title", "categories"))


def print_hits(hits: Sequence[Hit], style: str) -> None:
    """One line a found paper, best first."""
    rows = [
        {
            "score": round(hit.score, 2),
            "arxiv_id": hit.paper.arxiv_id,
            "title": " ".join(hit.paper.title.split()),
            "authors": list(hit.paper.authors),
            "categories": list(hit.paper.categories),
            "url": hit.paper.url,
        }
        for hit in hits
    ]
    _print(rows, style, columns=("score", "arxiv_id", "title", "categories"))


def print_circle(circle: Circle, style: str) -> None:
    """The papers nearest to one, a line each, and how many of them belong together."""
    print_hits(circle.hits, style)
    if style == "table" and circle.verdict:
        console().print(f"score: weight in per cent. {circle.verdict}", markup=False)


def print_trends(trends: Trends, style: str) -> None:
    """One line a word, most surely rising first; shares in per cent of the window's papers."""
    rows = [
        {
            "word": word.word,
            "now_percent": round(100 * word.now, 2),
            "before_percent": round(100 * word.before, 2),
            "papers": word.papers,
            "z": round(word.score, 2),
            "q": round(word.q, 4),
        }
        for word in trends.words
    ]
    if style == "table":
        windows = f"{trends.since} to {trends.until} ({trends.papers} papers)"
        before = f"{trends.before_since} to {trends.before_until} ({trends.papers_before} papers)"
        console().print(f"{windows} against {before}", markup=False)
    _print(rows, style, columns=("word", "now_percent", "before_percent", "papers", "z", "q"))
    if style == "table":
        console().print(_Q, markup=False)


def print_days(days: Sequence[DaySummary], style: str) -> None:
    """One line a day, newest first."""
    rows = [
        asdict(day) | {"date": day.date.isoformat(), "top_title": " ".join(day.top_title.split())}
        for day in days
    ]
    _print(rows, style, columns=("date", "papers", "total", "top_title"))


def print_sources(settings: Settings) -> None:
    """One line a source: whether it can be read now, and what it still needs."""
    sheet = table("source", "ready", "what it says")
    for name in available_sources():
        try:
            open_source(name, settings)
            sheet.add_row(name, "yes", "")
        except InputError as error:
            sheet.add_row(name, "no", _escape(str(error)))
    console().print(sheet)


def _print(rows: Sequence[Mapping[str, Any]], style: str, *, columns: Sequence[str]) -> None:
    if style == "json":
        text = json.dumps(list(rows), indent=2, ensure_ascii=False)
        print(re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text))
    elif style == "csv":
        print(_csv(rows), end="")
    elif style == "md":
        print("\n".join(_markdown(rows, columns)))
    else:
        numbers = [name for name in columns if rows and isinstance(rows[0][name], int | float)]
        sheet = table(*columns, numbers=numbers)
        for row in rows:
            sheet.add_row(*(_escape(_text(row[name])) for name in columns))
        console().print(sheet)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    if rows:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([_harmless(_text(value)) for value in row.values()] for row in rows)
    return out.getvalue()


def _harmless(text: str) -> str:
    """A cell that a spreadsheet would take for a formula is marked as text."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} and not text[1:2].isdigit() else text


def _markdown(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for row in rows:
        cells = [_text(row[name]).replace("\\", "\\\\").replace("|", "\\|") for name in columns]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}={number}" for name, number in value.items())
    if isinstance(value, list):
        return printable(", ".join(value))
    if isinstance(value, float):
        return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
