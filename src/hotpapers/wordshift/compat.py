"""The classes of `shifterator`, by their names, arguments and attributes: old scripts run on this module.

>>> import hotpapers.wordshift.compat as sh
>>> found = sh.JSDivergenceShift({"a": 3, "b": 2, "c": 1}, {"a": 1, "b": 2, "d": 4}, base=2)
>>> round(found.diff, 6), sorted(found.types)
(0.446161, ['a', 'b', 'c', 'd'])

What the original computes wrongly is computed rightly here: the docs list the differences.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hotpapers.wordshift.counts import as_counts
from hotpapers.wordshift.measures import computed
from hotpapers.wordshift.options import ShiftOptions
from hotpapers.wordshift.shifts import Vector, WordShiftError
from hotpapers.wordshift.views import DictionaryViews

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hotpapers.wordshift.uncertainty.confidence import Intervals

__all__ = [
    "EntropyShift",
    "JSDivergenceShift",
    "KLDivergenceShift",
    "ProportionShift",
    "Shift",
    "WeightedAvgShift",
]

Names = tuple[str, str]
Scores = Mapping[Any, float] | str | None


class Shift(DictionaryViews):
    """Shift between the weighted averages of two texts.

    Parameters
    ----------
    type2freq_1, type2freq_2
        Type -> frequency; or counts in any form that `hotpapers.wordshift.as_counts` takes.
    type2score_1, type2score_2
        Type -> score, or a lexicon's name or file; one of them serves both texts. Without either, every
        type scores 1.
    reference_value
        A number, ``"average"`` (of text 1), or None: the lexicon's centre, else 0.
    handle_missing_scores
        ``"error"``, ``"exclude"`` or ``"adopt"`` for types that one of two lexicons scores.
    stop_lens
        Closed intervals (low, high) of scores whose types are left out.
    stop_words
        Types to leave out.
    normalization
        ``"variation"``, ``"trajectory"`` or None.
    system_names
        What the texts are called.

    Attributes
    ----------
    result : hotpapers.wordshift.Shift
        The shift with its arrays.
    diff, norm, reference_value : float
        Phi2 - Phi1; what scores are divided by; R as it was used.

    Raises
    ------
    WordShiftError
        A `ValueError`: as `hotpapers.wordshift.shift`.
    """

    def __init__(
        self,
        type2freq_1: Any,
        type2freq_2: Any,
        type2score_1: Scores = None,
        type2score_2: Scores = None,
        reference_value: float | str | None = None,
        handle_missing_scores: str = "error",
        stop_lens: Iterable[tuple[float, float]] | None = None,
        stop_words: Iterable[Any] | None = None,
        normalization: str | None = "variation",
        *,
        system_names: Names | None = None,
    ) -> None:
        scored = type2score_1 is not None or type2score_2 is not None
        lenses = list(stop_lens or ())
        if lenses and not scored:
            raise WordShiftError("stop_lens is a range of scores: give type2score_1 or type2score_2")
        self.handle_missing_scores, self.stop_lens = handle_missing_scores, lenses
        self.show_score_diffs = type2score_1 is not None and type2score_2 is not None
        chosen: dict[str, Any] = (
            {"measure": "sentiment", "lexicon": type2score_1, "lexicon_2": type2score_2}
            if scored
            else {"measure": "custom", "scores": _ones}
        )
        self._compute(
            type2freq_1,
            type2freq_2,
            reference=reference_value,
            missing=handle_missing_scores,
            stop_lenses=lenses,
            stop_words=stop_words,
            normalization=normalization,
            system_names=system_names,
            **chosen,
        )

    def _compute(
        self,
        type2freq_1: Any,
        type2freq_2: Any,
        *,
        system_names: Names | None,
        stop_words: Iterable[Any] | None,
        **options: Any,
    ) -> None:
        self._counts = as_counts(type2freq_1), as_counts(type2freq_2)
        self.stop_words = set(stop_words or ())
        self.normalization = options.get("normalization", "variation")
        chosen = ShiftOptions(stop_words=self.stop_words, names=system_names, **options)
        self.result, kept = computed(*self._counts, chosen)
        self._dropped = kept.dropped
        self.diff, self.norm = self.result.difference, self.result.norm
        self.reference_value = self.result.reference

    @cached_property
    def types(self) -> set[Any]:
        """The kept types; unlike the original's, only those that a text uses."""
        return set(self.result.types)

    @cached_property
    def filtered_types(self) -> set[Any]:
        """Types that stop words or a stop lens left out."""
        return self._left_out("stop words", "stop lens")

    @cached_property
    def no_score_types(self) -> set[Any]:
        """Types left out because they have no score, or only one and that was to be excluded."""
        return self._left_out("no score", "one score")

    @cached_property
    def adopted_score_types(self) -> set[Any]:
        """Types that got the other lexicon's score."""
        return {self.result.types[at] for at in np.flatnonzero(self.result.adopted).tolist()}

    def _left_out(self, *reasons: str) -> set[Any]:
        return {label for reason in reasons for label in self._dropped.get(reason, ())}

    # --- numbers -----------------------------------------------------------------------------------

    @staticmethod
    def get_weighted_score(type2freq: Mapping[Any, float], type2score: Mapping[Any, float]) -> float:
        """Average score sum f phi / sum f over the types that have both.

        Raises
        ------
        WordShiftError
            If there is none.
        """
        both = [(f, type2score[label]) for label, f in type2freq.items() if label in type2score]
        total = math.fsum(f for f, _ in both)
        if not total > 0:
            raise WordShiftError("no type has both a frequency and a score: there is no average")
        return math.fsum(f * s for f, s in both) / total

    def get_shift_scores(self, details: bool = False) -> Any:
        """Type -> score; with `details` p_diff, s_diff, p_avg, s_ref_diff and the scores."""
        if not details:
            return self.type2shift_score
        return (
            self.type2p_diff,
            self.type2s_diff,
            self.type2p_avg,
            self.type2s_ref_diff,
            self.type2shift_score,
        )

    def get_shift_component_sums(self) -> dict[str, float]:
        """Sums over all types by component, not normalized."""
        return dict(self.result.components)

    # --- pictures and tables -----------------------------------------------------------------------

    _graph_arguments: ClassVar[tuple[str, ...]] = (
        "ax", "top_n", "text_size_inset", "cumulative_inset", "show_plot", "filename",
    )  # fmt: skip

    def get_shift_graph(self, *arguments: Any, **options: Any) -> Axes:
        """Draw the word shift graph, and show it unless ``show_plot=False``.

        Parameters
        ----------
        arguments
            ax, top_n, text_size_inset, cumulative_inset, show_plot, filename; for classes other than
            `WeightedAvgShift` top_n, show_plot, detailed, text_size_inset, cumulative_inset, title (not
            `EntropyShift`), filename: the original's orders.
        options
            Those by name, ``ax`` among them, and all of `hotpapers.wordshift.shift_graph`.

        Raises
        ------
        TypeError
            For an unknown option; the message has the nearest name.
        """
        from hotpapers.wordshift.figures.graphs import shift_graph

        given = dict(zip(self._graph_arguments, arguments, strict=False))
        if len(arguments) > len(self._graph_arguments) or set(given) & set(options):
            raise TypeError(f"get_shift_graph takes, in order: {', '.join(self._graph_arguments)}; each once")
        return shift_graph(self.result, **{"show_plot": True, **given, **options})

    def plot(self, path: str | Path | Sequence[str | Path], **options: Any) -> list[Path]:
        """Write the graph to files, as `hotpapers.wordshift.save`."""
        from hotpapers.wordshift.figures.graphs import save

        return save(self.result, path, **options)

    def to_text(self, **options: Any) -> str:
        """Bars for a terminal, as `hotpapers.wordshift.to_text`."""
        from hotpapers.wordshift.figures.bars import to_text

        return to_text(self.result, **options)

    def to_html(self, path: str | Path, **options: Any) -> Path:
        """Write the interactive page, as `hotpapers.wordshift.write_page`."""
        from hotpapers.wordshift.page.page import write_page

        return write_page(self.result, path, **options)

    def ci(self, method: str = "document", **options: Any) -> Intervals:
        """Confidence intervals, as `hotpapers.wordshift.intervals`."""
        from hotpapers.wordshift.uncertainty.confidence import intervals

        if all(counts.documents is not None for counts in self._counts):
            options.setdefault("documents", self._counts)
        chosen: Any = method
        return intervals(self.result, method=chosen, **options)

    def table(self, top: int | None = None, ci: str | None = None) -> Mapping[str, Any]:
        """Columns of numbers, as `hotpapers.wordshift.table`, with intervals where `ci` names a method."""
        from hotpapers.wordshift.tables import table

        return table(self.result, top, self.ci(ci, top=top or len(self.result.types)) if ci else None)


