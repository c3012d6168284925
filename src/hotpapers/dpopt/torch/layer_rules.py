r"""Gradients of one row each, layer by layer: their lengths and their weighted sum, without writing them out.

A layer that multiplies by a weight matrix has, for row b, the gradient ``sum_t g_bt a_bt'`` over the positions t
of a sequence or an image. Its squared length is ``sum_ts <a_bt, a_bs> <g_bt, g_bs>``, two small Gram matrices
(Lee and Kifer 2021), and the weighted sum over rows is one matrix product. Where positions are so many that
the Gram matrices would be larger than the gradient, the gradient itself is formed (Bu et al. 2022).

Shapes: B rows, G groups of a convolution (1 elsewhere), T positions, p inputs and q outputs of a group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ConvolutionRule", "EmbeddingRule", "Factors", "LayerNormRule", "LinearRule", "Rule", "Use"]


@dataclass(frozen=True)
class Use:
    """One call of a layer and the gradient that came back to it.

    Attributes
    ----------
    arguments, keywords
        Of the call; tensors with one entry for each row first.
    gradient
        Of the loss by the output, ``(B, ...)``.
    output
        Which of the output's tensors it belongs to.
    """

    arguments: tuple[Any, ...]
    gradient: Tensor
    keywords: dict[str, Any] = field(default_factory=dict)
    output: int = 0


@dataclass(frozen=True)
class Factors:
    """What a rule keeps of all uses of a layer: `left` made from inputs, `right` from gradients.

    `sizes`, ``(B,)``, bounds the absolute sum of all terms, against which rounding is measured.
    """

    left: Tensor
    right: Tensor
    sizes: Tensor


Named: TypeAlias = dict[str, Tensor]


class Rule(Protocol):
    """How the gradients of a kind of layer are measured and summed; names are those of its parameters."""

    def factors(self, layer: Any, uses: list[Use], dtype: torch.dtype) -> Factors:
        """Uses of the same rows, side by side."""

    def squared_norms(self, layer: Any, factors: Factors) -> Named:
        """Squared length of each row's gradient, ``(B,)``."""

    def per_row(self, layer: Any, factors: Factors) -> Named:
        """Each row's gradient, ``(B, *shape)``."""

    def weighted_sums(self, layer: Any, factors: Factors, weights: Tensor) -> Named:
        """``sum_b weights_b gradient_b``, of the parameter's shape."""


class LinearRule:
    """`nn.Linear`: left ``(B, 1, T, p)``, right ``(B, 1, T, q)``."""

    def factors(self, layer: Any, uses: list[Use], dtype: torch.dtype) -> Factors:
        """Inputs and output gradients of all positions."""
        pairs = [self._pair(layer, use) for use in uses]
        left = torch.cat([pair[0].to(dtype) for pair in pairs], dim=2)
        right = torch.cat([pair[1].to(dtype) for pair in pairs], dim=2)
        # The bias is a weight of a constant input 1.
        sizes = (left.square().sum(3) + 1.0).sqrt() * right.square().sum(3).sqrt()
        return Factors(left, right, sizes.sum((1, 2)))

    def squared_norms(self, layer: Any, factors: Factors) -> Named:
        """By Gram matrices, or by the gradient where that is smaller."""
        left, right = factors.left, factors.right
        positions = left.shape[2]
        if positions == 1:
            weight = (left.square().sum((2, 3)) * right.square().sum((2, 3))).sum(1)
        elif 2 * positions**2 <= left.shape[3] * right.shape[3]:
            weight = ((left @ left.mT) * (right @ right.mT)).sum((1, 2, 3))
        else:
            weight = (right.mT @ left).square().sum((1, 2, 3))
        return self._named(layer, weight, right.sum(2).square().sum((1, 2)))

    def per_row(self, layer: Any, factors: Factors) -> Named:
        """Outer products, summed over positions."""
        weight = factors.right.mT @ factors.left
        rows = len(weight)
        return self._named(
            layer, weight.reshape(rows, *layer.weight.shape), factors.right.sum(2).reshape(rows, -1)
        )

    def weighted_sums(self, layer: Any, factors: Factors, weights: Tensor) -> Named:
        """One product over rows and positions."""
        right = factors.right * weights[:, None, None, None]
        weight = torch.einsum("bgtq,bgtp->gqp", right, factors.left)
        return self._named(layer, weight.reshape(layer.weight.shape), right.sum((0, 2)).reshape(-1))

    def _pair(self, layer: Any, use: Use) -> tuple[Tensor, Tensor]:
        inputs, gradient = _first(use), use.gradient
        rows = len(gradient)
        return (
            inputs.reshape(rows, 1, _positions(inputs), layer.in_features),
            gradient.reshape(rows, 1, _positions(gradient), layer.out_features),
        )

    def _named(self, layer: Any, weight: Tensor, bias: Tensor) -> Named:
        return {"weight": weight} if layer.bias is None else {"weight": weight, "bias": bias}


