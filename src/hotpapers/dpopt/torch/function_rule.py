"""The gradients of one row each by `torch.func`, for any module that treats rows apart."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.utils import _pytree as pytree

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.torch.layer_rules import Factors, Named, Use

__all__ = ["FunctionRule"]


class FunctionRule:
    """Runs the module once more for every row, all rows at once under `vmap`, and writes the gradients out.

    The gradients of all parameters, the children's too, stand in `Factors.right` as one table ``(B, P)``.
    """

    def factors(self, layer: Any, uses: list[Use], dtype: torch.dtype) -> Factors:
        """Gradients added over the uses.

        Raises
        ------
        PrivacyError
            If the module cannot be run row by row.
        """
        total = sizes = torch.zeros(())
        for use in uses:
            table = _row_gradients(layer, use).to(dtype)
            total = total + table
            sizes = sizes + table.square().sum(1).sqrt()
        return Factors(total, total, sizes)

    def squared_norms(self, layer: Any, factors: Factors) -> Named:
        """Lengths."""
        return {
            name: value.flatten(1).square().sum(1) for name, value in self.per_row(layer, factors).items()
        }

    def per_row(self, layer: Any, factors: Factors) -> Named:
        """The table cut into parameters."""
        trainable = _trainable(layer)
        parts = torch.split(factors.right, [value.numel() for value in trainable.values()], dim=1)
        return {
            name: part.reshape(len(part), *value.shape)
            for (name, value), part in zip(trainable.items(), parts, strict=True)
        }

    def weighted_sums(self, layer: Any, factors: Factors, weights: Tensor) -> Named:
        """Over rows."""
        summed = weights @ factors.right
        trainable = _trainable(layer)
        parts = torch.split(summed, [value.numel() for value in trainable.values()])
        return {
            name: part.reshape(value.shape)
            for (name, value), part in zip(trainable.items(), parts, strict=True)
        }


def _trainable(layer: torch.nn.Module) -> Named:
    return {name: value.detach() for name, value in layer.named_parameters() if value.requires_grad}


def _row_gradients(layer: torch.nn.Module, use: Use) -> Tensor:
    """``(B, P)``: the vector-Jacobian product of each row's output with its gradient."""
    rows = len(use.gradient)
    trainable = _trainable(layer)
    if rows == 0:
        return use.gradient.new_zeros(0, sum(value.numel() for value in trainable.values()))
    fixed = {name: value.detach() for name, value in layer.named_parameters() if not value.requires_grad}
    fixed |= dict(layer.named_buffers())
    leaves, structure = pytree.tree_flatten((use.arguments, use.keywords))
    split = [isinstance(leaf, Tensor) and leaf.ndim > 0 and len(leaf) == rows for leaf in leaves]
    values = [leaf.detach() if isinstance(leaf, Tensor) else leaf for leaf in leaves]

    def product(parameters: Named, gradient: Tensor, *row: Any) -> Tensor:
        mine = iter(row)
        one = [
            next(mine).unsqueeze(0) if is_row else value for value, is_row in zip(values, split, strict=True)
        ]
        arguments, keywords = pytree.tree_unflatten(one, structure)
        output = functional_call(layer, {**fixed, **parameters}, arguments, keywords)
        chosen: Tensor = pytree.tree_leaves(output)[use.output]
        return (chosen * gradient.unsqueeze(0)).sum()

    parts = [value for value, is_row in zip(values, split, strict=True) if is_row]
    axes = (None, 0, *(0 for _ in parts))
    try:
        found = vmap(grad(product), in_dims=axes)(trainable, use.gradient, *parts)
    except (RuntimeError, ValueError) as error:
        raise PrivacyError(
            f"{type(layer).__name__} cannot be run row by row under torch.func.vmap: use another module, without "
            "dropout or in-place state of its own"
        ) from error
    return torch.cat([found[name].reshape(rows, -1) for name in trainable], dim=1)
