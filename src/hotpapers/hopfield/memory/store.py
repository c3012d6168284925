"""An associative memory for vectors: store, retrieve and complete, and say how far to trust it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import torch
from torch import Tensor

from hotpapers.common.errors import FailureError
from hotpapers.hopfield.arrays import check_beta, floating
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.memory.answering import answer
from hotpapers.hopfield.memory.changes import Change, Id, check_ids
from hotpapers.hopfield.memory.contents import Contents
from hotpapers.hopfield.memory.preparing import checked_rows, known_mask
from hotpapers.hopfield.memory.retrieval import Retrieval
from hotpapers.hopfield.memory.retrieving import Steps, check_steps
from hotpapers.hopfield.memory.separation import AutoBeta

if TYPE_CHECKING:
    from hotpapers.hopfield.memory.file import MemoryFile

__all__ = ["HopfieldMemory"]

_DTYPES = (torch.float32, torch.float64)


class HopfieldMemory:
    """Patterns that a query retrieves by likeness, in one update or several of a Hopfield network.

    Patterns are associated centred and at unit norm unless told otherwise: raw data often have a mean
    in common, and then every query retrieves the pattern that is longest along it. The centre is taken
    anew whenever the memory has doubled since, and by `compact`.

    Parameters
    ----------
    dim
        Numbers in a pattern; None: the first ones stored decide.
    beta
        Inverse temperature, > 0; ``"auto"``: the least with which the median pattern is well separated
        (up to 10,000 / M^2), found anew as the memory changes.
    center
        Whether the patterns' mean is subtracted before they are compared.
    normalize
        Whether they are compared at unit norm.
    dtype
        ``torch.float32`` or ``torch.float64``.
    device
        Where the patterns lie.
    values
        Numbers in a value, for memories that retrieve something else than the patterns; None: the first
        ones stored decide.

    Raises
    ------
    HopfieldError
        If a parameter is out of range; a `ValueError` too.

    Examples
    --------
    >>> memory = HopfieldMemory(beta=8.0, center=False)
    >>> memory.store([[2.0, 0.0], [0.0, 2.0], [-1.0, -1.0]], ids=["right", "up", "down"])
    ['right', 'up', 'down']
    >>> found = memory.retrieve([1.0, 0.25])
    >>> found.id, found.regime, [round(float(number), 2) for number in found.state]
    ('right', 'single', [1.99, 0.01])
    """

    def __init__(
        self,
        dim: int | None = None,
        beta: float | Literal["auto"] = "auto",
        center: bool = True,
        normalize: bool = True,
        dtype: torch.dtype = torch.float32,
        device: str | torch.device = "cpu",
        values: int | None = None,
    ) -> None:
        for number, name in ((dim, "dim"), (values, "values")):
            if number is not None and number < 1:
                raise HopfieldError(f"{name} must be at least 1: got {number!r}")
        if dtype not in _DTYPES:
            raise HopfieldError(f"dtype must be torch.float32 or torch.float64: got {dtype}")
        if isinstance(beta, str) and beta != "auto":
            raise HopfieldError(f"beta must be a positive number or 'auto': got {beta!r}")
        self._beta: float | Literal["auto"] = beta if isinstance(beta, str) else check_beta(beta)
        self._contents = Contents(
            dim=dim,
            values=values,
            center=center,
            normalize=normalize,
            dtype=dtype,
            device=torch.device(device),
        )
        self._file: MemoryFile | None = None
        self._warned = -1

    # ---- what is in it

    def __len__(self) -> int:
        return len(self._contents)

    def __contains__(self, id: object) -> bool:  # noqa: A002 - what it is called everywhere here
        return id in self._contents.place

    def __iter__(self) -> Iterator[Id]:
        return iter(self._contents.ids)

    @property
    def ids(self) -> list[Id]:
        """Ids in the order of the rows."""
        return list(self._contents.ids)

    @property
    def dim(self) -> int | None:
        """Numbers in a pattern; None where nothing decided yet."""
        return self._contents.dim

    @property
    def patterns(self) -> Tensor:
        """The patterns as they were stored, ``[N, d]``: a copy."""
        return self._contents.raw.clone()

    @property
    def values(self) -> Tensor | None:
        """The values as they were stored, ``[N, p]``: a copy; None where there are none."""
        stored = self._contents.values
        return None if stored is None else stored.clone()

    @property
    def contents(self) -> Contents:
        """What is stored, for those who write it to a file."""
        return self._contents

    @property
    def beta(self) -> AutoBeta:
        """The inverse temperature used now, and what ``"auto"`` found it from."""
        self._not_empty()
        if self._beta != "auto":
            return AutoBeta(beta=self._beta, separation=math.nan, capped=False)
        found = self._contents.auto_beta()
        if found.capped:
            self._warn(
                f"beta='auto' is capped at {found.beta:g}: the median pattern's separation is "
                f"{found.separation:.3g}, too small for any guarantee; are patterns repeated or not centred?"
            )
        return found

    @property
    def beta_given(self) -> float | Literal["auto"]:
        """What was asked for: a number, or ``"auto"``."""
        return self._beta

    # ---- changes

    def store(self, X: Any, ids: Any = None, values: Any = None) -> list[Id]:  # noqa: N803 - the paper's name
        """Store patterns; returns their ids. With an open file they are on disk when this returns.

        Parameters
        ----------
        X
            ``[N, d]``, or one pattern ``[d]``.
        ids
            One whole number or text each; counted on from the largest number if left out.
        values
            ``[N, p]``, what is to be retrieved in their place.

        Raises
        ------
        HopfieldError
            If a number is not finite or does not fit the memory's type, the dimension is another one, an id is
            there already, or some patterns have values and others have not.
        """
        held = self._contents
        rows = checked_rows(X, "patterns", held.dim, held.dtype, held.device)
        named = held.next_ids(len(rows)) if ids is None else check_ids(ids, len(rows))
        for one in named:
            if one in held.place:
                raise HopfieldError(f"id {one!r} is stored already: update it, or remove it first")
        change = Change(kind="store", ids=named, rows=rows, values=self._checked_values(values, len(rows)))
        self._commit(change)
        zeros = held.zero_rows(len(rows))
        if zeros:
            warnings.warn(
                f"{zeros} of {len(rows)} patterns are zero after centring: nothing can retrieve them",
                stacklevel=2,
            )
        return named

    def update(self, id: Id, x: Any, value: Any = None) -> None:  # noqa: A002
        """Put another pattern ``[d]`` (and value ``[p]``) where the one called `id` is."""
        held = self._contents
        self._known_ids([id])
        row = checked_rows(x, "pattern", held.dim, held.dtype, held.device)
        if len(row) != 1:
            raise HopfieldError(f"one pattern takes the place of {id!r}: got {len(row)}")
        self._commit(Change(kind="update", ids=[id], rows=row, values=self._checked_values(value, 1)))

    def remove(self, ids: Any) -> None:
        """Remove the patterns of these ids (one or several); none if one of them is unknown."""
        named = check_ids(ids)
        self._known_ids(named)
        self._commit(Change(kind="remove", ids=named))

    def compact(self) -> None:
        """Centre anew on the mean of all patterns; an open file is written anew, without its journal."""
        self._contents.recentre()
        if self._file is not None:
            self._file.rewrite(self)

    def _commit(self, change: Change) -> None:
        """Write the change to the journal, then make it."""
        if self._file is not None:
            self._file.append(change)
        self._contents.apply(change)
        if self._file is not None and self._file.is_long:
            with suppress(FailureError):  # the journal holds everything, however long it gets
                self._file.rewrite(self)

    def _checked_values(self, values: Any, count: int) -> Tensor | None:
        held = self._contents
        if values is None:
            if held.values is not None:
                raise HopfieldError("the patterns in this memory have values: give one for each new pattern")
            return None
        if len(held) and held.values is None:
            raise HopfieldError(
                "the patterns in this memory have no values: store with values from the start"
            )
        rows = floating(values, "values")
        rows = rows.unsqueeze(1) if rows.ndim == 1 and count > 1 else rows  # one number for each
        checked = checked_rows(rows, "values", held.value_width, held.dtype, held.device)
        if len(checked) != count:
            raise HopfieldError(f"{len(checked)} values were given for {count} patterns")
        return checked

    def _known_ids(self, ids: list[Id]) -> None:
        for one in ids:
            if one not in self._contents.place:
                raise HopfieldError(f"no pattern is called {one!r}")

    # ---- retrieval

    def retrieve(
        self,
        q: Any,
        steps: Steps = 0,
        return_info: bool = True,
        *,
        known: Any = None,
        eps: float = 1e-4,
    ) -> Any:
        """Retrieve what is stored under the likeness of a query.

        Parameters
        ----------
        q
            ``[d]``, or several queries ``[S, d]``.
        steps
            Extra updates after the first; ``"converge"``: until a query moves by no more than `eps`, each by
            itself, at most 1000.
        return_info
            False: only the values, or the patterns where there are none, as a tensor and without a report.
        known
            Boolean, ``[d]`` or ``[S, d]``: only coordinates that are True are compared, the others are
            completed; what stands there in `q` may be NaN.
        eps
            Distance in the association space, > 0.

        Returns
        -------
        Retrieval or Tensor
            Pattern, value and a report on each query.

        Raises
        ------
        HopfieldError
            If the memory is empty, or a query does not fit it.
        """
        self._not_empty()
        steps = check_steps(steps)
        if not eps > 0:
            raise HopfieldError(f"eps must be positive: got {eps!r}")
        held = self._contents
        given = floating(q, "queries")
        single = given.ndim == 1
        mask = None
        if known is not None:
            given = given.to(held.device)
            mask = known_mask(known, 1 if single else len(given), given.shape[-1], held.device)
            given = torch.where(mask, given, 0.0)
        queries = checked_rows(given, "queries", held.dim, held.dtype, held.device)
        found = answer(held, queries, mask, self.beta.beta, steps, eps, report=return_info, single=single)
        if isinstance(found, Retrieval):
            self._warn_unseparated()
        return found

    def separation(self) -> Tensor:
        """Delta of every pattern in the association space, ``[N]``; <= 0 where it can't be retrieved."""
        self._not_empty()
        delta = self._contents.separation()
        self._warn_unseparated()
        return delta

    def _warn_unseparated(self) -> None:
        bad, of = self._contents.unseparated()
        if bad:
            self._warn(
                f"{bad} of {of} patterns have separation <= 0, another one matches them as well or better: "
                "are patterns repeated, or is centring or normalizing off?"
            )

    def _warn(self, message: str) -> None:
        """Warn, once for each state of the memory."""
        if self._warned != self._contents.version:
            self._warned = self._contents.version
            warnings.warn(message, stacklevel=3)

    def _not_empty(self) -> None:
        if not len(self):
            raise HopfieldError("the memory is empty: store patterns first")

    # ---- files

    def save(self, path: str | Path) -> None:
        """Write the memory as a new store at `path` (a folder), whole or not at all."""
        from hotpapers.hopfield.memory.file import write_store

        write_store(self, Path(path))

    @classmethod
    def load(cls, path: str | Path, device: str | torch.device = "cpu") -> Self:
        """Read a store; later changes stay in this process. `open` is for changes that are kept."""
        from hotpapers.hopfield.memory.file import read_store

        return read_store(cls, Path(path), device)

    @classmethod
    def open(cls, path: str | Path, device: str | torch.device = "cpu") -> Self:
        """Read a store and keep every later change in it: what returned is on disk.

        Use it in a ``with`` block, or `close` it. One process at a time can have a store open.

        Raises
        ------
        HopfieldError
            If there is no store, another process has it open, its file is damaged or of another version.
        """
        from hotpapers.hopfield.memory.file import open_store

        return open_store(cls, Path(path), device)

    def attach(self, file: MemoryFile) -> None:
        """Keep every later change in `file`, whose memory this is."""
        self._file = file

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
