"""The archive of days by year and month, readable and small for thousands of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from hotpapers.digest.edition import DaySummary
from hotpapers.digest.site.stories import one_line
from hotpapers.digest.site.wording import month_of, number, short_day

__all__ = ["ArchiveDay", "ArchiveMonth", "ArchiveYear", "archive_of"]

_WITH_TITLES = 366
_LONGEST_TITLE = 110


@dataclass(frozen=True, kw_only=True)
class ArchiveDay:
    """One link: the day, how it reads aloud, and (for the newest 366 days) its top title."""

    day: int
    iso: str
    label: str
    title: str


@dataclass(frozen=True, kw_only=True)
class ArchiveMonth:
    """A month's days, newest first; `titled` where they are listed with their top titles."""

    name: str
    papers: str
    titled: bool
    days: tuple[ArchiveDay, ...]


@dataclass(frozen=True, kw_only=True)
class ArchiveYear:
    """A year's months, newest first."""

    year: int
    days: int
    months: tuple[ArchiveMonth, ...]


def archive_of(days: Sequence[DaySummary]) -> tuple[ArchiveYear, ...]:
    """`days` (in any order) by year and month, newest first.

    Months within the newest 366 days list their top titles; older ones are a line of day numbers.
    """
    ordered = sorted(days, key=lambda summary: summary.date, reverse=True)
    if not ordered:
        return ()
    newest = ordered[0].date
    years = []
    for year, of_year in groupby(ordered, key=lambda summary: summary.date.year):
        months = [
            _month(list(group), newest)
            for _, group in groupby(of_year, key=lambda summary: summary.date.month)
        ]
        years.append(
            ArchiveYear(year=year, days=sum(len(month.days) for month in months), months=tuple(months))
        )
    return tuple(years)


def _month(days: Sequence[DaySummary], newest: date) -> ArchiveMonth:
    titled = (newest - days[0].date).days < _WITH_TITLES
    return ArchiveMonth(
        name=month_of(days[0].date),
        papers=number(sum(summary.papers for summary in days)),
        titled=titled,
        days=tuple(_day(summary, titled=titled) for summary in days),
    )


def _day(summary: DaySummary, *, titled: bool) -> ArchiveDay:
    title = one_line(summary.top_title) if titled else ""
    if len(title) > _LONGEST_TITLE:
        title = title[: _LONGEST_TITLE - 1].rstrip() + "…"
    papers = "1 paper" if summary.papers == 1 else f"{number(summary.papers)} papers"
    return ArchiveDay(
        day=summary.date.day,
        iso=summary.date.isoformat(),
        label=f"{short_day(summary.date)}: {papers}",
        title=title or ("" if not titled else "No paper drew enough attention"),
    )
