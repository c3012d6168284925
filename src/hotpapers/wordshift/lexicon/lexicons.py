"""Lexicons: scores of words with the middle of their scale and the spread of their ratings."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from hotpapers.wordshift.shifts import WordShiftError, WordShiftWarning

__all__ = [
    "CaseRule",
    "Lexicon",
    "LexiconInfo",
    "LexiconWarning",
    "as_lexicon",
    "lexicons",
    "load_lexicon",
    "save_lexicon",
]

CaseRule = Literal["keep", "lower", "fold"]


class LexiconWarning(WordShiftWarning):
    """Entries of a lexicon were merged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lexicon:
    """Scores of words.

    Parameters
    ----------
    scores
        Word (or phrase) -> score.
    name
        For titles and for making a shift again.
    sd
        Word -> standard deviation of its ratings, where the lexicon has them.
    centre
        Middle of the scale, which is the reference score R unless another is given; None: unknown.
    case
        The case rule that its words went through.
    raters
        Ratings that each score is the mean of, where `sd` is the spread of single ratings; 1: `sd` is the
        error of the mean.
    """

    scores: Mapping[Any, float]
    name: str = ""
    sd: Mapping[Any, float] | None = None
    centre: float | None = None
    case: CaseRule = "keep"
    raters: int = 1

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[tuple[Any, float, float | None]],
        *,
        name: str = "",
        centre: float | None = None,
        case: CaseRule = "keep",
    ) -> Lexicon:
        """From rows of word, score, standard deviation (None: unknown).

        Words that come more than once, or that fall together under the case rule, get the mean of their
        scores and of their standard deviations.

        Raises
        ------
        WordShiftError
            If a score is NaN or infinite (names the word), or the case rule is unknown.

        Warns
        -----
        LexiconWarning
            If words with different scores fell together.
        """
        grouped: dict[Any, list[tuple[float, float | None]]] = {}
        rule = _case_rule(case)
        for word, score, sd in rows:
            if not abs(score) < float("inf"):  # NaN is not below it either
                raise WordShiftError(f"lexicon {name!r}: the score of {word!r} is {score}: scores are finite")
            grouped.setdefault(rule(word), []).append((score, sd))
        clashes = [word for word, found in grouped.items() if len({score for score, _ in found}) > 1]
        if clashes:
            shown = ", ".join(map(repr, clashes[:5])) + (", ..." if len(clashes) > 5 else "")
            warnings.warn(
                f"lexicon {name!r}: {len(clashes)} words have several scores, their mean is used ({shown})",
                LexiconWarning,
                stacklevel=3,
            )
        scores = {word: sum(score for score, _ in found) / len(found) for word, found in grouped.items()}
        spreads = {
            word: sum(known) / len(known)
            for word, found in grouped.items()
            if (known := [sd for _, sd in found if sd is not None])
        }
        return cls(scores=scores, name=name, sd=spreads or None, centre=centre, case=case)

    def cased(self, case: CaseRule) -> Lexicon:
        """The lexicon with its words under the case rule of the texts' words."""
        if case in {"keep", self.case}:
            return self
        spreads = self.sd or {}
        rows = ((word, score, spreads.get(word)) for word, score in self.scores.items())
        found = Lexicon.from_rows(rows, name=self.name, centre=self.centre, case=case)
        return replace(found, raters=self.raters)


def _case_rule(case: str) -> Any:
    rules = {"keep": lambda word: word, "lower": _lower, "fold": _fold}
    if case not in rules:
        raise WordShiftError(f"case {case!r}: accepted are {', '.join(rules)}")
    return rules[case]


def _lower(word: Any) -> Any:
    return word.lower() if isinstance(word, str) else word


def _fold(word: Any) -> Any:
    return word.casefold() if isinstance(word, str) else word


def as_lexicon(given: Any, *, case: CaseRule = "keep") -> Lexicon:
    """A `Lexicon` from one, from a mapping word -> score, or from a name or path.

    Parameters
    ----------
    case
        The case rule that the texts' words went through; applied to the lexicon's words as well.

    Raises
    ------
    WordShiftError
        If `given` is none of these, a name is unknown, or a score is not a finite number.
    """
    if isinstance(given, Lexicon):
        return given.cased(case)
    if isinstance(given, str | Path):
        return load_lexicon(given, case=case)
    scores = getattr(given, "scores", given)
    if not isinstance(scores, Mapping):
        raise WordShiftError(
            f"a lexicon from {type(given).__name__}: accepted are a Lexicon, a mapping word -> score, a name, a path"
        )
    rows = [(word, _number(word, score), None) for word, score in scores.items()]
    name = str(getattr(given, "name", ""))
    found = Lexicon.from_rows(rows, name=name, centre=getattr(given, "centre", None), case=case)
    return found if getattr(given, "sd", None) is None else replace(found, sd=given.sd)


