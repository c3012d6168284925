"""From files to `Counts`, from two sentences to tens of gigabytes.

A token never spans white space, so an engine counts the raw chunks between blanks and each unique
chunk is tokenised once: the same table as tokenising everything, several times cheaper.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.errors import FailureError
from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text.caching import Cache
from hotpapers.wordshift.text.chunking import tally_chunks, tally_pieces
from hotpapers.wordshift.text.columns import pieces, read_count_table
from hotpapers.wordshift.text.engines import Engine, EngineName, engine_named
from hotpapers.wordshift.text.inputs import Input, Source, find_inputs
from hotpapers.wordshift.text.reading import Origin, Reading
from hotpapers.wordshift.text.tallies import Tally, added
from hotpapers.wordshift.text.tokens import TextWarning, Tokenizer, unsegmented_share

__all__ = ["count", "count_groups", "counts_of_chunks", "table_sha256"]

# Warn where more letters than this are in scripts that don't part words by blanks.
_UNSEGMENTED_SHARE = 0.2


def count(
    source: Source,
    *,
    tokenizer: Tokenizer = Tokenizer(),  # noqa: B008 (frozen)
    name: str = "",
    engine: EngineName = "auto",
    memory_limit: str = "1GB",
    threads: int | None = None,
    documents: bool = False,
    text_col: str | None = None,
    encoding: str | None = None,
    strict_encoding: bool = False,
    skip_errors: bool = False,
    cache: str | os.PathLike[str] | None = None,
) -> Counts:
    """Count the types of a text.

    Parameters
    ----------
    source
        See `hotpapers.wordshift.text.inputs.find_inputs`: a file, folder, pattern, ``-``, a list of these, or
        a mapping from names to texts. A CSV or TSV file without `text_col` is a table of word counts.
    tokenizer
        What a type is.
    name
        What the text is called; "": the file's or folder's name.
    engine
        ``"duckdb"``, ``"polars"``, ``"python"``; ``"auto"``: DuckDB for much text, Python for little.
        The counts are the same.
    memory_limit, threads
        For DuckDB, which spills to disk beyond the limit.
    documents
        Keep each document's counts: a document is a plain text file, or a row of a table.
    text_col
        The column of tables that holds text.
    encoding, strict_encoding
        See `hotpapers.wordshift.text.reading.Reading`.
    skip_errors
        Leave out files that can't be read, with one warning that names them.
    cache
        A folder that keeps the counts of every file, so that an interrupted run goes on at the next.

    Raises
    ------
    WordShiftError
        If the input can't be used, or no token is in it.
    FailureError
        If a file can't be read (exit code 1).
    MemoryLimitError
        If the memory limit is too small (exit code 3).

    Examples
    --------
    >>> count({"a": "To be, or not to be"}).as_dict()
    {'be': 2.0, 'not': 1.0, 'or': 1.0, 'to': 2.0}
    """
    reading = Reading(encoding=encoding, strict_encoding=strict_encoding, text_col=text_col)
    source = _kept(source)
    inputs = find_inputs(source, tables=text_col is not None)
    name = name or _name_of(source, inputs)
    if text_col is None and all(given.kind in {"csv", "tsv"} for given in inputs):
        if documents:
            raise WordShiftError(f"{name} is a table of word counts: it has no documents to keep")
        return _count_tables(inputs, reading, name)
    how = _Engine(name=engine, memory_limit=memory_limit, threads=threads)
    tally, tokenizer, meta = _counted(
        inputs, tokenizer, reading, how, name=name, apart=documents, skip_errors=skip_errors, cache=cache
    )
    counted = tally.as_counts(name, documents=documents, meta=meta)
    return replace(counted, origin=Origin(source=source, tokenizer=tokenizer, reading=reading))


def count_groups(
    source: Source,
    *,
    text_col: str,
    group_col: str | None = None,
    time_col: str | None = None,
    by: str | None = None,
    tokenizer: Tokenizer = Tokenizer(),  # noqa: B008 (frozen)
    engine: EngineName = "auto",
    memory_limit: str = "1GB",
    threads: int | None = None,
    documents: bool = False,
    encoding: str | None = None,
    strict_encoding: bool = False,
    skip_errors: bool = False,
    cache: str | os.PathLike[str] | None = None,
) -> dict[str, Counts]:
    """Count the types of each group of a table's rows, in one pass; groups come sorted.

    Parameters
    ----------
    source
        Tables with the same columns (CSV, TSV, JSON lines, Parquet).
    text_col
        The column that holds text; each row is a document.
    group_col, time_col
        The column that says which group a row belongs to; one of the two.
    by
        How `time_col` makes a group: ``"year"``, ``"month"``, ``"week"`` or ``"day"``.

    Other parameters, and what is raised, are those of `count`.
    """
    if (group_col is None) == (time_col is None):
        raise WordShiftError("name the column of groups or the column of times, one of the two")
    if by is not None and time_col is None:
        raise WordShiftError(f"by {by!r} needs a column of times")
    reading = Reading(
        encoding=encoding,
        strict_encoding=strict_encoding,
        text_col=text_col,
        group_col=group_col,
        time_col=time_col,
        by=by,
    )
    source = _kept(source)
    inputs = find_inputs(source, tables=True)
    how = _Engine(name=engine, memory_limit=memory_limit, threads=threads)
    name = _name_of(source, inputs)
    tally, tokenizer, meta = _counted(
        inputs, tokenizer, reading, how, name=name, apart=True, skip_errors=skip_errors, cache=cache
    )
    groups = tally.by_group(documents=documents, meta=meta)
    origin = Origin(source=source, tokenizer=tokenizer, reading=reading)
    return {label: replace(counts, origin=replace(origin, group=label)) for label, counts in groups.items()}


def counts_of_chunks(chunks: list[str], counts: NDArray[np.int64], tokenizer: Tokenizer, name: str) -> Counts:
    """`Counts` of a table of chunks (no line feeds in them) that was counted elsewhere."""
    tally = tally_chunks(chunks, counts, tokenizer)
    if not tally.types:
        raise WordShiftError(f"no words in {name or 'the table'}")
    return tally.as_counts(name, documents=False, meta=_meta([], tokenizer, []))


def table_sha256(counts: Counts) -> str:
    """SHA-256 of the lines ``type TAB count``, sorted: equal tables have equal hashes."""
    lines = (
        f"{word}\t{value:.17g}\n" for word, value in zip(counts.types, counts.values.tolist(), strict=True)
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _kept(source: Source) -> Source:
    """A source that can be gone through again."""
    return source if isinstance(source, str | os.PathLike | Mapping) else list(source)


@dataclass(frozen=True, kw_only=True)
class _Engine:
    """Which engine counts, as it was asked for."""

    name: EngineName
    memory_limit: str
    threads: int | None

    def started(self, inputs: list[Input]) -> Engine:
        size = sum(given.size for given in inputs)
        return engine_named(self.name, size=size, memory_limit=self.memory_limit, threads=self.threads)


def _counted(
    inputs: list[Input],
    tokenizer: Tokenizer,
    reading: Reading,
    engine: _Engine,
    *,
    name: str,
    apart: bool,
    skip_errors: bool,
    cache: str | os.PathLike[str] | None,
) -> tuple[Tally, Tokenizer, Mapping[str, Any]]:
    """All inputs tallied, the tokenizer with its phrases, and how it was done."""
    if tokenizer.phrases == "auto":
        tokenizer = replace(tokenizer, phrases=_phrases(inputs, tokenizer, reading, engine))
    tally, skipped = _tally(
        inputs,
        tokenizer,
        reading,
        engine.started(inputs),
        apart=apart,
        skip_errors=skip_errors,
        cache=Cache(Path(cache), tokenizer, reading, apart=apart) if cache is not None else None,
    )
    _check(tally, tokenizer, name, inputs)
    return tally, tokenizer, _meta(inputs, tokenizer, skipped)


def _tally(
    inputs: list[Input],
    tokenizer: Tokenizer,
    reading: Reading,
    engine: Engine,
    *,
    apart: bool,
    skip_errors: bool,
    cache: Cache | None,
) -> tuple[Tally, list[str]]:
    """All inputs together; one by one where they are cached, or where one may fail."""
    if cache is None and not skip_errors:
        return tally_pieces(pieces(inputs, reading), tokenizer, engine, apart=apart), []
    tallies, problems = [], []
    for given in inputs:
        tally = cache.get(given) if cache else None
        if tally is None:
            try:
                tally = tally_pieces(pieces([given], reading), tokenizer, engine, apart=apart)
            except (WordShiftError, FailureError) as error:
                if not skip_errors:
                    raise
                problems.append(str(error))
                continue
            if cache:
                cache.keep(given, tally)
        tallies.append(tally)
    if problems:
        warnings.warn(f"left out: {'; '.join(problems)}", TextWarning, stacklevel=4)
    return added(tallies), problems


def _phrases(inputs: list[Input], tokenizer: Tokenizer, reading: Reading, engine: _Engine) -> tuple[str, ...]:
    from hotpapers.wordshift.text.phrases import learned

    if any(given.once for given in inputs):
        raise WordShiftError(
            "phrases 'auto' need to read the text several times: save standard input to a file"
        )

    def tally(one: Tokenizer) -> Tally:
        return tally_pieces(pieces(inputs, reading), one, engine.started(inputs), apart=False)

    return learned(tally, tokenizer)


def _count_tables(inputs: list[Input], reading: Reading, name: str) -> Counts:
    counts: dict[str, float] = {}
    for given in inputs:
        for word, value in read_count_table(given, reading).items():
            counts[word] = counts.get(word, 0.0) + value
    if not any(counts.values()):
        raise WordShiftError(f"{name} is empty: a table of words and counts is expected")
    types = sorted(counts)
    return Counts(
        types=types,
        values=np.array([counts[word] for word in types], dtype=np.float64),
        name=name,
        meta=_meta(inputs, None, []),
    )


def _check(tally: Tally, tokenizer: Tokenizer, name: str, inputs: list[Input]) -> None:
    if not tally.types:
        size = sum(given.bytes_read for given in inputs)
        if not size:
            raise WordShiftError(f"{name} is empty: a text is expected")
        raise WordShiftError(f"no words in {name}: nothing in its {size} bytes is a token")
    if (
        tokenizer.kind == "regex"
        and unsegmented_share(tally.types, tally.values.tolist()) > _UNSEGMENTED_SHARE
    ):
        warnings.warn(
            f"{name} is written in a script that does not part words by blanks: its types are whole phrases;"
            " use the tokenizer chars, or a segmenter (uniseg, jieba, spacy)",
            TextWarning,
            stacklevel=3,
        )


def _name_of(source: Source, inputs: list[Input]) -> str:
    if isinstance(source, str | os.PathLike):
        return "standard input" if source == "-" else Path(source).name or str(source)
    return inputs[0].name if len(inputs) == 1 else f"{len(inputs)} texts"


def _meta(inputs: list[Input], tokenizer: Tokenizer | None, skipped: list[str]) -> Mapping[str, Any]:
    """How it was counted. The engine is not told: it changes nothing, so outputs stay the same bytes."""
    return {
        "inputs": [
            {"name": given.name, "sha256": given.sha256, "bytes": given.bytes_read}
            for given in inputs
            if given.sha256
        ],
        "skipped": skipped,
        "tokenizer": asdict(tokenizer) if tokenizer else None,
    }
