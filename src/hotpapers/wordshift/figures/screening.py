"""Both parts of every contribution as they are drawn: scaled to per cent, mirrored, screened by kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.shifts import COMPONENTS, Shift, Vector, WordShiftError

__all__ = ["KINDS", "Layout", "Parts", "checked_kinds", "scale_of"]

Layout = Literal["simple", "detailed", "all-positive"]

KINDS = (*COMPONENTS, "positive", "negative")
"""Kinds of a piece: the components in a detailed graph, the sign (or the text) in the others."""


def scale_of(shift: Shift) -> float:
    """Drawn length of a contribution of 1: per cent of the norm, or 1 where nothing is normalised."""
    return 1.0 if shift.normalization == "none" else 100.0 / shift.norm


def checked_kinds(kinds: Collection[str] | None) -> frozenset[str] | None:
    """`kinds` if all are `KINDS`; an error names the first that is not."""
    if kinds is None:
        return None
    wanted = frozenset([kinds] if isinstance(kinds, str) else kinds)
    if unknown := sorted(wanted - set(KINDS)):
        raise WordShiftError(f"unknown kind {unknown[0]!r}: accepted are {', '.join(KINDS)}")
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Both parts of every type, `p` and `s`, and the signs that give their kinds.

    Parameters
    ----------
    p, s
        As drawn, shape (types,).
    up, above, rises
        Used more in text 2; scored above the reference; scored higher in text 2.
    """

    shift: Shift
    layout: Layout
    p: Vector
    s: Vector
    kinds: frozenset[str] | None
    up: NDArray[np.bool_]
    above: NDArray[np.bool_]
    rises: NDArray[np.bool_]

    @classmethod
    def of(cls, shift: Shift, layout: Layout, kinds: frozenset[str] | None) -> Parts:
        """Scale, mirror where bars point to texts, and leave out what is not in `kinds`."""
        scale = scale_of(shift)
        p, s = shift.p_part * scale, shift.s_part * scale
        up, above, rises = shift.p_diff > 0, shift.s_ref_diff > 0, shift.s_diff > 0
        if layout == "all-positive":
            p, s = np.where(up, p, -p), np.where(up, s, -s)
        if kinds is not None:
            signs = kinds & {"positive", "negative"}
            if kinds - signs:
                p = np.where(_chosen(kinds, above, up), p, 0.0)
                s = np.where(np.where(rises, "pos_s" in kinds, "neg_s" in kinds), s, 0.0)
            if signs:
                kept = np.where(p + s > 0, "positive" in signs, "negative" in signs)
                p, s = np.where(kept, p, 0.0), np.where(kept, s, 0.0)
        return cls(shift=shift, layout=layout, p=p, s=s, kinds=kinds, up=up, above=above, rises=rises)

    def rows(
        self, top_n: int, preserve_order: Shift | Sequence[Any] | None
    ) -> tuple[Sequence[int], Sequence[Any]]:
        """Positions in ``shift.types`` and types, one a row; -1 for a type that the shift lacks."""
        types = self.shift.types
        if preserve_order is not None:
            words: Sequence[Any]
            if isinstance(preserve_order, Shift):
                other = preserve_order
                count = min(top_n, int(np.count_nonzero(other.contribution)))
                words = [other.types[index] for index in other.order[:count].tolist()]
            else:
                words = list(preserve_order)[:top_n]
            wanted = set(words)
            found = {word: index for index, word in enumerate(types) if word in wanted}
            return [found.get(word, -1) for word in words], words
        net = self.p + self.s
        count = min(top_n, int(np.count_nonzero(net)))
        if self.kinds is None:
            indices = self.shift.top(count).tolist()
        else:
            indices = np.argsort(-np.abs(net), kind="stable")[:count].tolist()
        return indices, [types[index] for index in indices]

    def p_kind(self, index: int) -> str:
        """Component of the frequency's part."""
        sign = "pos_s" if self.above[index] else "neg_s"
        return f"{sign}_{'pos' if self.up[index] else 'neg'}_p"

    def s_kind(self, index: int) -> str:
        """Component of the score's part."""
        return "pos_s" if self.rises[index] else "neg_s"


def _chosen(kinds: frozenset[str], above: NDArray[np.bool_], up: NDArray[np.bool_]) -> NDArray[np.bool_]:
    high = np.where(up, "pos_s_pos_p" in kinds, "pos_s_neg_p" in kinds)
    low = np.where(up, "neg_s_pos_p" in kinds, "neg_s_neg_p" in kinds)
    return np.where(above, high, low)
