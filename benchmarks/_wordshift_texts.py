"""Vocabularies and texts of any size for the benchmark of word shifts, the same at every run."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from hotpapers.common.datasets import data_file
from hotpapers.common.errors import UnavailableError
from hotpapers.wordshift.data import WORDSHIFT

SYLLABLES = [consonant + vowel for consonant, vowel in product("bdfgklmnprstvz", "aeiou")]


def made_up_word(number: int) -> str:
    """A word of its own for each number: at least three syllables, no two words alike."""
    parts = []
    while number or len(parts) < 3:
        number, part = divmod(number, len(SYLLABLES))
        parts.append(SYLLABLES[part])
    return "".join(parts)


# ---- vocabularies


def write_vocabulary(path: str, types: int) -> dict[str, float]:
    """Lines ``type TAB count TAB count`` of two texts: about 20 tokens a type and text, Zipf(1.05).

    The second text's shares are the first's times exp(N(0, 0.7)). As in real texts, each lacks some
    of the other's rare types.
    """
    import numpy as np

    rng = np.random.default_rng(types)
    first = np.arange(1, types + 1) ** -1.05
    second = first * np.exp(rng.normal(0, 0.7, types))
    f1, f2 = (rng.poisson(20 * types * shares / shares.sum()) for shares in (first, second))
    f1[(f1 + f2) == 0] = 1
    words = [made_up_word(number) for number in rng.permutation(types).tolist()]
    return _write(path, words, f1.tolist(), f2.tolist())


def write_speeches(path: str) -> dict[str, float]:
    """The shipped counts of two presidents' speeches, as `write_vocabulary` writes them."""
    from hotpapers.wordshift.counts import align
    from hotpapers.wordshift.speeches import speeches

    types, f1, f2 = align(*speeches())
    return _write(path, types, f1.astype(int).tolist(), f2.astype(int).tolist())


def _write(path: str, types: Sequence[str], f1: list[int], f2: list[int]) -> dict[str, float]:
    with Path(path).open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{word}\t{one}\t{two}\n" for word, one, two in zip(types, f1, f2, strict=True))
    return {"types": len(types), "tokens": sum(f1) + sum(f2)}


def read_vocabulary(path: str) -> tuple[dict[str, int], dict[str, int]]:
    """Two dictionaries type -> count, each without the types that its text lacks."""
    first, second = {}, {}
    with Path(path).open(encoding="utf-8") as stream:
        for line in stream:
            word, one, two = line.split("\t")
            if one != "0":
                first[word] = int(one)
            if two != "0\n":
                second[word] = int(two)
    return first, second


# ---- running text


def some_lines() -> tuple[list[str], str]:
    """Lines of a novel and of speeches, or of made-up words where the data set is not here; and which."""
    try:
        novel = gzip.decompress(data_file(WORDSHIFT, "moby_dick.txt.gz").read_bytes()).decode()
        rows = gzip.decompress(data_file(WORDSHIFT, "state_union.jsonl.gz").read_bytes()).decode()
    except UnavailableError:
        return _made_up_lines(), "made-up words (the data set wordshift is not here)"
    texts = [novel, *(json.loads(row)["text"] for row in rows.splitlines())]
    return [line for text in texts for line in text.splitlines() if line.strip()], "a novel and speeches"


def _made_up_lines() -> list[str]:
    rng = random.Random(0)
    words = [made_up_word(number) for number in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    lines = []
    for _ in range(30_000):
        chosen = rng.choices(words, weights, k=11)
        lines.append(f"{chosen[0].capitalize()} {' '.join(chosen[1:6])}, {' '.join(chosen[6:])}.")
    return lines


def write_long_text(path: str, size: int) -> dict[str, str]:
    """About `size` bytes: `some_lines` in random order, every fifth line with a rare made-up word."""
    lines, which = some_lines()
    rng = random.Random(1)
    written = 0
    with Path(path).open("w", encoding="utf-8", newline="\n") as stream:
        while written < size:
            chosen = rng.choices(lines, k=20_000)
            for at in range(0, len(chosen), 5):
                # Squared, so that some of them are met again and again and most once or twice.
                chosen[at] += " " + made_up_word(343_000 + int(3e6 * rng.random() ** 2))
            block = "\n".join(chosen) + "\n"
            written += len(block.encode())
            stream.write(block)
    return {"text": which}


def write_two_texts(paths: tuple[str, str], size: int) -> dict[str, str]:
    """The first and the last `size` bytes or so of `some_lines`."""
    lines, which = some_lines()
    for path, ordered in zip(paths, (lines, lines[::-1]), strict=True):
        kept, length = [], 0
        for line in ordered:
            kept.append(line)
            length += len(line.encode()) + 1
            if length >= size:
                break
        if ordered is not lines:
            kept.reverse()
        Path(path).write_text("\n".join(kept) + "\n", encoding="utf-8")
    return {"text": which}
