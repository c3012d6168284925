"""`shift`: two texts and a measure in, a word shift out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from hotpapers.wordshift import scores as measures
from hotpapers.wordshift.counts import Counts, align, as_counts
from hotpapers.wordshift.filters import Filtered, Filters, apply_filters
from hotpapers.wordshift.lexicon.lexicons import CaseRule, Lexicon, as_lexicon
from hotpapers.wordshift.options import MEASURES, ShiftOptions
from hotpapers.wordshift.scores import Scored
from hotpapers.wordshift.shifts import Normalization, Shift, Vector, WordShiftError, decompose

__all__ = ["MEASURES", "computed", "shift"]

ScoreSource = Lexicon | Mapping[Any, float] | str
Scores = (
    Mapping[Any, float] | tuple[Mapping[Any, float], Mapping[Any, float]] | Callable[[Vector, Vector], Any]
)


def shift(
    a: Any,
    b: Any,
    *,
    measure: str = "jsd",
    alpha: float = 1.0,
    base: float = 2.0,
    weights: Literal["equal", "pooled"] | tuple[float, float] = "equal",
    tsallis_form: Literal["paper", "qlog"] = "paper",
    kld_missing: Literal["error", "drop", "smooth"] = "error",
    pseudo_count: float = 0.5,
    lexicon: ScoreSource | None = None,
    lexicon_2: ScoreSource | None = None,
    scores: Scores | None = None,
    reference: float | Literal["average"] | None = None,
    normalization: Normalization | None = "variation",
    stop_words: Iterable[Any] = (),
    stop_lenses: Sequence[tuple[float, float]] = (),
    lens_closed: bool = True,
    lens_mixed: Literal["error", "drop", "keep"] = "error",
    missing: Literal["error", "exclude", "adopt"] = "error",
    min_count: float = 0.0,
    names: tuple[str, str] | None = None,
    on_degenerate: Literal["error", "unnormalized"] = "error",
) -> Shift:
    """The word shift from text `a` to text `b`: which types make their averages differ.

    Parameters
    ----------
    a, b
        Counts in any form that `as_counts` takes.
    measure
        ``"proportion"``, ``"entropy"``, ``"tsallis"``, ``"kld"`` (of b from a), ``"jsd"``, ``"sentiment"``
        (the average of any lexicon's scores), ``"custom"`` (of `scores`).
    alpha
        Order of the entropy behind entropy, tsallis and jsd, >= 0; 1 is Shannon's.
    base
        Of the logarithm, where alpha is 1: 2 for bits, e for nats.
    weights
        Of both texts in a JSD: equal, pooled (shares of all tokens), or two numbers that sum to 1.
    tsallis_form
        ``"qlog"`` keeps the constant that lets Tsallis scores tend to Shannon's as alpha -> 1.
    kld_missing
        Types of `b` that `a` lacks: refuse, drop them, or add `pseudo_count` to every frequency.
    lexicon, lexicon_2
        Scores of a and b: a `Lexicon`, a mapping, a name, a file; one of them serves both texts. With
        other measures than sentiment they only filter: unscored types and those in a stop lens go.
    scores
        For custom: a mapping type -> score, a pair of them for a and b, or a function of the relative
        frequencies p1, p2, shape (types,), that gives one array of scores, or two.
    reference
        R, which splits scores into high and low: a number, ``"average"`` (of text a), or None: the
        lexicon's centre, else 0. It changes contributions, never their sum.
    normalization
        Contributions are divided by the sum of their absolute values, by the absolute value of their
        sum (``"trajectory"``), or not (``"none"``, None).
    stop_words, stop_lenses, lens_closed, lens_mixed, missing, min_count
        As in `Filters`.
    names
        Of the texts; None: the counts' own.
    on_degenerate
        Where a trajectory's contributions cancel: an error, or no normalization.

    Raises
    ------
    WordShiftError
        If an option or a count can't be used, or nothing is left to compare.

    Warns
    -----
    CoverageWarning
        If the filters keep less than a fifth of a text's tokens.

    Examples
    --------
    >>> s = shift({"a": 3, "b": 2, "c": 1}, {"a": 1, "b": 2, "d": 4})
    >>> round(s.difference, 6), s.unit, s.types[s.top(1)[0]]
    (0.446161, 'bits', 'd')
    """
    options = ShiftOptions(
        measure=measure, alpha=alpha, base=base, weights=weights, tsallis_form=tsallis_form,
        kld_missing=kld_missing, pseudo_count=pseudo_count, lexicon=lexicon, lexicon_2=lexicon_2,
        scores=scores, reference=reference, normalization=normalization, stop_words=stop_words,
        stop_lenses=stop_lenses, lens_closed=lens_closed, lens_mixed=lens_mixed, missing=missing,
        min_count=min_count, names=names, on_degenerate=on_degenerate,
    )  # fmt: skip
    return computed(a, b, options)[0]


def computed(a: Any, b: Any, options: ShiftOptions) -> tuple[Shift, Filtered]:
    """The shift, and what its filters kept and dropped.

    Raises
    ------
    WordShiftError
        As `shift`.
    """
    first, second = as_counts(a), as_counts(b)
    names = options.names or (first.name or "Text 1", second.name or "Text 2")
    names = (str(names[0]), str(names[1]))
    types, f1, f2 = align(first, second)
    lexicons = _lexicons(options, _case(first, second))
    rules = _rules(options, lexicons)
    drops = options.measure == "kld" and options.kld_missing == "drop"
    kept = apply_filters(types, f1, f2, rules, only_text_1=drops, names=names)
    weights = options.weights_of(*kept.coverage.tokens)
    scored = _scored(options, kept, lexicons, weights, names)
    reference = _reference(options, scored)
    direct = _direct(scored, reference)
    contribution = _contribution(scored, reference) if direct is None else direct
    if not np.isfinite(contribution).all():
        at = int(np.flatnonzero(~np.isfinite(contribution))[0])
        raise WordShiftError(
            f"the contribution of {kept.types[at]!r} is not finite: alpha or scores are extreme"
        )
    norm, degenerate = decompose(contribution, options.normalization, on_degenerate=options.on_degenerate)
    found = Shift(
        measure=options.kind,
        parameters=options.record(lexicon_names=[one.name or "given" for one in lexicons], weights=weights),
        names=names,
        types=kept.types,
        f1=kept.f1,
        f2=kept.f2,
        p1=scored.p1,
        p2=scored.p2,
        s1=scored.s1,
        s2=scored.s2,
        reference=reference,
        norm=norm,
        normalization=options.normalization or "none",
        adopted=kept.adopted,
        coverage=kept.coverage,
        averages=scored.averages,
        all_positive=scored.divergence and reference == 0,
        unit=scored.unit,
        degenerate=degenerate,
        direct=direct,
        texts=(first, second),
    )
    return found, kept


def _case(first: Counts, second: Counts) -> CaseRule:
    """The case rule that both texts' tokens went through, as far as their counts tell."""
    rules = {((one.meta or {}).get("tokenizer") or {}).get("case") for one in (first, second)}
    rule = rules.pop() if len(rules) == 1 else None
    return rule if rule in {"lower", "fold"} else "keep"


def _lexicons(options: ShiftOptions, case: CaseRule) -> list[Lexicon]:
    """The lexicons given, none to two, under the texts' case rule."""
    given = [one for one in options.score_columns if one is not None]
    found = [as_lexicon(given[0], case=case)] if given else []
    if len(given) > 1:
        found.append(found[0] if given[1] is given[0] else as_lexicon(given[1], case=case))
    return found


def _rules(options: ShiftOptions, lexicons: list[Lexicon]) -> Filters:
    return Filters(
        stop_words=options.stop_words,
        lexicon=lexicons[0].scores if lexicons else None,
        lexicon_2=lexicons[1].scores if len(lexicons) > 1 else None,
        missing=options.missing,
        stop_lenses=options.stop_lenses,
        lens_closed=options.lens_closed,
        lens_mixed=options.lens_mixed,
        min_count=options.min_count,
    )


def _scored(
    options: ShiftOptions,
    kept: Filtered,
    lexicons: list[Lexicon],
    weights: tuple[float, float],
    names: tuple[str, str],
) -> Scored:
    """The measure of section 2.5 that the options ask for, over the kept types."""
    f1, f2 = kept.f1, kept.f2
    match options.kind:
        case "proportion":
            found = measures.proportion(f1, f2)
        case "entropy":
            found = measures.entropy(f1, f2, base=options.base)
        case "tsallis":
            found = measures.tsallis(f1, f2, alpha=options.alpha, form=options.tsallis_form)
        case "kld":
            smooth = options.kld_missing == "smooth"
            if not smooth:
                _check_support(kept, names)
            pseudo_count = options.pseudo_count if smooth else 0.0
            found = measures.kld(f1, f2, base=options.base, pseudo_count=pseudo_count)
        case "jsd":
            found = measures.jsd(f1, f2, weights=weights, base=options.base, alpha=options.alpha)
        case _:
            s1, s2, centre = _given_scores(options, kept, lexicons)
            found = measures.weighted_average(f1, f2, s1, s2, reference=centre)
    return found


def _given_scores(
    options: ShiftOptions, kept: Filtered, lexicons: list[Lexicon]
) -> tuple[Vector, Vector, float]:
    """Scores of both texts from a function or from lexicons, and the reference they come with."""
    if callable(options.scores):
        return (*_called(options.scores, kept), 0.0)
    if kept.s1 is None or kept.s2 is None:
        raise WordShiftError(f"measure {options.measure!r} needs scores")
    return kept.s1, kept.s2, _centre(options, lexicons)


def _check_support(kept: Filtered, names: tuple[str, str]) -> None:
    lacking = np.flatnonzero((kept.f2 > 0) & ~(kept.f1 > 0))
    if len(lacking):
        shown = ", ".join(repr(kept.types[at]) for at in lacking[:5].tolist())
        more = ", ..." if len(lacking) > 5 else ""
        raise WordShiftError(
            f"KLD is infinite: {names[0]} lacks {len(lacking)} types of {names[1]} ({shown}{more}): "
            "choose kld_missing 'drop' or 'smooth'"
        )


def _called(function: Callable[[Vector, Vector], Any], kept: Filtered) -> tuple[Vector, Vector]:
    """Scores of both texts from the user's function."""
    p1, p2 = measures.shares(kept.f1), measures.shares(kept.f2)
    given = function(p1, p2)
    pair = given if isinstance(given, tuple) else (given, given)
    columns = [np.asarray(column, dtype=np.float64) for column in pair]
    if len(columns) != 2 or any(column.shape != p1.shape for column in columns):
        shapes = ", ".join(str(column.shape) for column in columns)
        raise WordShiftError(
            f"scores gave arrays of shape {shapes}: one or two of shape {p1.shape} are needed"
        )
    for column in columns:
        if not np.isfinite(column).all():
            at = int(np.flatnonzero(~np.isfinite(column))[0])
            raise WordShiftError(
                f"scores gave {column[at]} for {kept.types[at]!r}: scores are finite numbers"
            )
    return columns[0], columns[1]


def _centre(options: ShiftOptions, lexicons: list[Lexicon]) -> float:
    """The lexicons' own middle; two that differ leave the choice of R to the user."""
    centres = {one.centre or 0.0 for one in lexicons}
    if len(centres) > 1 and options.reference is None:
        told = " and ".join(f"{one.name or 'given'}: {one.centre or 0.0:g}" for one in lexicons)
        raise WordShiftError(
            f"the lexicons' scales have different middles ({told}): give reference, a number or 'average'"
        )
    return lexicons[0].centre or 0.0


def _reference(options: ShiftOptions, scored: Scored) -> float:
    if options.reference == "average":
        return math.fsum(scored.p1 * scored.s1)
    return scored.reference if options.reference is None else float(options.reference)


def _direct(scored: Scored, reference: float) -> Vector | None:
    """dPhi_i where the measure has its own formula: its value at R = 0, less R (p2 - p1)."""
    if scored.direct is None or reference == 0:
        return scored.direct
    return scored.direct - reference * (scored.p2 - scored.p1)


def _contribution(scored: Scored, reference: float) -> Vector:
    """dPhi_i = (p2 - p1) ((phi1 + phi2) / 2 - R) + (p1 + p2) / 2 (phi2 - phi1), section 2.2."""
    p_part = (scored.p2 - scored.p1) * (0.5 * (scored.s1 + scored.s2) - reference)
    return p_part + 0.5 * (scored.p1 + scored.p2) * (scored.s2 - scored.s1)