def _ones(p1: Vector, p2: Vector) -> Vector:  # noqa: ARG001 (a score function gets both)
    return np.ones(len(p1))


class WeightedAvgShift(Shift):
    """Shift of an average score: sentiment or any other; arguments as in `Shift`."""


class _MeasureShift(Shift):
    """A shift whose scores come from the frequencies."""

    _graph_arguments: ClassVar[tuple[str, ...]] = (
        "top_n", "show_plot", "detailed", "text_size_inset", "cumulative_inset", "title", "filename",
    )  # fmt: skip

    def __init__(
        self,
        type2freq_1: Any,
        type2freq_2: Any,
        *,
        stop_words: Iterable[Any] | None,
        system_names: Names | None,
        **options: Any,
    ) -> None:
        self.handle_missing_scores = "error"
        self.stop_lens: list[tuple[float, float]] = []
        self.show_score_diffs = options["measure"] != "proportion"
        self._compute(type2freq_1, type2freq_2, stop_words=stop_words, system_names=system_names, **options)

    @cached_property
    def type2p_1(self) -> Mapping[Any, float]:
        """Relative frequencies in text 1."""
        return self._view(self.result.f1 / self.result.f1.sum())

    @cached_property
    def type2p_2(self) -> Mapping[Any, float]:
        """Relative frequencies in text 2."""
        return self._view(self.result.f2 / self.result.f2.sum())


