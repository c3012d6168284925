"""Made-up repertoires: random CDR3-like sequences, a motif implanted in a share of those of positive bags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from hotpapers.common.files import write_text
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.repertoire.sequences import AMINO_ACIDS, Repertoire, repertoire_of

__all__ = ["implanted", "write_implanted"]


def implanted(
    bags: int = 200,
    sequences: int = 2000,
    *,
    motif: str = "SFEN",
    share: float = 0.01,
    seed: int = 0,
    lengths: tuple[int, int] = (10, 20),
) -> tuple[list[Repertoire], npt.NDArray[np.int64]]:
    """Repertoires and their labels; the second half of the bags is positive.

    Sequences begin with C and end with F, as CDR3 do, and are uniformly random between. In positive bags
    a share of them, at least one, holds the motif at a random place between both ends.

    Parameters
    ----------
    bags, sequences
        Numbers of bags, and of sequences in each.
    motif, share
        What is implanted, and into which share.
    seed
        Of all draws.
    lengths
        Least and greatest number of letters.
    """
    least, most = lengths
    if bags < 2 or sequences < 1 or not 0 < share <= 1 or not len(motif) + 2 <= least <= most:
        raise HopfieldError("implanted needs 2 bags, 1 sequence, a share in (0, 1] and room for the motif")
    rng = np.random.default_rng(seed)
    alphabet = np.array(list(AMINO_ACIDS))
    letters = np.array(list(motif))
    made = []
    labels = (np.arange(bags) >= bags // 2).astype(np.int64)
    for index, label in enumerate(labels):
        sizes = rng.integers(least, most + 1, sequences)
        texts = []
        with_motif = set(rng.permutation(sequences)[: max(1, round(share * sequences)) * int(label)].tolist())
        drawn = alphabet[rng.integers(0, 20, (sequences, most))]
        drawn[:, 0] = "C"
        for at, size in enumerate(sizes):
            row = drawn[at, :size]
            row[-1] = "F"
            if at in with_motif:
                start = int(rng.integers(1, size - len(motif)))
                row[start : start + len(motif)] = letters
            texts.append("".join(row))
        made.append(repertoire_of(texts, name=f"bag{index:04d}"))
    return made, labels


def write_implanted(folder: Path, bags: int = 200, sequences: int = 2000, **options: object) -> Path:
    """Write them as DeepRC's files: ``metadata.tsv`` and ``repertoires/ID.tsv``; returns the metadata's path."""
    made, labels = implanted(bags, sequences, **options)  # type: ignore[arg-type]
    for one in made:
        lines = [f"{one.sequence(at)}\t{one.counts[at]:g}" for at in range(len(one))]
        write_text(
            folder / "repertoires" / f"{one.name}.tsv", "\n".join(["amino_acid\ttemplates", *lines]) + "\n"
        )
    rows = [
        f"{one.name}\t{'positive' if label else 'negative'}" for one, label in zip(made, labels, strict=True)
    ]
    path = folder / "metadata.tsv"
    write_text(path, "\n".join(["ID\tlabel", *rows]) + "\n")
    return path
