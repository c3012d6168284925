"""Repeated updates, and when a head has had enough of them.

After each extra update the change of the association matrix is measured: a head stops, its
associations frozen, when the Frobenius norm over queries and patterns, at its largest over the
batch, is at most its tolerance, or when its number of updates is reached.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["CAP", "Rule", "Stop", "settle", "tracing"]

Stop = Literal["head", "item"]
CAP = 1000
"""Updates after which "until converged" gives up."""


def tracing() -> bool:
    """Whether a compiler or exporter is looking: nothing may then depend on values."""
    return torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How often each head updates.

    Parameters
    ----------
    limits
        Extra updates of each head; None: until converged.
    tolerances
        Change at which each head stops, > 0; None: none stops early, and nothing is measured.
    stop
        ``"head"``: a head stops for the whole batch, as in the reference; ``"item"``: in each item
        by itself, so that an item's result never depends on the others.
    """

    limits: tuple[int | None, ...]
    tolerances: tuple[float, ...] | None
    stop: Stop = "head"

    @classmethod
    def of(cls, steps: Any, eps: Any, heads: int, stop: str = "head") -> Rule:
        """The rule for `update_steps_max` and `update_steps_eps`, each one value or one a head.

        Raises
        ------
        HopfieldError
            If a value is out of range, there is not one a head, or nothing would ever stop.
        """
        if stop not in get_args(Stop):
            raise HopfieldError(f"stop must be 'head' or 'item': got {stop!r}")
        limits = tuple(_count(value) for value in _per_head(steps, heads, "update_steps_max"))
        if eps is None:
            if None in limits:
                raise HopfieldError(
                    "update_steps_max=None updates until converged, which takes an update_steps_eps"
                )
            return cls(limits=limits, tolerances=None, stop="head")
        tolerances = tuple(float(value) for value in _per_head(eps, heads, "update_steps_eps"))
        if not all(value > 0 for value in tolerances):
            raise HopfieldError(f"update_steps_eps must be positive: got {eps!r}")
        return cls(limits=limits, tolerances=tolerances, stop="item" if stop == "item" else "head")

    @property
    def most(self) -> int | None:
        """Updates of the head that may have most; None: until converged."""
        counts = [limit for limit in self.limits if limit is not None]
        return max(counts) if len(counts) == len(self.limits) else None

    @property
    def couples_items(self) -> bool:
        """Whether an item's result depends on the other items of its batch."""
        return self.stop == "head" and self.tolerances is not None and self.most != 0


def _per_head(value: Any, heads: int, name: str) -> Sequence[Any]:
    if isinstance(value, Tensor):
        value = value.tolist()
    if isinstance(value, list | tuple):
        if len(value) != heads:
            raise HopfieldError(f"{name} must have one entry for each of {heads} heads: got {len(value)}")
        return value
    return [value] * heads


def _count(value: Any) -> int | None:
    if value is None or (isinstance(value, int | float) and value < 0):
        return None  # the reference takes negative entries for "until converged" too
    if isinstance(value, bool) or value != int(value):
        raise HopfieldError(f"update_steps_max must be whole numbers or None: got {value!r}")
    return int(value)


def settle(
    q: Tensor,
    rule: Rule,
    retrieve: Callable[[Tensor], Tensor],
    advance: Callable[[Tensor], Tensor],
    change: Callable[[Tensor, Tensor], Tensor],
    spread: Callable[[], Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Update the queries until each head has had enough.

    Parameters
    ----------
    q
        First queries, ``[B, H, S, h]``.
    rule
        When heads stop.
    retrieve
        q -> what its associations retrieve from the stored patterns, ``[B, H, S, h]``.
    advance
        What was retrieved -> the next q.
    change
        (q, earlier q) -> norm of the difference of their association matrices, ``[B, H]``.
    spread
        Bound of the spectral norm of the centred stored patterns, ``[B, H]``. What is retrieved can't
        change by more than the associations times this, so that associations need not be compared
        while the states still move a lot.

    Returns
    -------
    tuple of Tensor
        The last queries; the executed extra updates, int64 ``[B or 1, H]``.
    """
    heads, device, rows = len(rule.limits), q.device, q.shape[0] if rule.stop == "item" else 1
    active: Tensor | None = None
    executed = torch.zeros((rows, heads), dtype=torch.int64, device=device)
    most, uniform = rule.most, len(set(rule.limits)) == 1
    tolerances = torch.tensor(rule.tolerances, device=device) if rule.tolerances and most != 0 else None
    bound = None
    earlier_q = earlier = None
    for step in itertools.count() if most is None else range(most):
        if step == CAP and most is None:
            warnings.warn(f"not converged after {CAP} updates: update_steps_eps is too small", stacklevel=2)
            break
        if not uniform:
            within = [limit is None or step < limit for limit in rule.limits]
            mask = torch.tensor(within, device=device).expand(rows, heads)
            active = mask if active is None else active & mask
        retrieved = retrieve(q)
        if tolerances is not None and earlier_q is not None:
            bound = spread() if spread is not None and bound is None and not tracing() else bound
            moved = _moved(q, earlier_q, retrieved, earlier, bound, tolerances, rule.stop, active, change)
            active = moved if active is None or moved is None else active & moved
            if active is not None and not tracing() and not bool(active.any()):
                break
        earlier_q, earlier = q, retrieved
        new = advance(retrieved)
        q = new if active is None else torch.where(active[..., None, None], new, q)
        executed = executed + (1 if active is None else active.to(torch.int64))
    return q, executed


@torch.no_grad()
def _moved(
    q: Tensor,
    earlier_q: Tensor,
    retrieved: Tensor,
    earlier: Tensor | None,
    bound: Tensor | None,
    tolerances: Tensor,
    stop: Stop,
    active: Tensor | None,
    change: Callable[[Tensor, Tensor], Tensor],
) -> Tensor | None:
    """Heads whose associations changed by more than their tolerance; None: all did."""

    def largest(found: Tensor) -> Tensor:
        return found if stop == "item" else found.amax(0, keepdim=True)

    if bound is not None and earlier is not None:
        least = torch.linalg.vector_norm((retrieved - earlier).float(), dim=(-2, -1)) / bound
        # 1 % for rounding: in doubt the associations themselves are compared.
        enough = largest(least) > 1.01 * tolerances
        if bool((enough if active is None else enough | ~active).all()):
            return active
    return largest(change(q, earlier_q)) > tolerances


def frobenius_bound(k: Tensor) -> Tensor:
    """Bound of the spectral norm of the centred patterns: ``[B, H, N, h] -> [B, H]``."""
    centred = k.detach().float() - k.detach().float().mean(-2, keepdim=True)
    norm = torch.linalg.vector_norm(centred, dim=(-2, -1))
    found: Tensor = norm.clamp_min(math.sqrt(torch.finfo(norm.dtype).tiny))
    return found
