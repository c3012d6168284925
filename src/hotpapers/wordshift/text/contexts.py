"""Words in context: where a word of a shift stands in the text, sampled in one pass.

Which chunks hold a wanted word is found out once per unique chunk; a text is then searched by set
look-ups, not by patterns, and memory is bounded by the sample.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text.columns import pieces
from hotpapers.wordshift.text.inputs import Source, find_inputs
from hotpapers.wordshift.text.reading import Piece, Reading
from hotpapers.wordshift.text.tokens import Tokenizer

__all__ = ["Context", "contexts", "readable"]

# Chunks looked at on each side of a hit.
_AROUND = 25
_REMEMBERED = 1_000_000


@dataclass(frozen=True)
class Context:
    """One occurrence: what stands before, the word as written, what follows, and where.

    White space is shown as single blanks.
    """

    left: str
    word: str
    right: str
    document: str


def contexts(
    source: Source | Counts,
    words: Iterable[str],
    *,
    k: int = 20,
    seed: int = 0,
    width: int = 80,
    tokenizer: Tokenizer = Tokenizer(),  # noqa: B008 (frozen)
    reading: Reading = Reading(),  # noqa: B008 (frozen)
    group: str | None = None,
) -> dict[str, list[Context]]:
    """A random sample of the occurrences of each word, in text order.

    Parameters
    ----------
    source
        `Counts` that were made of files or texts, which know how they were read; or a source as for
        `hotpapers.wordshift.count`.
    words
        Types as counted: words, n-grams or phrases with blanks between their words.
    k
        At most so many occurrences a word, each equally likely.
    seed
        Of the sample; a word's sample does not depend on the other words.
    width
        Characters shown on either side, at most; words are not cut.
    tokenizer, reading
        Those of the counts, where `source` is no `Counts`.
    group
        Only rows of this group.

    Raises
    ------
    WordShiftError
        If the input can't be used (again), or `k` or `width` is less than 1.

    Examples
    --------
    >>> contexts({"a": "To be, or not to be."}, ["not"])
    {'not': [Context(left='To be, or ', word='not', right=' to be.', document='a')]}
    """
    if k < 1 or width < 1:
        raise WordShiftError(f"k = {k} and width = {width}: both must be at least 1")
    counted = isinstance(source, Counts)
    if isinstance(source, Counts):
        if source.origin is None:
            raise WordShiftError(
                f"{source.name or 'the text'} was given as counts: words in context need the text itself"
            )
        origin = source.origin
        source, tokenizer, reading, group = origin.source, origin.tokenizer, origin.reading, origin.group
    inputs = find_inputs(source, tables=reading.text_col is not None)
    if counted and any(given.once for given in inputs):
        raise WordShiftError(
            "standard input can be read once only: save it to a file to see words in context"
        )
    search = _Search(words, tokenizer)
    samples = {word: _Sample(k, seed, word) for word in search.targets.values()}
    found = (piece for piece in pieces(inputs, reading) if group is None or piece.group == group)
    for units, at, place, word, document in _hits(found, search):
        sample = samples[word]
        if sample.wants():
            sample.keep(_context(units, at, place, width, document))
    return {word: samples[word].in_order() for word in dict.fromkeys(search.targets.values())}


def readable(counts: Counts) -> bool:
    """Whether the text behind `counts` is known and can be read again."""
    if counts.origin is None:
        return False
    inputs = find_inputs(counts.origin.source, tables=counts.origin.reading.text_col is not None)
    return not any(given.once for given in inputs)


class _Place(NamedTuple):
    """Where a hit stands: from a character of its first unit to one of its last."""

    start: int
    last: int
    end: int


class _Search:
    """Which chunks hold wanted words."""

    def __init__(self, words: Iterable[str], tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        # The words of each wanted type -> the type as asked for.
        self.targets: dict[tuple[str, ...], str] = {}
        for word in words:
            self.targets[tuple(word.split(" "))] = word
            if not tokenizer.by_chunk:  # a single token may hold blanks
                self.targets[(word,)] = word
        self.by_first: dict[str, list[tuple[str, ...]]] = {}
        for target in self.targets:
            self.by_first.setdefault(target[0], []).append(target)
        self.several = any(len(target) > 1 for target in self.targets)
        # Chunk -> number of the token, its place in the chunk, and what is wanted to begin there.
        self.hits: dict[str, list[tuple[int, int, int, tuple[str, ...]]]] = {}
        self.known: set[str] = set()

    def learn(self, units: Iterable[str]) -> None:
        """Find out which new chunks hold the first word of something wanted."""
        if len(self.known) > _REMEMBERED:
            self.known.clear()
        new = set(units).difference(self.known)
        self.known |= new
        first = self.by_first.keys()
        for unit in new:
            if not first.isdisjoint(self.tokenizer.words(unit)):
                self.hits[unit] = [
                    (number, start, end, target)
                    for number, (token, start, end) in enumerate(self.tokenizer.spans(unit))
                    for target in self.by_first.get(token, ())
                ]

    def places(self, units: list[str], at: int) -> Iterator[tuple[_Place, str]]:
        """Every wanted type that begins in unit `at`."""
        for number, start, end, target in self.hits[units[at]]:
            if len(target) == 1:
                yield _Place(start, at, end), self.targets[target]
            elif place := self._continued(units, at, number, target):
                yield _Place(start, *place), self.targets[target]

    def _continued(
        self, units: list[str], at: int, number: int, target: tuple[str, ...]
    ) -> tuple[int, int] | None:
        """The unit and character where a type of several words ends, if all of them follow here."""
        wanted = list(target)
        for unit in range(at, min(at + _AROUND, len(units))):
            if unit > at and units[unit] == "\n":
                if self.tokenizer.bounds == "line":
                    return None
                continue
            parts = self.tokenizer.segments(units[unit])
            spans = self.tokenizer.spans(units[unit])
            ends = {sum(map(len, parts[:part])) for part in range(1, len(parts))}  # tokens before each end
            for token in range(number if unit == at else 0, len(spans)):
                begun = len(wanted) < len(target)
                if (begun and token in ends) or spans[token][0] != wanted[0]:
                    return None
                wanted.pop(0)
                if not wanted:
                    return unit, spans[token][2]
            if len(spans) in ends:
                return None
        return None


def _hits(found: Iterable[Piece], search: _Search) -> Iterator[tuple[list[str], int, _Place, str, str]]:
    """Every hit with the units around it: chunks, or lines where tokens may span blanks."""
    held: list[str] = []
    done = 0  # units of `held` that were searched
    document = ""
    for piece in _ended(found):
        if piece is None or piece.starts:
            yield from _searched(held, done, len(held), search, document)
            held, done = [], 0
            if piece is None:
                return
            document = piece.document
        held = held[max(done - _AROUND, 0) :]
        done = min(done, _AROUND)
        units = _units(piece.text, search)
        search.learn(units)
        held += units
        ready = max(len(held) - _AROUND, done)
        yield from _searched(held, done, ready, search, document)
        done = ready


def _ended(found: Iterable[Piece]) -> Iterator[Piece | None]:
    yield from found
    yield None


def _units(text: str, search: _Search) -> list[str]:
    if not search.tokenizer.by_chunk:
        return [unit for line in text.split("\n") for unit in (line, "\n")][:-1]
    if search.several:  # line ends matter
        return [unit for unit in text.replace("\n", " \n ").split(" ") if unit]
    return text.split()


def _searched(
    units: list[str], start: int, stop: int, search: _Search, document: str
) -> Iterator[tuple[list[str], int, _Place, str, str]]:
    hits = search.hits
    for at in [at for at, unit in enumerate(units[start:stop], start) if unit in hits]:
        for place, word in search.places(units, at):
            yield units, at, place, word, document


def _context(units: list[str], at: int, place: _Place, width: int, document: str) -> Context:
    before = " ".join([*units[max(at - _AROUND, 0) : at], units[at][: place.start]])
    after = " ".join([units[place.last][place.end :], *units[place.last + 1 : place.last + 1 + _AROUND]])
    if place.last == at:
        word = units[at][place.start : place.end]
    else:
        word = " ".join(
            [units[at][place.start :], *units[at + 1 : place.last], units[place.last][: place.end]]
        )
    return Context(_cut(before[::-1], width)[::-1], " ".join(word.split()), _cut(after, width), document)


def _cut(text: str, width: int) -> str:
    """The first words of `text` in at most `width` characters, with single blanks."""
    joined = " ".join(text.split())
    if text[:1].isspace():
        joined = " " + joined
    if text[-1:].isspace() and joined.strip():
        joined += " "
    if len(joined) <= width:
        return joined
    cut = joined.rfind(" ", 1, width + 1)
    return joined[: cut if cut > 0 else width]


class _Sample:
    """k of the occurrences that come by, each equally likely (Li 1994, "Algorithm L": jumps ahead)."""

    def __init__(self, k: int, seed: int, word: str) -> None:
        self._k = k
        self._random = random.Random(f"{seed}:{word}")  # noqa: S311 (a sample, no secret)
        self._kept: list[tuple[int, Context]] = []
        self._seen = 0
        self._next = 0
        self._weight = 1.0

    def wants(self) -> bool:
        """Count an occurrence; whether it is to be kept."""
        wanted = self._seen == self._next
        self._seen += 1
        return wanted

    def keep(self, context: Context) -> None:
        """Take the occurrence just counted, for a random one where the sample is full."""
        kept = (self._seen, context)
        if len(self._kept) < self._k:
            self._kept.append(kept)
        else:
            self._kept[self._random.randrange(self._k)] = kept
        self._next = self._seen
        if len(self._kept) == self._k:
            self._weight *= (1.0 - self._random.random()) ** (1.0 / self._k)
            ahead = (
                math.log(1.0 - self._random.random()) / math.log1p(-self._weight) if self._weight < 1 else 0.0
            )
            self._next += int(ahead)

    def in_order(self) -> list[Context]:
        """What was kept, as it stands in the text."""
        return [context for _, context in sorted(self._kept, key=lambda kept: kept[0])]
