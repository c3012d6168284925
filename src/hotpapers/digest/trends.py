"""Which words are rising: this window's titles and abstracts against the window before it.

Each word's share of papers is compared by the log-odds ratio with an informative Dirichlet prior
(Monroe, Colaresi and Quinn 2008, "Fightin' Words"), with papers instead of
tokens as the unit, so that one abstract that repeats a word a dozen times does not make a trend.
Whether a word's change is more than chance is judged among all words: `hotpapers.digest.chance`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hotpapers.common.errors import InputError
from hotpapers.digest.chance import false_discovery_rates, least_p_value, p_value
from hotpapers.digest.edition import RisingWord, Trends

if TYPE_CHECKING:
    from hotpapers.digest.store import Store

__all__ = ["CLEAR", "COMMAND", "IN_WINDOW", "TEXT", "WORD", "rising_words"]

WORD = r"\p{N}*\p{L}[\p{L}\p{M}\p{N}]*(?:['’-][\p{L}\p{M}\p{N}]+)*"
"""A word of title or abstract, in lower case: letters and numbers, joined by hyphens and apostrophes."""

COMMAND = r"\\[a-z0-9]"
r"""A command of LaTeX, such as ``\text``, with ``*`` or ``+`` behind it: no word."""

TEXT = "title || '. ' || abstract"
"""SQL for a paper's text."""

IN_WINDOW = "SELECT DISTINCT arxiv_id FROM reading WHERE day BETWEEN $since AND $until"
"""SQL for a window's papers: those with attention read on its days."""

CLEAR = 0.05
"""Largest share of false finds among the words called clear."""

_MINIMUM_PAPERS = 3
_TELLING = 1e-3  # a word that can't reach this p-value, however its papers fall, is not tested
_WORDS = rf"""
    WITH in_window AS (
        SELECT DISTINCT arxiv_id, day >= $since AS now
        FROM reading WHERE day BETWEEN $before_since AND $until
    ), words AS (
        SELECT now, unnest(list_distinct(
            regexp_extract_all(replace(regexp_replace(lower({TEXT}), $command, ' ', 'g'), '’', ''''), $word)
        )) AS word
        FROM in_window JOIN paper USING (arxiv_id)
    )
    SELECT word, count(*) FILTER (now) AS now, count(*) FILTER (NOT now) AS before
    FROM words GROUP BY word HAVING count(*) >= {_MINIMUM_PAPERS} ORDER BY word
"""  # noqa: S608 - our own words; every value is bound
_SIZES = """
    SELECT count(DISTINCT arxiv_id) FILTER (day >= $since) AS papers,
        count(DISTINCT arxiv_id) FILTER (day < $since) AS papers_before
    FROM reading JOIN paper USING (arxiv_id) WHERE day BETWEEN $before_since AND $until
"""


@dataclass(frozen=True, slots=True)
class _Use:
    """How many papers of both windows use a word, and the share of chance among words as sure."""

    word: str
    now: int
    before: int
    q: float


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
    window = _windows(store, weeks, until)
    sizes = store.rows(_SIZES, window)[0]
    papers, papers_before = sizes["papers"], sizes["papers_before"]
    days = window | {"before_until": window["since"] - timedelta(days=1)}
    if not papers or not papers_before:
        names = ("since", "until") if not papers else ("before_since", "before_until")
        empty = " to ".join(str(days[name]) for name in names)
        raise InputError(f"no paper in the window {empty}: choose fewer weeks or another --until")
    uses = _judged(
        store.rows(_WORDS, window | {"word": WORD, "command": f"{COMMAND}+"}), papers, papers_before
    )
    words = sorted(_rising(uses, papers, papers_before), key=lambda word: (-word.score, word.word))
    return Trends(
        **days,
        papers=papers,
        papers_before=papers_before,
        words=tuple(words[:top]),
        clear=frozenset(use.word for use in uses if use.q <= CLEAR),
    )


def _windows(store: Store, weeks: int, until: date | None) -> dict[str, Any]:
    """First day of the earlier window, first and last of the later one."""
    if weeks < 1:
        raise InputError(f"--weeks takes a number >= 1, not {weeks}")
    if until is None:
        until = store.rows("SELECT max(day) AS day FROM reading")[0]["day"]
        if until is None:
            raise InputError("the store is empty: import or fetch some days first")
    try:
        since = until - timedelta(days=7 * weeks - 1)
        return {"before_since": since - timedelta(days=7 * weeks), "since": since, "until": until}
    except OverflowError:
        raise InputError(f"{weeks} weeks before {until} is no date") from None


def _judged(rows: Sequence[dict[str, Any]], papers: int, papers_before: int) -> list[_Use]:
    """Each word with its share of chance; 1 for words of too few papers to tell."""
    told: dict[tuple[int, int], float] = {}  # many words have the same numbers
    tested: list[int] = []
    for at, row in enumerate(rows):
        pair = (row["now"], row["before"])
        if least_p_value(sum(pair), papers, papers_before) <= _TELLING:
            tested.append(at)
            if pair not in told:
                told[pair] = p_value(*pair, papers, papers_before)
    rates = false_discovery_rates([told[rows[at]["now"], rows[at]["before"]] for at in tested])
    known = dict(zip(tested, rates, strict=True))
    return [_Use(row["word"], row["now"], row["before"], known.get(at, 1.0)) for at, row in enumerate(rows)]


def _rising(uses: Sequence[_Use], papers: int, papers_before: int) -> Iterator[RisingWord]:
    for use in uses:
        if use.now < _MINIMUM_PAPERS or len(use.word) < 2:  # single letters are formulas' symbols
            continue
        # the prior: as many papers as the smaller window has, spread as in both windows together
        prior = min(papers, papers_before) * (use.now + use.before) / (papers + papers_before)
        without = min(papers, papers_before) - prior
        used, unused = use.now + prior, papers - use.now + without
        used_before, unused_before = use.before + prior, papers_before - use.before + without
        if min(unused, unused_before) <= 0:
            continue  # every paper of both windows uses it: nothing can rise
        # difference of the two windows' log-odds
        delta = math.log(used / unused) - math.log(used_before / unused_before)
        if delta <= 0:
            continue
        # its variance; all four terms, since a word can be in almost every paper
        variance = 1 / used + 1 / unused + 1 / used_before + 1 / unused_before
        yield RisingWord(
            word=use.word,
            now=use.now / papers,
            before=use.before / papers_before,
            papers=use.now,
            score=delta / math.sqrt(variance),
            q=use.q,
        )
