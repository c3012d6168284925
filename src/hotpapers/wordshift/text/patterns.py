"""The patterns of tokens, and which patterns never match across white space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from hotpapers.wordshift.text.tokens import Tokenizer

__all__ = [
    "CHARACTER",
    "CHUNK_BLANKS",
    "HAS_WORD",
    "SENTENCE_END",
    "WORD",
    "built_pattern",
    "stays_in_chunks",
]

# No word begins with a variation selector: those of emoji would be words that nobody can see.
WORD = r"(?![\uFE00-\uFE0F])[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*"
CHARACTER = regex.compile(r"\X")
HAS_WORD = regex.compile(r"[\p{L}\p{N}]")
# Where a sentence ends, in a chunk or a line. "Mr. X" ends one too: better than n-grams across ends.
SENTENCE_END = regex.compile(r"[.!?…‥]+[\"'”’»)\]]*(?=\s|$)|[。！？｡।॥؟]+")

# The white space that engines part chunks at; all of it is \s to every tokenizer.
CHUNK_BLANKS = " \t\n\v\f\r"

_PICTURE = r"(?:\p{Emoji_Presentation}|\p{Emoji}\uFE0F|(?![©®™‼⁉])\p{Extended_Pictographic})\p{Emoji_Modifier}?\uFE0F?"
_EMOJI = rf"(?:\p{{Regional_Indicator}}{{2}}|[0-9#*]\uFE0F?\u20E3|{_PICTURE}(?:\u200D{_PICTURE})*)"
_URL = r"(?:(?i:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?'’)\]}])"
_MENTION = r"(?<![\p{L}\p{M}\p{N}_])@[\p{L}\p{M}\p{N}_]+"
_HASHTAG = r"(?<![\p{L}\p{M}\p{N}_&])#[\p{L}\p{M}\p{N}_]+"
_MARK = r"[\p{P}\p{S}]"


def built_pattern(tokenizer: Tokenizer) -> str:
    """The pattern of a tokenizer without a pattern of its own: no groups, nothing that spans blanks."""
    alternatives = [
        (_URL, tokenizer.urls != "split"),
        (_MENTION, tokenizer.mentions != "split"),
        (_EMOJI, tokenizer.emoji),
        (_HASHTAG, tokenizer.hashtags != "split"),
        (WORD, True),
        (_MARK, tokenizer.keep_punct),
    ]
    return "|".join(pattern for pattern, wanted in alternatives if wanted)


_CLASS = r"\[\^?\]?(?:\\[pP]\{[^}]*\}|\\.|[^\]\[\\])*\]"
_ESCAPE = r"\\[pP]\{[^}]*\}|\\[wWdDsS]|\\[^\w\s]"
_LITERAL = r"[^\s.^$\\\[\](){}|*+?]"
_GLUE = r"\((?:\?(?::|=|!|<=|<!|>|P?<\w+>)|(?!\?))|\)|\||[*+?]|\{\d*,?\d*\}|\\b"
_ATOM = regex.compile(rf"(?P<one>{_CLASS}|{_ESCAPE}|{_LITERAL})|(?:{_GLUE})")


def stays_in_chunks(pattern: str) -> bool:
    r"""Whether chunks between white space can be matched alone, with the matches of the whole text.

    True only where it is certain: the pattern is made of groups, repeats, ``\b`` and one-character
    parts, and no such part matches white space. A blank then looks to it as an end of text does.

    Examples
    --------
    >>> stays_in_chunks(r"\w+(?:-\w+)*"), stays_in_chunks(r"\S+")
    (True, True)
    >>> stays_in_chunks(r"new.york"), stays_in_chunks(r"^\w+")
    (False, False)
    """
    at = 0
    while at < len(pattern):
        atom = _ATOM.match(pattern, at)
        if atom is None:
            return False
        if atom["one"] is not None and regex.search(atom["one"], CHUNK_BLANKS):
            return False
        at = atom.end()
    return True
