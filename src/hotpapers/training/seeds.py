"""Seeds that depend on nothing but their names, so that nothing needs to be saved to go on."""

from __future__ import annotations

import hashlib

__all__ = ["derived_seed"]


def derived_seed(seed: int, *names: str | int) -> int:
    """A seed of 63 bits for one purpose of a run.

    Parameters
    ----------
    seed
        Of the run.
    names
        What it is for: ``"batch", 120``. Other names give an independent seed.

    Examples
    --------
    >>> derived_seed(0, "batch", 1) == derived_seed(0, "batch", 1)
    True
    >>> derived_seed(0, "batch", 1) == derived_seed(0, "batch", 2)
    False
    """
    words = "\x1f".join(map(str, (seed, *names)))
    return int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest()) >> 1
