"""Ranking by attention: any window, any mix of sources, as of any time, fair across fields if asked.

The archive's rule, found from 3,054 neighbouring pairs without exception, is descending
``retweets + favorites``; here: the sum of all counts, each source and each kind of count times its
weight (1 where none is given). Ties go to the smaller arXiv id, so that the order is total.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from hotpapers.common.errors import InputError
from hotpapers.digest.records import Paper
from hotpapers.digest.schema import utc_naive

if TYPE_CHECKING:
    from hotpapers.digest.store import Store

__all__ = ["Ranked", "parse_weights", "rank"]

By = Literal["total", "gained"]
_LATEST = "SELECT arxiv_id, source, max_by(counts, read_at) AS counts, max_by(total, read_at) AS total"
_WEIGHT = re.compile(r"([a-z0-9_-]+)(?:\.([a-z0-9_-]+))?=([0-9.eE+-]+)")


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One line of a ranking.

    Parameters
    ----------
    rank
        1 for the most attention.
    paper
        What the store knows of it.
    score
        What it was ranked by: weighted attention, or with `within_category` its percentile in (0, 1).
    attention
        Weighted attention in the window.
    sources
        source -> attention there, before weights.
    """

    rank: int
    paper: Paper
    score: float
    attention: float
    sources: Mapping[str, int]


def parse_weights(given: list[str]) -> dict[str, float]:
    """``["hackernews=2", "bluesky.replies=0"]`` as a mapping.

    Raises
    ------
    InputError
        For anything that is not ``SOURCE=NUMBER`` or ``SOURCE.COUNT=NUMBER`` with a number >= 0.
    """
    weights = {}
    for text in given:
        found = _WEIGHT.fullmatch(text)
        try:
            value = float(found[3]) if found else math.nan
        except ValueError:
            value = math.nan
        if found is None or not 0 <= value < math.inf:
            raise InputError(
                f"weight {text!r}: expected SOURCE=NUMBER or SOURCE.COUNT=NUMBER with a number >= 0"
            )
        weights[f"{found[1]}.{found[2]}" if found[2] else found[1]] = value
    return weights


def rank(
    store: Store,
    *,
    since: date | None = None,
    until: date | None = None,
    as_of: datetime | None = None,
    category: str | None = None,
    by: By = "total",
    weights: Mapping[str, float] | None = None,
    within_category: bool = False,
    top: int | None = 20,
) -> list[Ranked]:
    """Rank the papers that drew attention on digest days in [since, until].

    Parameters
    ----------
    store
        Where the readings are.
    since, until
        First and last day, both counted; None: no bound.
    as_of
        Only readings made by this time: the ranking as it stood then.
    category
        ``"cs.LG"``, or a whole archive such as ``"cs"``; any of a paper's categories counts.
    by
        ``"total"``: the latest running total in the window (the archive's rule); ``"gained"``: that
        minus the last total before the window.
    weights
        ``{"hackernews": 2.0, "bluesky.replies": 0.0}``: factor of a source, or of one of its counts.
    within_category
        Rank by the percentile of a paper's attention among the window's papers of the same primary
        category (ties share their middle), so that a small field's best stands beside a large one's.
    top
        How many; None for all.

    Raises
    ------
    InputError
        If the window ends before it begins, or `top` is negative.
    """
    if since and until and since > until:
        raise InputError(f"the window ends ({until}) before it begins ({since})")
    if top is not None and top < 0:
        raise InputError(f"--top takes a number of papers >= 0, not {top}")
    arguments: dict[str, Any] = {"top": 2**62 if top is None else top}
    weighted = _weighted(weights or {}, arguments)
    latest = _latest(store, since, until, as_of, arguments)
    if by == "gained":
        latest = _gained(latest, since, as_of, arguments)
    chosen = f"SELECT arxiv_id, sum({weighted}) AS attention FROM ({latest}) GROUP BY arxiv_id HAVING attention > 0"
    if category is not None:
        arguments["category"] = category
        chosen += (
            " AND arxiv_id IN (SELECT arxiv_id FROM paper WHERE list_contains(categories, $category) "
            "OR len(list_filter(categories, lambda c: starts_with(c, $category || '.'))) > 0)"
        )
    if within_category:
        chosen = _percentiles(chosen)
    order = "score DESC, attention DESC, arxiv_id" if within_category else "attention DESC, arxiv_id"
    rows = store.rows(f"SELECT * FROM ({chosen}) ORDER BY {order} LIMIT $top", arguments)
    return _ranked(store, rows, since=since, until=until, as_of=as_of)


