"""The generalized word shift: any difference of two weighted averages as a sum over words.

Gallagher et al., "Generalized Word Shift Graphs" (arXiv 2008.02250). A measure gives every type i a
score phi_i in each text; the text's average is Phi = sum_i p_i phi_i with relative frequencies p_i.
All shifts are text 2 minus text 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.errors import InputError
from hotpapers.wordshift.presenting import Presented

if TYPE_CHECKING:
    from hotpapers.wordshift.counts import Counts

__all__ = [
    "COMPONENTS",
    "Coverage",
    "Normalization",
    "Shift",
    "Vector",
    "WordShiftError",
    "WordShiftWarning",
    "decompose",
]

Vector = NDArray[np.float64]
Normalization = Literal["variation", "trajectory", "none"]

# Component -> its symbol; first the sign of the score against the reference and the frequency's
# direction, then the change of the score itself.
COMPONENTS = {
    "pos_s_pos_p": "+↑",
    "pos_s_neg_p": "+↓",
    "neg_s_pos_p": "-↑",
    "neg_s_neg_p": "-↓",
    "pos_s": "△",
    "neg_s": "▽",
}


class WordShiftError(InputError, ValueError):
    """A shift that can't be computed from what was given."""


class WordShiftWarning(UserWarning):
    """Something about the input that a careful reader of the shift should know."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What the filters kept: shares of tokens in [0, 1], and types dropped by reason.

    Parameters
    ----------
    tokens
        Tokens kept in text 1 and text 2.
    share
        Their share of all tokens of the text.
    dropped
        Reason (``"stop words"``, ``"no score"``, ``"one score"``, ``"stop lens"``, ``"min count"``,
        ``"not in text 1"``) -> types dropped.
    """

    tokens: tuple[float, float]
    share: tuple[float, float]
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shift(Presented):
    """A computed word shift; every array has one value a kept type, in code-point order of the types.

    Parameters
    ----------
    measure
        ``"proportion"``, ``"entropy"``, ``"tsallis"``, ``"kld"``, ``"jsd"``, ``"sentiment"`` or
        ``"custom"``.
    parameters
        What the measure was computed with (alpha, base, weights, lexicon names ...), for titles and
        for making the shift again.
    names
        The two texts.
    types
        Kept types, sorted; strings unless the counts had other labels.
    f1, f2
        Frequencies in text 1 and 2.
    p1, p2
        Relative frequencies over the kept types, as the equation uses them (for the Kullback-Leibler
        divergence both are text 2's).
    s1, s2
        Scores phi in text 1 and 2.
    reference
        The reference score R.
    norm
        What contributions are divided by.
    normalization
        How `norm` was chosen.
    adopted
        Types whose score was borrowed from the other lexicon.
    averages
        Phi of text 1 and text 2, as titles show them; None where they mean nothing (KLD, JSD,
        proportion).
    all_positive
        Contributions are never negative (JSD, R = 0): bars point to the text that uses a type more.
    unit
        Of `difference`: ``"bits"``, ``"nats"`` or "".
    coverage
        What the filters kept.
    degenerate
        `norm` is 1 because there is nothing to divide by: all contributions are zero, or they cancel
        under ``"trajectory"``.
    direct
        dPhi_i by a formula that keeps the digits which the sum of `p_part` and `s_part` loses (JSD of
        texts that are nearly alike); None: their sum.
    texts
        The counts that it was made of, before any filter; None where they are not known.
    """

    measure: str
    parameters: Mapping[str, Any]
    names: tuple[str, str]
    types: Sequence[Any]
    f1: Vector
    f2: Vector
    p1: Vector
    p2: Vector
    s1: Vector
    s2: Vector
    reference: float
    norm: float
    normalization: Normalization
    adopted: NDArray[np.bool_]
    coverage: Coverage
    averages: tuple[float, float] | None = None
    all_positive: bool = False
    unit: str = ""
    degenerate: bool = False
    direct: Vector | None = None
    texts: tuple[Counts, Counts] | None = None

    @cached_property
    def p_part(self) -> Vector:
        """(p2 - p1) ((phi1 + phi2) / 2 - R): used more or less, of what scores above or below R."""
        return self.p_diff * self.s_ref_diff

    @cached_property
    def s_part(self) -> Vector:
        """(p1 + p2) / 2 (phi2 - phi1): the type's own score changed."""
        return self.p_avg * self.s_diff

    @property
    def p_diff(self) -> Vector:
        """How much more often text 2 uses the type: p2 - p1."""
        return self.p2 - self.p1

    @property
    def s_diff(self) -> Vector:
        """How much higher the type scores in text 2: phi2 - phi1."""
        return self.s2 - self.s1

    @property
    def p_avg(self) -> Vector:
        """Mean relative frequency: (p1 + p2) / 2."""
        return 0.5 * (self.p1 + self.p2)

    @property
    def s_ref_diff(self) -> Vector:
        """Mean score against the reference: (phi1 + phi2) / 2 - R."""
        return 0.5 * (self.s1 + self.s2) - self.reference

    @cached_property
    def contribution(self) -> Vector:
        """dPhi_i, unnormalised; their sum is `difference`."""
        return self.p_part + self.s_part if self.direct is None else self.direct

    @cached_property
    def score(self) -> Vector:
        """dPhi_i / norm: what is ranked and drawn."""
        return self.contribution / self.norm

    @cached_property
    def difference(self) -> float:
        """Phi(text 2) - Phi(text 1), or the divergence; summed exactly, in type order."""
        return math.fsum(self.contribution)

    @cached_property
    def order(self) -> NDArray[np.intp]:
        r"""Indices by falling \|contribution\|; ties by type, so that nothing depends on hashing."""
        return np.argsort(-np.abs(self.contribution), kind="stable")

    def top(self, count: int) -> NDArray[np.intp]:
        """The first `count` of `order`, without sorting the others."""
        if "order" in self.__dict__ or not 0 < count < len(self.p1):
            return self.order[: max(count, 0)]
        size = np.abs(self.contribution)
        cut = np.partition(size, -count)[-count]
        near = np.flatnonzero(size >= cut)
        return near[np.argsort(-size[near], kind="stable")][:count]

    @cached_property
    def components(self) -> dict[str, float]:
        """Unnormalised sums over all kept types, by component; together they are `difference`."""
        up, above, rises = self.p_diff > 0, self.s_ref_diff > 0, self.s_diff > 0
        chosen = {
            "pos_s_pos_p": (self.p_part, above & up),
            "pos_s_neg_p": (self.p_part, above & ~up),
            "neg_s_pos_p": (self.p_part, ~above & up),
            "neg_s_neg_p": (self.p_part, ~above & ~up),
            "pos_s": (self.s_part, rises),
            "neg_s": (self.s_part, ~rises),
        }
        return {name: math.fsum(part[mask]) for name, (part, mask) in chosen.items()}

    @property
    def kinds(self) -> list[str]:
        """The p component of each type: one of the first four `COMPONENTS`."""
        signs = np.where(self.s_ref_diff > 0, "pos_s_", "neg_s_")
        directions = np.where(self.p_diff > 0, "pos_p", "neg_p")
        return [sign + direction for sign, direction in zip(signs, directions, strict=True)]


