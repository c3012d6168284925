"""Resampled counts: tokens drawn again, or whole documents.

Random numbers come from one PCG64 stream per block of `BLOCK` replicates, a child of the seed. So
replicate r is the same however many are asked for, and however many threads work on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Counts, Documents
from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.uncertainty.contributions import Contributions

__all__ = [
    "BLOCK",
    "DocumentMatrix",
    "Draws",
    "Scheme",
    "document_draws",
    "document_matrix",
    "random_streams",
    "token_draws",
]

BLOCK = 32

Vector = NDArray[np.float64]
Indices = NDArray[np.intp]
Scheme = Literal["multinomial", "poisson"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Replicates of some types' counts.

    Parameters
    ----------
    f1, f2
        Frequencies, shape (replicates, types shown).
    totals
        Tokens of both texts, shape (replicates, 1) each.
    reference
        R of each replicate where it is text 1's average, shape (replicates, 1).
    spread
        Standard error of each contribution, estimated within the replicate, shape (replicates, types
        shown); only where it was asked for.
    """

    f1: Vector
    f2: Vector
    totals: tuple[Vector, Vector]
    reference: Vector | None = None
    spread: Vector | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class DocumentMatrix:
    """Documents x kept types in compressed sparse rows, with row lengths in tokens."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    data: Vector
    types: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def rows(self) -> NDArray[np.int64]:
        """The document of every stored entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    @property
    def lengths(self) -> Vector:
        """Tokens of each document, shape (documents,)."""
        return np.bincount(self.rows, weights=self.data, minlength=len(self)).astype(float)

    def columns(self, index: Indices) -> Vector:
        """Counts of some types as a dense array, shape (documents, types shown)."""
        place = np.full(self.types, -1, dtype=np.int64)
        place[index] = np.arange(len(index))
        column = place[self.indices]
        shown = column >= 0
        dense = np.zeros((len(self), len(index)))
        np.add.at(dense, (self.rows[shown], column[shown]), self.data[shown])
        return dense

    def times(self, vector: Vector) -> Vector:
        """Matrix times vector, shape (documents,)."""
        moved = self.data * vector[self.indices]
        return np.bincount(self.rows, weights=moved, minlength=len(self)).astype(float)

    def weighted(self, weights: Vector) -> Vector:
        """Weights (replicates, documents) times matrix, shape (replicates, types)."""
        whole = np.zeros((len(weights), self.types))
        for document, (start, stop) in enumerate(zip(self.indptr[:-1], self.indptr[1:], strict=True)):
            whole[:, self.indices[start:stop]] += weights[:, document, None] * self.data[start:stop]
        return whole


def document_matrix(given: Counts | Documents, types: Sequence[Any], frequencies: Vector) -> DocumentMatrix:
    """Documents of one text over the kept types of a shift.

    Parameters
    ----------
    given
        The text's counts with their documents; or documents already indexed by `types`.
    types, frequencies
        Of the shift; the documents' counts must add up to them. Documents without any of the types
        are left out.

    Raises
    ------
    WordShiftError
        If no documents were kept, or their counts are not the shift's.
    """
    documents = given if isinstance(given, Documents) else given.documents
    if documents is None:
        raise WordShiftError("the counts hold no documents: count with documents=True, or ask for 'token'")
    indptr = np.asarray(documents.indptr, dtype=np.int64)
    indices = np.asarray(documents.indices, dtype=np.int64)
    data = np.asarray(documents.data, dtype=float)
    if isinstance(given, Counts):
        places = {word: at for at, word in enumerate(types)}
        place = np.fromiter((places.get(word, -1) for word in given.types), dtype=np.int64, count=len(given))
        indices = place[indices] if len(indices) else indices
        kept = indices >= 0
        ends = np.concatenate([[0], np.cumsum(kept)])
        indptr, indices, data = ends[indptr], indices[kept], data[kept]
    size = len(types)
    in_range = not len(indices) or int(indices.max()) < size
    sums = np.bincount(indices, weights=data, minlength=size) if in_range else np.full(size, np.nan)
    if not np.allclose(sums, frequencies, rtol=1e-6, atol=1e-9):
        raise WordShiftError(
            "the documents' counts do not add up to the shift's frequencies: give the two Counts it was made of"
        )
    filled = np.diff(indptr) > 0
    indptr = np.concatenate([indptr[:1], indptr[1:][filled]])
    return DocumentMatrix(indptr=indptr, indices=indices, data=data, types=size)