def _number(word: Any, score: Any) -> float:
    if isinstance(score, str | bytes):
        raise WordShiftError(f"the score of {word!r} is the text {score!r}: scores are finite numbers")
    try:
        return float(score)
    except (TypeError, ValueError):
        raise WordShiftError(f"the score of {word!r} is {score!r}: scores are finite numbers") from None


# --- by name -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LexiconInfo:
    """A lexicon that `load_lexicon` finds by name.

    Parameters
    ----------
    name
        What to ask for.
    centre
        Middle of its scale.
    licence, source
        Whose it is and what may be done with it.
    shipped
        Comes with this package; else it lies in a data folder.
    raters
        As in `Lexicon`.
    """

    name: str
    centre: float | None
    licence: str
    source: str
    shipped: bool
    raters: int = 1


def lexicons() -> list[LexiconInfo]:
    """The lexicons that are here: those shipped, and those found in a data folder; sorted by name."""
    from hotpapers.wordshift.lexicon.shelf import SHELF

    return sorted((item.info for item in SHELF if item.is_here()), key=lambda info: info.name)


def load_lexicon(
    path_or_name: str | Path,
    *,
    case: CaseRule = "lower",
    column: str | None = None,
    decade: int | None = None,
    centre: float | None = None,
    missing_values: Literal["error", "drop"] = "error",
) -> Lexicon:
    """A lexicon by name, as `lexicons` lists them, or from a file of your own.

    Parameters
    ----------
    path_or_name
        ``"VADER"``, ``"labMT_English"``, ``"SocialSent-historical_1960"``, ...; or a file, gzipped or not:
        TSV or CSV with word, score and maybe standard deviation, with or without a header (labMT's own
        table, VADER, AFINN); NRC's wide tables and its long one (word, emotion, 0/1), with `column`;
        SocialSent's historical one (word, decade, score), with `decade`; JSON with an object
        word -> score, or one that `save_lexicon` wrote.
    case
        Case rule for its words; the same as the tokenizer's, whose default is ``"lower"``.
    column
        Which scores, where a file has several: ``"valence"``, ``"anger"``.
    decade
        Which decade, where a file has several.
    centre
        Middle of the scale; None: the format's own, if it is known.
    missing_values
        A word without a score, or with NaN: refuse or drop it.

    Raises
    ------
    WordShiftError
        If there is no such lexicon (suggests the nearest names), or the file can't be read as one.
    """
    from hotpapers.wordshift.lexicon.files import read_lexicon
    from hotpapers.wordshift.lexicon.shelf import SHELF

    options: dict[str, Any] = {
        "case": case, "column": column, "decade": decade, "centre": centre, "missing_values": missing_values,
    }  # fmt: skip
    known = {item.info.name.casefold(): item for item in SHELF}
    item = known.get(str(path_or_name).casefold())
    if item is not None and not Path(path_or_name).is_file():
        fixed: dict[str, Any] = {"name": item.info.name}
        fixed["centre"] = item.info.centre if centre is None else centre
        if item.decade is not None:
            fixed["decade"] = item.decade
        with warnings.catch_warnings():  # VADER rates fourteen of its tokens twice: nothing to act on
            warnings.simplefilter("ignore", LexiconWarning)
            return replace(read_lexicon(item.path(), **{**options, **fixed}), raters=item.info.raters)
    path = Path(path_or_name)
    if path.is_file():
        return read_lexicon(path, name=path.name.split(".")[0], **options)
    raise WordShiftError(_not_found(str(path_or_name), [item.info.name for item in known.values()]))


def _not_found(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.casefold(), [one.casefold() for one in known], n=3, cutoff=0.5)
    names = [one for one in known if one.casefold() in near]
    here = ", ".join(names) if names else ", ".join(info.name for info in lexicons()) or "none"
    return f"no lexicon {name!r}: {'nearest names' if names else 'here are'} {here}; or give a file"


def save_lexicon(lexicon: Lexicon, path: str | Path) -> Path:
    """Write a lexicon, whole or not at all; `load_lexicon` reads it back to the last digit.

    ``.json`` keeps name, centre and case as well; ``.csv`` and anything else (TSV) keep word, score, sd.

    Raises
    ------
    WordShiftError
        If a word holds the character that parts columns.
    HotPapersError
        If the file can't be written.
    """
    from hotpapers.wordshift.lexicon.files import write_lexicon

    return write_lexicon(lexicon, Path(path))
