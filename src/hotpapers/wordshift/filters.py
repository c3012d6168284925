"""Which types take part: stop words, scores, stop lenses, a least count, in this order, for every measure.

Filtering changes denominators: relative frequencies are taken over the kept types alone. Types that
neither text uses are no types at all, and no rule is asked about them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.shifts import Coverage, Vector, WordShiftError, WordShiftWarning
from hotpapers.wordshift.vocabulary import selected

__all__ = ["CoverageWarning", "Filtered", "Filters", "apply_filters"]

Mask = NDArray[np.bool_]

LEAST_SHARE = 0.2  # of a text's tokens kept, below which its words hardly speak for it


class CoverageWarning(WordShiftWarning):
    """The filters left little of a text."""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Rules of what is kept, applied in the order of the fields.

    Parameters
    ----------
    stop_words
        Types to drop, matched exactly.
    lexicon, lexicon_2
        Type -> score for text 1 and 2; `lexicon_2` None: the first for both. Types scored in neither are
        dropped.
    missing
        A type scored by one lexicon only: refuse, exclude it, or adopt the other's score.
    stop_lenses
        Intervals [low, high]; a type whose two scores both lie in one of them is dropped.
    lens_closed
        Whether the ends belong to the lens.
    lens_mixed
        A type with one score inside and one outside: refuse, drop, or keep.
    min_count
        Least f1 + f2.

    Raises
    ------
    WordShiftError
        If a rule has an impossible value, or there is a lens but no lexicon.
    """

    stop_words: Iterable[Any] = ()
    lexicon: Mapping[Any, float] | None = None
    lexicon_2: Mapping[Any, float] | None = None
    missing: Literal["error", "exclude", "adopt"] = "error"
    stop_lenses: Sequence[tuple[float, float]] = ()
    lens_closed: bool = True
    lens_mixed: Literal["error", "drop", "keep"] = "error"
    min_count: float = 0.0

    def __post_init__(self) -> None:
        for option, accepted in (
            ("missing", ("error", "exclude", "adopt")),
            ("lens_mixed", ("error", "drop", "keep")),
        ):
            if getattr(self, option) not in accepted:
                raise WordShiftError(
                    f"{option} {getattr(self, option)!r}: accepted are {', '.join(accepted)}"
                )
        if isinstance(self.stop_words, str):
            raise WordShiftError(f"stop words {self.stop_words!r}: give a list of words, not one text")
        object.__setattr__(self, "stop_words", frozenset(self.stop_words))
        object.__setattr__(self, "stop_lenses", tuple(_lens(given) for given in self.stop_lenses))
        if self.stop_lenses and self.lexicon is None:
            raise WordShiftError("a stop lens is a range of scores: give a lexicon")
        if not self.min_count >= 0:
            raise WordShiftError(f"min_count {self.min_count}: a number >= 0")


def _lens(given: Any) -> tuple[float, float]:
    try:
        low, high = map(float, given)
    except (TypeError, ValueError):
        raise WordShiftError(f"stop lens {given!r}: two numbers, low and high, are needed") from None
    if not low <= high:
        raise WordShiftError(f"stop lens {low:g} to {high:g}: its low end must not be above its high end")
    return low, high


@dataclass(frozen=True, kw_only=True, eq=False)
class Filtered:
    """The kept types with their counts and scores, and what was dropped why.

    Parameters
    ----------
    s1, s2
        Scores of both texts; None without a lexicon.
    adopted
        Types with a borrowed score.
    dropped
        Reason -> the types, in order.
    """

    types: Sequence[Any]
    f1: Vector
    f2: Vector
    s1: Vector | None
    s2: Vector | None
    adopted: Mask
    coverage: Coverage
    dropped: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def reasons(self) -> str:
        """What was dropped, as words for an error."""
        return ", ".join(f"{reason}: {count} types" for reason, count in self.coverage.dropped.items())


class _Sieve:
    """Types that are still in, and the reasons why others are not."""

    def __init__(self, types: Sequence[Any], f1: Vector, f2: Vector) -> None:
        self.types, self.f1, self.f2 = types, f1, f2
        self.keep: Mask = (f1 + f2) > 0
        self.dropped: dict[str, Sequence[Any]] = {}

    def drop(self, reason: str, hit: Mask) -> None:
        hit = hit & self.keep
        if hit.any():
            self.dropped[reason] = selected(self.types, hit)
            self.keep = self.keep & ~hit

    def coverage(self) -> Coverage:
        tokens, share = [], []
        for frequencies in (self.f1, self.f2):
            kept, total = float(frequencies[self.keep].sum()), float(frequencies.sum())
            tokens.append(kept)
            share.append(kept / total if total > 0 else 0.0)
        return Coverage(
            tokens=(tokens[0], tokens[1]),
            share=(share[0], share[1]),
            dropped={reason: len(types) for reason, types in self.dropped.items()},
        )


