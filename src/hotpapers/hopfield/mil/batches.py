"""Bags laid out for networks that run side by side: rows flat, padded only where bags are pooled."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hotpapers.hopfield.inputs import buckets

__all__ = ["Batch", "Bucket", "lay_out"]


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """Bags of similar size, which are padded together.

    Parameters
    ----------
    bags
        Positions among all M * b bags of the batch, int64 ``[k]``.
    rows
        Positions among all M * R rows, int64 ``[k, n]``; 0 at padding.
    there
        True where a row belongs to the bag, bool ``[k, n]``.
    owner
        Which network each bag belongs to, int64 ``[k]``.
    """

    bags: Tensor
    rows: Tensor
    there: Tensor
    owner: Tensor


@dataclass(frozen=True, kw_only=True)
class Batch:
    """b bags for each of M networks.

    Parameters
    ----------
    take
        Rows of the data set that each network reads, int64 ``[M, R]``; networks with fewer read row 0 again.
    buckets
        How the rows make bags.
    members, size
        M and b.
    """

    take: Tensor
    buckets: tuple[Bucket, ...]
    members: int
    size: int


def lay_out(chosen: Tensor, offsets: Tensor) -> Batch:
    """The chosen bags of a data set as one batch.

    Parameters
    ----------
    chosen
        Bags that each network gets, int64 ``[M, b]``.
    offsets
        Bag i of the data set is rows ``offsets[i]:offsets[i + 1]``, int64 ``[B + 1]``.
    """
    device = offsets.device
    members, size = chosen.shape
    sizes = offsets.diff()[chosen]  # [M, b]
    ends = sizes.cumsum(1)
    width = max(int(ends[:, -1].max()), 1)
    # Row r of a network lies in the bag whose end is the first beyond r.
    at = torch.arange(width, device=device).expand(members, width).contiguous()
    bag = torch.searchsorted(ends, at, right=True).clamp_max(size - 1)
    starts = offsets[chosen] - (ends - sizes)
    take = torch.where(at < ends[:, -1:], at + starts.gather(1, bag), 0)
    first = (ends - sizes + torch.arange(members, device=device)[:, None] * width).flatten()
    flat = sizes.flatten()
    groups = []
    for bags in buckets(flat, whole=False):
        length = max(int(flat[bags].max()), 1)
        there = torch.arange(length, device=device) < flat[bags][:, None]
        rows = torch.where(there, first[bags][:, None] + torch.arange(length, device=device), 0)
        groups.append(Bucket(bags=bags, rows=rows, there=there, owner=bags // size))
    return Batch(take=take, buckets=tuple(groups), members=members, size=size)
