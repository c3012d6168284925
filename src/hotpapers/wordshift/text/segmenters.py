"""Word segmenters as plug-ins, for languages that don't part words by blanks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any

from hotpapers.common.errors import MissingExtraError

__all__ = ["segmenter"]

Segmenter = Callable[[str], Iterable[str]]


@lru_cache(maxsize=8)
def segmenter(kind: str, language: str) -> Segmenter:
    """A function from a line to its words, in order; blanks and punctuation may be among them.

    Raises
    ------
    MissingExtraError
        If the package of that name, or spaCy's part for `language`, is not installed.
    """
    return {"uniseg": _uniseg, "jieba": _jieba, "spacy": _spacy}[kind](language)


def _module(name: str, package: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"the tokenizer {package!r} needs the package {package}: pip install {package}"
        ) from error


def _uniseg(_language: str) -> Segmenter:
    words: Segmenter = _module("uniseg.wordbreak", "uniseg").words
    return words


def _jieba(_language: str) -> Segmenter:
    jieba = _module("jieba", "jieba")
    jieba.setLogLevel(logging.WARNING)
    cut: Segmenter = jieba.cut
    return cut


def _spacy(language: str) -> Segmenter:
    spacy = _module("spacy", "spacy")
    try:
        pipeline = spacy.blank(language)
    except ImportError as error:
        line = str(error).splitlines()[0]
        raise MissingExtraError(f"spaCy has no tokenizer for language {language!r}: {line}") from error
    return lambda text: [word.text for word in pipeline(text)]
