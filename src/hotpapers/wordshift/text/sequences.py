"""Counting where the order of tokens matters: n-grams and multi-word expressions.

Each unique chunk is tokenised once into integers; -1 stands where a sentence, line or document ends.
Phrases are merged and n-grams formed on these integers, and the engine counts rows of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.text.engines import Engine
from hotpapers.wordshift.text.reading import Piece
from hotpapers.wordshift.text.tallies import Entries
from hotpapers.wordshift.text.tokens import Tokenizer

__all__ = ["count_sequences"]

Row = NDArray[np.int32]

_END = -1
# Tokens handled at once, and unique chunks remembered.
_TOKENS, _REMEMBERED = 1 << 18, 1_000_000


def count_sequences(
    numbered: Iterable[tuple[int, Piece]], tokenizer: Tokenizer, engine: Engine, *, apart: bool
) -> Entries:
    """Count the types of a tokenizer with n-grams or phrases; documents are told apart where wanted."""
    vocabulary = _Vocabulary(tokenizer)
    longest = tokenizer.orders[-1]
    rows, counts = engine.rows(_windows(vocabulary, numbered, apart=apart), longest + 1)
    words = vocabulary.words
    entries = Entries()
    grams = (" ".join([words[at] for at in row if at != _END]) for row in rows[:, 1:].tolist())
    indices = np.array(entries.index(grams), dtype=np.int64)
    entries.add(rows[:, 0].astype(np.int64), indices, counts)
    return entries


class _Vocabulary:
    """Words as integers, and chunks as rows of these."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.words: list[str] = []
        self._index: dict[str, int] = {}
        self._chunks: dict[str, tuple[int, ...]] = {}
        self.phrases: dict[int, list[tuple[tuple[int, ...], int]]] = {}
        for phrase, merged in tokenizer.phrase_words.items():
            at = tuple(map(self.index, phrase))
            self.phrases.setdefault(at[0], []).append((at, self.index(merged)))
        for choices in self.phrases.values():
            choices.sort(key=lambda choice: -len(choice[0]))
        self.longest_phrase = max(map(len, tokenizer.phrase_words), default=1)

    def index(self, word: str) -> int:
        found = self._index.setdefault(word, len(self.words))
        if found == len(self.words):
            self.words.append(word)
        return found

    def integers(self, text: str) -> list[int]:
        """The words of `text` in order, with ends."""
        if self.tokenizer.by_chunk:
            parts = text.replace("\n", " \n ").split(" ")
        else:
            lines = text.split("\n")
            parts = [part for line in lines for part in (line, "\n")][:-1]
        if len(self._chunks) > _REMEMBERED:
            self._chunks.clear()
        for part in set(parts).difference(self._chunks):
            self._chunks[part] = self._chunk(part)
        chunks = self._chunks
        return [at for part in parts for at in chunks[part]]

    def _chunk(self, part: str) -> tuple[int, ...]:
        if part == "\n":
            return (_END,) if self.tokenizer.bounds == "line" else ()
        first, *others = self.tokenizer.segments(part)
        found = list(map(self.index, first))
        for segment in others:
            found += [_END, *map(self.index, segment)]
        return tuple(found)

    def merged(self, row: Row, *, final: bool) -> tuple[Row, Row, int]:
        """Phrases replaced: the new row, which entries of the old it begins at, and how many were used.

        The last entries may begin a phrase that goes on in the next row: they are left unless `final`.
        """
        last = len(row) if final else max(len(row) - self.longest_phrase + 1, 0)
        starts = np.flatnonzero(np.isin(row[:last], np.array(list(self.phrases), dtype=np.int32)))
        result, kept = row.copy(), np.ones(len(row), dtype=np.bool_)
        used = 0
        for at in starts.tolist():
            if at < used:
                continue
            for phrase, index in self.phrases[int(row[at])]:
                if tuple(row[at : at + len(phrase)].tolist()) == phrase:
                    result[at] = index
                    kept[at + 1 : at + len(phrase)] = False
                    used = at + len(phrase)
                    break
        used = max(used, last)
        places = np.flatnonzero(kept[:used]).astype(np.int32)
        return result[places], places, used


def _windows(vocabulary: _Vocabulary, numbered: Iterable[tuple[int, Piece]], *, apart: bool) -> Iterator[Row]:
    """Rows (document, word, word ...) of every n-gram; shorter ones end in -1."""
    orders = vocabulary.tokenizer.orders
    waiting = np.zeros((2, 0), dtype=np.int32)  # words, and their documents, before merging
    before = np.zeros((2, 0), dtype=np.int32)  # the last of those already merged
    for block in _blocks(vocabulary, numbered, apart=apart):
        final = block is None
        if block is not None:
            waiting = np.concatenate([waiting, block], axis=1)
        if vocabulary.phrases:
            words, places, used = vocabulary.merged(waiting[0], final=final)
            ready = np.stack([words, waiting[1][places]])
        else:
            ready, used = waiting, waiting.shape[1]
        waiting = waiting[:, used:]
        joined = np.concatenate([before, ready], axis=1)
        for order in orders:
            yield from _grams(joined, order, new=before.shape[1], width=orders[-1])
        before = joined[:, max(joined.shape[1] - orders[-1] + 1, 0) :]


def _grams(joined: Row, order: int, *, new: int, width: int) -> Iterator[Row]:
    """The n-grams of one length that end at or after entry `new` and hold no end."""
    words, documents = joined
    first = max(new - order + 1, 0)
    size = len(words) - order + 1 - first
    if size <= 0:
        return
    columns = [words[first + at : first + at + size] for at in range(order)]
    whole = np.logical_and.reduce([column != _END for column in columns])
    rows = np.full((int(whole.sum()), width + 1), _END, dtype=np.int32)
    rows[:, 0] = documents[first : first + size][whole]
    for at, column in enumerate(columns, 1):
        rows[:, at] = column[whole]
    if len(rows):
        yield rows


def _blocks(
    vocabulary: _Vocabulary, numbered: Iterable[tuple[int, Piece]], *, apart: bool
) -> Iterator[Row | None]:
    """Words and their documents, shape (2, words), an end before each document; None at the very end."""
    words: list[int] = []
    documents: list[NDArray[np.int32]] = []
    for number, piece in numbered:
        found = vocabulary.integers(piece.text)
        if piece.starts:
            found = [_END, *found]
        words += found
        documents.append(np.full(len(found), number if apart else 0, dtype=np.int32))
        if len(words) >= _TOKENS:
            yield np.stack([np.array(words, dtype=np.int32), np.concatenate(documents)])
            words, documents = [], []
    if words:
        yield np.stack([np.array(words, dtype=np.int32), np.concatenate(documents)])
    yield None
