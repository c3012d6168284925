"""A word shift graph of two windows: what was read this month against what was read the month before.

The words come from the room of word shift graphs, through its public face; where its extra is not
installed, `missing_extra` says what to type. A paper counts each of its words once: the unit of the
graph is the paper, as it is of the list of rising words.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hotpapers.common.errors import InputError
from hotpapers.common.papers import find_paper, install_command, missing_requirements, require_extra
from hotpapers.digest.site.wording import short_span
from hotpapers.digest.trends import COMMAND, IN_WINDOW, TEXT, WORD

if TYPE_CHECKING:
    from hotpapers.digest.edition import Trends
    from hotpapers.digest.store import Store
    from hotpapers.wordshift import Context, Counts, Intervals, NullTest, Shift, Tokenizer

__all__ = ["FORMATS", "WindowShift", "compare_windows", "missing_extra", "window_counts"]

FORMATS = ("svg", "png", "pdf", "html", "csv", "json", "parquet", "txt")
"""What a comparison can be written as, by the file's suffix."""

_PAPERS = f"""
    SELECT arxiv_id, {TEXT} AS text FROM ({IN_WINDOW}) JOIN paper USING (arxiv_id) ORDER BY arxiv_id
"""  # noqa: S608 - our own words; every value is bound
_IDS = f"SELECT arxiv_id FROM ({_PAPERS})"  # noqa: S608
_SHUFFLES = 199
_MOST_TOLD = 8
_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bal)(?<!\bvs)(?<!\bcf)[.!?][\"”’)\]]*\s+(?=\S)")
_MANY_WEEKS = 24  # from here on days without a year are not clear


@dataclass(frozen=True, kw_only=True)
class WindowShift:
    """Two windows compared word by word.

    Parameters
    ----------
    trends
        The windows, and which words' changes are more than chance.
    shift
        The Jensen-Shannon shift of both windows' words, each counted once a paper; text 1 is the
        earlier window.
    intervals
        Of the largest contributions, by resampling papers.
    null
        The divergence of the same papers shuffled between the windows.
    contexts
        Word -> sentences around it in the earlier and in the later window, by arXiv id.
    """

    trends: Trends
    shift: Shift
    intervals: Intervals
    null: NullTest
    contexts: Mapping[str, tuple[Sequence[Context], Sequence[Context]]] = field(default_factory=dict)

    @property
    def unclear(self) -> Collection[str]:
        """Words of the graph whose change may be chance."""
        return frozenset(self.shift.types) - self.trends.clear

    @property
    def title(self) -> str:
        """What is compared, with years."""
        trends = self.trends
        now = short_span(trends.since, trends.until, years=True)
        before = short_span(trends.before_since, trends.before_until, years=True)
        return f"Words of papers, {now} against {before}"

    @property
    def movers(self) -> str:
        """The words that rise and fall clearly, in a sentence or two: at most eight each."""
        told = []
        for name, sign in (("rising", 1), ("falling", -1)):
            moved = (self.shift.f2 / self.trends.papers - self.shift.f1 / self.trends.papers_before) * sign
            words = [
                str(self.shift.types[index])
                for index in self.shift.order.tolist()
                if moved[index] > 0 and self.shift.types[index] in self.trends.clear
            ]
            more = f" and {len(words) - _MOST_TOLD} more" if len(words) > _MOST_TOLD else ""
            if words:
                told.append(f"Clearly {name}: {', '.join(words[:_MOST_TOLD])}{more}.")
        return " ".join(told) or "No word rises or falls clearly."

    @property
    def verdict(self) -> str:
        """Whether the windows as wholes differ more than chance lets them, in a sentence."""
        unit, p = self.shift.unit, self.null.p_value
        mean = f"{self.null.mean:.3f} {unit} on average, p = {p:.3f}".replace("p = 1.000", "p = 1")
        if p <= 0.05:
            return (
                f"The windows differ by {self.shift.difference:.3f} {unit}, more than the same papers do when "
                f"they are shuffled ({mean})."
            )
        return (
            f"As wholes the windows differ by {self.shift.difference:.3f} {unit}, no more than chance: the same "
            f"papers differ as much when they are shuffled ({mean})."
        )


