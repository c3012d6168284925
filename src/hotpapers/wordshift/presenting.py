"""What one asks of a computed shift, as its methods: each is a door to the function that does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hotpapers.wordshift.counts import Counts
    from hotpapers.wordshift.shifts import Shift
    from hotpapers.wordshift.text.contexts import Context
    from hotpapers.wordshift.uncertainty.confidence import Intervals, Method
    from hotpapers.wordshift.uncertainty.null_tests import NullTest

__all__ = ["Presented"]

Frame = Literal["arrow", "pandas", "polars", "columns"]


class Presented:
    """Methods of `Shift`."""

    if TYPE_CHECKING:
        texts: tuple[Counts, Counts] | None

    @property
    def _shift(self) -> Shift:
        return cast("Shift", self)

    def intervals(self, method: Method | None = None, **options: Any) -> Intervals:
        """Confidence intervals of the largest contributions: `hotpapers.wordshift.intervals`.

        Parameters
        ----------
        method
            ``"document"``, ``"token"`` or ``"delta"``; None: documents where the counts kept them for at
            least five a text, else tokens.
        options
            Those of `hotpapers.wordshift.intervals`: ``top``, ``reps``, ``level``, ``seed``, ``form`` ...
        """
        from hotpapers.wordshift.uncertainty.confidence import FEWEST_DOCUMENTS, intervals

        texts = self.texts
        kept = [0 if one.documents is None else len(one.documents.names) for one in texts or ()]
        if method is None:
            method = "document" if min(kept, default=0) >= FEWEST_DOCUMENTS else "token"
        documents = texts if kept and min(kept) > 0 else None
        return intervals(self._shift, **{"method": method, "documents": documents, **options})

    def null_test(self, unit: Literal["document", "token"] = "document", **options: Any) -> NullTest:
        """Would two samples of one text differ as much? `hotpapers.wordshift.permutation_test`."""
        from hotpapers.wordshift.uncertainty.null_tests import permutation_test

        return permutation_test(self._shift, **{"unit": unit, "documents": self.texts, **options})

    def table(
        self,
        top: int | None = None,
        *,
        ci: Method | None = None,
        to: Frame = "arrow",
        **options: Any,
    ) -> Any:
        """One row a type, by falling absolute contribution: `hotpapers.wordshift.table`.

        Parameters
        ----------
        top
            Rows; None: all.
        ci
            Intervals beside the contributions, as in `intervals`, which `options` are for.
        to
            An Arrow table, a pandas or Polars frame, or a dictionary of columns.

        Raises
        ------
        WordShiftError
            If an option can't be used.
        """
        from hotpapers.wordshift.tables import framed, table

        made = None if ci is None else self.intervals(ci, **({"top": top or 50} | options))
        return framed(table(self._shift, top, made), to)

    def plot(self, path: str | Path | Sequence[str | Path] | None = None, **options: Any) -> Axes | None:
        """Draw the word shift graph; into files where `path` names them, else return its axes.

        Options are those of `hotpapers.wordshift.shift_graph`: ``top_n``, ``detailed``, ``style``,
        ``palette``, ``intervals``, ``ax`` ...
        """
        from hotpapers.wordshift.figures.graphs import save, shift_graph

        if path is None:
            return shift_graph(self._shift, **options)
        save(self._shift, path, **options)
        return None

    def to_html(self, path: str | Path | None = None, *, k: int = 0, seed: int = 0, **options: Any) -> str:
        """The interactive page, written to `path` if given: `hotpapers.wordshift.to_html`.

        Parameters
        ----------
        k
            Contexts a word and text that the page carries; 0 for none.
        """
        from hotpapers.common.files import write_text
        from hotpapers.wordshift.page.page import to_html

        if k:
            options["contexts"] = self.contexts(top=options.get("top", 50), k=k, seed=seed)
        page = to_html(self._shift, **options)
        if path is not None:
            write_text(Path(path), page)
        return page

    def to_text(self, **options: Any) -> str:
        """Bars for a terminal: `hotpapers.wordshift.to_text`."""
        from hotpapers.wordshift.figures.bars import to_text

        return to_text(self._shift, **options)

    def context(
        self, word: str, k: int = 20, *, seed: int = 0, width: int = 80
    ) -> tuple[list[Context], list[Context]]:
        """Where a word stands in text 1 and in text 2: at most `k` occurrences each, a random sample.

        Raises
        ------
        WordShiftError
            If the shift was made of counts whose text is not known.
        """
        from hotpapers.wordshift.shifts import WordShiftError
        from hotpapers.wordshift.text.contexts import contexts

        if self.texts is None:
            raise WordShiftError("this shift does not know its texts: make it with hotpapers.wordshift.shift")
        first, second = (contexts(one, [word], k=k, seed=seed, width=width) for one in self.texts)
        return first.get(word, []), second.get(word, [])

    def contexts(
        self, *, top: int = 50, k: int = 20, seed: int = 0
    ) -> Mapping[str, tuple[list[Context], list[Context]]]:
        """The contexts of the `top` words at once, one pass over each text; {} where a text is not known.

        Texts that can't be read again (counts, standard input) have none.
        """
        from hotpapers.wordshift.text.contexts import contexts, readable

        shift = self._shift
        words = [shift.types[at] for at in shift.top(top).tolist() if shift.contribution[at] != 0]
        if self.texts is None or not words:
            return {}
        sides = [contexts(one, words, k=k, seed=seed) if readable(one) else {} for one in self.texts]
        if not any(sides):
            return {}
        return {word: (sides[0].get(word, []), sides[1].get(word, [])) for word in words}

    def summary(self) -> str:
        """The total, and what was left out, in a few lines."""
        from hotpapers.wordshift.summaries import summary

        return summary(self._shift)
