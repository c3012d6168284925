"""Stores whose two windows of four weeks hold papers with given texts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from hotpapers.digest import Attention, Paper, Store

UNTIL = date(2020, 8, 30)
Text = tuple[str, str]
"""Title and abstract."""


def store_of(before: Sequence[Text], now: Sequence[Text], *, until: date = UNTIL) -> Store:
    """One paper a text: ids 2007.00001 ... in the earlier window, 2008.00001 ... in the later one."""
    store = Store(":memory:")
    papers, readings = [], []
    for texts, prefix, last in (
        (before, f"{until:%y}07", until - timedelta(days=28)),
        (now, f"{until:%y}08", until),
    ):
        for at, (title, abstract) in enumerate(texts):
            day = last - timedelta(days=at % 28)
            arxiv_id = f"{prefix}.{at + 1:05d}"
            papers.append(Paper(arxiv_id=arxiv_id, title=title, authors=("A. Author",), abstract=abstract))
            read_at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
            readings.append(
                Attention(arxiv_id=arxiv_id, source="x", day=day, read_at=read_at, counts={"n": 1})
            )
    store.put_papers(papers, seen_at=datetime(2020, 9, 1, tzinfo=UTC))
    store.put_readings(readings)
    return store


def planted(papers: int = 120, *, seed: int = 1) -> tuple[list[Text], list[Text]]:
    """Papers of common words; later more of them speak of transformers, and fewer of kernels."""
    chance = random.Random(seed)

    def text(later: bool) -> Text:
        words = [f"word{chance.randint(1, 300)}" for _ in range(25)]
        words += ["transformers"] * (chance.random() < (0.5 if later else 0.1))
        words += ["kernels"] * 3 * (chance.random() < (0.1 if later else 0.5))
        chance.shuffle(words)
        return "On words", f"We study {' '.join(words[:12])}. Then come {' '.join(words[12:])}."

    return [text(False) for _ in range(papers)], [text(True) for _ in range(papers)]
