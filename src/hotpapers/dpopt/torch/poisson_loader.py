"""Batches by Poisson sampling: every row enters each batch by a coin of its own.

The number of rows in a batch is random and private, sometimes 0, and nothing divides by it. A batch too large
to be processed at once is handed out in parts, which the optimizer adds up into one release.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils.data import DataLoader, IterableDataset, Sampler, TensorDataset

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.noise import EntropySource
from hotpapers.dpopt.sampled_sums import exact_rate, poisson_sample

__all__ = ["Part", "PoissonLoader"]


@dataclass(frozen=True)
class Part:
    """What the optimizer must know of what was handed out.

    Attributes
    ----------
    rows
        How many; private.
    first, last
        Whether a batch begins or ends with this part.
    """

    rows: int
    first: bool
    last: bool


class PoissonLoader:
    """Iterates over Poisson samples of a data set, ``ceil(n / batch_size)`` of them an epoch.

    Parameters
    ----------
    loader
        The user's: its data set, batch size, collation and workers are used, its order is not.
    source
        Of random words.
    public_rows
        n as the public knows it.
    max_physical_batch_size
        Largest part handed out at once; None for whole batches.

    Attributes
    ----------
    sample_rate
        Probability of every row in every batch.
    expected_batch_size
        ``sample_rate * n``, public; what sums are divided by.

    Raises
    ------
    PrivacyError
        If the loader has no batch size, or streams.
    """

    def __init__(
        self,
        loader: DataLoader[Any],
        source: EntropySource,
        *,
        public_rows: int | None = None,
        max_physical_batch_size: int | None = None,
    ) -> None:
        if isinstance(loader.dataset, IterableDataset) or loader.batch_size is None:
            raise PrivacyError(
                "Poisson sampling needs a data set with an index and a loader with a batch_size"
            )
        rows = len(loader.dataset) if public_rows is None else public_rows  # type: ignore[arg-type]
        if rows < 1:
            raise PrivacyError("n_public must be 1 or more")
        if max_physical_batch_size is not None and max_physical_batch_size < 1:
            raise PrivacyError(f"max_physical_batch_size must be 1 or more: got {max_physical_batch_size!r}")
        self.dataset, self.batch_size = loader.dataset, loader.batch_size
        rate = loader.batch_size / rows
        self.sample_rate = 1.0 if rate >= 1 else exact_rate(rate)
        self.expected_batch_size = self.sample_rate * rows
        self._source, self._part_rows = source, max_physical_batch_size
        self._collate = _Collation(loader)
        self._model = loader
        self._handed_out: Part | None = None

    def __len__(self) -> int:
        """Batches an epoch; public. Parts of a batch are not counted."""
        return math.ceil(1.0 / self.sample_rate - 1e-9)

    def __iter__(self) -> Iterator[Any]:
        parts: deque[Part] = deque()
        sampler = _PoissonParts(self, parts)
        self._handed_out = None
        whole = self._collate.whole(self.dataset)
        if whole is not None:
            for chosen in sampler:
                self._hand_out(parts.popleft())
                yield whole(chosen)
            return
        like = self._model
        loader: DataLoader[Any] = DataLoader(
            self.dataset,
            batch_sampler=sampler,
            collate_fn=self._collate,
            num_workers=like.num_workers,
            pin_memory=like.pin_memory,
            worker_init_fn=like.worker_init_fn,
            timeout=like.timeout,
        )
        for batch in loader:  # workers read ahead but keep the order
            self._hand_out(parts.popleft())
            yield batch

    def taken(self) -> Part:
        """The part that was handed out last, once.

        Raises
        ------
        PrivacyError
            If nothing was handed out since.
        """
        if self._handed_out is None:
            raise PrivacyError(
                "step() must follow a batch of the private loader: its sampling is what is accounted"
            )
        part, self._handed_out = self._handed_out, None
        return part

    def _hand_out(self, part: Part) -> None:
        if self._handed_out is not None:
            raise PrivacyError(
                "every batch of the private loader, an empty one too, must end with optimizer.step()"
            )
        self._handed_out = part

    def draw(self) -> list[list[int]]:
        """One batch, in parts of row numbers; an empty batch is one empty part."""
        count = len(self.dataset)  # type: ignore[arg-type]
        if self.sample_rate < 1:
            chosen = poisson_sample(count, self.sample_rate, self._source).tolist()
        else:
            chosen = list(range(count))
        size = self._part_rows or max(1, len(chosen))
        return [chosen[start : start + size] for start in range(0, len(chosen), size)] or [[]]


class _PoissonParts(Sampler[list[int]]):
    """Row numbers of an epoch's parts; what each part is goes into a queue in the same order."""

    def __init__(self, loader: PoissonLoader, parts: deque[Part]) -> None:
        self._loader, self._parts = loader, parts

    def __iter__(self) -> Iterator[list[int]]:
        for _ in range(len(self._loader)):
            drawn = self._loader.draw()
            for place, chosen in enumerate(drawn):
                self._parts.append(Part(len(chosen), place == 0, place == len(drawn) - 1))
                yield chosen


class _Collation:
    """The user's collation, and what it would make of no rows: tensors of length 0."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._collate, self._dataset = loader.collate_fn, loader.dataset

    def __call__(self, rows: list[Any]) -> Any:
        if rows:
            return self._collate(rows)
        one = self._collate([self._dataset[0]])
        return pytree.tree_map(lambda leaf: leaf[:0] if isinstance(leaf, Tensor) else leaf, one)

    def whole(self, dataset: Any) -> Callable[[list[int]], list[Tensor]] | None:
        """For tensors in memory with torch's own collation: rows taken by one index."""
        from torch.utils.data import default_collate

        if type(dataset) is not TensorDataset or self._collate is not default_collate:
            return None
        return lambda chosen: [tensor[chosen] for tensor in dataset.tensors]
