"""The trick of counting: an engine counts raw chunks, and each unique chunk is tokenised once.

A token never spans white space, so the table is that of tokenising everything, several times cheaper.
Where it would not be, or order matters, tokens are counted as they come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.text.engines import Chunks, Engine
from hotpapers.wordshift.text.reading import Piece
from hotpapers.wordshift.text.sequences import count_sequences
from hotpapers.wordshift.text.tallies import Entries, Tally
from hotpapers.wordshift.text.tokens import Tokenizer

__all__ = ["tally_chunks", "tally_pieces"]

# Where more of a text's chunks are unique than this, counting chunks saves nothing.
_UNIQUE_SHARE = 0.3
# Judged by so many characters; shorter documents are no trouble either way.
_SAMPLE = 1 << 18


def tally_pieces(found: Iterable[Piece], tokenizer: Tokenizer, engine: Engine, *, apart: bool) -> Tally:
    """Count the types of pieces of text, told apart by document where wanted."""
    names: list[str] = []
    groups: list[str] = []

    def numbered() -> Iterator[tuple[int, Piece]]:
        number = -1
        for piece in found:
            if piece.starts:
                number += 1
                if apart:
                    names.append(piece.document)
                    groups.append(piece.group)
            yield number, piece

    if tokenizer.sequential:
        entries = count_sequences(numbered(), tokenizer, engine, apart=apart)
    else:
        entries = Entries()
        texts = _routed(numbered(), tokenizer, entries, apart=apart)
        for chunks in engine.chunks(texts):
            _resolve(chunks, tokenizer, entries)
    return entries.tally(names, groups, apart=apart)


def tally_chunks(chunks: list[str], counts: NDArray[np.int64], tokenizer: Tokenizer) -> Tally:
    """The types of a table of chunks; no chunk may hold a line feed."""
    entries = Entries()
    nobody = np.zeros(len(chunks), dtype=np.int64)
    _resolve(Chunks(chunks, nobody, np.arange(len(chunks)), counts), tokenizer, entries)
    return entries.tally([], [], apart=False)


def _routed(
    numbered: Iterable[tuple[int, Piece]], tokenizer: Tokenizer, entries: Entries, *, apart: bool
) -> Iterator[tuple[int, str]]:
    """What the engine is to count; text that chunks don't help with is counted on the way."""
    for document, texts in _documents(numbered, apart=apart):
        sample: list[str] = []
        while sum(map(len, sample)) < _SAMPLE and (text := next(texts, None)) is not None:
            sample.append(text)
        if not tokenizer.by_chunk or _mostly_unique(sample):
            for text in chain(sample, texts):
                counter = Counter(tokenizer.words(text))
                indices = np.array(entries.index(counter), dtype=np.int64)
                counts = np.fromiter(counter.values(), dtype=np.int64, count=len(counter))
                entries.add(np.full(len(counter), document, dtype=np.int64), indices, counts)
        else:
            for text in chain(sample, texts):
                yield document, text


def _documents(numbered: Iterable[tuple[int, Piece]], *, apart: bool) -> Iterator[tuple[int, Iterator[str]]]:
    for number, found in groupby(numbered, key=itemgetter(0)):
        yield number if apart else 0, (piece.text for _, piece in found)


def _mostly_unique(sample: list[str]) -> bool:
    if sum(map(len, sample)) < _SAMPLE:
        return False
    chunks = " ".join(sample).split()
    return len(set(chunks)) > _UNIQUE_SHARE * len(chunks)


def _resolve(found: Chunks, tokenizer: Tokenizer, entries: Entries) -> None:
    """Chunks to tokens, each unique chunk once."""
    words, each = tokenizer.words_of(found.chunks)
    lengths = np.array(each, dtype=np.int64)
    tokens = np.array(entries.index(words), dtype=np.int64)
    # Entry i becomes lengths[indices[i]] entries, one a token of its chunk.
    starts = np.cumsum(lengths) - lengths
    repeats = lengths[found.indices]
    within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    entries.add(
        np.repeat(found.documents, repeats),
        tokens[np.repeat(starts[found.indices], repeats) + within],
        np.repeat(found.counts, repeats),
    )
