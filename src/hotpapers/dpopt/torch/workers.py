"""Training on rows that lie with several workers: each sums its own, the first adds the sums up and draws the noise.

    # on every worker: its own rows, prepared with the same bounds, in its own `ExactClippedSums` or `ClippedSums`
    torch.distributed.init_process_group("gloo")
    if torch.distributed.get_rank() == 0:
        with GatheredSums(sums) as total:
            descend(total, schedule, scales, ...)
    else:
        serve_sums(sums)

A row lies with one worker, so the sensitivity of the whole sum is that of one worker's, and noise is drawn once, by
the first worker, who alone sees the sum without noise. What goes back to the others is the point of the next
query: noisy iterates. Exact sums are added as integers, so that the result has the bits of a run in one process,
however the rows are spread. Workers and the lines between them are trusted with sums, not with rows.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed

from hotpapers.dpopt.accounting.relations import Relation
from hotpapers.dpopt.clipped_sums import ClippedSums
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.exact_sums import ExactClippedSums, cut_to_integers
from hotpapers.dpopt.losses import Loss

__all__ = ["GatheredSums", "serve_sums"]

_SUM, _STOP = 1.0, 0.0
WorkerSums = ClippedSums | ExactClippedSums


class GatheredSums:
    """The sums of all workers as one, on the first worker; satisfies `descent.Sums`.

    Parameters
    ----------
    sums
        Of the first worker's own rows.
    group
        Of processes; the default one if None.

    Raises
    ------
    PrivacyError
        If this is not the first worker, or the workers' losses, bounds or lattices differ.
    """

    def __init__(self, sums: WorkerSums, group: distributed.ProcessGroup | None = None) -> None:
        if distributed.get_rank(group) != 0:
            raise PrivacyError("only the first worker gathers sums: the others call serve_sums")
        _agree(sums, group)
        self._sums, self._group = sums, group

    @property
    def loss(self) -> Loss:
        """Of all workers."""
        return self._sums.loss

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one parameter."""
        return self._sums.shape

    @property
    def spacing(self) -> float | None:
        """Lattice of the sums, None for floats."""
        return self._sums.spacing

    def sensitivity(self, relation: Relation) -> float:
        """Of the sum over all workers: that of one, as a row lies with one."""
        return self._sums.sensitivity(relation)

    def __call__(self, theta: NDArray[Any]) -> NDArray[Any]:
        """The sum over all workers' rows at `theta`, of the parameter's shape."""
        point = np.ascontiguousarray(theta, dtype=np.float64)
        message = np.concatenate([[_SUM], point.reshape(-1)])
        distributed.broadcast(torch.from_numpy(message), 0, group=self._group)
        return _added(self._sums(point), self._group)

    def close(self) -> None:
        """Let the other workers go."""
        size = int(np.prod(self.shape))
        message = np.concatenate([[_STOP], np.zeros(size)])
        distributed.broadcast(torch.from_numpy(message), 0, group=self._group)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve_sums(sums: WorkerSums, group: distributed.ProcessGroup | None = None) -> None:
    """Answer the first worker's questions with the sums of one's own rows until it closes.

    Parameters
    ----------
    sums, group
        As of `GatheredSums`.

    Raises
    ------
    PrivacyError
        If this is the first worker, or the workers' losses, bounds or lattices differ.
    """
    if distributed.get_rank(group) == 0:
        raise PrivacyError("the first worker gathers sums: it uses GatheredSums")
    _agree(sums, group)
    message = torch.zeros(1 + int(np.prod(sums.shape)), dtype=torch.float64)
    while True:
        distributed.broadcast(message, 0, group=group)
        if message[0] == _STOP:
            return
        _added(sums(message[1:].numpy().reshape(sums.shape).copy()), group)


def _added(total: NDArray[Any], group: distributed.ProcessGroup | None) -> NDArray[Any]:
    """Sum over the workers, of use on the first alone; exact sums are cut so that theirs fits 63 bits."""
    if total.dtype == np.int64:
        total = cut_to_integers(total, distributed.get_world_size(group))
    added = torch.from_numpy(np.array(total))
    distributed.reduce(added, 0, group=group)
    return added.numpy()


def _agree(sums: WorkerSums, group: distributed.ProcessGroup | None) -> None:
    """Compare the public facts of all workers' sums; all of them refuse together."""
    bound = sums.rows.bound
    facts = [
        sums.spacing or 0.0,
        sums.clip,
        bound.total,
        float(bound.order),
        float(sums.rows.width),
        float(sums.loss.outputs),
        sums.loss.derivative_bound,
        sums.loss.curvature_bound,
    ]
    mine = torch.tensor(facts, dtype=torch.float64)
    workers = distributed.get_world_size(group)
    all_facts = [torch.zeros_like(mine) for _ in range(workers)]
    distributed.all_gather(all_facts, mine, group=group)
    if any(not torch.equal(one, mine) for one in all_facts):
        raise PrivacyError("the workers' sums differ in loss, clip, bound or lattice: prepare all rows alike")
