"""What the digest's commands take: days, formats, folders, the same words with the same help everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hotpapers.common.errors import InputError

__all__ = [
    "HERE", "By", "Day", "Fair", "Format", "Lenient", "Out", "Results", "Security", "Since", "StorePath", "Style",
    "Top", "Until", "Url", "Weights", "parse_day", "parse_moment",
]  # fmt: skip


class Format(StrEnum):
    """How a list is printed."""

    table = "table"
    json = "json"
    csv = "csv"
    md = "md"


class By(StrEnum):
    """What a ranking counts."""

    total = "total"
    gained = "gained"


class Security(StrEnum):
    """How a mail server is spoken to."""

    starttls = "starttls"
    ssl = "ssl"
    none = "none"


def parse_day(text: str) -> date:
    """A day as ``YYYY-MM-DD``, ``today`` or ``yesterday`` (UTC)."""
    today = datetime.now(UTC).date()
    if text in {"today", "yesterday"}:
        return today if text == "today" else date.fromordinal(today.toordinal() - 1)
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InputError(f"{text!r} is not a day: expected YYYY-MM-DD, today or yesterday")


def parse_moment(text: str) -> datetime:
    """A time in ISO 8601; UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not a time: expected something like 2020-08-07T09:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Day = Annotated[
    date, typer.Argument(parser=parse_day, metavar="DATE", help="A day: YYYY-MM-DD, today, yesterday.")
]
Since = Annotated[
    date | None, typer.Option(parser=parse_day, metavar="DATE", help="First day of the window.")
]
Until = Annotated[date | None, typer.Option(parser=parse_day, metavar="DATE", help="Last day of the window.")]
StorePath = Annotated[
    Path | None, typer.Option("--store", help="The store's file; by default one in your data folder.")
]
Out = Annotated[Path, typer.Option("-o", "--out", help="Folder of the site.")]
Url = Annotated[str, typer.Option(help="Where the site will be published, for feeds and sitemap.")]
Results = Annotated[Path, typer.Option(help="Folder of the claims ledgers that the pages show.")]
Style = Annotated[Format, typer.Option("--format", help="How to print.")]
Top = Annotated[int, typer.Option(help="How many at most.")]
Lenient = Annotated[
    bool, typer.Option("--lenient", help="Keep what can be kept of damaged posts, report the rest.")
]
Weights = Annotated[
    list[str] | None,
    typer.Option(
        "--weight", metavar="SOURCE=N", help="Factor of a source (hackernews=2) or count (bluesky.likes=0)."
    ),
]
Fair = Annotated[
    bool, typer.Option("--within-category", help="Rank by percentile within the primary category.")
]
HERE = "http://127.0.0.1:8000/"