class ProportionShift(_MeasureShift):
    """Shift of relative frequencies, p2 - p1; arguments as in `Shift`."""

    def __init__(
        self,
        type2freq_1: Any,
        type2freq_2: Any,
        *,
        stop_words: Iterable[Any] | None = None,
        system_names: Names | None = None,
    ) -> None:
        super().__init__(
            type2freq_1, type2freq_2, stop_words=stop_words, system_names=system_names, measure="proportion"
        )


class EntropyShift(_MeasureShift):
    """Shift of Shannon's entropy, or of Tsallis entropy of order `alpha`.

    Parameters
    ----------
    base
        Of the logarithm, for alpha = 1.
    alpha
        Order, >= 0.

    The others are those of `Shift`.
    """

    _graph_arguments: ClassVar[tuple[str, ...]] = (
        "top_n", "show_plot", "detailed", "text_size_inset", "cumulative_inset", "filename",
    )  # fmt: skip

    def __init__(
        self,
        type2freq_1: Any,
        type2freq_2: Any,
        base: float = 2,
        alpha: float = 1,
        reference_value: float | str | None = 0,
        normalization: str | None = "variation",
        *,
        stop_words: Iterable[Any] | None = None,
        system_names: Names | None = None,
    ) -> None:
        self.base, self.alpha = base, alpha
        super().__init__(
            type2freq_1, type2freq_2, stop_words=stop_words, system_names=system_names, measure="entropy",
            base=base, alpha=alpha, reference=reference_value, normalization=normalization,
        )  # fmt: skip


class KLDivergenceShift(_MeasureShift):
    """Shift of the Kullback-Leibler divergence D(P2 || P1).

    Parameters
    ----------
    base
        Of the logarithm.
    kld_missing, pseudo_count
        As in `hotpapers.wordshift.shift`.

    The others are those of `Shift`.
    """

    def __init__(
        self,
        type2freq_1: Any,
        type2freq_2: Any,
        base: float = 2,
        reference_value: float | str | None = 0,
        normalization: str | None = "variation",
        *,
        kld_missing: str = "error",
        pseudo_count: float = 0.5,
        stop_words: Iterable[Any] | None = None,
        system_names: Names | None = None,
    ) -> None:
        self.base = base
        super().__init__(
            type2freq_1, type2freq_2, stop_words=stop_words, system_names=system_names, measure="kld",
            base=base, reference=reference_value, normalization=normalization, kld_missing=kld_missing,
            pseudo_count=pseudo_count,
        )  # fmt: skip


class JSDivergenceShift(_MeasureShift):
    """Shift of the Jensen-Shannon divergence, generalized by Tsallis entropy of order `alpha`.

    Parameters
    ----------
    base
        Of the logarithm, for alpha = 1.
    weight_1, weight_2
        Of both texts; they sum to 1.
    alpha
        Order, >= 0.

    The others are those of `Shift`.
    """

    def __init__(
        self,
        type2freq_1: Any,
        type2freq_2: Any,
        base: float = 2,
        weight_1: float = 0.5,
        weight_2: float = 0.5,
        alpha: float = 1,
        reference_value: float | str | None = 0,
        normalization: str | None = "variation",
        *,
        stop_words: Iterable[Any] | None = None,
        system_names: Names | None = None,
    ) -> None:
        self.base, self.alpha, self.weight_1, self.weight_2 = base, alpha, weight_1, weight_2
        super().__init__(
            type2freq_1, type2freq_2, stop_words=stop_words, system_names=system_names, measure="jsd",
            base=base, alpha=alpha, weights=(weight_1, weight_2), reference=reference_value,
            normalization=normalization,
        )  # fmt: skip

    @cached_property
    def type2m(self) -> Mapping[Any, float]:
        """The mixture w1 p1 + w2 p2."""
        w1, w2 = self.result.parameters["weights"]
        return self._view(w1 * self.result.p1 + w2 * self.result.p2)
