"""Which words are rising: this window's titles and abstracts against the window before it.

Each word's share of papers is compared by the log-odds ratio with an informative Dirichlet prior
(Monroe, Colaresi and Quinn 2008, "Fightin' Words"), with papers instead of
tokens as the unit, so that one abstract that repeats a word a dozen times does not make a trend.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hotpapers.common.errors import InputError
from hotpapers.digest.edition import RisingWord, Trends

if TYPE_CHECKING:
    from hotpapers.digest.store import Store

__all__ = ["rising_words"]

_MINIMUM_PAPERS = 3
_WORDS = r"""
    WITH in_window AS (
        SELECT DISTINCT arxiv_id, day >= $since AS now
        FROM reading WHERE day BETWEEN $before_since AND $until
    ), words AS (
        SELECT now, unnest(list_distinct(list_transform(
            regexp_extract_all(lower(title || ' ' || abstract), '[\p{L}][\p{L}\p{N}]*(?:-[\p{L}\p{N}]+)*'),
            lambda w: trim(w)))) AS word
        FROM in_window JOIN paper USING (arxiv_id)
    )
    SELECT word, count(*) FILTER (now) AS now, count(*) FILTER (NOT now) AS before
    FROM words WHERE length(word) > 2 GROUP BY word HAVING count(*) FILTER (now) >= $minimum
"""


def rising_words(store: Store, *, weeks: int = 4, until: date | None = None, top: int = 30) -> Trends:
    """Words that more papers use in the last `weeks` than in as many weeks before.

    Parameters
    ----------
    store
        Where the papers and their days are.
    weeks
        Length of each window.
    until
        Last day of the later window; the store's latest day where not given.
    top
        How many words.

    Raises
    ------
    InputError
        If the store is empty, or one of the windows holds no paper.
    """
    if weeks < 1:
        raise InputError(f"--weeks takes a number >= 1, not {weeks}")
    if until is None:
        until = store.rows("SELECT max(day) AS day FROM reading")[0]["day"]
        if until is None:
            raise InputError("the store is empty: import or fetch some days first")
    try:
        since = until - timedelta(days=7 * weeks - 1)
        before_until = since - timedelta(days=1)
        before_since = since - timedelta(days=7 * weeks)
    except OverflowError:
        raise InputError(f"{weeks} weeks before {until} is no date") from None
    window = {"since": since, "until": until, "before_since": before_since}
    papers, papers_before = _sizes(store, window)
    if not papers or not papers_before:
        empty = f"{since} to {until}" if not papers else f"{before_since} to {before_until}"
        raise InputError(f"no paper in the window {empty}: choose fewer weeks or another --until")
    rows = store.rows(_WORDS, window | {"minimum": _MINIMUM_PAPERS})
    words = sorted(_rising(rows, papers, papers_before), key=lambda word: (-word.score, word.word))
    return Trends(
        since=since,
        until=until,
        before_since=before_since,
        before_until=before_until,
        papers=papers,
        papers_before=papers_before,
        words=tuple(word for word in words[:top] if word.score > 0),
    )


def _sizes(store: Store, window: dict[str, Any]) -> tuple[int, int]:
    row = store.rows(
        "SELECT count(DISTINCT arxiv_id) FILTER (day >= $since) AS now, "
        "count(DISTINCT arxiv_id) FILTER (day < $since) AS before "
        "FROM reading WHERE day BETWEEN $before_since AND $until",
        window,
    )[0]
    return row["now"], row["before"]


def _rising(rows: list[dict[str, Any]], papers: int, papers_before: int) -> Iterator[RisingWord]:
    for row in rows:
        # the prior: as many papers as the smaller window has, spread as in both windows together
        prior = min(papers, papers_before) * (row["now"] + row["before"]) / (papers + papers_before)
        without = min(papers, papers_before) - prior
        used, unused = row["now"] + prior, papers - row["now"] + without
        used_before, unused_before = row["before"] + prior, papers_before - row["before"] + without
        if min(unused, unused_before) <= 0:
            continue  # every paper of both windows uses it: nothing can rise
        # difference of the two windows' log-odds
        delta = math.log(used / unused) - math.log(used_before / unused_before)
        # its variance; all four terms, since a word can be in almost every paper
        variance = 1 / used + 1 / unused + 1 / used_before + 1 / unused_before
        yield RisingWord(
            word=row["word"],
            now=row["now"] / papers,
            before=row["before"] / papers_before,
            papers=row["now"],
            score=delta / math.sqrt(variance),
        )
