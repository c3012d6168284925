"""Put averaging in the place of attention heads, in any model that takes attention functions.

transformers lets a model's attention be computed by a function of one's own. Ours calls the model's own
eager attention, and then writes the outputs of replaced heads anew. Values and output projection stay.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from torch import Tensor, nn

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.heads.averaging import Averaging, GaussianAveraging, UniformAveraging
from hotpapers.hopfield.heads.models import size_of, use_attention
from hotpapers.hopfield.heads.statistics import visible_places

__all__ = ["Head", "Replacement", "replace_heads", "replaced", "restore_heads"]

Head = tuple[int, int]
Replacement = Literal["uniform", "gaussian"] | Averaging

_NAME = "hotpapers_hopfield"
_FIELD = "replaced_heads"


def _attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, Tensor]:
    """The model's own attention, with the outputs ``[B, S, H, p]`` and weights of replaced heads written anew."""
    eager = getattr(sys.modules[type(module).__module__], "eager_attention_forward", None)
    if eager is None:
        raise HopfieldError(
            f"heads of {type(module).__name__} can't be replaced: it has no eager attention function"
        )
    output, weights = eager(module, query, key, value, attention_mask, **options)
    heads = getattr(module, _FIELD, None)
    if not heads:
        return output, weights
    visible = visible_places(weights.detach())
    output, weights = output.clone(), weights.clone()
    group = query.shape[1] // value.shape[1]  # heads that share values, where a model groups them
    for name, averaging in heads.items():
        head = int(name)
        weights[:, head] = averaging(visible).to(weights)
        output[:, :, head] = weights[:, head] @ value[:, head // group]
    return output, weights


def _register() -> None:
    from transformers import AttentionInterface
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, AttentionMaskInterface

    AttentionInterface.register(_NAME, _attention)
    AttentionMaskInterface.register(_NAME, ALL_MASK_ATTENTION_FUNCTIONS["eager"])


def _layers(model: nn.Module) -> dict[int, Any]:
    """The module of each layer that computes self-attention."""
    found: dict[int, Any] = {}
    for module in model.modules():
        home = sys.modules[type(module).__module__]
        layer = getattr(module, "layer_idx", None)
        if (
            isinstance(layer, int)
            and hasattr(home, "eager_attention_forward")
            and "Attention" in type(module).__name__
            and not getattr(module, "is_cross_attention", False)
            and "CrossAttention" not in type(module).__name__
        ):
            found[layer] = module  # the innermost comes last
    return found


def replace_heads(model: Any, heads: Mapping[Head, Replacement]) -> Any:
    """Replace attention heads by averaging, in place; `restore_heads` brings all back.

    Parameters
    ----------
    model
        A model of Hugging Face's format.
    heads
        (layer, head), both from 0, -> ``"uniform"``, ``"gaussian"`` (untrained: fit or train it), or an
        averaging module, whose parameters become the model's.

    Returns
    -------
    Any
        The model.

    Raises
    ------
    HopfieldError
        If the model can't be worked on, or has no such head.
    """
    layers, count = size_of(model)
    for layer, head in heads:
        if not (0 <= layer < layers and 0 <= head < count):
            raise HopfieldError(
                f"no head {head} in layer {layer}: there are {layers} layers of {count} heads, from 0"
            )
    modules = _layers(model)
    if set(modules) != set(range(layers)):
        raise HopfieldError(
            f"heads of {type(model).__name__} can't be replaced: its attention takes no functions"
        )
    restore_heads(model)
    for (layer, head), kind in heads.items():
        module = modules[layer]
        if not hasattr(module, _FIELD):
            module.add_module(_FIELD, nn.ModuleDict())
        getattr(module, _FIELD)[str(head)] = _averaging(kind, model)
    _register()
    use_attention(model, _NAME)
    return model


def _averaging(kind: Replacement, model: Any) -> nn.Module:
    if isinstance(kind, nn.Module):
        return kind.to(model.device)
    if kind == "uniform":
        return UniformAveraging()
    if kind == "gaussian":
        length = int(getattr(model.config, "max_position_embeddings", 0) or 512)
        return GaussianAveraging(length).to(model.device)
    raise HopfieldError(f"a head is replaced by 'uniform', 'gaussian' or an averaging module: got {kind!r}")


def restore_heads(model: Any) -> Any:
    """Undo `replace_heads`, in place; returns the model."""
    for module in _layers(model).values():
        if hasattr(module, _FIELD):
            delattr(module, _FIELD)
    use_attention(model, "eager")
    return model


@contextmanager
def replaced(model: Any, heads: Mapping[Head, Replacement]) -> Iterator[Any]:
    """The model with heads replaced, within a ``with`` block."""
    replace_heads(model, heads)
    try:
        yield model
    finally:
        restore_heads(model)