def missing_extra() -> str:
    """The command that installs what a comparison needs; "" where it is installed."""
    paper = find_paper("wordshift")
    return install_command(paper) if missing_requirements(paper) else ""


def compare_windows(store: Store, trends: Trends, *, top: int = 30, contexts: int = 0) -> WindowShift:
    """The word shift between the windows of `trends`.

    Only these windows' papers are read, a batch at a time.

    Parameters
    ----------
    top
        How many words get intervals and contexts.
    contexts
        Sentences to keep of each word and window, at most; each is of another paper.

    Raises
    ------
    MissingExtraError
        If the extra of word shift graphs is not installed.
    InputError
        If `top` is not positive, or a window's papers hold no word.
    """
    require_extra(find_paper("wordshift"))
    if top < 1:
        raise InputError(f"--top takes a number of words >= 1, not {top}")
    from hotpapers import wordshift as ws

    with tempfile.TemporaryDirectory(prefix="hotpapers-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few papers: `intervals.note` tells it
        sides = [Path(folder) / name for name in ("before.parquet", "now.parquet")]
        first, second = (
            window_counts(store, window, side) for window, side in zip(_windows(trends), sides, strict=True)
        )
        shift = ws.shift(first, second, measure="jsd")
        found = WindowShift(
            trends=trends,
            shift=shift,
            intervals=ws.intervals(shift, documents=(first, second), top=top),
            null=ws.permutation_test(shift, documents=(first, second), reps=_SHUFFLES),
        )
        if contexts < 1:
            return found
        words = [str(word) for word in found.intervals.types]
        quoted = [
            _contexts(store, *pair, words, contexts)
            for pair in zip(_windows(trends), (first, second), strict=True)
        ]
    return replace(found, contexts={word: (quoted[0][word], quoted[1][word]) for word in words})


def _windows(trends: Trends) -> list[dict[str, date]]:
    """First and last day of the earlier and of the later window."""
    return [
        {"since": trends.before_since, "until": trends.before_until},
        {"since": trends.since, "until": trends.until},
    ]


def _tokenizer() -> Tokenizer:
    from hotpapers import wordshift as ws

    return ws.Tokenizer(pattern=rf"(?<!{COMMAND}*){WORD}")


def window_counts(store: Store, window: Mapping[str, date], path: Path) -> Counts:
    """How many papers of a window (days `since` to `until`) use each word, and which words each paper uses.

    The papers' texts are left in `path`, a Parquet file.
    """
    import numpy as np

    from hotpapers import wordshift as ws

    store.export(_PAPERS, window, path)
    weeks = ((window["until"] - window["since"]).days + 1) / 7
    name = short_span(window["since"], window["until"], years=weeks >= _MANY_WEEKS)
    counted = ws.count(path, tokenizer=_tokenizer(), name=name, documents=True, text_col="text")
    documents = counted.documents
    if documents is None:
        raise InputError(f"no words in {name}")
    papers = np.bincount(documents.indices, minlength=len(counted)).astype(np.float64)
    return replace(
        counted, values=papers, documents=replace(documents, data=np.ones_like(documents.data)), meta=None
    )


def _contexts(
    store: Store, window: Mapping[str, date], counts: Counts, words: Sequence[str], most: int
) -> dict[str, list[Context]]:
    """Sentences of the window's papers around each word, one a paper, named by arXiv id."""
    from hotpapers import wordshift as ws

    ids = [row["arxiv_id"] for row in store.rows(_IDS, window)]
    found = ws.contexts(counts, words, k=3 * most, width=300)
    quoted: dict[str, list[Context]] = {}
    for word, places in found.items():
        papers: dict[str, Context] = {}
        for place in places:
            arxiv_id = ids[int(place.document.rpartition(":")[2]) - 1]
            papers.setdefault(arxiv_id, _sentence(place, arxiv_id))
        quoted[word] = list(papers.values())[:most]
    return quoted


def _sentence(place: Context, arxiv_id: str) -> Context:
    """The sentence around the word, as far as the context reaches."""
    starts = [end.end() for end in _SENTENCE_END.finditer(place.left)]
    left = place.left[starts[-1] :] if starts else place.left
    end = _SENTENCE_END.search(place.right)
    right = place.right[: end.end()].rstrip() if end else place.right
    return replace(place, left=left, right=right, document=arxiv_id)
