"""From what a user names on the command line to counted texts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hotpapers.common.errors import FailureError
from hotpapers.wordshift.commands.options import EngineOptions, TextOptions, TokenOptions
from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.shifts import WordShiftError, WordShiftWarning
from hotpapers.wordshift.text.counting import count, count_groups
from hotpapers.wordshift.text.tokens import Tokenizer

__all__ = ["Counting", "read_lines"]


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file that hold more than blanks, stripped.

    Raises
    ------
    WordShiftError
        If it is no text or is not there.
    FailureError
        If it can't be read.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
        raise WordShiftError(f"{path}: a text file in UTF-8 with one entry a line is expected") from None
    except OSError as error:
        raise FailureError(f"cannot read {path}: {error.strerror}") from error
    return [line.strip() for line in content.splitlines() if line.strip()]


class Counting:
    """How texts are read, parted into words and counted, from the options of a command."""

    def __init__(self, texts: TextOptions, tokens: TokenOptions, engine: EngineOptions) -> None:
        self.texts, self.engine = texts, engine
        phrases: Any = tokens.phrases or ()
        if tokens.phrases not in {None, "auto"}:
            phrases = tuple(read_lines(Path(str(tokens.phrases))))
        self.tokenizer = Tokenizer(
            kind=tokens.tokenizer,
            case=tokens.case,
            pattern=tokens.pattern,
            keep_punct=tokens.keep_punct,
            emoji=tokens.emoji,
            urls=tokens.urls,
            mentions=tokens.mentions,
            hashtags=tokens.hashtags,
            ngrams=tokens.ngrams,
            bounds=tokens.bounds,
            phrases=phrases,
            language=tokens.language,
        )

    @property
    def by_column(self) -> bool:
        """Whether rows of tables are to be grouped."""
        return self.texts.group_col is not None or self.texts.time_col is not None

    @property
    def _options(self) -> dict[str, Any]:
        return {
            "tokenizer": self.tokenizer,
            "text_col": self.texts.text_col,
            "encoding": self.texts.encoding,
            "strict_encoding": self.texts.strict_encoding,
            "skip_errors": self.texts.skip_errors,
            "engine": self.engine.engine,
            "memory_limit": self.engine.memory_limit,
            "threads": self.engine.threads,
            "cache": self.engine.cache,
        }

    def text(self, source: str, name: str = "", *, documents: bool = False) -> Counts:
        """One text; a table of word counts has no documents to keep."""
        if self.by_column:
            raise WordShiftError("columns of groups or times part one source: name it alone")
        counts_only = self.texts.text_col is None and Path(source).suffix.lower() in {".csv", ".tsv", ".tab"}
        return count(source, name=name, documents=documents and not counts_only, **self._options)

    def groups(
        self, sources: Sequence[str], chosen: Sequence[str] = (), *, documents: bool = False
    ) -> dict[str, Counts]:
        """Several texts: the groups of a column's values in order, or one text a source.

        Parameters
        ----------
        chosen
            Which of them, in this order; all where none are named.

        Raises
        ------
        WordShiftError
            If there are fewer than two, or a chosen one is not there.
        """
        if self.by_column:
            if self.texts.text_col is None:
                raise WordShiftError("groups of rows need the column that holds text: --text-col")
            found = count_groups(
                list(sources),
                group_col=self.texts.group_col,
                time_col=self.texts.time_col,
                by=self.texts.by,
                documents=documents,
                **self._options,
            )
        else:
            names = _distinct([Path(source).stem if source != "-" else "-" for source in sources], sources)
            found = {
                name: self.text(source, name, documents=documents)
                for name, source in zip(names, sources, strict=True)
            }
        for label in chosen:
            if label not in found:
                raise WordShiftError(f"no group {label!r}: there are {_some(found)}")
        if chosen:
            found = {label: found[label] for label in chosen}
        if len(found) < 2:
            there = ", ".join(found)
            raise WordShiftError(
                f"two texts or more are needed, here is one ({there}): name more files, or a column of groups"
            )
        return found

    def pair(
        self, a: str, b: str | None, groups: tuple[str, str] | None, *, documents: bool = False
    ) -> tuple[Counts, Counts]:
        """Two texts: two sources, or two groups of one.

        Raises
        ------
        WordShiftError
            If they are not two, or a group is not there.
        """
        if b is not None:
            if groups is not None:
                raise WordShiftError("--groups part one source: leave the second one out")
            if a == "-" == b:
                raise WordShiftError("standard input can be text 1 or text 2, not both")
            first, second = (self.text(source, documents=documents) for source in (a, b))
            _warn_same(first, second)
            return first, second
        if not self.by_column:
            raise WordShiftError("a second text is missing: name it, or part the first by --group-col")
        found = self.groups([a], documents=documents)
        if groups is None:
            if len(found) != 2:
                raise WordShiftError(
                    f"there are {len(found)} groups ({_some(found)}): choose two with --groups"
                )
            first, second = found.values()
            return first, second
        for label in groups:
            if label not in found:
                raise WordShiftError(f"no group {label!r}: there are {_some(found)}")
        return found[groups[0]], found[groups[1]]


def _some(groups: Mapping[str, Counts]) -> str:
    return ", ".join(list(groups)[:12]) + (", ..." if len(groups) > 12 else "")


def _distinct(short: list[str], full: Sequence[str]) -> list[str]:
    """Short names where they tell the sources apart, else the sources as they were given."""
    if len(set(short)) == len(short):
        return short
    if len(set(full)) < len(full):
        twice = next(one for one in full if list(full).count(one) > 1)
        raise WordShiftError(f"{twice} was given twice: each text once")
    return list(full)


def _warn_same(first: Counts, second: Counts) -> None:
    one, two = (
        {given["sha256"]: given["name"] for given in (counts.meta or {}).get("inputs", [])}
        for counts in (first, second)
    )
    both = [one[digest] for digest in one if digest in two]
    if both:
        warnings.warn(f"both texts hold the same bytes: {both[0]}", WordShiftWarning, stacklevel=3)
