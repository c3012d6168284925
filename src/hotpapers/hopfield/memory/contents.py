"""The state of a memory: raw rows, rows of the association space, values, ids, separations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.memory.buffer import GrowingRows
from hotpapers.hopfield.memory.changes import Change, Id
from hotpapers.hopfield.memory.preparing import Preparation
from hotpapers.hopfield.memory.separation import AutoBeta, Rivals, least_beta, snapped

__all__ = ["Contents"]

_BETA_CAP = 1e4  # in units of 1/M^2: beyond, float32 rounds the scores too coarsely
_SAMPLE, _GLANCE = 4096, 256
_CHEAP = 2**33  # multiply-adds: seconds


@dataclass
class _Found:
    """What was computed for one state of the memory."""

    version: int
    norm: float | None = None
    beta: AutoBeta | None = None
    unseparated: tuple[int, int] | None = None


class Contents:
    """Everything a memory holds; changes are applied here, checked elsewhere.

    Parameters
    ----------
    dim, values
        Widths of patterns and values; None where the first ones decide.
    center, normalize
        How rows are prepared.
    dtype, device
        Of all rows.
    """

    def __init__(
        self,
        *,
        dim: int | None,
        values: int | None,
        center: bool,
        normalize: bool,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.dim, self.value_width = dim, values
        self.center, self.normalize = center, normalize
        self.dtype, self.device = dtype, device
        self.ids: list[Id] = []
        self.place: dict[Id, int] = {}
        self.preparation = Preparation(None, normalize)
        self.centred_at = 0
        self.version = 0
        self._raw: GrowingRows | None = None
        self._ready: GrowingRows | None = None
        self._values: GrowingRows | None = None
        self._rivals = Rivals()
        self._found = _Found(0)
        self._largest_id = -1

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def raw(self) -> Tensor:
        """Patterns as they were stored, ``[N, d]``."""
        if self._raw is None:
            return torch.empty((0, self.dim or 0), dtype=self.dtype, device=self.device)
        return self._raw.rows

    @property
    def ready(self) -> Tensor:
        """Patterns as they are compared, ``[N, d]``: the same tensor where preparing changes nothing."""
        return self.raw if self._ready is None else self._ready.rows

    @property
    def values(self) -> Tensor | None:
        """Values ``[N, p]``; None where there are none."""
        return None if self._values is None else self._values.rows

    # ---- changes

    def next_ids(self, count: int) -> list[Id]:
        """The `count` whole numbers after the largest that was ever an id here."""
        first = self._largest_id + 1
        return list(range(first, first + count))

    def apply(self, change: Change) -> None:
        """Make a change that has been checked."""
        self.version += 1
        if change.kind == "store":
            assert change.rows is not None  # noqa: S101 - checked
            self._append(change.ids, change.rows, change.values)
        elif change.kind == "update":
            assert change.rows is not None  # noqa: S101
            self._replace(self.place[change.ids[0]], change.rows, change.values)
        else:
            self._remove(change.ids)

    def _append(self, ids: Sequence[Id], rows: Tensor, values: Tensor | None) -> None:
        if self._raw is None:
            self._make_room(rows.shape[1], None if values is None else values.shape[1])
        assert self._raw is not None  # noqa: S101
        self._raw.append(rows)
        if self._values is not None and values is not None:
            self._values.append(values)
        for one in ids:
            self.place[one] = len(self.ids)
            self.ids.append(one)
        self._largest_id = max([self._largest_id, *(one for one in ids if isinstance(one, int))])
        if self.center and len(self) >= 2 * self.centred_at:
            self.recentre()
        elif self._ready is not None:
            self._ready.append(self.preparation(rows))

    def _make_room(self, dim: int, value_width: int | None) -> None:
        self.dim, self.value_width = dim, value_width or self.value_width
        self._raw = GrowingRows(dim, self.dtype, self.device)
        if self.center or self.normalize:
            self._ready = GrowingRows(dim, self.dtype, self.device)
        if value_width is not None:
            self._values = GrowingRows(value_width, self.dtype, self.device)

    def _replace(self, at: int, row: Tensor, value: Tensor | None) -> None:
        assert self._raw is not None  # noqa: S101 - there is a pattern
        self._raw.replace(at, row[0])
        if self._ready is not None:
            self._ready.replace(at, self.preparation(row)[0])
        if self._values is not None and value is not None:
            self._values.replace(at, value[0])
        self._rivals.change(self.ready, at)

    def _remove(self, ids: Sequence[Id]) -> None:
        kept = torch.ones(len(self), dtype=torch.bool, device=self.device)
        kept[[self.place[one] for one in ids]] = False
        self._rivals.keep(kept)
        for rows in (self._raw, self._ready, self._values):
            if rows is not None:
                rows.keep(kept)
        gone = set(ids)
        self.ids = [one for one in self.ids if one not in gone]
        self.place = {one: at for at, one in enumerate(self.ids)}

    def recentre(self) -> None:
        """Prepare all patterns anew, around the mean of those there are."""
        self.version += 1
        if not self.center or not len(self):
            return
        self.centred_at = len(self)
        self.set_centre(self.raw.mean(0, dtype=torch.float64).to(self.dtype))

    def set_centre(self, centre: Tensor | None) -> None:
        """Prepare all patterns anew, around `centre`."""
        self.preparation = Preparation(centre, self.normalize)
        if self._ready is not None:
            self._ready = GrowingRows(self._ready.width, self.dtype, self.device)
            self._ready.append(self.preparation(self.raw))
        self._rivals.forget()

    def restore(
        self,
        ids: list[Id],
        rows: Tensor,
        values: Tensor | None,
        centre: Tensor | None,
        numbers: tuple[int, int],
    ) -> None:
        """Fill an empty memory with what a file held; `numbers`: rows at the last centring, largest id."""
        if len(ids):
            self._make_room(rows.shape[1], None if values is None else values.shape[1])
            assert self._raw is not None  # noqa: S101
            self._raw.append(rows)
            if self._values is not None and values is not None:
                self._values.append(values)
        self.ids, self.place = ids, {one: at for at, one in enumerate(ids)}
        self.centred_at, self._largest_id = numbers
        self.set_centre(centre)

    @property
    def largest_id(self) -> int:
        """The largest whole number that was ever an id; -1 before the first."""
        return self._largest_id

    def zero_rows(self, last: int) -> int:
        """How many of the `last` patterns are zero in the association space."""
        return int((self.ready[-last:] == 0).all(1).sum())

    # ---- what follows from the patterns

    def _cache(self) -> _Found:
        if self._found.version != self.version:
            self._found = _Found(self.version)
        return self._found

    @property
    def norm(self) -> float:
        """M, the largest norm of a pattern in the association space."""
        cache = self._cache()
        if cache.norm is None:
            cache.norm = float(torch.linalg.vector_norm(self.ready, dim=1).amax())
        return cache.norm

    def separation(self) -> Tensor:
        """Delta of each pattern, ``[N]``."""
        return self._rivals.separation(self.ready)

    def auto_beta(self) -> AutoBeta:
        """Least beta such that the median pattern is well separated.

        The median is that of at most 4096 patterns, evenly spread, where that of all would take long.
        """
        cache = self._cache()
        if cache.beta is None:
            delta = self._separation_of(_SAMPLE)
            cache.beta = least_beta(float(delta.median()), len(self), self.norm, _BETA_CAP)
        return cache.beta

    def unseparated(self) -> tuple[int, int]:
        """How many patterns have separation <= 0, and of how many: of 256 where all would take long."""
        cache = self._cache()
        if cache.unseparated is None:
            delta = self._separation_of(_GLANCE)
            cache.unseparated = int((delta <= 0).sum()), len(delta)
        return cache.unseparated

    def _separation_of(self, most: int) -> Tensor:
        """Delta of all patterns, or of `most`, evenly spread, where that of all would take long."""
        x, rivals = self.ready, self._rivals
        if rivals.is_current(len(x)) or rivals.cost(*x.shape) <= _CHEAP:
            return self.separation()
        rows = torch.linspace(0, len(x) - 1, min(most, len(x)), device=x.device).long()
        found = []
        for some in torch.split(rows, 256):
            dots = x[some] @ x.mT
            own = dots.gather(1, some[:, None])[:, 0]
            dots.scatter_(1, some[:, None], -torch.inf)
            found.append(snapped(own - dots.amax(1), own))
        return torch.cat(found)
