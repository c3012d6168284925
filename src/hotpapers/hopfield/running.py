"""From any form of input to padded batches and back: what stands around the association itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.inputs import Ragged, Sets, buckets

__all__ = ["Inputs", "Outcome", "run"]


class Layer(Protocol):
    """What is asked of the layer."""

    batch_first: bool
    empty: Any


# (stored, state, projection, padding mask, association mask, queries that count) -> (padded result, updates)
Work = Callable[
    [Tensor, Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None], tuple[Tensor, Tensor | None]
]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The three inputs of an association; the same object where one input plays several parts."""

    stored: Sets
    state: Sets
    projection: Sets

    @property
    def ragged(self) -> list[Ragged]:
        """Those of them that are ragged."""
        return [one.ragged for one in (self.stored, self.state, self.projection) if one.ragged is not None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A result and how to give it back.

    Parameters
    ----------
    padded
        ``[B, ...]``.
    executed
        Extra updates of each head, ``[B or 1, H]``, where they were counted.
    inputs
        What it was made from.
    batch_first
        Which axis counts the sets.
    rows
        The result's rows in one, ``[T, ...]``, where the states are ragged.
    """

    padded: Tensor
    executed: Tensor
    inputs: Inputs
    batch_first: bool
    rows: Tensor | None = None

    @property
    def unbatched(self) -> bool:
        """Whether no input had a batch."""
        given = (self.inputs.stored, self.inputs.state, self.inputs.projection)
        dense = [one for one in given if one.dense is not None]
        return not self.inputs.ragged and all(one.unbatched or one.dense is None for one in dense)

    def result(self) -> Any:
        """The result in the form of the states."""
        if self.inputs.state.ragged is not None and self.rows is not None:
            return self.inputs.state.ragged.like(self.rows)
        if self.unbatched:
            return self.padded[0]
        return self.padded if self.batch_first else self.padded.transpose(0, 1)


def run(
    layer: Layer,
    inputs: Inputs,
    padding: Tensor | None,
    mask: Tensor | None,
    work: Work,
    *,
    whole: bool,
) -> Outcome:
    """Do `work` on padded batches of the inputs.

    Parameters
    ----------
    layer
        Whose settings count.
    inputs
        Stored patterns, states and projection input.
    padding, mask
        The user's masks; padding of one unbatched set may be ``[N]``.
    work
        What is done with one padded batch.
    whole
        Take all ragged sets at once, since their results depend on each other, or to get one result.

    Raises
    ------
    HopfieldError
        If sets don't belong together, one is empty and must not be, or masks come with ragged sets.
    """
    if inputs.ragged:
        if padding is not None or mask is not None:
            raise HopfieldError(
                "masks go with padded input: nested tensors and offsets say themselves what is there"
            )
        return _run_ragged(layer, inputs, work, whole=whole)
    stored, state, projection = _dense(inputs)
    batch = max(stored.shape[0], state.shape[0], projection.shape[0])
    for x in (stored, state, projection):
        if x.shape[0] not in {1, batch}:
            raise HopfieldError(f"inputs of {x.shape[0]} and {batch} sets don't go together")
    if stored.shape[1] != projection.shape[1]:
        raise HopfieldError(
            f"stored patterns and projection input must be equally many: got {stored.shape[1]} "
            f"and {projection.shape[1]}"
        )
    if stored.shape[1] == 0 and layer.empty == "error":
        raise HopfieldError(
            f"sets 0 to {batch - 1} hold no stored patterns: leave them out, "
            "or empty='zero' makes their association zero"
        )
    if padding is not None and padding.ndim == 1:
        padding = padding.unsqueeze(0)
    padded, executed = work(stored, state, projection, padding, mask, None)
    return Outcome(
        padded=padded,
        executed=_counted(executed, padded),
        inputs=inputs,
        batch_first=layer.batch_first,
    )


def _dense(inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
    found = [one.dense for one in (inputs.stored, inputs.state, inputs.projection)]
    stored, state, projection = (x for x in found if x is not None)
    return stored, state, projection


def _counted(executed: Tensor | None, like: Tensor) -> Tensor:
    return executed if executed is not None else torch.zeros((1, 1), dtype=torch.int64, device=like.device)


def _run_ragged(layer: Layer, inputs: Inputs, work: Work, *, whole: bool) -> Outcome:
    sizes = _sizes(layer, inputs)
    state = inputs.state.ragged
    outs, updates, orders, places = [], [], [], []
    for bags in buckets(sizes, whole=whole):
        made: dict[int, tuple[Tensor, Tensor | None]] = {}
        for one in (inputs.stored, inputs.state, inputs.projection):
            if id(one) not in made:
                made[id(one)] = _padded(one, bags, len(sizes))
        (stored, there), (states, counted), (projection, _) = (
            made[id(one)] for one in (inputs.stored, inputs.state, inputs.projection)
        )
        masked = there is not None and not bool(there.all())
        padding = ~there if there is not None and masked else None
        queries = counted[:, None] if counted is not None and not bool(counted.all()) else None
        padded, executed = work(stored, states, projection, padding, None, queries)
        updates.append(_counted(executed, padded).expand(len(bags), -1))
        orders.append(bags)
        if state is not None and counted is not None and not whole_result(padded):
            outs.append(padded[counted])
            at = torch.arange(counted.shape[1], device=counted.device)
            places.append((state.offsets[bags][:, None] + at)[counted])
        else:
            outs.append(padded)
    back = torch.cat(orders).argsort()
    executed = torch.cat(updates)[back]
    if whole:
        executed = executed if layer_is_per_item(layer) else executed[:1]
    if places:
        rows = torch.cat(outs)[torch.cat(places).argsort()]
        return Outcome(padded=rows, executed=executed, inputs=inputs, batch_first=True, rows=rows)
    return Outcome(padded=torch.cat(outs)[back], executed=executed, inputs=inputs, batch_first=True)


def whole_result(padded: Tensor) -> bool:
    """Whether the result has an axis of heads: matrices stay padded."""
    return padded.ndim == 4


def layer_is_per_item(layer: Any) -> bool:
    """Whether each item stops by itself."""
    return bool(layer.rule.stop == "item")


def _sizes(layer: Layer, inputs: Inputs) -> Tensor:
    """Rows of the largest part of each bag; checks that the parts belong together."""
    first = inputs.ragged[0]
    for one in inputs.ragged[1:]:
        if len(one.offsets) != len(first.offsets):
            raise HopfieldError(
                f"inputs of {len(first.offsets) - 1} and {len(one.offsets) - 1} bags don't go together"
            )
    stored, projection = inputs.stored.ragged, inputs.projection.ragged
    if (stored is None) != (projection is None) or (
        stored is not None and projection is not None and not torch.equal(stored.offsets, projection.offsets)
    ):
        raise HopfieldError("stored patterns and projection input must have the same offsets")
    if stored is not None and layer.empty == "error" and bool((stored.sizes == 0).any()):
        empty = (stored.sizes == 0).nonzero().flatten().tolist()
        raise HopfieldError(
            f"bag {', '.join(map(str, empty[:5]))} holds no stored patterns: leave it out, or empty='zero' "
            "makes its association zero"
        )
    return torch.stack([one.sizes for one in inputs.ragged]).amax(0)


def _padded(one: Sets, bags: Tensor, count: int) -> tuple[Tensor, Tensor | None]:
    if one.ragged is not None:
        return one.ragged.pad(bags, int(one.ragged.sizes[bags].max()))
    dense = one.dense
    if dense is None or dense.shape[0] not in {1, count}:
        raise HopfieldError(f"a dense input beside {count} bags must have 1 or {count} sets")
    return (dense if dense.shape[0] == 1 else dense[bags]), None
