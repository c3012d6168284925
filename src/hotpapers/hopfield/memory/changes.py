"""What can happen to a memory, as records that a journal keeps and that can be done again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Change", "Id", "check_ids", "decode_ids", "encode_ids"]

Id = int | str
Kind = Literal["store", "remove", "update"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change.

    Parameters
    ----------
    kind
        What happens.
    ids
        To which patterns.
    rows
        Their new raw rows, ``[n, d]``; None for ``"remove"``.
    values
        Their new values, ``[n, p]``; None where there are none.
    """

    kind: Kind
    ids: Sequence[Id]
    rows: Tensor | None = None
    values: Tensor | None = None


KINDS = get_args(Kind)


def check_ids(given: Any, count: int | None = None) -> list[Id]:
    """`given` as distinct ids, whole numbers or text.

    Raises
    ------
    HopfieldError
        If one is something else or comes twice, or there are not `count` of them.
    """
    single = isinstance(given, int | str)
    plain = [given] if single else [value.item() if hasattr(value, "item") else value for value in given]
    for value in plain:
        if not isinstance(value, int | str) or isinstance(value, bool):
            raise HopfieldError(f"an id is a whole number or text: got {value!r}")
    if count is not None and len(plain) != count:
        raise HopfieldError(f"{len(plain)} ids were given for {count} patterns")
    if len(set(plain)) != len(plain):
        seen: set[Id] = set()
        twice = next(value for value in plain if value in seen or seen.add(value))  # type: ignore[func-returns-value]
        raise HopfieldError(f"id {twice!r} was given twice")
    return plain


def encode_ids(ids: Sequence[Id]) -> str:
    """Ids as JSON."""
    return json.dumps(list(ids), ensure_ascii=False, separators=(",", ":"))


def decode_ids(text: str) -> list[Id]:
    """What `encode_ids` made."""
    found: list[Id] = json.loads(text)
    return found
