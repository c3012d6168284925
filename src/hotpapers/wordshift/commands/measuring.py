"""From the options of a command to those of `hotpapers.wordshift.shift`."""

from __future__ import annotations

from typing import Any

from hotpapers.wordshift.commands.options import MeasureOptions, UncertaintyOptions
from hotpapers.wordshift.commands.texts import read_lines
from hotpapers.wordshift.lexicon.lexicons import Lexicon, load_lexicon
from hotpapers.wordshift.shifts import Shift, WordShiftError
from hotpapers.wordshift.text.tokens import Tokenizer

__all__ = ["null_test_of", "shift_options", "uncertainty_of"]


def shift_options(measure: MeasureOptions, tokenizer: Tokenizer) -> dict[str, Any]:
    """Keyword arguments of `shift`; lexicons are loaded, stop words read and put in the texts' case.

    Raises
    ------
    WordShiftError
        If a value can't be understood, or a file of words can't be used.
    """
    lexicons = [_lexicon(name, measure, tokenizer) for name in measure.lexicon or ()]
    if len(lexicons) > 2:
        raise WordShiftError(f"{len(lexicons)} lexicons were given: one, or one for each text")
    first, second = [*lexicons, None, None][:2]
    stop_words = [tokenizer.cased(word) for path in measure.stop_words or () for word in read_lines(path)]
    options: dict[str, Any] = {
        "measure": measure.measure,
        "alpha": measure.alpha,
        "base": measure.base,
        "weights": _weights(measure.weights),
        "tsallis_form": measure.tsallis_form,
        "kld_missing": measure.kld_missing,
        "pseudo_count": measure.pseudo_count,
        "reference": _reference(measure.ref),
        "normalization": measure.norm,
        "stop_words": stop_words,
        "stop_lenses": [measure.stop_lens] if measure.stop_lens is not None else [],
        "lens_closed": not measure.lens_open,
        "lens_mixed": measure.lens_mixed,
        "missing": measure.missing,
        "min_count": measure.min_count,
    }
    if measure.measure == "custom":
        options["scores"] = None if first is None else first if second is None else (first, second)
    else:
        options |= {"lexicon": first, "lexicon_2": second}
    return options


def _lexicon(name: str, measure: MeasureOptions, tokenizer: Tokenizer) -> Lexicon:
    return load_lexicon(name, case=tokenizer.case, column=measure.lexicon_column, centre=measure.centre)


def _reference(given: str | None) -> Any:
    if given is None or given == "average":
        return given
    try:
        return float(given)
    except ValueError:
        raise WordShiftError(f"--ref {given!r}: a number, or average") from None


def _weights(given: str) -> Any:
    if given in {"equal", "pooled"}:
        return given
    try:
        first, second = map(float, given.split(","))
    except ValueError:
        raise WordShiftError(
            f"--weights {given!r}: accepted are equal, pooled, or two numbers that sum to 1 such as 0.3,0.7"
        ) from None
    return first, second


def uncertainty_of(shift: Shift, chosen: UncertaintyOptions, *, top: int, lexicon: Any = None) -> Any:
    """The intervals that the options ask for; None where they ask for none.

    Parameters
    ----------
    lexicon
        Whose ratings' spread, where it is known, adds to that of the total.
    """
    if chosen.ci == "none":
        return None
    ratings = 0.0
    if shift.measure == "sentiment" and getattr(lexicon, "sd", None):
        from hotpapers.wordshift.uncertainty.lexicon_ratings import rating_variance

        ratings = rating_variance(shift, lexicon.sd, raters=lexicon.raters)
    return shift.intervals(
        chosen.ci,
        form=chosen.ci_form,
        level=chosen.level,
        reps=chosen.reps,
        seed=chosen.seed,
        top=top,
        rating_variance=ratings,
    )


def null_test_of(shift: Shift, chosen: UncertaintyOptions) -> Any:
    """The permutation test that the options ask for; None where they ask for none."""
    if chosen.null == "none":
        return None
    return shift.null_test(chosen.null, reps=max(chosen.reps - 1, 1), seed=chosen.seed)
