"""Made-up posts and stores of any size, for benchmarks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from hotpapers.digest import Attention, Entry, Mention, Paper, Post, Store, schema

FIRST = date(2012, 1, 2)
WORDS, LENGTH, VOCABULARY = 120, 10, 60_000
SOURCES = ("twitter", "hackernews", "bluesky")


def generated_posts(days: int) -> list[Post]:
    """Days of nine papers with two tweets each."""
    rng = np.random.default_rng(0)
    words = vocabulary()
    posts = []
    for at in range(days):
        day = FIRST + timedelta(days=at)
        entries = []
        for rank_ in range(1, 10):
            arxiv_id = f"{day:%y%m}.{day.day * 100 + rank_:05d}"
            html = (
                '<blockquote class="twitter-tweet"><p lang="en" dir="ltr">A paper</p>&mdash; A (@a) '
                f'<a href="https://twitter.com/a/status/{at * 100 + rank_}?ref_src=x">a day</a></blockquote>'
            )
            mention = Mention(source="twitter", id=str(at * 100 + rank_), arxiv_ids=(arxiv_id,), html=html)
            paper = Paper(
                arxiv_id=arxiv_id,
                title=sentence(rng, words, 10),
                authors=("A. One", "B. Two"),
                abstract=sentence(rng, words, 160),
                categories=("cs.LG",),
            )
            read_at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + timedelta(days=1)
            counts = {"retweets": 1000 // rank_, "favorites": 100}
            reading = Attention(arxiv_id=arxiv_id, source="twitter", read_at=read_at, counts=counts, day=day)
            entries.append(Entry(paper=paper, attention=reading, mentions=(mention,)))
        posts.append(Post(date=day, made_at=entries[0].attention.read_at, entries=tuple(entries)))
    return posts


def vocabulary() -> np.ndarray:
    """Made-up words, the common ones short."""
    consonants, vowels = "bcdfghjklmnprstvz", "aeiou"
    syllables = [a + b for a in consonants for b in vowels]
    words = []
    for number in range(VOCABULARY):
        text, rest = "", number
        while True:
            rest, digit = divmod(rest, len(syllables))
            text += syllables[digit]
            if not rest:
                break
        words.append(text)
    return np.array(words, dtype=object)


def sentence(rng: np.random.Generator, words: np.ndarray, length: int) -> str:
    """Words drawn with a long tail, as in real text."""
    return " ".join(words[(VOCABULARY * rng.random(length) ** 4).astype(int)])


def generate(path: str, papers: int, readings: int) -> dict[str, Any]:
    """Fill a store straight through its tables: papers with text, readings over their days, posts."""
    words = vocabulary()
    rng = np.random.default_rng(1)
    per_day = max(papers // 5_000, 9)
    with Store(path) as store:
        database = store._db
        started = perf_counter()
        for first in range(0, papers, 25_000):
            numbers = range(first, min(first + 25_000, papers))
            texts = (VOCABULARY * rng.random((len(numbers), WORDS + LENGTH)) ** 4).astype(int)
            rows = [
                {
                    "arxiv_id": paper_id(number),
                    "title": " ".join(words[text[:LENGTH]]),
                    "authors": [f"{words[text[0]].title()} {words[text[1]].title()}"],
                    "abstract": " ".join(words[text[LENGTH:]]),
                    "categories": [("cs.LG", "cs.CV", "cs.CL", "stat.ML", "math.PR")[number % 5]],
                    "summary": "",
                    "seen_at": datetime(2025, 1, 1),  # noqa: DTZ001 - as the tables hold it
                    "revision": 1 + number // 1_000,
                }
                for number, text in zip(numbers, texts, strict=True)
            ]
            schema.insert(database, "paper", rows)
        database.execute(
            "INSERT INTO reading SELECT arxiv_id, $1[1 + r % 3], day, day + INTERVAL 33 HOUR, "
            "MAP {'likes': likes, 'reposts': reposts}, likes + reposts FROM ("
            "  SELECT arxiv_id, r, $2::DATE + (number // $3)::INTEGER + (r // 3)::INTEGER AS day, "
            "  (hash(number, r) % 1000)::BIGINT AS likes, (hash(r, number) % 100)::BIGINT AS reposts FROM ("
            "    SELECT arxiv_id, rowid AS number, unnest(range($4)) AS r FROM paper)) ORDER BY day",
            [list(SOURCES), FIRST, per_day, readings // papers],
        )
        database.execute(
            "INSERT INTO standing SELECT arxiv_id, source, max_by(day, read_at), max(read_at), "
            "max_by(counts, read_at), max_by(total, read_at) FROM reading GROUP BY arxiv_id, source"
        )
        seconds = perf_counter() - started
    return {"generate, s": seconds, "store, MB": Path(path).stat().st_size / 1e6}


def paper_id(number: int) -> str:
    """One of 25,000 identifiers a month."""
    month = number // 25_000
    return f"{12 + month // 12:02d}{1 + month % 12:02d}.{number % 25_000:05d}"
