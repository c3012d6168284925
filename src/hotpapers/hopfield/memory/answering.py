"""From queries to answers, block by block so that no more than some megabytes of scores exist at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hotpapers.hopfield.memory.contents import Contents
from hotpapers.hopfield.memory.report import TrustReport, trust
from hotpapers.hopfield.memory.retrieval import Retrieval
from hotpapers.hopfield.memory.retrieving import Settled, Steps, settle
from hotpapers.hopfield.memory.space import Space

__all__ = ["answer"]

_SCORES = 2**24  # numbers in a block of scores: 64 MiB of float32


@torch.no_grad()
def answer(
    held: Contents,
    queries: Tensor,
    known: Tensor | None,
    beta: float,
    steps: Steps,
    eps: float,
    *,
    report: bool,
    single: bool,
) -> Any:
    """Retrieve for checked queries ``[S, d]``.

    Returns
    -------
    Retrieval or Tensor
        As `HopfieldMemory.retrieve` describes; for `single` queries without the first axis.
    """
    start = held.preparation(queries, known)
    rows = max(1, _SCORES // len(held))
    per_query = known is not None and known.shape[0] > 1
    shared = None if per_query else _space(held, known)
    parts: list[_Part] = []
    for at in range(0, len(queries), rows):
        block = slice(at, at + rows)
        mask = known[block] if known is not None and per_query else known
        space = shared or _space(held, mask)
        settled = settle(space, start[block], beta, steps, eps)
        part = _report if report else _plain
        parts.append(part(held, space, start[block], settled, beta, eps))
    state = _joined([part.state for part in parts], single=single)
    value = _joined([part.value for part in parts], single=single)
    if state is not None and known is not None:
        state = torch.where(known[0], queries[0], state) if single else torch.where(known, queries, state)
    if not report:
        return state if value is None else value
    assert state is not None  # noqa: S101 - reports come with it
    return Retrieval(
        state=state, value=value, beta=beta, reports=[one for part in parts for one in part.reports]
    )


@dataclass(frozen=True)
class _Part:
    """The answer for a block of queries."""

    state: Tensor | None
    value: Tensor | None
    reports: list[TrustReport]


def _plain(held: Contents, space: Space, _start: Tensor, settled: Settled, beta: float, _eps: float) -> _Part:
    read = held.raw if held.values is None else held.values
    found = space.retrieve(settled.states, beta, read)
    return _Part(found, None, []) if held.values is None else _Part(None, found, [])


def _report(held: Contents, space: Space, start: Tensor, settled: Settled, beta: float, eps: float) -> _Part:
    weights = torch.softmax(space.products(settled.states * beta), dim=-1)
    reports = trust(space, start, settled, weights, beta, eps, held.ids)
    return _Part(weights @ held.raw, None if held.values is None else weights @ held.values, reports)


def _joined(parts: list[Tensor | None], *, single: bool) -> Tensor | None:
    there = [part for part in parts if part is not None]
    if not there:
        return None
    return there[0][0] if single else torch.cat(there)


def _space(held: Contents, known: Tensor | None) -> Space:
    norm = 0.0 if known is not None else held.norm
    return Space.of(held.ready, norm, known, normalize=held.normalize)
