"""What a shift can be asked for: checked once, and written down so that it can be made again."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hotpapers.wordshift.scores import ORDER_ONE
from hotpapers.wordshift.shifts import Normalization, WordShiftError

__all__ = ["MEASURES", "ShiftOptions"]

MEASURES = ("proportion", "entropy", "tsallis", "kld", "jsd", "sentiment", "custom")

_CHOICES = {
    "measure": MEASURES,
    "tsallis_form": ("paper", "qlog"),
    "kld_missing": ("error", "drop", "smooth"),
    "normalization": ("variation", "trajectory", "none"),
    "on_degenerate": ("error", "unnormalized"),
}
_LOST = 2.0**-53
# Options that change nothing for some measures: refused there, unless they stand at their default.
_ONLY_FOR: dict[str, tuple[Any, tuple[str, ...]]] = {
    "alpha": (1.0, ("entropy", "tsallis", "jsd")),
    "base": (2.0, ("entropy", "tsallis", "kld", "jsd")),
    "weights": ("equal", ("jsd",)),
    "tsallis_form": ("paper", ("entropy", "tsallis")),
    "kld_missing": ("error", ("kld",)),
    "scores": (None, ("custom",)),
}


@dataclass(frozen=True, kw_only=True)
class ShiftOptions:
    """Options of `hotpapers.wordshift.measures.shift`, where each is described.

    Raises
    ------
    WordShiftError
        If a value is none of the accepted ones, or would change nothing for the measure.
    """

    measure: str = "jsd"
    alpha: float = 1.0
    base: float = 2.0
    weights: Literal["equal", "pooled"] | tuple[float, float] = "equal"
    tsallis_form: Literal["paper", "qlog"] = "paper"
    kld_missing: Literal["error", "drop", "smooth"] = "error"
    pseudo_count: float = 0.5
    lexicon: Any = None
    lexicon_2: Any = None
    scores: Any = None
    reference: float | Literal["average"] | None = None
    normalization: Normalization | None = "variation"
    stop_words: Iterable[Any] = ()
    stop_lenses: Sequence[tuple[float, float]] = ()
    lens_closed: bool = True
    lens_mixed: Literal["error", "drop", "keep"] = "error"
    missing: Literal["error", "exclude", "adopt"] = "error"
    min_count: float = 0.0
    names: tuple[str, str] | None = None
    on_degenerate: Literal["error", "unnormalized"] = "error"

    def __post_init__(self) -> None:
        if self.normalization is None:
            object.__setattr__(self, "normalization", "none")
        for option, accepted in _CHOICES.items():
            value = getattr(self, option)
            if value not in accepted:
                near = difflib.get_close_matches(str(value), accepted, n=1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise WordShiftError(f"{option} {value!r}: accepted are {', '.join(accepted)}{hint}")
        for option, (default, measures) in _ONLY_FOR.items():
            value = getattr(self, option)
            if self.measure not in measures and value is not default and value != default:
                raise WordShiftError(
                    f"{option} has no meaning for measure {self.measure!r}: it goes with {', '.join(measures)}"
                )
        self._check_numbers()
        self._check_scores()
        self.weights_of(1.0, 1.0)

    def _check_numbers(self) -> None:
        if not (_is_finite(self.alpha) and self.alpha >= 0):
            raise WordShiftError(f"alpha {self.alpha!r}: a finite number >= 0")
        if not (_is_finite(self.base) and self.base > 0 and self.base != 1):
            raise WordShiftError(f"base {self.base!r}: a positive number other than 1")
        if not self.order_one and self.base != 2:
            raise WordShiftError(
                f"base {self.base:g} has no meaning with alpha {self.alpha:g}: logarithms stand only in alpha = 1"
            )
        if not (_is_finite(self.pseudo_count) and self.pseudo_count > 0):
            raise WordShiftError(f"pseudo_count {self.pseudo_count!r}: a positive number")
        if self.names is not None and len(self.names) != 2:
            raise WordShiftError(f"names {self.names!r}: two are needed")
        reference = self.reference
        if not (reference is None or reference == "average" or _is_finite(reference)):
            raise WordShiftError(
                f"reference {reference!r}: a number, 'average', or None for the measure's own"
            )
        if self.measure == "proportion" and (reference not in {None, 0} or self.normalization != "variation"):
            raise WordShiftError(
                "proportion: its total is 0, so it takes no reference and is normalized by 'variation'"
            )

    def _check_scores(self) -> None:
        if self.measure == "sentiment" and self.lexicon is None and self.lexicon_2 is None:
            raise WordShiftError(
                "measure 'sentiment' needs a lexicon: a name, a file, or a mapping word -> score"
            )
        if self.measure == "custom" and self.scores is None:
            raise WordShiftError(
                "measure 'custom' needs scores: a mapping type -> score, two of them, or a function of p1 and p2"
            )
        if self.measure == "custom" and not callable(self.scores) and self.lexicon is not None:
            raise WordShiftError("measure 'custom': give scores or a lexicon, not both")

    @property
    def order_one(self) -> bool:
        """Whether alpha is so near to 1 that Shannon's logarithms stand."""
        return abs(self.alpha - 1) < ORDER_ONE

    @property
    def kind(self) -> str:
        """The measure by what is computed: Tsallis entropy of order 1 is Shannon's, and the reverse."""
        if self.measure in {"entropy", "tsallis"}:
            return "entropy" if self.order_one else "tsallis"
        return self.measure

    @property
    def score_columns(self) -> tuple[Any, Any]:
        """What scores text 1 and text 2 (lexicons or mappings), None where nothing does."""
        if self.measure == "custom" and not callable(self.scores):
            pair = self.scores if isinstance(self.scores, tuple | list) else (self.scores, None)
            if len(pair) != 2:
                raise WordShiftError(f"scores: one mapping, or two; {len(pair)} were given")
            return pair[0], pair[1]
        if self.lexicon is None:
            return self.lexicon_2, None
        return self.lexicon, self.lexicon_2

    def weights_of(self, tokens_1: float, tokens_2: float) -> tuple[float, float]:
        """The JSD's weights, which sum to 1."""
        given: Any = self.weights
        if given == "equal":
            return 0.5, 0.5
        if given == "pooled":
            return tokens_1 / (tokens_1 + tokens_2), tokens_2 / (tokens_1 + tokens_2)
        try:
            w1, w2 = map(float, () if isinstance(given, str) else given)
        except (TypeError, ValueError):
            w1 = w2 = math.nan
        if not (0 <= w1 <= 1 and 0 <= w2 <= 1 and abs(w1 + w2 - 1) <= 1e-9):
            raise WordShiftError(
                f"weights {given!r}: accepted are equal, pooled, or two numbers in [0, 1] that sum to 1"
            )
        w1 = w1 / (w1 + w2)
        # a weight that is lost when added to 1 is 0: p / m stays within the floats' range
        return (0.0, 1.0) if w1 < _LOST else (1.0, 0.0) if 1 - w1 < _LOST else (w1, 1 - w1)

    def record(self, *, lexicon_names: Sequence[str], weights: tuple[float, float]) -> dict[str, Any]:
        """What the shift was computed with, for titles and for making it again."""
        kept: dict[str, Any] = {}
        if self.kind in {"entropy", "tsallis", "jsd"}:
            kept["alpha"] = float(self.alpha)
        if self.kind == "kld" or (self.kind in {"entropy", "jsd"} and self.order_one):
            kept["base"] = float(self.base)
        if self.kind == "jsd":
            kept["weights"] = weights
            kept["weighting"] = self.weights if isinstance(self.weights, str) else "given"
        if self.kind == "tsallis":
            kept["tsallis_form"] = self.tsallis_form
        if self.kind == "kld":
            kept["kld_missing"] = self.kld_missing
            if self.kld_missing == "smooth":
                kept["pseudo_count"] = float(self.pseudo_count)
        if callable(self.scores):
            kept["callable"] = getattr(self.scores, "__name__", "scores")
        kept |= dict(zip(("lexicon", "lexicon_2"), lexicon_names, strict=False))
        if lexicon_names:
            kept |= {"missing": self.missing, "stop_lenses": [list(lens) for lens in self.stop_lenses]}
            kept |= {"lens_closed": self.lens_closed, "lens_mixed": self.lens_mixed}
        kept["reference"] = self.reference
        kept["stop_words"] = sorted(map(str, self.stop_words))
        kept["min_count"] = self.min_count
        kept["on_degenerate"] = self.on_degenerate
        return kept


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


ScoreFunction = Callable[[Any, Any], Any]
Scores = Mapping[Any, float] | tuple[Mapping[Any, float], Mapping[Any, float]] | ScoreFunction