def random_streams(
    work: Callable[[np.random.Generator], tuple[Vector, ...]], reps: int, *, seed: int, threads: int = 1
) -> tuple[Vector, ...]:
    """Run `work` once per block of `BLOCK` replicates and join what it returns along the first axis.

    Parameters
    ----------
    work
        Gets the block's generator and returns arrays whose first axis has `BLOCK` replicates.
    reps
        Replicates wanted; the last block is cut.

    Raises
    ------
    WordShiftError
        If `seed` is negative.
    """
    if seed < 0:
        raise WordShiftError(f"seed {seed}: 0 or more")

    def block(number: int) -> tuple[Vector, ...]:
        sequence = np.random.SeedSequence(seed, spawn_key=(number,))
        return work(np.random.Generator(np.random.PCG64(sequence)))

    numbers = range(-(-reps // BLOCK))
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            blocks = list(pool.map(block, numbers))
    else:
        blocks = [block(number) for number in numbers]
    return tuple(np.concatenate(parts)[:reps] for parts in zip(*blocks, strict=True))


def token_draws(
    contributions: Contributions,
    index: Indices,
    *,
    reps: int,
    seed: int = 0,
    scheme: Scheme = "multinomial",
    threads: int = 1,
) -> Draws:
    """Counts of some types when every token is drawn again, independently.

    Where R is fixed each type's count is drawn on its own, Binomial(n, p) (the multinomial's marginal)
    or Poisson(f): the cost does not depend on the vocabulary. Where R is text 1's average the whole
    multinomial is drawn.

    Parameters
    ----------
    scheme
        ``"multinomial"``: the text keeps its number of tokens, which must be whole; ``"poisson"``: every
        count is Poisson and the total moves, which suits streams and fractional weights.
    """
    sizes = contributions.totals
    texts = (contributions.f1, contributions.f2)
    if contributions.reference is None:
        return _whole_draws(contributions, index, reps=reps, seed=seed, scheme=scheme, threads=threads)

    def work(generator: np.random.Generator) -> tuple[Vector, ...]:
        drawn: list[Vector] = []
        for text, size in zip(texts, sizes, strict=True):
            shown, shape = text[index], (BLOCK, len(index))
            if scheme == "poisson":
                counts = generator.poisson(shown, size=shape).astype(float)
                rest = generator.poisson(max(size - float(shown.sum()), 0.0), size=(BLOCK, 1))
                drawn += [counts, counts.sum(axis=1, keepdims=True) + rest]
            else:
                whole = round(size)
                counts = generator.binomial(whole, np.minimum(shown / size, 1), size=shape).astype(float)
                drawn += [counts, np.full((BLOCK, 1), float(whole))]
        return tuple(drawn)

    f1, n1, f2, n2 = random_streams(work, reps, seed=seed, threads=threads)
    return Draws(f1=f1, f2=f2, totals=(n1, n2))


def _whole_draws(
    contributions: Contributions, index: Indices, *, reps: int, seed: int, scheme: Scheme, threads: int
) -> Draws:
    texts, sizes = (contributions.f1, contributions.f2), contributions.totals

    def work(generator: np.random.Generator) -> tuple[Vector, ...]:
        rows: list[list[Vector]] = []
        for _ in range(BLOCK):
            counts = [
                (
                    generator.poisson(text)
                    if scheme == "poisson"
                    else generator.multinomial(round(size), text / size)
                ).astype(float)
                for text, size in zip(texts, sizes, strict=True)
            ]
            row = [part for text in counts for part in (text[index], text.sum(keepdims=True))]
            rows.append([*row, contributions.average(*counts)[None]])
        return tuple(np.array(part) for part in zip(*rows, strict=True))

    f1, n1, f2, n2, reference = random_streams(work, reps, seed=seed, threads=threads)
    return Draws(f1=f1, f2=f2, totals=(n1, n2), reference=reference)


def document_draws(
    contributions: Contributions,
    documents: tuple[DocumentMatrix, DocumentMatrix],
    index: Indices,
    *,
    reps: int,
    seed: int = 0,
    spread: bool = False,
    threads: int = 1,
) -> Draws:
    """Counts of some types when whole documents are drawn with replacement, within each text.

    A replicate weights document d of K by W_d, W ~ Multinomial(K, 1/K), and its counts are W M: one
    matrix product over the shown types.

    Parameters
    ----------
    spread
        Also estimate each replicate's standard errors, by its documents' influence (for studentized
        intervals; R is then held).
    """
    columns = [matrix.columns(index) for matrix in documents]
    lengths = [matrix.lengths for matrix in documents]
    coupled = contributions.reference is None

    def work(generator: np.random.Generator) -> tuple[Vector, ...]:
        drawn: list[Vector] = []
        extra: list[Vector] = []
        whole: list[Vector] = []
        for matrix, dense, length in zip(documents, columns, lengths, strict=True):
            weights = np.empty((BLOCK, len(matrix)))
            chances = np.full(len(matrix), 1 / len(matrix))
            for row in weights:
                row[:] = generator.multinomial(len(matrix), chances)
            drawn += [weights @ dense, (weights @ length)[:, None]]
            if spread:
                extra += [
                    weights @ dense**2,
                    weights @ (dense * length[:, None]),
                    (weights @ length**2)[:, None],
                ]
            if coupled:
                whole.append(matrix.weighted(weights))
        if coupled:
            drawn.append(contributions.average(*whole)[:, None])
        return (*drawn, *extra)

    parts = list(random_streams(work, reps, seed=seed, threads=threads))
    f1, n1, f2, n2 = parts[:4]
    reference = parts.pop(4) if coupled else None
    errors = _spread(contributions, index, parts, reference) if spread else None
    return Draws(f1=f1, f2=f2, totals=(n1, n2), reference=reference, spread=errors)


def _spread(
    contributions: Contributions, index: Indices, parts: list[Vector], reference: Vector | None
) -> Vector:
    """Standard errors within replicates: sqrt(sum_d W_d (slope (f_d - n_d p) / n)^2), both texts."""
    f1, n1, f2, n2 = parts[:4]
    p1, p2 = contributions.shares(f1, n1), contributions.shares(f2, n2)
    slopes = contributions.formula.take(index).slopes(p1, p2)
    used = contributions.reference_or(reference)
    variance = np.zeros_like(f1)
    for k, (f, n, sign) in enumerate(((f1, n1, 1.0), (f2, n2, -1.0))):
        p = f / n
        squares, products, lengths = parts[4 + 3 * k : 7 + 3 * k]
        residual = np.maximum(squares - 2 * p * products + p**2 * lengths, 0)
        variance += (slopes[k] + sign * used) ** 2 * residual / n**2
    return np.sqrt(variance)
