"""Do the intervals hold what they promise? Coverage on simulated texts whose truth is known.

Two true texts share a Zipf law that one of them perturbs. Samples of them are drawn as independent
tokens, or as documents that each have their own word frequencies, Dirichlet around the truth: words
then come in bursts, as they do in real texts. A nominal 95 % interval should hold the true contribution
in 95 % of samples.

Only the shown words are drawn, all others are one class: sums over classes of a multinomial or Dirichlet
are again multinomial or Dirichlet, so this is exact, and thousands of samples cost seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.counts import Documents
from hotpapers.wordshift.shifts import Coverage, Shift, WordShiftError
from hotpapers.wordshift.uncertainty.confidence import Method, intervals
from hotpapers.wordshift.uncertainty.derivatives import JensenShannon
from hotpapers.wordshift.uncertainty.interval_forms import Form

__all__ = ["CoverageRow", "coverage", "coverage_table", "simulated_shift"]

Vector = NDArray[np.float64]
Model = Literal["iid", "bursty"]


@dataclass(frozen=True, kw_only=True)
class CoverageRow:
    """How often one kind of interval held the truth.

    Parameters
    ----------
    model
        ``"iid"``: independent tokens; ``"bursty"``: Dirichlet-multinomial documents.
    documents
        A text.
    method, form
        Of the intervals.
    coverage
        Share of (sample, word) pairs whose interval held the true contribution.
    standard_error
        Of `coverage`, from the spread between samples.
    width
        Mean width of an interval over the true contribution's sampling standard deviation (3.92 is a
        perfect normal 95 % interval).
    samples, words
        Simulated samples and words a sample.
    """

    model: Model
    documents: int
    method: Method
    form: Form
    coverage: float
    standard_error: float
    width: float
    samples: int
    words: int


def _truth(words: int, vocabulary: int, seed: int) -> tuple[Vector, Vector]:
    """Shares of the `words` types that contribute most to the true JSD, then of all others together.

    Zipf(1.05), text 2 perturbed by exp(N(0, 0.7)), as in the benchmark.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(2**32 - 1,))))
    base = 1 / np.arange(1, vocabulary + 1) ** 1.05
    shares = [base / base.sum(), base * np.exp(generator.normal(0, 0.7, vocabulary))]
    shares[1] /= shares[1].sum()
    top = np.argsort(-JensenShannon().value(shares[0], shares[1]), kind="stable")[:words]
    first, second = (np.append(p[top], 1 - p[top].sum()) for p in shares)
    return first, second


