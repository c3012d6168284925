"""Masks as users give them, brought to one: which pattern may be retrieved by which query."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.shapes import split
from hotpapers.hopfield.stopping import tracing

__all__ = ["Mask", "combine", "open_places"]


@dataclass(frozen=True, kw_only=True)
class Mask:
    """What is added to or forbidden among the scores.

    Parameters
    ----------
    scores
        Broadcastable to ``[B, H, S, N]``: bool, True = may be retrieved; float, added. None: no mask.
        Queries that may retrieve nothing have all places open here, so that nothing is divided by zero.
    dead
        Those queries, broadcastable to ``[B, H, S, 1]``; their result is zero. None where there is no mask.
    """

    scores: Tensor | None = None
    dead: Tensor | None = None


def combine(
    association: Tensor | None,
    padding: Tensor | None,
    *,
    batch: int,
    heads: int,
    queries: int,
    patterns: int,
    extra: int,
) -> Mask:
    """Bring the reference's two masks to one.

    Parameters
    ----------
    association
        ``[S, N]`` or ``[B * H, S, N]``; bool or uint8, True = forbidden; float, added to the scores.
    padding
        ``[B, N]``; bool or uint8, True = padding.
    batch, heads, queries, patterns
        B, H, S and N.
    extra
        Rows appended to the patterns, which no mask touches.

    Raises
    ------
    HopfieldError
        If a mask has another shape or type.
    """
    allowed: Tensor | None = None
    if padding is not None:
        padding = _as_bool(padding, "stored_pattern_padding_mask")
        if padding.dtype != torch.bool:
            raise HopfieldError(f"stored_pattern_padding_mask must be bool: got {padding.dtype}")
        if padding.shape != (batch, patterns):
            raise HopfieldError(
                f"stored_pattern_padding_mask must be [batch, stored patterns] = [{batch}, {patterns}]: "
                f"got {list(padding.shape)}"
            )
        allowed = ~padding[:, None, None, :]
    added: Tensor | None = None
    if association is not None:
        association = _shaped(_as_bool(association, "association_mask"), batch, heads, queries, patterns)
        if association.dtype == torch.bool:
            allowed = ~association if allowed is None else allowed & ~association
        elif association.is_floating_point():
            added = association
        else:
            raise HopfieldError(f"association_mask must be bool or float: got {association.dtype}")
    if extra:
        allowed = None if allowed is None else torch.nn.functional.pad(allowed, (0, extra), value=True)
        added = None if added is None else torch.nn.functional.pad(added, (0, extra))
    return _closed(allowed, added)


def open_places(mask: Tensor, shape: tuple[int, int, int]) -> Mask:
    """A mask broadcastable to ``[B, S, N]`` (bool, True = forbidden; float, added) for one head.

    Raises
    ------
    HopfieldError
        If it does not fit.
    """
    mask = _as_bool(mask, "mask")
    try:
        mask = mask.expand(shape).unsqueeze(1)
    except RuntimeError as error:
        raise HopfieldError(f"mask of shape {list(mask.shape)} does not fit {list(shape)}") from error
    if mask.dtype == torch.bool:
        return _closed(~mask, None)
    if not mask.is_floating_point():
        raise HopfieldError(f"mask must be bool or float: got {mask.dtype}")
    return _closed(None, mask)


def _closed(allowed: Tensor | None, added: Tensor | None) -> Mask:
    """Both parts in one, with the queries that may retrieve nothing set apart."""
    if added is not None:
        open_ = added != float("-inf")
        open_ = open_ if allowed is None else open_ & allowed
        dead = ~open_.any(-1, keepdim=True)
        # Forbidden places -inf; a query without any open one gets zeros, and its result is dropped.
        added = added if allowed is None else torch.where(allowed, added, float("-inf"))
        zero = torch.zeros((), dtype=added.dtype, device=added.device)
        scores: Tensor = torch.where(dead, zero, added)
    elif allowed is not None:
        dead = ~allowed.any(-1, keepdim=True)
        scores = allowed | dead
    else:
        return Mask()
    _warn(dead)
    return Mask(scores=scores, dead=dead)


def _shaped(mask: Tensor, batch: int, heads: int, queries: int, patterns: int) -> Tensor:
    if mask.shape == (queries, patterns):
        return mask[None, None]
    if mask.shape == (batch * heads, queries, patterns):
        return split(mask, 0, batch)
    raise HopfieldError(
        f"association_mask must be [states, stored patterns] = [{queries}, {patterns}] or "
        f"[batch * heads, states, stored patterns] = [{batch * heads}, {queries}, {patterns}]: "
        f"got {list(mask.shape)}"
    )


def _as_bool(mask: Tensor, name: str) -> Tensor:
    if mask.dtype != torch.uint8:
        return mask
    if not tracing():
        warnings.warn(f"{name} of uint8 is taken as bool: non-zero is masked", stacklevel=4)
    return mask.to(torch.bool)


_WARNED: set[str] = set()


def _warn(dead: Tensor) -> None:
    """Say once that queries were masked entirely; where looking costs a wait (a GPU), stay silent."""
    if tracing() or dead.device.type != "cpu" or _WARNED or not bool(dead.any()):
        return
    _WARNED.add("dead")
    warnings.warn(
        "a state pattern may retrieve nothing (all its places are masked): its result is zero", stacklevel=3
    )
