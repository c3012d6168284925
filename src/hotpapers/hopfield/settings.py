"""A layer's settings: the arguments that layers share, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypedDict

import torch
from torch import Tensor, nn

from hotpapers.hopfield.backends.choice import Backend
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.sparse_maps import Attention
from hotpapers.hopfield.stopping import Stop

__all__ = ["Empty", "HopfieldOptions", "activation", "layer_norm", "normed"]

Empty = Literal["error", "zero"]


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """The elementwise function called `name` in `torch` or `torch.nn.functional`.

    Raises
    ------
    HopfieldError
        If there is none, or it is not elementwise.
    """
    function = getattr(torch, name, None) or getattr(torch.nn.functional, name, None)
    probe = torch.tensor([0.25, 0.5])
    try:
        kept = function is not None and function(probe).shape == probe.shape
    except Exception:  # noqa: BLE001 - whatever a function that is none of ours raises
        kept = False
    if not kept or function is None:
        raise HopfieldError(
            f"no elementwise function {name!r} in torch or torch.nn.functional: 'tanh', 'relu' and 'gelu' are some"
        )
    found: Callable[[Tensor], Tensor] = function
    return found


class HopfieldOptions(TypedDict, total=False):
    """Keyword arguments of `Hopfield` behind the first eight, which the other layers pass on to it."""

    normalize_stored_pattern: bool
    normalize_stored_pattern_affine: bool
    normalize_stored_pattern_eps: float
    normalize_state_pattern: bool
    normalize_state_pattern_affine: bool
    normalize_state_pattern_eps: float
    normalize_pattern_projection: bool
    normalize_pattern_projection_affine: bool
    normalize_pattern_projection_eps: float
    normalize_hopfield_space: bool
    normalize_hopfield_space_affine: bool
    normalize_hopfield_space_eps: float
    stored_pattern_as_static: bool
    state_pattern_as_static: bool
    pattern_projection_as_static: bool
    pattern_projection_as_connected: bool
    stored_pattern_size: int | None
    pattern_projection_size: int | None
    batch_first: bool
    association_activation: str | None
    dropout: float
    input_bias: bool
    concat_bias_pattern: bool
    add_zero_association: bool
    disable_out_projection: bool
    attention: Attention
    top_k: int
    learn_beta: bool
    legacy_scaling: bool
    backend: Backend
    empty: Empty
    stop: Stop


def layer_norm(wanted: bool, affine: bool, width: int | None, eps: float) -> nn.LayerNorm | None:
    """The normalisation asked for; None where there is none."""
    if affine and not wanted:
        raise HopfieldError("affine normalization without normalization has no effect: switch both off")
    if not wanted:
        return None
    if width is None:
        raise HopfieldError("normalization needs to know the input's width: give input_size")
    return nn.LayerNorm(width, eps=eps, elementwise_affine=affine)


def normed(norm: nn.LayerNorm | None, x: Tensor) -> Tensor:
    """`x` normalised, where there is a normalisation."""
    if norm is None:
        return x
    if x.shape[-1] != norm.normalized_shape[0]:
        raise HopfieldError(f"expected patterns of width {norm.normalized_shape[0]}: got {x.shape[-1]}")
    found: Tensor = norm(x)
    return found
