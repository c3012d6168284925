"""Seeds that depend on nothing but their names, so that nothing needs to be saved to go on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["derived_seed", "seed_torch"]


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


def seed_torch(seed: int, device: torch.device) -> None:
    """Seed torch's generators of the CPU and of `device`.

    `torch.manual_seed` would also note where it was called, for each kind of accelerator that sleeps: a
    millisecond in every step.
    """
    import torch

    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
