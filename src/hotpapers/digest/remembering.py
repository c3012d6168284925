"""Related papers from an associative memory: the room of Hopfield networks ranks what the index finds.

The full-text index names candidates, which is quick however large the store is. Their titles and
abstracts become patterns, tf-idf vectors, of a Hopfield memory; the paper itself is the query. One
update gives each candidate a weight, and how many candidates hold 90 % of it says how large the circle
of papers is that belong to this one. Where the extra of Hopfield networks is not installed, the
candidates stay as the index ranks them.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from hotpapers.common.papers import find_paper, missing_requirements
from hotpapers.digest.records import Paper
from hotpapers.digest.search import Hit, SearchIndex

__all__ = ["Circle", "related_papers"]

_CANDIDATES = 200
# At unit norm: sharp enough that a paper of another subject weighs nothing, soft enough that a subject's
# papers weigh together.
_BETA = 30.0
_PER_RESULT = 5  # candidates for each paper asked for, where that is more


@dataclass(frozen=True, kw_only=True)
class Circle:
    """The papers nearest to one.

    Parameters
    ----------
    hits
        Nearest first; the score is the memory's weight in per cent, or the index's BM25 without memory.
    size
        Candidates that hold 90 % of the weight; 0 without memory.
    candidates
        How many there were.
    """

    hits: Sequence[Hit]
    size: int = 0
    candidates: int = 0

    @property
    def verdict(self) -> str:
        """How large the circle is, in a sentence; "" without memory."""
        if not self.size:
            return ""
        if 2 * self.size > self.candidates:
            return f"No close circle: {self.size} of {self.candidates} papers share 90 % of the weight."
        papers = "One paper holds" if self.size == 1 else f"A circle of {self.size} papers holds"
        return f"{papers} 90 % of the weight."


def related_papers(index: SearchIndex, paper: Paper, *, top: int = 10) -> Circle:
    """The papers nearest to `paper`.

    Raises
    ------
    InputError
        If the store does not know the paper.
    """
    candidates = index.related(paper.arxiv_id, top=max(_CANDIDATES, _PER_RESULT * top))
    if len(candidates) < 2 or missing_requirements(find_paper("hopfield")):
        return Circle(hits=candidates[:top])
    weights, size = _weights(_text(paper), [_text(hit.paper) for hit in candidates])
    ranked = sorted(
        (Hit(paper=hit.paper, score=100 * weight) for hit, weight in zip(candidates, weights, strict=True)),
        key=lambda hit: (-hit.score, hit.paper.arxiv_id),
    )
    return Circle(hits=ranked[:top], size=size, candidates=len(candidates))


def _text(paper: Paper) -> str:
    """The title twice: its words tell more than the abstract's."""
    return f"{paper.title}. {paper.title}. {paper.abstract or paper.summary}"


def _weights(query: str, texts: Sequence[str]) -> tuple[list[float], int]:
    """Weights of the texts in the association of `query`, and how many of them hold 90 %."""
    import torch
    from sklearn.feature_extraction.text import TfidfVectorizer

    from hotpapers.hopfield import HopfieldMemory

    vectorizer = TfidfVectorizer(sublinear_tf=True)
    rows = torch.from_numpy(vectorizer.fit_transform([*texts, query]).toarray()).float()
    memory = HopfieldMemory(beta=_BETA)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # papers with the same words can't be told apart, and need not be
        # What each pattern recalls is its own place, so the answer is the weights themselves.
        memory.store(rows[:-1], values=torch.eye(len(texts)))
        found = memory.retrieve(rows[-1])
    return found.value.tolist(), found.reports[0].k
