"""Who counts: DuckDB (spills to disk), Polars, or plain Python; all give the same table.

An engine only parts text at blanks and counts raw chunks, or counts rows of integers. What a chunk
means, case and pattern, is decided once per unique chunk elsewhere, because engines disagree about
lower case ("İ", "Σ").
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Literal, NamedTuple, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from hotpapers.common.errors import HotPapersError, MissingExtraError
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.text.patterns import CHUNK_BLANKS

__all__ = ["Chunks", "Engine", "EngineName", "MemoryLimitError", "engine_named"]

EngineName = Literal["auto", "duckdb", "polars", "python"]
Integers = NDArray[np.int64]

# Below so much text, starting another engine takes longer than counting.
_SMALL = 8_000_000
# Unique chunks, or rows, that Python holds before it hands them on.
_HELD = 1_000_000
# Bytes of text in one row and one batch handed to DuckDB; larger rows miss the processor's cache.
_ROW, _BATCH = 1 << 14, 1 << 18
_POLARS_BATCH = 1 << 22
_TO_BLANK = bytes(32 if chr(byte) in CHUNK_BLANKS else byte for byte in range(256))


class MemoryLimitError(HotPapersError):
    """Counting needs more memory than it was allowed (exit code 3)."""

    exit_code = 3


class Chunks(NamedTuple):
    """Some unique chunks and how often they stand in each document; a chunk may come again later.

    Entry i says that document ``documents[i]`` holds ``chunks[indices[i]]`` ``counts[i]`` times.
    """

    chunks: list[str]
    documents: Integers
    indices: Integers
    counts: Integers


class Engine(Protocol):
    """What each of them can do; `texts` are (document, text) pairs."""

    def chunks(self, texts: Iterable[tuple[int, str]]) -> Iterator[Chunks]:
        """Count the chunks between white space, document by document."""
        ...

    def rows(self, arrays: Iterable[NDArray[np.int32]], width: int) -> tuple[NDArray[np.int32], Integers]:
        """Count equal rows of arrays of shape (rows, width): unique rows in order, and their counts."""
        ...


def engine_named(name: str, *, size: float, memory_limit: str = "1GB", threads: int | None = None) -> Engine:
    """The engine called `name`; ``"auto"`` is DuckDB where it is installed and `size` bytes are many.

    Raises
    ------
    WordShiftError
        If the name, the memory limit or the number of threads is none.
    MissingExtraError
        If its package is not installed.
    """
    if name not in get_args(EngineName):
        raise WordShiftError(f"engine {name!r}: accepted are {', '.join(get_args(EngineName))}")
    if not re.fullmatch(r"\d+(\.\d+)?\s*([KMGT]i?)?B", memory_limit, re.IGNORECASE):
        raise WordShiftError(f"memory limit {memory_limit!r}: write it as 500MB or 2GB")
    if threads is not None and threads < 1:
        raise WordShiftError(f"threads {threads}: at least 1 is needed")
    if name == "polars":
        return _Polars()
    if name == "python" or (name == "auto" and size < _SMALL):
        return _Python()
    try:
        return _DuckDB(memory_limit, threads)
    except MissingExtraError:
        if name == "auto":
            return _Python()
        raise


class _Python:
    def chunks(self, texts: Iterable[tuple[int, str]]) -> Iterator[Chunks]:
        held: dict[int, Counter[str]] = {}
        size = 0
        for document, text in texts:
            counter = held.get(document)
            if counter is None:
                counter = held[document] = Counter()
            size -= len(counter)
            counter.update(text.split())
            size += len(counter)
            if size > _HELD:
                yield _as_chunks(held)
                held, size = {}, 0
        yield _as_chunks(held)

    def rows(self, arrays: Iterable[NDArray[np.int32]], width: int) -> tuple[NDArray[np.int32], Integers]:
        counter: Counter[tuple[int, ...]] = Counter()
        for array in arrays:
            counter.update(zip(*array.T.tolist(), strict=True))
        rows = sorted(counter)
        counts = np.fromiter((counter[row] for row in rows), dtype=np.int64, count=len(rows))
        return np.array(rows, dtype=np.int32).reshape(-1, width), counts


def _as_chunks(held: dict[int, Counter[str]]) -> Chunks:
    index: dict[str, int] = {}
    indices = [index.setdefault(chunk, len(index)) for counter in held.values() for chunk in counter]
    counts = [count for counter in held.values() for count in counter.values()]
    documents = np.repeat(
        np.fromiter(held, dtype=np.int64, count=len(held)),
        np.fromiter(map(len, held.values()), dtype=np.int64, count=len(held)),
    )
    return Chunks(list(index), documents, np.array(indices, np.int64), np.array(counts, np.int64))


class _Polars:
    def __init__(self) -> None:
        self._polars = _imported("polars")

    def chunks(self, texts: Iterable[tuple[int, str]]) -> Iterator[Chunks]:
        pl = self._polars
        keys = ["document", "chunk"]
        schema = {"document": pl.Int64, "chunk": pl.String}
        held = pl.DataFrame(schema=schema | {"n": pl.Int64})
        parts = [held]
        for batch in _batches(texts, row=_POLARS_BATCH, size=_POLARS_BATCH):
            rows = [batch.content[start:end].decode() for start, end in pairwise(batch.edges)]
            frame = pl.DataFrame({"document": batch.documents, "chunk": rows}, schema=schema)
            split = frame.with_columns(pl.col("chunk").str.split(" ")).explode("chunk")
            parts.append(split.group_by(keys).agg(pl.len().cast(pl.Int64).alias("n")))
            if sum(map(len, parts)) > 2 * _HELD:
                parts = [pl.concat(parts).group_by(keys).agg(pl.col("n").sum())]
            if len(parts[0]) > _HELD:
                yield _from_frame(parts[0])
                parts = [held]
        yield _from_frame(pl.concat(parts).group_by(keys).agg(pl.col("n").sum()))

    def rows(self, arrays: Iterable[NDArray[np.int32]], width: int) -> tuple[NDArray[np.int32], Integers]:
        pl = self._polars
        names = [f"c{at}" for at in range(width)]
        schema = dict.fromkeys(names, pl.Int32)
        table = pl.DataFrame(schema=schema | {"n": pl.Int64})
        for array in arrays:
            part = pl.DataFrame(array, schema=schema).group_by(names).agg(pl.len().cast(pl.Int64).alias("n"))
            table = pl.concat([table, part]).group_by(names).agg(pl.col("n").sum())
        table = table.sort(names)
        return table.select(names).to_numpy().reshape(-1, width), table["n"].to_numpy()


def _from_frame(table: Any) -> Chunks:
    index: dict[str, int] = {}
    indices = [index.setdefault(chunk, len(index)) for chunk in table["chunk"].to_list()]
    return Chunks(
        list(index), table["document"].to_numpy(), np.array(indices, np.int64), table["n"].to_numpy()
    )


class _DuckDB:
    def __init__(self, memory_limit: str, threads: int | None) -> None:
        self._duckdb, self._arrow = _imported("duckdb"), _imported("pyarrow")
        self._config = {"memory_limit": memory_limit} | ({"threads": threads} if threads else {})

    def chunks(self, texts: Iterable[tuple[int, str]]) -> Iterator[Chunks]:
        pa = self._arrow
        schema = pa.schema([("document", pa.int32()), ("text", pa.string())])
        batches = (
            [pa.array(batch.documents, pa.int32()), self._strings(batch)]
            for batch in _batches(texts, row=_ROW, size=_BATCH)
        )
        split = "SELECT document, unnest(string_split(text, ' ')) AS chunk FROM given"
        count = f"SELECT document, chunk, count(*) AS n FROM ({split}) GROUP BY ALL"  # noqa: S608
        with self._query(schema, batches) as sql:
            for batch in sql(count).to_arrow_reader(200_000):
                chunks = batch.column("chunk").dictionary_encode()
                yield Chunks(
                    chunks.dictionary.to_pylist(),
                    batch.column("document").to_numpy().astype(np.int64),
                    chunks.indices.to_numpy().astype(np.int64),
                    batch.column("n").to_numpy(),
                )

    def rows(self, arrays: Iterable[NDArray[np.int32]], width: int) -> tuple[NDArray[np.int32], Integers]:
        pa = self._arrow
        names = [f"c{at}" for at in range(width)]
        columns = ", ".join(names)
        batches = ([pa.array(column) for column in array.T] for array in arrays)
        count = f"SELECT {columns}, count(*) AS n FROM given GROUP BY {columns} ORDER BY {columns}"  # noqa: S608
        with self._query(pa.schema([(name, pa.int32()) for name in names]), batches) as sql:
            table = sql(count).to_arrow_table()
            rows = np.stack([table.column(name).to_numpy() for name in names], axis=1)
            return rows, table.column("n").to_numpy()

    def _strings(self, batch: _Batch) -> Any:
        """The rows as Arrow sees them, without a copy."""
        pa = self._arrow
        edges = np.array(batch.edges, dtype=np.int32)
        return pa.StringArray.from_buffers(
            len(batch.documents), pa.py_buffer(edges), pa.py_buffer(batch.content)
        )

    @contextmanager
    def _query(self, schema: Any, batches: Iterable[list[Any]]) -> Iterator[Any]:
        """A function that runs SQL over `batches`, which it sees as the table ``given``."""
        raised: list[BaseException] = []

        def guarded() -> Iterator[Any]:
            # What goes wrong while reading must come out as it is, not as the engine's own error.
            try:
                for columns in batches:
                    yield self._arrow.RecordBatch.from_arrays(columns, schema=schema)
            except BaseException as error:
                raised.append(error)
                raise

        with tempfile.TemporaryDirectory(prefix="hotpapers-") as spill:
            connection = self._duckdb.connect(config=self._config | {"temp_directory": spill})
            try:
                connection.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
                connection.register("given", self._arrow.RecordBatchReader.from_batches(schema, guarded()))
                yield connection.sql
            except self._duckdb.OutOfMemoryException as error:
                limit = self._config["memory_limit"]
                raise MemoryLimitError(
                    f"counting needs more than the memory limit of {limit}: raise it"
                ) from error
            except self._duckdb.Error:
                if raised:
                    raise raised[0] from None
                raise
            finally:
                connection.close()


class _Batch(NamedTuple):
    """Rows of text, end to end in `content`: row i is ``content[edges[i]:edges[i + 1]]`` of ``documents[i]``."""

    documents: list[int]
    edges: list[int]
    content: bytes


def _batches(texts: Iterable[tuple[int, str]], *, row: int, size: int) -> Iterator[_Batch]:
    """Texts with every chunk blank as a space, in rows of about `row` bytes, `size` bytes a batch."""
    documents: list[int] = []
    edges = [0]
    contents: list[bytes] = []
    for document, text in texts:
        content = text.encode().translate(_TO_BLANK)
        base, at = edges[-1], 0
        while at < len(content):
            # The blank at the cut stays in the row: it only adds an empty chunk.
            end = content.rfind(b" ", at, at + row) + 1 if at + row < len(content) else len(content)
            at = end or content.find(b" ", at + row) + 1 or len(content)
            documents.append(document)
            edges.append(base + at)
        contents.append(content)
        if edges[-1] >= size or len(documents) >= 2048:
            yield _Batch(documents, edges, b"".join(contents))
            documents, edges, contents = [], [0], []
    if documents:
        yield _Batch(documents, edges, b"".join(contents))


def _imported(package: str) -> Any:
    from importlib import import_module

    try:
        return import_module(package)
    except ImportError as error:
        raise MissingExtraError(
            f"this engine needs the package {package}: pip install {package}, or use the engine 'python'"
        ) from error