def apply_filters(
    types: Sequence[Any],
    f1: Vector,
    f2: Vector,
    rules: Filters,
    *,
    only_text_1: bool = False,
    names: tuple[str, str] = ("text 1", "text 2"),
) -> Filtered:
    """Apply `rules` to aligned counts.

    Parameters
    ----------
    types, f1, f2
        Types and their frequencies in both texts, shape (types,) each.
    only_text_1
        Last of all, drop what text 1 lacks (Kullback-Leibler divergence).
    names
        Of the texts, for messages.

    Raises
    ------
    WordShiftError
        If a text is empty or left without a word (says which rule dropped how many types), a score is
        NaN or infinite, or a type is scored by one lexicon, or caught by a lens in one text only, and
        the rules say to refuse.

    Warns
    -----
    CoverageWarning
        If less than a fifth of a text's tokens are kept.
    """
    for name, frequencies in zip(names, (f1, f2), strict=True):
        if not frequencies.sum() > 0:
            raise WordShiftError(f"{name} is empty: it has no words")
    sieve = _Sieve(types, f1, f2)
    stop_words: frozenset[Any] = frozenset(rules.stop_words)
    if stop_words:
        stopped = (label in stop_words for label in types)
        sieve.drop("stop words", np.fromiter(stopped, dtype=bool, count=len(types)))
    s1 = s2 = None
    adopted = np.zeros(len(f1), dtype=bool)
    if rules.lexicon is not None:
        s1, s2, adopted = _scored(sieve, rules)
        sieve.drop("stop lens", _in_lenses(sieve, s1, s2, rules))
    if rules.min_count > 0:
        sieve.drop("min count", f1 + f2 < rules.min_count)
    if only_text_1:
        sieve.drop("not in text 1", ~(f1 > 0))
    found = _kept(sieve, s1, s2, adopted)
    for name, tokens in zip(names, found.coverage.tokens, strict=True):
        if not tokens > 0:
            raise WordShiftError(f"nothing is left of {name} after the filters ({found.reasons()})")
    _warn(found.coverage, names)
    return found


def _kept(sieve: _Sieve, s1: Vector | None, s2: Vector | None, adopted: Mask) -> Filtered:
    keep, everything = sieve.keep, bool(sieve.keep.all())

    def of(values: Any) -> Any:
        return values if everything or values is None else values[keep]

    return Filtered(
        types=sieve.types if everything else selected(sieve.types, keep),
        f1=of(sieve.f1),
        f2=of(sieve.f2),
        s1=of(s1),
        s2=of(s2),
        adopted=of(adopted),
        coverage=sieve.coverage(),
        dropped=sieve.dropped,
    )


def _warn(coverage: Coverage, names: tuple[str, str]) -> None:
    for name, share in zip(names, coverage.share, strict=True):
        if share < LEAST_SHARE:
            warnings.warn(
                f"the filters keep {share:.1%} of the tokens of {name}: the shift speaks for few of its words",
                CoverageWarning,
                stacklevel=4,
            )


def _looked_up(sieve: _Sieve, lexicon: Mapping[Any, float]) -> Vector:
    """Scores of all types, NaN where there is none."""
    nan = float("nan")
    found = np.fromiter(
        (lexicon.get(label, nan) for label in sieve.types), dtype=np.float64, count=len(sieve.types)
    )
    wrong = sieve.keep & ~np.isfinite(found)
    if wrong.any():
        for at in np.flatnonzero(wrong).tolist():
            label = sieve.types[at]
            if label in lexicon:
                raise WordShiftError(f"the score of {label!r} is {lexicon[label]}: scores are finite numbers")
    return found


def _scored(sieve: _Sieve, rules: Filters) -> tuple[Vector, Vector, Mask]:
    """Scores of both texts by rule 2; types without are dropped."""
    first = rules.lexicon if rules.lexicon is not None else {}
    s1 = _looked_up(sieve, first)
    same = rules.lexicon_2 is None or rules.lexicon_2 is first
    s2 = s1 if same else _looked_up(sieve, rules.lexicon_2 or {})
    has1, has2 = ~np.isnan(s1), ~np.isnan(s2)
    sieve.drop("no score", ~(has1 | has2))
    one = sieve.keep & (has1 != has2)
    if one.any() and rules.missing == "error":
        raise WordShiftError(
            f"{int(one.sum())} types are scored by one lexicon only ({_first_five(sieve.types, one)}): "
            "choose missing 'exclude' or 'adopt'"
        )
    adopted = np.zeros(len(s1), dtype=bool)
    if rules.missing == "exclude":
        sieve.drop("one score", one)
    else:
        adopted = one
        s1, s2 = np.where(has1, s1, s2), np.where(has2, s2, s1)
    return s1, s2, adopted


def _in_lenses(sieve: _Sieve, s1: Vector, s2: Vector, rules: Filters) -> Mask:
    caught = np.zeros(len(s1), dtype=bool)
    for low, high in rules.stop_lenses:
        if rules.lens_closed:
            in1, in2 = (s1 >= low) & (s1 <= high), (s2 >= low) & (s2 <= high)
        else:
            in1, in2 = (s1 > low) & (s1 < high), (s2 > low) & (s2 < high)
        mixed = sieve.keep & (in1 != in2)
        if mixed.any() and rules.lens_mixed == "error":
            raise WordShiftError(
                f"{int(mixed.sum())} types lie in the stop lens {low:g} to {high:g} with one score only "
                f"({_first_five(sieve.types, mixed)}): choose lens_mixed 'drop' or 'keep'"
            )
        caught |= (in1 | in2) if rules.lens_mixed == "drop" else (in1 & in2)
    return caught


def _first_five(types: Sequence[Any], hit: Mask) -> str:
    found = np.flatnonzero(hit)
    shown = ", ".join(repr(types[at]) for at in found[:5].tolist())
    return shown + (", ..." if len(found) > 5 else "")
