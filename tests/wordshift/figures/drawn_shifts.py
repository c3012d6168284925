"""Small shifts computed straight from the equations, for tests of what is drawn from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hotpapers.wordshift.shifts import Coverage, Shift, decompose

TOY_1 = {"a": 3.0, "b": 2.0, "c": 1.0}
TOY_2 = {"a": 1.0, "b": 2.0, "d": 4.0}


def build(
    counts_1: Mapping[Any, float],
    counts_2: Mapping[Any, float],
    scores: Any,
    *,
    measure: str,
    reference: float = 0.0,
    normalization: str = "variation",
    adopted: Sequence[Any] = (),
    names: tuple[str, str] = ("First", "Second"),
    **rest: Any,
) -> Shift:
    """A shift; `scores(types, p1, p2)` gives both score vectors."""
    types = sorted({*counts_1, *counts_2})
    f1, f2 = (np.array([float(c.get(t, 0.0)) for t in types]) for c in (counts_1, counts_2))
    p1, p2 = f1 / f1.sum(), f2 / f2.sum()
    s1, s2 = scores(types, p1, p2)
    contribution = (p2 - p1) * ((s1 + s2) / 2 - reference) + (p1 + p2) / 2 * (s2 - s1)
    norm, degenerate = decompose(contribution, normalization)
    return Shift(
        measure=measure, parameters={"alpha": 1, "base": 2}, names=names, types=types, f1=f1, f2=f2, p1=p1, p2=p2,
        s1=s1, s2=s2, reference=reference, norm=norm, normalization=normalization,
        adopted=np.array([t in adopted for t in types], dtype=bool), degenerate=degenerate,
        coverage=Coverage(tokens=(float(f1.sum()), float(f2.sum())), share=(1.0, 1.0)), **rest,
    )  # fmt: skip


def jsd(counts_1: Mapping[Any, float] = TOY_1, counts_2: Mapping[Any, float] = TOY_2, **rest: Any) -> Shift:
    """Jensen-Shannon divergence in bits."""

    def scores(types, p1, p2):
        m = np.log2((p1 + p2) / 2)
        log = [np.log2(np.where(p > 0, p, 1.0)) for p in (p1, p2)]
        s1 = 0.5 * np.where(p1 > 0, m - log[0], m)
        return s1, 0.5 * np.where(p2 > 0, log[1] - m, -m)

    return build(counts_1, counts_2, scores, measure="jsd", all_positive=True, unit="bits", **rest)


def proportion(
    counts_1: Mapping[Any, float] = TOY_1, counts_2: Mapping[Any, float] = TOY_2, **rest: Any
) -> Shift:
    """Differences of relative frequencies."""
    return build(
        counts_1, counts_2, lambda types, p1, p2: (np.ones(len(types)),) * 2, measure="proportion", **rest
    )


def weighted(counts_1, counts_2, scores_1, scores_2=None, **rest: Any) -> Shift:
    """A weighted average with one lexicon or two."""
    scores_2 = scores_2 or scores_1
    types = sorted({*counts_1, *counts_2})
    s1, s2 = (np.array([float(s[t]) for t in types]) for s in (scores_1, scores_2))
    total_1, total_2 = sum(counts_1.values()), sum(counts_2.values())
    averages = (
        sum(counts_1.get(t, 0) * scores_1[t] for t in types) / total_1,
        sum(counts_2.get(t, 0) * scores_2[t] for t in types) / total_2,
    )
    return build(counts_1, counts_2, lambda *_: (s1, s2), measure="sentiment", averages=averages, **rest)


def random_pair(words: int, seed: int = 0) -> tuple[dict[str, float], dict[str, float]]:
    """Two Zipf-like texts of `words` types."""
    generator = np.random.default_rng(seed)
    shares = 1 / np.arange(1, words + 1) ** 1.05
    names = [f"word{index}" for index in range(words)]
    texts = []
    for _ in range(2):
        noisy = shares * np.exp(generator.normal(0, 0.7, words))
        drawn = generator.multinomial(20 * words, noisy / noisy.sum())
        texts.append({name: float(n) for name, n in zip(names, drawn, strict=True) if n})
    return texts[0], texts[1]


def two_lexicons(words: int = 300, seed: int = 1, **rest: Any) -> Shift:
    """A weighted average whose scores changed: all eight ways of contributing occur."""
    counts_1, counts_2 = random_pair(words, seed)
    generator = np.random.default_rng(seed + 1)
    first = {word: generator.normal(0, 1) for word in sorted({*counts_1, *counts_2})}
    second = {word: score + generator.normal(0, 0.4) for word, score in first.items()}
    return weighted(counts_1, counts_2, first, second, **rest)
