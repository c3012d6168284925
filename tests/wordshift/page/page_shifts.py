"""Shifts for the page's tests, made again from counts with any word left out, by the equations of 2.5."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hotpapers.wordshift.shifts import Coverage, Shift, decompose


@dataclass(frozen=True)
class Context:
    """What the page needs of a word in context."""

    left: str
    word: str
    right: str
    document: str | None = None


@dataclass(frozen=True)
class Recipe:
    """A measure with all its choices; `make` computes it from counts."""

    measure: str
    alpha: float = 1.0
    base: float = 2.0
    weights: Any = (0.5, 0.5)
    form: str = "paper"
    pseudo: float | None = None
    reference: float | str = 0.0
    normalization: str = "variation"
    lexicons: Any = None
    names: tuple[str, str] = ("First speeches", "Second speeches")

    def but(self, **changes: Any) -> Recipe:
        return replace(self, **changes)

    def make(self, counts_1: dict, counts_2: dict, *, without: tuple = ()) -> Shift:
        types = sorted({*counts_1, *counts_2} - set(without))
        if self.measure == "kld" and self.pseudo is None:
            types = [one for one in types if counts_1.get(one, 0) > 0]
        f1, f2 = (np.array([float(c.get(one, 0)) for one in types]) for c in (counts_1, counts_2))
        extra = self.pseudo or 0.0
        p1, p2 = ((f + extra) / (f.sum() + extra * len(f)) for f in (f1, f2))
        parameters: dict[str, Any] = {"alpha": self.alpha, "base": self.base, "tsallis_form": self.form}
        s1, s2 = self._scores(types, p1, p2, f1.sum(), f2.sum(), parameters)
        if self.measure == "kld":
            p1 = p2
        reference = float(np.sum(p1 * s1)) if self.reference == "average" else float(self.reference)
        parameters["reference"] = self.reference
        contribution = (p2 - p1) * ((s1 + s2) / 2 - reference) + (p1 + p2) / 2 * (s2 - s1)
        norm, degenerate = decompose(contribution, self.normalization)
        averages = None
        if self.measure in {"entropy", "tsallis", "sentiment"}:
            offset = 1 / (self.alpha - 1) if self.measure == "tsallis" and self.form == "paper" else 0.0
            averages = (float(p1 @ s1) + offset, float(p2 @ s2) + offset)
        return Shift(
            measure=self.measure, parameters=parameters, names=self.names, types=types, f1=f1, f2=f2, p1=p1,
            p2=p2, s1=s1, s2=s2, reference=reference, norm=norm, normalization=self.normalization,
            adopted=np.zeros(len(types), dtype=bool), averages=averages, degenerate=degenerate,
            all_positive=self.measure == "jsd", unit="bits" if self.measure in {"jsd", "kld", "entropy"} else "",
            coverage=Coverage(tokens=(float(f1.sum()), float(f2.sum())), share=(1.0, 1.0)),
        )  # fmt: skip

    def _scores(self, types, p1, p2, n1, n2, parameters):
        with np.errstate(divide="ignore", invalid="ignore"):
            log1, log2 = (np.where(p > 0, np.log(p), 0.0) / np.log(self.base) for p in (p1, p2))
            order = self.alpha - 1
            if self.measure == "proportion":
                return np.ones(len(types)), np.ones(len(types))
            if self.measure == "entropy":
                return -log1, -log2
            if self.measure == "tsallis":
                if self.form == "qlog":
                    return tuple(np.where(p > 0, (1 - p**order) / order, 0.0) for p in (p1, p2))
                return tuple(np.where(p > 0, -(p**order) / order, 0.0) for p in (p1, p2))
            if self.measure == "kld":
                if self.pseudo is not None:
                    parameters |= {"kld_missing": "smooth", "pseudo_count": self.pseudo}
                return -log2, -log1
            if self.measure == "jsd":
                w1, w2 = weights = (
                    (n1 / (n1 + n2), n2 / (n1 + n2)) if self.weights == "pooled" else self.weights
                )
                parameters["weights"] = "pooled" if self.weights == "pooled" else weights
                m = w1 * p1 + w2 * p2
                if order == 0:
                    log_m = np.log(m) / np.log(self.base)
                    return w1 * (log_m - log1), w2 * (log2 - log_m)
                powers = [np.where(p > 0, p**order, 0.0) for p in (p1, p2)]
                return w1 * (m**order - powers[0]) / order, w2 * (powers[1] - m**order) / order
        one, two = self.lexicons
        return np.array([one[t] for t in types]), np.array([two[t] for t in types])


def texts(words: int = 1500, seed: int = 0) -> tuple[dict[str, int], dict[str, int]]:
    """Two Zipf-like count tables over a made-up vocabulary; some words are in one text only."""
    generator = np.random.default_rng(seed)
    syllables = [
        "ba",
        "ce",
        "di",
        "fo",
        "gu",
        "ha",
        "ki",
        "lo",
        "mu",
        "ne",
        "po",
        "ra",
        "si",
        "to",
        "vu",
        "we",
        "za",
    ]
    names = []
    for number in range(words):
        name, left = "", number
        while True:
            name += syllables[left % len(syllables)]
            left //= len(syllables)
            if left == 0:
                break
        names.append(f"{name}s" if name in names else name)
    shares = 1 / np.arange(1, words + 1) ** 1.05
    made = []
    for _ in range(2):
        noisy = shares * np.exp(generator.normal(0, 0.7, words))
        drawn = generator.multinomial(12 * words, noisy / noisy.sum())
        made.append({name: int(n) for name, n in zip(names, drawn, strict=True) if n})
    return made[0], made[1]


def lexicons(counts_1: dict, counts_2: dict, seed: int = 5) -> tuple[dict[str, float], dict[str, float]]:
    """Scores around 5; those of the second changed a little."""
    generator = np.random.default_rng(seed)
    types = sorted({*counts_1, *counts_2})
    one = {
        word: round(float(x), 2) for word, x in zip(types, generator.normal(5, 1.2, len(types)), strict=True)
    }
    return one, {word: round(score + float(generator.normal(0, 0.5)), 3) for word, score in one.items()}
