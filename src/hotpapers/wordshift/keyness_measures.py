"""Keyness: which words are over-used in one text, by the measures of corpus linguistics.

They stand beside a shift, which says how much of one number a word carries; keyness says how sure, or
how large, the difference of one word's use is. All are text 2 against text 1: positive where text 2
uses the word more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.dispersion import Dispersion, dispersions
from hotpapers.wordshift.matrices import frequency_table
from hotpapers.wordshift.pooling import pooled
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.uncertainty.interval_forms import benjamini_hochberg

__all__ = ["Keyness", "KeynessMethod", "keyness", "keyness_versus_rest"]

Vector = NDArray[np.float64]
KeynessMethod = Literal["log-odds", "g2", "percent-diff", "log-ratio"]
_METHODS = ("log-odds", "g2", "percent-diff", "log-ratio")


@dataclass(frozen=True, kw_only=True, eq=False)
class Keyness:
    """Keyness of every type of two texts; arrays have shape (types,).

    Parameters
    ----------
    method
        Which measure.
    names
        The two texts.
    types
        Union of the types, in code-point order.
    f1, f2
        Frequencies.
    score
        The measure, positive where text 2 uses the type more: z of the log-odds; signed G2; percent;
        binary logarithm of the ratio.
    effect
        The size of the difference: log-odds difference in nats for ``"log-odds"``, else the log ratio.
    z_squared
        What the p-value comes from, chi-squared with one degree of freedom: z^2 or G2.
    dispersion
        Of text 1 and text 2, over the types of each text's own counts; None where there are no
        documents.
    places
        For each text, the position of each union type in its own counts, or -1.
    """

    method: KeynessMethod
    names: tuple[str, str]
    types: Sequence[Any]
    f1: Vector
    f2: Vector
    score: Vector
    effect: Vector
    z_squared: Vector
    dispersion: tuple[Dispersion | None, Dispersion | None]
    places: tuple[NDArray[np.intp], NDArray[np.intp]]

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Positions by falling size of the score, ties by type."""
        return np.argsort(-np.abs(self.score), kind="stable")

    @cached_property
    def p_value(self) -> Vector:
        """Of "both texts use the type alike", if tokens were independent; chi-squared, one degree."""
        return np.array([math.erfc(math.sqrt(0.5 * value)) for value in self.z_squared.tolist()])

    @cached_property
    def q(self) -> Vector:
        """Benjamini-Hochberg q over all types."""
        return benjamini_hochberg(self.p_value)

    def spread(self, text: Literal[1, 2], field: str = "dp") -> Vector:
        """One field of a text's `Dispersion` over the union's types, NaN where there is none."""
        found, place = self.dispersion[text - 1], self.places[text - 1]
        values = np.full(len(self.types), np.nan)
        if found is not None:
            known = place >= 0
            values[known] = getattr(found, field)[place[known]]
        return values

    def rows(self, top: int = 50) -> list[dict[str, Any]]:
        """The `top` types by size of the score as records for a table."""
        spreads = {
            f"{field}_{text}": self.spread(text, field)
            for text in (1, 2)
            for field in ("dp", "juilland_d", "documents", "largest_share")
            if self.dispersion[text - 1] is not None
        }
        columns = {"f1": self.f1, "f2": self.f2, "score": self.score, "effect": self.effect}
        columns |= {"p_value": self.p_value, "q": self.q, **spreads}
        return [
            {
                "rank": rank,
                "type": self.types[i],
                **{name: float(column[i]) for name, column in columns.items()},
            }
            for rank, i in enumerate(self.order[:top].tolist(), start=1)
        ]


