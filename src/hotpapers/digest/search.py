"""Full-text search and nearest papers over the store: a Tantivy index (BM25) that follows it.

The index is a cache beside the store, ``NAME.search/``: it may be deleted at any time. Each search
first adds what changed since the last one, so the two never disagree.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotpapers.common.console import progress
from hotpapers.common.errors import FailureError, InputError
from hotpapers.common.files import write_text
from hotpapers.digest.records import Paper

if TYPE_CHECKING:
    import tantivy

    from hotpapers.digest.store import Store

__all__ = ["Hit", "SearchIndex"]

_FORMAT = 1  # of the index's own fields: another number rebuilds it
_TEXT_FIELDS = ["title", "abstract", "author"]
_BOOSTS = {"title": 2.0, "author": 1.5}
_MANY = 5_000  # papers from which on an update is worth two threads and their memory


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One found paper and its BM25 score (larger is nearer; comparable within one search only)."""

    paper: Paper
    score: float


class SearchIndex:
    """The index of one open store.

    Parameters
    ----------
    store
        The store to search.
    folder
        Where the index is kept; by default beside the store's file, and in memory for a store in
        memory.
    """

    def __init__(self, store: Store, folder: Path | None = None) -> None:
        self._store = store
        in_memory = folder is None and isinstance(store.path, str)
        self._folder = None if in_memory else folder or Path(store.path).with_suffix(".search")
        self._revision = -1
        self._opened: tantivy.Index | None = None

    @property
    def _index(self) -> tantivy.Index:
        """The index, opened or made when it is first needed."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def refresh(self) -> int:
        """Bring the index up to the store; returns how many papers were added or changed."""
        index, latest = self._index, self._store.revision
        if latest == self._revision:
            return 0
        import tantivy

        added = 0
        try:
            count = self._store.rows("SELECT count(*) AS n FROM paper WHERE revision > ?", [self._revision])[
                0
            ]["n"]
            many = count > _MANY
            writer = index.writer(heap_size=200_000_000 if many else 15_000_000, num_threads=2 if many else 1)
            for paper in progress(self._store.changed_papers(self._revision), "indexing", total=count):
                if self._revision >= 0:
                    writer.delete_documents_by_term("arxiv_id", paper.arxiv_id)
                writer.add_document(tantivy.Document(**_document(paper)))
                added += 1
            writer.commit()
            writer.wait_merging_threads()
        except ValueError as error:
            message = str(error)
            if "LockBusy" in message or "Lockfile" in message:
                raise FailureError(
                    f"the search index {self._folder} is being written by another process"
                ) from error
            raise FailureError(f"cannot write the search index {self._folder}: {message}") from error
        index.reload()
        self._revision = latest
        if self._folder is not None:
            state = {"format": _FORMAT, "store": self._store.id, "revision": latest}
            write_text(self._folder / "state.json", json.dumps(state) + "\n")
        return added

    def search(self, query: str, *, top: int = 20, category: str | None = None) -> list[Hit]:
        """Papers that hold all words of `query` (or, when none does, any of them), best first.

        Parameters
        ----------
        query
            Words; ``"quoted phrases"``, ``title:word``, ``author:name``, ``-without`` and ``OR`` work.
        top
            How many at most.
        category
            Only papers with this category, such as ``"cs.LG"``.

        Raises
        ------
        InputError
            If the query holds no word.
        """
        if not any(character.isalnum() for character in query):
            raise InputError(f"the query {query!r} holds no word to search for")
        if top < 1:
            raise InputError(f"--top takes a number of papers >= 1, not {top}")
        self.refresh()
        for all_words in (True, False):
            hits = self._hits(self._restricted(self._parse(query, all_words=all_words), category), top)
            if hits:
                return hits
        return []

    def related(self, arxiv_id: str, *, top: int = 10) -> list[Hit]:
        """Papers nearest to one in the store, by the telling words of its title and abstract.

        Raises
        ------
        InputError
            If the store does not know the paper.
        """
        import tantivy

        paper = self._store.paper(arxiv_id)
        self.refresh()
        fields = {"title": [paper.title], "abstract": [paper.abstract or paper.summary]}
        query = tantivy.Query.more_like_this_document_fields_query(
            self._index.schema,
            {name: texts for name, texts in fields.items() if texts[0]},
            min_doc_frequency=2,
            min_term_frequency=1,
            max_query_terms=40,
            min_word_length=3,
        )
        hits = self._hits(query, top + 1)
        return [hit for hit in hits if hit.paper.arxiv_id != arxiv_id][:top]

    def _parse(self, query: str, *, all_words: bool) -> tantivy.Query:
        """The query as written; where it is no sound expression ("title:(", "a:b"), its bare words."""
        for text in (query, " ".join(re.findall(r"\w+", query))):
            parsed, errors = self._index.parse_query_lenient(
                text, _TEXT_FIELDS, field_boosts=_BOOSTS, conjunction_by_default=all_words
            )
            if not errors:
                break
        return parsed

    def _restricted(self, query: tantivy.Query, category: str | None) -> tantivy.Query:
        if category is None:
            return query
        import tantivy

        only = tantivy.Query.term_query(self._index.schema, "category", category)
        must = tantivy.Occur.Must
        return tantivy.Query.boolean_query(
            [(must, query), (must, tantivy.Query.const_score_query(only, 0.0))]
        )

    def _hits(self, query: tantivy.Query, top: int) -> list[Hit]:
        searcher = self._index.searcher()
        found = [
            (score, searcher.doc(address).get_first("arxiv_id"))
            for score, address in searcher.search(query, top).hits
        ]
        papers = self._store.papers([str(arxiv_id) for _, arxiv_id in found])
        hits = [Hit(paper=papers[str(name)], score=score) for score, name in found if str(name) in papers]
        return sorted(hits, key=lambda hit: (-round(hit.score, 4), hit.paper.arxiv_id))

    def _open(self) -> tantivy.Index:
        import tantivy

        index: tantivy.Index
        if self._folder is None:
            index = tantivy.Index(_schema())
        else:
            try:
                state = json.loads((self._folder / "state.json").read_text(encoding="utf-8"))
                usable = state["format"] == _FORMAT and state["store"] == self._store.id
                index = tantivy.Index.open(str(self._folder))
                self._revision = int(state["revision"]) if usable else -1
            except (OSError, ValueError, KeyError, TypeError):
                usable = False
            if not usable or self._revision > self._store.revision:
                index = self._new(self._folder)
        index.register_tokenizer("scholarly", _analyser())
        return index

    def _new(self, folder: Path) -> tantivy.Index:
        import tantivy

        self._revision = -1
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            return tantivy.Index(_schema(), path=str(folder))
        except (OSError, ValueError) as error:
            raise FailureError(f"cannot make the search index {folder}: {error}") from error


def _schema() -> tantivy.Schema:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("arxiv_id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("category", tokenizer_name="raw", index_option="basic")
    for name in _TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name="scholarly")
    return builder.build()


def _analyser() -> tantivy.TextAnalyzer:
    """Words without case, accents and endings: "Hölder networks" is found by "holder network"."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (Filter.remove_long(60), Filter.lowercase(), Filter.ascii_fold(), Filter.stemmer("english")):
        builder = builder.filter(step)
    return builder.build()


def _document(paper: Paper) -> dict[str, Any]:
    return {
        "arxiv_id": paper.arxiv_id,
        "title": paper.title,
        "abstract": paper.abstract or paper.summary,
        "author": list(paper.authors),
        "category": list(paper.categories),
    }