class ConvolutionRule(LinearRule):
    """`nn.Conv1d` and `nn.Conv2d`: the patches under the kernel are inputs, the places of the output positions."""

    def _pair(self, layer: Any, use: Use) -> tuple[Tensor, Tensor]:
        inputs, gradient = _first(use), use.gradient
        mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
        inputs = functional.pad(inputs, layer._reversed_padding_repeated_twice, mode=mode)  # noqa: SLF001
        options = {"dilation": layer.dilation, "stride": layer.stride}
        if isinstance(layer, nn.Conv1d):  # an image of one line
            inputs = inputs.unsqueeze(2)
            options = {name: (1, *value) for name, value in options.items()}
        kernel = layer.kernel_size if len(layer.kernel_size) == 2 else (1, *layer.kernel_size)
        patches = functional.unfold(inputs, kernel, **options)
        rows, groups, positions = len(gradient), layer.groups, patches.shape[2]
        return (
            patches.reshape(rows, groups, patches.shape[1] // groups, positions).mT,
            gradient.reshape(rows, groups, layer.out_channels // groups, positions).mT,
        )


class EmbeddingRule:
    """`nn.Embedding`: left ``(B, T)`` the tokens, right ``(B, T, q)``, zero at the padding token."""

    def factors(self, layer: Any, uses: list[Use], dtype: torch.dtype) -> Factors:
        """Tokens and gradients of all positions."""
        rows, width = len(uses[0].gradient), layer.embedding_dim
        tokens = torch.cat([_first(use).reshape(rows, -1) for use in uses], dim=1)
        right = torch.cat([use.gradient.to(dtype).reshape(rows, -1, width) for use in uses], dim=1)
        if layer.padding_idx is not None:
            right = right * (tokens != layer.padding_idx)[:, :, None]
        return Factors(tokens, right, right.square().sum(2).sqrt().sum(1))

    def squared_norms(self, layer: Any, factors: Factors) -> Named:
        """Gradients of positions with the same token add up."""
        same = factors.left[:, :, None] == factors.left[:, None, :]
        return {"weight": ((factors.right @ factors.right.mT) * same).sum((1, 2))}

    def per_row(self, layer: Any, factors: Factors) -> Named:
        """Scattered into one table for each row."""
        rows, _, width = factors.right.shape
        found = factors.right.new_zeros(rows, *layer.weight.shape)
        places = factors.left[:, :, None].expand(-1, -1, width)
        return {"weight": found.scatter_add_(1, places, factors.right)}

    def weighted_sums(self, layer: Any, factors: Factors, weights: Tensor) -> Named:
        """Scattered into one table."""
        right = factors.right * weights[:, None, None]
        found = right.new_zeros(layer.weight.shape)
        return {"weight": found.index_add_(0, factors.left.reshape(-1), right.reshape(-1, right.shape[2]))}


class LayerNormRule:
    """`nn.LayerNorm`: its gradients, ``(B, 2, *shape)`` in `right`, are small enough to be written out."""

    def factors(self, layer: Any, uses: list[Use], dtype: torch.dtype) -> Factors:
        """Gradients of scale and shift, summed over positions."""
        total = sizes = torch.zeros(())
        for use in uses:
            normal = functional.layer_norm(_first(use).to(dtype), layer.normalized_shape, eps=layer.eps)
            gradient = use.gradient.to(dtype)
            rows, shape = len(gradient), layer.normalized_shape
            both = torch.stack([normal * gradient, gradient], dim=1)
            both = both.reshape(rows, 2, _positions(gradient, len(shape)), *shape)
            total = total + both.sum(2)
            lengths = both.flatten(3).square().sum(3).sqrt()
            sizes = sizes + lengths.sum((1, 2))
        return Factors(total[:, 0], total, sizes)

    def squared_norms(self, layer: Any, factors: Factors) -> Named:
        """Lengths."""
        return {
            name: value.flatten(1).square().sum(1) for name, value in self.per_row(layer, factors).items()
        }

    def per_row(self, layer: Any, factors: Factors) -> Named:
        """As they are."""
        scale = {"weight": factors.right[:, 0]}
        return scale if layer.bias is None else scale | {"bias": factors.right[:, 1]}

    def weighted_sums(self, layer: Any, factors: Factors, weights: Tensor) -> Named:
        """Over rows."""
        found = self.per_row(layer, factors)
        return {name: torch.tensordot(weights, value, 1) for name, value in found.items()}


def _first(use: Use) -> Tensor:
    """The layer's input: its first argument, or the one called ``input``."""
    value = use.arguments[0] if use.arguments else use.keywords["input"]
    assert isinstance(value, Tensor)  # noqa: S101 - the layer would not have taken anything else
    return value


def _positions(values: Tensor, trailing: int = 1) -> int:
    """Number of positions between the rows' axis and the `trailing` last ones."""
    found = 1
    for size in values.shape[1 : values.ndim - trailing]:
        found *= size
    return found