def _documents(
    p: Vector,
    *,
    model: Model,
    documents: int,
    tokens: int,
    concentration: float,
    generator: np.random.Generator,
) -> Vector:
    """Counts of one simulated text, shape (documents, classes)."""
    lengths = np.full(documents, tokens // documents)
    lengths[: tokens % documents] += 1
    if model == "iid":
        return generator.multinomial(lengths, p).astype(float)
    gammas = generator.standard_gamma(concentration * p, size=(documents, len(p)))
    return generator.multinomial(lengths, gammas / gammas.sum(axis=1, keepdims=True)).astype(float)


def simulated_shift(first: Vector, second: Vector) -> tuple[Shift, tuple[Documents, Documents]]:
    """The JSD shift of two texts given as counts of shape (documents, classes), and their documents."""
    formula = JensenShannon()
    f1, f2 = first.sum(axis=0), second.sum(axis=0)
    p1, p2 = f1 / f1.sum(), f2 / f2.sum()
    log_m = np.log2(np.maximum(0.5 * (p1 + p2), 1e-300))
    s1 = 0.5 * (log_m - np.log2(np.where(p1 > 0, p1, 1.0)))
    s2 = 0.5 * (np.log2(np.where(p2 > 0, p2, 1.0)) - log_m)
    size = len(f1)
    shift = Shift(
        measure="jsd",
        parameters={"alpha": 1.0, "base": 2.0, "weights": (0.5, 0.5)},
        names=("Text 1", "Text 2"),
        types=list(range(size)),
        f1=f1,
        f2=f2,
        p1=p1,
        p2=p2,
        s1=s1,
        s2=s2,
        reference=0.0,
        norm=float(formula.value(p1, p2).sum()) or 1.0,
        normalization="variation",
        adopted=np.zeros(size, dtype=bool),
        coverage=Coverage(tokens=(float(f1.sum()), float(f2.sum())), share=(1.0, 1.0)),
        all_positive=True,
        unit="bits",
    )
    return shift, (_sparse(first), _sparse(second))


def _sparse(counts: Vector) -> Documents:
    rows, columns = np.nonzero(counts)
    sizes = np.bincount(rows, minlength=len(counts))
    return Documents(
        names=[str(number) for number in range(len(counts))],
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        indices=columns.astype(np.int64),
        data=counts[rows, columns],
    )


def coverage(
    *,
    models: Sequence[Model] = ("iid", "bursty"),
    documents: Sequence[int] = (8, 30),
    methods: Sequence[tuple[Method, Form]] = (
        ("token", "percentile"),
        ("delta", "percentile"),
        ("document", "percentile"),
        ("document", "bca"),
        ("document", "studentized"),
    ),
    samples: int = 200,
    words: int = 50,
    tokens: int = 35_000,
    vocabulary: int = 6_000,
    concentration: float = 300.0,
    reps: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> list[CoverageRow]:
    """Simulate samples and count how often their intervals hold the true JSD contributions.

    Parameters
    ----------
    models, documents
        Kinds of text and documents a text; every pair is simulated.
    methods
        (method, form) of the intervals.
    samples
        Simulated pairs of texts for each of these.
    words
        The words that contribute most to the true divergence.
    tokens
        A text, spread evenly over its documents.
    concentration
        Of the Dirichlet that documents' frequencies come from; smaller is burstier.
    reps, level, seed
        Of the intervals, and of the simulation.

    Raises
    ------
    WordShiftError
        If a size is under 1, there are more words than vocabulary, or a model does not exist.
    """
    if min(samples, words, *documents) < 1 or words >= vocabulary or tokens < max(documents):
        raise WordShiftError(
            "samples, words and documents are at least 1, and words fewer than the vocabulary"
        )
    if unknown := set(models) - set(get_args(Model)):
        raise WordShiftError(f"model {min(unknown)!r}: accepted are {', '.join(get_args(Model))}")
    truth = _truth(words, vocabulary, seed)
    table = []
    for model in models:
        for count in documents:
            hits, estimates, widths = _simulate(
                truth, model, count, methods, samples, tokens, concentration, reps, level, seed
            )
            scale = np.maximum(estimates.std(axis=0, ddof=1), 1e-300) if samples > 1 else np.ones(words)
            for at, (method, form) in enumerate(methods):
                rates = hits[at].mean(axis=1)
                error = float(rates.std(ddof=1)) / samples**0.5 if samples > 1 else float("nan")
                table.append(
                    CoverageRow(
                        model=model,
                        documents=count,
                        method=method,
                        form=form,
                        coverage=float(rates.mean()),
                        standard_error=error,
                        width=float((widths[at].mean(axis=0) / scale).mean()),
                        samples=samples,
                        words=words,
                    )
                )
    return table


def _simulate(
    truth: tuple[Vector, Vector],
    model: Model,
    documents: int,
    methods: Sequence[tuple[Method, Form]],
    samples: int,
    tokens: int,
    concentration: float,
    reps: int,
    level: float,
    seed: int,
) -> tuple[NDArray[np.bool_], Vector, Vector]:
    """Hits (methods, samples, words), estimates (samples, words), widths (methods, samples, words)."""
    words = len(truth[0]) - 1
    true = JensenShannon().value(*truth)[:words]
    hits = np.zeros((len(methods), samples, words), dtype=bool)
    widths = np.zeros((len(methods), samples, words))
    estimates = np.zeros((samples, words))
    stream = (0 if model == "iid" else 1, documents)
    for sample in range(samples):
        sequence = np.random.SeedSequence(seed, spawn_key=(*stream, sample))
        generator = np.random.Generator(np.random.PCG64(sequence))
        texts = [
            _documents(
                p,
                model=model,
                documents=documents,
                tokens=tokens,
                concentration=concentration,
                generator=generator,
            )
            for p in truth
        ]
        shift, parts = simulated_shift(texts[0], texts[1])
        estimates[sample] = shift.contribution[:words]
        for at, (method, form) in enumerate(methods):
            made = intervals(
                shift,
                method=method,
                documents=parts,
                top=words + 1,
                reps=reps,
                level=level,
                seed=int(generator.integers(2**31)),
                form=form,
                reduction="none",
            )
            ends = np.zeros((2, words + 1))  # a word that no sample drew: the point 0
            ends[:, made.index] = made.low, made.high
            low, high = ends[:, :words]
            hits[at, sample] = (low <= true) & (true <= high)
            widths[at, sample] = high - low
    return hits, estimates, widths


def coverage_table(rows: Sequence[CoverageRow]) -> str:
    """The rows as lines of text: coverage in percent with its standard error."""
    lines = [f"{'text':<8}{'documents':>10}  {'interval':<22}{'coverage':>16}{'width':>8}"]
    for row in rows:
        name = row.method if row.method == "delta" else f"{row.method} {row.form}"
        held = f"{100 * row.coverage:.1f} ± {100 * row.standard_error:.1f} %"
        lines.append(f"{row.model:<8}{row.documents:>10}  {name:<22}{held:>16}{row.width:>8.2f}")
    return "\n".join(lines)