def keyness(
    a: Counts,
    b: Counts,
    *,
    method: KeynessMethod = "log-odds",
    prior: Literal["uniform", "informative"] | Mapping[Any, float] = "uniform",
    strength: float | None = None,
    cells: Literal[2, 4] = 4,
    smoothing: float | None = None,
) -> Keyness:
    """Keyness of each word of two texts, text 2 (`b`) against text 1 (`a`).

    Parameters
    ----------
    method
        ``"log-odds"``: z of the log-odds ratio with a Dirichlet prior (Monroe, Colaresi & Quinn 2008,
        equations 15, 20 and 22). ``"g2"``: Dunning's log-likelihood ratio (1993), with the sign of the
        direction. ``"percent-diff"``: 100 (p2 - p1) / p1 (Gabrielatos & Marchi 2011).
        ``"log-ratio"``: log2(p2 / p1) (Hardie 2014).
    prior
        ``"uniform"``: `strength` (default 0.1) for every type of the union; ``"informative"``: pooled
        relative frequencies times `strength` (default 1000); or type -> pseudo-count.
    cells
        G2 over the word's two counts (2, Rayson & Garside 2000) or the whole two-by-two table (4).
    smoothing
        Pseudo-count for percent-diff (default 0: infinite where text 1 lacks the word) and log-ratio
        (default 0.5), added to every type of the union in both texts.

    Raises
    ------
    WordShiftError
        If a text has no words or an option is not one of those above.
    """
    if method not in _METHODS:
        raise WordShiftError(f"method {method!r}: accepted are {', '.join(_METHODS)}")
    if cells not in {2, 4}:
        raise WordShiftError(f"cells={cells}: G2 has 2 or 4")
    names = (a.name or "Text 1", b.name or "Text 2")
    types, (f1, f2) = frequency_table({"text 1": a, "text 2": b})
    kept = np.flatnonzero(f1 + f2 > 0)
    types, f1, f2 = [types[i] for i in kept.tolist()], f1[kept], f2[kept]
    g2 = _log_likelihood(f1, f2, cells if method == "g2" else 4)
    signed = np.where(f2 * f1.sum() >= f1 * f2.sum(), g2, -g2)
    smooth = 0.5 if smoothing is None else smoothing
    if not (math.isfinite(smooth) and smooth >= 0):
        raise WordShiftError(f"smoothing {smoothing}: a finite number >= 0")
    effect, score = _log_ratio(f1, f2, smooth), signed
    z_squared = g2
    if method == "log-odds":
        effect, score = _log_odds(f1, f2, _prior(prior, strength, types, f1, f2))
        z_squared = score**2
    elif method == "log-ratio":
        score = effect
    elif method == "percent-diff":
        p1, p2 = _smoothed(f1, smoothing or 0.0), _smoothed(f2, smoothing or 0.0)
        with np.errstate(divide="ignore"):
            score = 100 * (p2 - p1) / p1
    places = (_places(types, a), _places(types, b))
    return Keyness(
        method=method,
        names=names,
        types=types,
        f1=f1,
        f2=f2,
        score=score,
        effect=effect,
        z_squared=z_squared,
        dispersion=(_dispersion(a), _dispersion(b)),
        places=places,
    )


def keyness_versus_rest(groups: Mapping[str, Counts], **options: Any) -> dict[str, Keyness]:
    """Keyness of each group against all others pooled; options as in `keyness`."""
    if len(groups) < 2:
        raise WordShiftError("keyness against the rest needs at least two groups")
    return {
        label: keyness(
            pooled({other: groups[other] for other in groups if other != label}), counts, **options
        )
        for label, counts in groups.items()
    }


def _places(types: Sequence[Any], counts: Counts) -> NDArray[np.intp]:
    place = {word: at for at, word in enumerate(counts.types)}
    return np.array([place.get(word, -1) for word in types], dtype=np.intp)


def _dispersion(counts: Counts) -> Dispersion | None:
    if counts.documents is None or len(counts.documents.indptr) < 3:
        return None
    return dispersions(counts)


def _smoothed(f: Vector, pseudo_count: float) -> Vector:
    smoothed: Vector = (f + pseudo_count) / (f.sum() + pseudo_count * len(f))
    return smoothed


def _log_ratio(f1: Vector, f2: Vector, pseudo_count: float) -> Vector:
    with np.errstate(divide="ignore"):
        return np.log2(_smoothed(f2, pseudo_count)) - np.log2(_smoothed(f1, pseudo_count))


def _prior(
    prior: str | Mapping[Any, float], strength: float | None, types: Sequence[Any], f1: Vector, f2: Vector
) -> Vector:
    if isinstance(prior, Mapping):
        alpha = np.array([float(prior.get(word, 0.0)) for word in types])
    elif prior == "uniform":
        alpha = np.full(len(types), 0.1 if strength is None else float(strength))
    elif prior == "informative":
        alpha = (f1 + f2) / (f1.sum() + f2.sum()) * (1000.0 if strength is None else strength)
    else:
        raise WordShiftError(f"prior {prior!r}: accepted are uniform, informative, or type -> pseudo-count")
    if not np.all((alpha > 0) & np.isfinite(alpha)):
        word = types[int(np.flatnonzero(~((alpha > 0) & np.isfinite(alpha)))[0])]
        raise WordShiftError(f"prior: the pseudo-count of {word!r} must be positive and finite")
    return alpha


def _log_odds(f1: Vector, f2: Vector, alpha: Vector) -> tuple[Vector, Vector]:
    """Difference of log-odds and its z: Monroe et al., equations 15 (delta), 20 (variance), 22 (z)."""
    whole = float(alpha.sum())
    odds = [np.log((f + alpha) / np.maximum(f.sum() + whole - f - alpha, 1e-300)) for f in (f1, f2)]
    delta = odds[1] - odds[0]
    return delta, delta / np.sqrt(1 / (f1 + alpha) + 1 / (f2 + alpha))


def _log_likelihood(f1: Vector, f2: Vector, cells: int) -> Vector:
    """G2 = 2 sum O ln(O / E) over the word's cells, and over all other words' for 4."""
    n1, n2 = float(f1.sum()), float(f2.sum())
    both = f1 + f2

    def term(observed: Vector, expected: Vector) -> Vector:
        ratio = np.where(observed > 0, observed / np.where(expected > 0, expected, 1.0), 1.0)
        return observed * np.log(ratio)

    g2 = term(f1, both * n1 / (n1 + n2)) + term(f2, both * n2 / (n1 + n2))
    if cells == 4:
        others = n1 + n2 - both
        g2 += term(n1 - f1, others * n1 / (n1 + n2)) + term(n2 - f2, others * n2 / (n1 + n2))
    return np.maximum(2 * g2, 0)