def _latest(
    store: Store, since: date | None, until: date | None, as_of: datetime | None, arguments: dict[str, Any]
) -> str:
    """SQL for each paper's latest reading per source in the window."""
    bounds = store.rows("SELECT min(day) AS first, max(day) AS last FROM reading")[0]
    unbounded = bounds["first"] is None or (
        (since is None or since <= bounds["first"]) and (until is None or until >= bounds["last"])
    )
    if unbounded and as_of is None:
        return "SELECT arxiv_id, source, counts, total FROM standing"
    conditions = _conditions(since, until, as_of, arguments)
    return f"{_LATEST} FROM reading WHERE {conditions} GROUP BY arxiv_id, source"


def _conditions(
    since: date | None, until: date | None, as_of: datetime | None, arguments: dict[str, Any]
) -> str:
    conditions = ["true"]
    for name, test, value in (
        ("since", "day >= $since", since),
        ("until", "day <= $until", until),
        ("as_of", "read_at <= $as_of", utc_naive(as_of)),
    ):
        if value is not None:
            conditions.append(test)
            arguments[name] = value
    return " AND ".join(conditions)


def _gained(latest: str, since: date | None, as_of: datetime | None, arguments: dict[str, Any]) -> str:
    """SQL for what was gained since the last reading before the window."""
    if since is None:
        return latest
    arguments["before"] = since
    known = "day < $before" + (" AND read_at <= $as_of" if as_of else "")
    difference = (
        "map_from_entries(list_transform(map_entries(new.counts), lambda e: "
        "struct_pack(k := e.key, v := e.value - coalesce(old.counts[e.key], 0))))"
    )
    return (
        f"SELECT arxiv_id, source, {difference} AS counts, new.total - coalesce(old.total, 0) AS total "
        f"FROM ({latest}) AS new LEFT JOIN ({_LATEST} FROM reading WHERE {known} GROUP BY arxiv_id, source) AS old "
        "USING (arxiv_id, source)"
    )


def _weighted(weights: Mapping[str, float], arguments: dict[str, Any]) -> str:
    """SQL for a reading's weighted total."""
    factors, corrections = [], []
    for at, (name, value) in enumerate(weights.items()):
        source, _, kind = name.partition(".")
        arguments |= {f"source{at}": source, f"weight{at}": value}
        if kind:
            arguments[f"kind{at}"] = kind
            corrections.append(
                f" + CASE WHEN source = $source{at} THEN ($weight{at} - 1) * coalesce(counts[$kind{at}], 0) ELSE 0 END"
            )
        else:
            factors.append(f" WHEN $source{at} THEN $weight{at}")
    factor = f" * CASE source{''.join(factors)} ELSE 1 END" if factors else ""
    return f"(total{''.join(corrections)}){factor}"


def _percentiles(chosen: str) -> str:
    """SQL that adds each paper's mid-percentile among those with the same primary category."""
    return (
        "SELECT *, (rank() OVER (PARTITION BY field ORDER BY attention) - 1 + "
        "count(*) OVER (PARTITION BY field, attention) / 2) / count(*) OVER (PARTITION BY field) AS score "
        f"FROM (SELECT chosen.*, coalesce(categories[1], '') AS field FROM ({chosen}) AS chosen "
        "LEFT JOIN paper USING (arxiv_id))"
    )


def _ranked(
    store: Store,
    rows: list[dict[str, Any]],
    *,
    since: date | None,
    until: date | None,
    as_of: datetime | None,
) -> list[Ranked]:
    ids = [row["arxiv_id"] for row in rows]
    papers = store.papers(ids)
    arguments: dict[str, Any] = {"ids": ids}
    latest = _latest(store, since, until, as_of, arguments)
    by_source: dict[str, dict[str, int]] = {}
    sql = f"SELECT arxiv_id, source, total FROM ({latest}) WHERE arxiv_id IN (SELECT unnest($ids::VARCHAR[]))"
    for row in store.rows(f"{sql} ORDER BY source", arguments):
        by_source.setdefault(row["arxiv_id"], {})[row["source"]] = row["total"]
    return [
        Ranked(
            rank=place,
            paper=papers.get(row["arxiv_id"]) or Paper(arxiv_id=row["arxiv_id"], title="", authors=()),
            score=float(row.get("score", row["attention"])),
            attention=float(row["attention"]),
            sources=by_source.get(row["arxiv_id"], {}),
        )
        for place, row in enumerate(rows, start=1)
    ]
