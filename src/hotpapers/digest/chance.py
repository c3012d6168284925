"""Could it be chance? An exact test of one word's papers, and how many of many such finds are false.

Among thousands of words some always seem to rise. So a word's change is tested by the papers that use
it (Fisher's exact test: the papers are shuffled between the two windows), and all tests are judged
together by the share of false finds among those taken for true (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["false_discovery_rates", "least_p_value", "p_value"]


def p_value(now: int, before: int, papers: int, papers_before: int) -> float:
    """Fisher's exact test that a word is used alike in both windows, two-sided by doubling.

    Parameters
    ----------
    now, before
        Papers of the later and the earlier window that use the word.
    papers, papers_before
        All papers of the windows.

    Examples
    --------
    >>> round(p_value(3, 0, 4, 4), 6)  # 2 (4 choose 3) / (8 choose 3)
    0.142857
    """
    used = now + before
    chance = _chance(now, used, papers, papers_before)
    rises = now * (papers + papers_before) >= used * papers
    last = min(used, papers) if rises else max(0, used - papers_before)
    total = 0.0
    at = now
    while True:  # from what was seen outwards
        total += chance
        if at == last or chance < 1e-17 * total:
            break
        if rises:
            chance *= (papers - at) * (used - at) / ((at + 1) * (papers_before - used + at + 1))
            at += 1
        else:
            chance *= at * (papers_before - used + at) / ((papers - at + 1) * (used - at + 1))
            at -= 1
    return min(1.0, 2 * total)


def least_p_value(used: int, papers: int, papers_before: int) -> float:
    """The smallest `p_value` that any split of `used` papers can give (Tarone 1990).

    Where even that is large, the word can't be told from chance, and to test it would only make it
    harder for the others.

    Examples
    --------
    >>> round(least_p_value(3, 4, 4), 6)
    0.142857
    """
    ends = (max(0, used - papers_before), min(used, papers))
    return min(1.0, 2 * min(_chance(end, used, papers, papers_before) for end in ends))


def _chance(now: int, used: int, papers: int, papers_before: int) -> float:
    """Of `now` papers among `used` ones drawn from all: hypergeometric."""
    return math.exp(
        _log_choices(papers, now)
        + _log_choices(papers_before, used - now)
        - _log_choices(papers + papers_before, used)
    )


def _log_choices(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def false_discovery_rates(p_values: Sequence[float]) -> list[float]:
    """For each test, the share of false finds if it and all that are as sure are taken for true.

    Examples
    --------
    >>> false_discovery_rates([0.5, 0.01, 0.02])
    [0.5, 0.03, 0.03]
    """
    rates = [1.0] * len(p_values)
    best = 1.0
    ranked = sorted(range(len(p_values)), key=lambda at: p_values[at])
    for rank in range(len(ranked), 0, -1):
        at = ranked[rank - 1]
        best = min(best, p_values[at] * len(ranked) / rank)
        rates[at] = best
    return rates
