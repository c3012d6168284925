"""What the functions of the theory take: tensors, numpy arrays or nested lists, checked at the door."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["check_beta", "floating", "patterns"]


def floating(values: Any, name: str) -> Tensor:
    """`values` as a floating-point tensor; integers become the default type.

    Raises
    ------
    HopfieldError
        If they are no rectangular numbers.
    """
    try:
        tensor = torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise HopfieldError(
            f"{name} must be a tensor, an array or nested lists of numbers: {error}"
        ) from error
    if tensor.is_complex():
        raise HopfieldError(f"{name} must be real, not {tensor.dtype}")
    return tensor if tensor.is_floating_point() else tensor.to(torch.get_default_dtype())


def patterns(values: Any, name: str = "stored patterns") -> Tensor:
    """`values` as stored patterns ``[..., N, d]``, N >= 1.

    Raises
    ------
    HopfieldError
        If there is no pattern, or they are not the rows of an array.
    """
    tensor = floating(values, name)
    if tensor.ndim < 2 or tensor.shape[-2] == 0 or tensor.shape[-1] == 0:
        raise HopfieldError(
            f"{name} must be rows of an array [N, d] with N >= 1 and d >= 1: got shape {list(tensor.shape)}"
        )
    return tensor


def check_beta(beta: float) -> float:
    """`beta` as a float.

    Raises
    ------
    HopfieldError
        If it is not a positive, finite number.
    """
    if not (math.isfinite(beta) and beta > 0):
        raise HopfieldError(f"beta must be a positive number: got {beta!r}")
    return float(beta)
