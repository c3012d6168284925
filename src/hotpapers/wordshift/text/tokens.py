"""From running text to types: one configuration, the same result wherever the counting happens.

The default keeps letters, combining marks and numbers, joined by an apostrophe inside a word, in
lower case. Combining marks matter: without them Hindi, Tamil and Khmer words fall apart.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain
from operator import mul
from typing import Literal, get_args

import regex

from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text.patterns import (
    CHARACTER,
    HAS_WORD,
    SENTENCE_END,
    built_pattern,
    stays_in_chunks,
)
from hotpapers.wordshift.text.segmenters import segmenter

__all__ = ["TextWarning", "Tokenizer", "unsegmented_share"]

Kind = Literal["regex", "chars", "whitespace", "uniseg", "jieba", "spacy"]
Rule = Literal["split", "keep", "drop", "mark"]
Case = Literal["keep", "lower", "fold"]
Bounds = Literal["line", "sentence"]

# Raised with every change of what a configuration gives, so that no cache outlives it.
_VERSION = 2
_NEEDS_SEGMENTER = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
)
_LETTER = regex.compile(r"[\p{L}\p{M}]")


class TextWarning(UserWarning):
    """A text that was read, though perhaps not as its author meant."""


@dataclass(frozen=True, kw_only=True)
class Tokenizer:
    r"""How text becomes types.

    Parameters
    ----------
    kind
        ``"regex"``; ``"chars"``: user-perceived characters; ``"whitespace"``; or a segmenter for
        languages that don't part words by blanks: ``"uniseg"``, ``"jieba"``, ``"spacy"`` (each needs
        its package).
    case
        ``"lower"``, ``"fold"`` (ß becomes ss) or ``"keep"``; applied before the pattern.
    pattern
        A token's pattern in the syntax of the ``regex`` package; None: the default described above.
        Matches never cross the end of a line; one that spans blanks may be cut in a line of over 1 MB.
    keep_punct, emoji
        Punctuation marks and symbols, or emoji, are types too.
    urls, mentions, hashtags
        ``"split"``: ordinary text; ``"keep"``: one type each; ``"drop"``: left out; ``"mark"``: all of
        them one type, ``<url>``, ``<mention>`` or ``<hashtag>``.
    ngrams
        ``"1"``, ``"2"``, ``"1-3"``: how many neighbouring tokens make a type, joined by a blank.
    bounds
        What an n-gram or phrase may not cross: ``"line"``: ends of lines and sentences; ``"sentence"``:
        ends of sentences only, for text with hard line breaks. Documents are never crossed.
    phrases
        Multi-word expressions counted as one type, longest first; ``"auto"`` lets `count` find them.
    language
        For spaCy.

    Examples
    --------
    >>> Tokenizer().tokenize("Don’t panic: it’s 42!")
    ["don't", 'panic', "it's", '42']
    >>> Tokenizer(ngrams="2").tokenize("We the people. We the union.")
    ['we the', 'the people', 'we the', 'the union']
    >>> Tokenizer(phrases=("New York",)).tokenize("I love New York")
    ['i', 'love', 'new york']
    """

    kind: Kind = "regex"
    case: Case = "lower"
    pattern: str | None = None
    keep_punct: bool = False
    emoji: bool = False
    urls: Rule = "split"
    mentions: Rule = "split"
    hashtags: Rule = "split"
    ngrams: str = "1"
    bounds: Bounds = "line"
    phrases: tuple[str, ...] | Literal["auto"] = ()
    language: str = "en"

    def __post_init__(self) -> None:
        for option, accepted in (
            ("kind", Kind),
            ("case", Case),
            ("urls", Rule),
            ("mentions", Rule),
            ("hashtags", Rule),
            ("bounds", Bounds),
        ):
            value = getattr(self, option)
            if value not in get_args(accepted):
                raise WordShiftError(f"{option} {value!r}: accepted are {', '.join(get_args(accepted))}")
        if self.pattern is not None and self.kind != "regex":
            raise WordShiftError(f"a pattern goes with kind 'regex', not with {self.kind!r}")
        if self.pattern is not None and (self.keep_punct or self.emoji or self._social):
            raise WordShiftError(
                "a pattern says itself what is kept: leave out punctuation, emoji and social rules"
            )
        if isinstance(self.phrases, str) and self.phrases != "auto":
            raise WordShiftError(f"phrases {self.phrases!r}: give a list of phrases, or 'auto'")
        if not isinstance(self.phrases, str):
            object.__setattr__(self, "phrases", tuple(self.phrases))
        _ = self.orders, self._regex

    @cached_property
    def orders(self) -> range:
        """The lengths of the n-grams."""
        match = regex.fullmatch(r"([1-9])(?:-([1-9]))?", self.ngrams)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise WordShiftError(f"ngrams {self.ngrams!r}: give a number from 1 to 9 or a range such as 1-3")
        return range(int(match[1]), int(match[2] or match[1]) + 1)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the configuration and of the Unicode tables it stands on."""
        known = asdict(self) | {
            "version": _VERSION,
            "regex": regex.__version__,
            "unicode": unicodedata.unidata_version,
        }
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    @cached_property
    def by_chunk(self) -> bool:
        """No token spans white space, so that unique chunks between blanks can be tokenised alone."""
        if self.pattern is not None:
            return stays_in_chunks(self.pattern)
        return self.kind in {"regex", "chars", "whitespace"}

    @property
    def sequential(self) -> bool:
        """Types span several tokens, so that their order counts."""
        return self.orders != range(1, 2) or bool(self.phrases)

    @cached_property
    def phrase_words(self) -> dict[tuple[str, ...], str]:
        """The words of each phrase -> the type that replaces them."""
        if isinstance(self.phrases, str):
            raise WordShiftError("phrases 'auto' are found by count(); to tokenise, give the list of phrases")
        split = (tuple(self.words(phrase)) for phrase in self.phrases)
        return {words: " ".join(words) for words in split if len(words) > 1}

    def cased(self, text: str) -> str:
        """`text` in the case that types have."""
        if self.case == "keep":
            return text
        return text.lower() if self.case == "lower" else text.casefold()

    def words(self, text: str) -> list[str]:
        """Tokens of `text` in order, before n-grams and phrases."""
        return self._cased_words(self.cased(text))

    def words_of(self, chunks: Iterable[str]) -> tuple[list[str], list[int]]:
        """The tokens of all chunks in order, and how many each chunk has; no chunk may hold a line feed."""
        cased = self.cased("\n".join(chunks))
        if self._plain:
            # One search over everything, in which line feeds come out as marks of where chunks end.
            found = self._plain.findall(cased.replace("’", "'") + "\n")
            ends = [at for at, word in enumerate(found) if word == "\n"]
            lengths = [end - start - 1 for start, end in zip([-1, *ends], ends, strict=False)]
            return [word for word in found if word != "\n"], lengths
        words = [self._cased_words(chunk) for chunk in cased.split("\n")]
        return list(chain.from_iterable(words)), list(map(len, words))

    def spans(self, text: str) -> list[tuple[str, int, int]]:
        """Each token with where it stands in `text`: ``text[start:end]``."""
        cased = self.cased(text)
        found = self._cased_spans(cased)
        if len(cased) == len(text):
            return found
        # Some characters change length with their case: walk back to the place in the original.
        origin = [at for at, character in enumerate(text) for _ in self.cased(character)] + [len(text)]
        return [(token, origin[start], origin[end - 1] + 1) for token, start, end in found]

    def segments(self, text: str) -> list[list[str]]:
        """Tokens of one line or chunk, parted where a sentence ends; the last part goes on."""
        cased = self.cased(text)
        ends = [match.end() for match in SENTENCE_END.finditer(cased)]
        parts: list[list[str]] = [[]]
        for token, start, _ in self._cased_spans(cased):
            while ends and ends[0] <= start:
                ends.pop(0)
                parts.append([])
            parts[-1].append(token)
        return parts + [[] for _ in ends]

    def tokenize(self, text: str) -> list[str]:
        """Types of `text`: its tokens, with phrases merged and n-grams made."""
        if not self.sequential:
            return self.words(text)
        if self.bounds == "line":
            parts = [part for line in text.split("\n") for part in self.segments(line)]
        else:
            parts = [[]]
            for line in text.split("\n"):
                first, *others = self.segments(line)
                parts[-1].extend(first)
                parts.extend(others)
        return [" ".join(gram) for part in parts for gram in self._grams(self._merge(part))]

    def _merge(self, words: list[str]) -> list[str]:
        phrases, longest = self.phrase_words, max(map(len, self.phrase_words), default=1)
        merged, at = [], 0
        while at < len(words):
            for length in range(longest, 1, -1):
                if (phrase := phrases.get(tuple(words[at : at + length]))) is not None:
                    merged.append(phrase)
                    at += length
                    break
            else:
                merged.append(words[at])
                at += 1
        return merged

    def _grams(self, words: list[str]) -> Iterator[tuple[str, ...]]:
        for order in self.orders:
            yield from zip(*(words[start:] for start in range(order)), strict=False)

    @property
    def _social(self) -> bool:
        return {self.urls, self.mentions, self.hashtags} != {"split"}

    @cached_property
    def _regex(self) -> regex.Pattern[str]:
        try:
            return regex.compile(self.pattern if self.pattern is not None else built_pattern(self))
        except regex.error as error:
            raise WordShiftError(f"pattern {self.pattern!r}: {error}") from error

    @cached_property
    def _plain(self) -> regex.Pattern[str] | None:
        """The built-in pattern or a line feed, where nothing needs a second look at tokens."""
        plain = self.kind == "regex" and self.pattern is None and not self._social
        return regex.compile(rf"{self._regex.pattern}|\n") if plain else None

    def _cased_words(self, cased: str) -> list[str]:
        if self.kind == "regex" and not self._regex.groups and (self.pattern is None or self.by_chunk):
            found: list[str] = self._regex.findall(cased)
            if self._social:
                found = [kept for token in found if (kept := self._social_type(token))]
            elif self.pattern is not None:
                found = [token for token in found if token]
            return [token.replace("’", "'") for token in found] if "’" in cased else found
        return [token for token, _, _ in self._cased_spans(cased)]

    def _cased_spans(self, cased: str) -> list[tuple[str, int, int]]:
        spans: list[tuple[str, int, int]] = []
        start = 0
        for line in [cased] if self.by_chunk else cased.split("\n"):
            spans += [(token, start + first, start + last) for token, first, last in self._line_spans(line)]
            start += len(line) + 1
        typed = (
            (self._social_type(token) if self._social else token, first, last) for token, first, last in spans
        )
        return [(token.replace("’", "'"), first, last) for token, first, last in typed if token]

    def _line_spans(self, line: str) -> Iterator[tuple[str, int, int]]:
        if self.kind in {"regex", "whitespace"}:
            matches = (self._regex if self.kind == "regex" else _NO_WHITE_SPACE).finditer(line)
            yield from ((match.group(), *match.span()) for match in matches)
            return
        for start, unit in self._units(line):
            if unit.strip() and (self.keep_punct or HAS_WORD.search(unit)):
                yield unit, start, start + len(unit)

    def _units(self, line: str) -> Iterator[tuple[int, str]]:
        if self.kind == "chars":
            for chunk in _NO_WHITE_SPACE.finditer(line):
                yield from (
                    (chunk.start() + unit.start(), unit.group()) for unit in CHARACTER.finditer(chunk.group())
                )
            return
        at = 0
        for unit in segmenter(self.kind, self.language)(line):
            at = line.find(unit, at)
            yield at, unit
            at += len(unit)

    def _social_type(self, token: str) -> str:
        """The type of a token under the social rules; "" where it is dropped."""
        rule: Rule = "keep"
        kind = ""
        if token.lower().startswith(("http://", "https://", "www.")):
            rule, kind = self.urls, "url"
        elif len(token) > 1 and token[0] == "@":
            rule, kind = self.mentions, "mention"
        elif len(token) > 1 and token[0] == "#" and "\u20e3" not in token:
            rule, kind = self.hashtags, "hashtag"
        return {"drop": "", "mark": f"<{kind}>"}.get(rule, token)


# What str.split() parts at, so that all kinds agree on what white space is.
_NO_WHITE_SPACE = regex.compile(r"[^\s\x1c-\x1f]+")


def unsegmented_share(types: Sequence[str], values: Sequence[float]) -> float:
    """Share of letters, in [0, 1], in scripts whose words are not parted by blanks."""
    odd = [(word, value) for word, value in zip(types, values, strict=True) if not word.isascii()]
    unsegmented = sum(len(_NEEDS_SEGMENTER.findall(word)) * value for word, value in odd)
    if not unsegmented:
        return 0.0
    # Every character of an ASCII word goes for a letter: one sum over all, then the others put right.
    letters = sum(map(mul, map(len, types), values))
    letters += sum((len(_LETTER.findall(word)) - len(word)) * value for word, value in odd)
    return unsegmented / letters if letters else 0.0  # Tibetan digits are none
