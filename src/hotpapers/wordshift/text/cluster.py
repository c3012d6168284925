"""Counting on a cluster: one Ibis expression for Spark, BigQuery, Trino ... and DuckDB here.

The cluster parts text at blanks and counts raw chunks; only the table of unique chunks, megabytes for
terabytes of text, comes back and is tokenised here. On one machine `hotpapers.wordshift.count` is faster.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text.counting import counts_of_chunks
from hotpapers.wordshift.text.tokens import Tokenizer

__all__ = ["chunk_table", "count_on_cluster"]


def chunk_table(table: Any, column: str) -> Any:
    """The Ibis expression of the chunks of a text column: columns ``chunk`` and ``n``.

    Parameters
    ----------
    table
        An Ibis table of any backend.
    column
        Its column of text.
    """
    if column not in table.columns:
        raise WordShiftError(f"the table has no column {column!r}: it has {', '.join(table.columns)}")
    chunks = table.select(chunk=table[column].split(" ").unnest())
    return chunks.group_by("chunk").agg(n=chunks.count())


def count_on_cluster(
    table: Any,
    column: str,
    *,
    tokenizer: Tokenizer = Tokenizer(),  # noqa: B008 (frozen)
    name: str = "",
) -> Counts:
    """Count the types of a text column wherever an Ibis table lives.

    Needs the extra ``wordshift-spark`` (or Ibis with another backend).

    Raises
    ------
    WordShiftError
        If the column is not there, or the tokenizer needs more than single chunks.
    """
    if tokenizer.sequential or not tokenizer.by_chunk:
        raise WordShiftError("on a cluster single chunks are counted: no n-grams, phrases or segmenters")
    result = chunk_table(table, column).to_pyarrow()
    chunks = [chunk or "" for chunk in result["chunk"].to_pylist()]
    # A chunk may hold line ends, which only parted it from its neighbours.
    flat = [" ".join(chunk.split()) for chunk in chunks]
    return counts_of_chunks(flat, np.array(result["n"].to_pylist(), dtype=np.int64), tokenizer, name)