def decompose(
    contribution: Vector,
    normalization: Normalization | None,
    *,
    on_degenerate: Literal["error", "unnormalized"] = "error",
) -> tuple[float, bool]:
    r"""The norm of a shift, and whether it is degenerate (section 2 of the paper, "normalization").

    Parameters
    ----------
    contribution
        dPhi_i, shape (types,).
    normalization
        ``"variation"``: sum of \|dPhi_i\|; ``"trajectory"``: \|sum of dPhi_i\|; ``"none"`` or None: 1.
    on_degenerate
        What to do with a trajectory whose parts cancel: an error, or a norm of 1.

    Raises
    ------
    WordShiftError
        If the trajectory's total is too small against its parts to divide by, or a name is unknown.
    """
    if on_degenerate not in {"error", "unnormalized"}:
        raise WordShiftError(f"on_degenerate {on_degenerate!r}: accepted are error, unnormalized")
    if normalization in {None, "none"}:
        return 1.0, False
    variation = math.fsum(np.abs(contribution))
    if normalization == "variation":
        return (variation, False) if variation > 0 else (1.0, True)
    if normalization != "trajectory":
        raise WordShiftError(f"normalization {normalization!r}: accepted are variation, trajectory, none")
    total = abs(math.fsum(contribution))
    if total > 1e-12 * variation:
        return total, False
    if on_degenerate == "unnormalized":
        return 1.0, True
    raise WordShiftError(
        f"the contributions cancel to {total:.3g}, too little to divide by: use normalization 'variation' or 'none'"
    )
