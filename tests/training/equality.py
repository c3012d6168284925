"""Bits compared through any nesting."""

from __future__ import annotations

from typing import Any

import torch


def assert_same(one: Any, other: Any, path: str = "") -> None:
    """The same tensors, bit by bit, and the same values, in the same places."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key, value in one.items():
            assert_same(value, other[key], f"{path}/{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), path
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            assert_same(left, right, f"{path}/{number}")
    else:
        assert one == other, path
