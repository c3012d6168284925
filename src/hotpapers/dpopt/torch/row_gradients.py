"""Watching a model during forward and backward passes, and the sum of its rows' clipped gradients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.torch.layer_rules import Factors, Use
from hotpapers.dpopt.torch.layers import Layer, check_module, trained_layers

__all__ = ["RowGradients"]

# Of a squared length, relative to the terms: more than the 2^17 operations of a long layer can lose in float64.
_ROUNDING = {torch.float64: 2.0**-36, torch.float32: 2.0**-20}


class RowGradients:
    """Records what each layer saw and what came back, and sums the gradients, each clipped over all layers.

    Recording happens in training mode with gradients enabled. A parameter's ``grad``, which would be the sum
    over all rows without any noise, is dropped as soon as it exists.

    Parameters
    ----------
    module
        The model; hooks are put on it, and those of an earlier `RowGradients` are taken off.
    ghost
        As of `trained_layers`.
    loss_reduction
        ``"mean"`` if the loss is a mean over the rows of a batch, ``"sum"`` if it is their sum.
    dtype
        In which gradients are measured and summed.

    Raises
    ------
    PrivacyError
        If the module mixes rows or has nothing to train.
    """

    def __init__(
        self, module: nn.Module, *, ghost: bool = True, loss_reduction: str = "mean", dtype: torch.dtype
    ) -> None:
        check_module(module)
        if loss_reduction not in {"mean", "sum"}:
            raise PrivacyError(f"loss_reduction must be 'mean' or 'sum': got {loss_reduction!r}")
        self.layers = trained_layers(module, ghost=ghost)
        self.parameters = list(dict.fromkeys(p for layer in self.layers for p in layer.parameters.values()))
        owners = Counter(p for layer in self.layers for p in layer.parameters.values())
        self._shared = {parameter for parameter, count in owners.items() if count > 1}
        self._mean, self._dtype = loss_reduction == "mean", dtype
        self._uses: dict[Layer, list[Use]] = {}
        self._touched: set[Tensor] = set()
        self._module, self._paused = module, False
        self.before_forward: Callable[[], None] | None = None
        for hook in list(module._forward_pre_hooks.values()):  # noqa: SLF001
            earlier = getattr(hook, "__self__", None)
            if isinstance(earlier, RowGradients):
                earlier.detach()
        self._hooks: list[Any] = [module.register_forward_pre_hook(self._begin)]
        for layer in self.layers:
            called = partial(self._called, layer)
            self._hooks.append(layer.module.register_forward_hook(called, with_kwargs=True))
        for parameter in self.parameters:
            hook = parameter.register_post_accumulate_grad_hook(self._drop)  # type: ignore[no-untyped-call]
            self._hooks.append(hook)

    def detach(self) -> None:
        """Take the hooks off the model."""
        self.clear()
        for hook in self._hooks:
            hook.remove()

    def clear(self) -> None:
        """Forget what was recorded."""
        self._uses.clear()
        self._touched.clear()

    def clipped_sums(self, rows: int, bound: float) -> dict[nn.Parameter, Tensor]:
        """Sum of the gradients recorded since `clear`, each at most `bound` long; nothing stays recorded.

        A gradient that is no finite number counts as zero.

        Parameters
        ----------
        rows
            How many there are in the batch.
        bound
            C, of the L2 norm over all parameters together.

        Raises
        ------
        PrivacyError
            If no backward pass was recorded, or a layer was used on something else than one entry per row.
        """
        try:
            self._check(rows)
            if rows == 0:
                return {p: torch.zeros_like(p, dtype=self._dtype) for p in self.parameters}
            with torch.no_grad(), self._quiet():
                return self._sums(rows, bound)
        finally:
            self.clear()

    def _sums(self, rows: int, bound: float) -> dict[nn.Parameter, Tensor]:
        found = {
            layer: layer.rule.factors(layer.module, uses, self._dtype) for layer, uses in self._uses.items()
        }
        first = next(iter(found.values())).right
        squares, sizes = first.new_zeros(rows), first.new_zeros(rows)
        written: dict[nn.Parameter, Tensor] = {}
        for layer, factors in found.items():
            sizes += factors.sizes
            for name, square in layer.rule.squared_norms(layer.module, factors).items():
                parameter = layer.parameters.get(name)
                if parameter is not None and parameter not in self._shared:
                    squares += square
            if not self._shared.isdisjoint(layer.parameters.values()):
                self._write_out(layer, factors, written)
        for gradient in written.values():
            squares += gradient.flatten(1).square().sum(1)
        weights = self._weights(squares, sizes, rows, bound)
        if bool((weights == 0).any()):
            found = {layer: _without(factors, weights == 0) for layer, factors in found.items()}
            written = {p: _masked(gradient, weights == 0) for p, gradient in written.items()}
        sums = {p: torch.zeros_like(p, dtype=self._dtype) for p in self.parameters}
        for layer, factors in found.items():
            for name, value in layer.rule.weighted_sums(layer.module, factors, weights).items():
                parameter = layer.parameters.get(name)
                if parameter is not None and parameter not in self._shared:
                    sums[parameter] += value
        for parameter, gradient in written.items():
            sums[parameter] += torch.tensordot(weights, gradient, 1)
        return sums

    def _weights(self, squares: Tensor, sizes: Tensor, rows: int, bound: float) -> Tensor:
        """Clip factors times the mean's divisor, 0 where the length is no number.

        Where the terms of one gradient cancel, rounding is relative to `sizes`, not to the length: it is added.
        """
        lengths = (squares.clamp_min(0.0) + _ROUNDING[self._dtype] * sizes.square()).sqrt()
        scale = float(rows) if self._mean else 1.0
        factor = (bound / (scale * lengths)).clamp_max(1.0) * scale
        factor = torch.where(lengths == 0, scale, factor)
        return torch.where(torch.isfinite(lengths), factor, 0.0)

    def _write_out(self, layer: Layer, factors: Factors, written: dict[nn.Parameter, Tensor]) -> None:
        """Gradients of parameters that several layers share, which add before they are measured."""
        for name, gradient in layer.rule.per_row(layer.module, factors).items():
            parameter = layer.parameters.get(name)
            if parameter in self._shared and parameter is not None:
                written[parameter] = written[parameter] + gradient if parameter in written else gradient

    def _check(self, rows: int) -> None:
        recorded: set[Tensor] = {p for layer in self._uses for p in layer.parameters.values()}
        if rows and not self._uses:
            raise PrivacyError(
                "no gradients of rows were recorded: call backward() in training mode before step()"
            )
        if not self._touched <= recorded:
            raise PrivacyError(
                "a parameter was used outside of its own module's forward: its gradient cannot be taken apart by rows"
            )
        for layer, uses in self._uses.items():
            if any(use.gradient.ndim == 0 or len(use.gradient) != rows for use in uses):
                raise PrivacyError(
                    f"{layer.name or 'the module'} ({type(layer.module).__name__}) must be called on the loader's "
                    "batch, with one entry for each row in the first axis, and nothing else"
                )

    # ---- hooks

    def _begin(self, module: nn.Module, _arguments: Any) -> None:
        if self._paused or not (module.training and torch.is_grad_enabled()):
            return
        if self._uses:
            raise PrivacyError(
                "step() must follow every backward(): gradients of two batches cannot be clipped by rows; for "
                "large batches give max_physical_batch_size"
            )
        if self.before_forward is not None:
            self.before_forward()

    def _called(self, layer: Layer, _module: nn.Module, arguments: Any, keywords: Any, output: Any) -> None:
        if self._paused or not (self._module.training and torch.is_grad_enabled()):
            return
        for place, leaf in enumerate(pytree.tree_leaves(output)):
            if isinstance(leaf, Tensor) and leaf.requires_grad:
                hook = partial(self._returned, layer, arguments, keywords, place)
                leaf.register_hook(hook)  # type: ignore[no-untyped-call]

    def _returned(self, layer: Layer, arguments: Any, keywords: Any, place: int, gradient: Tensor) -> None:
        kept = pytree.tree_map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, arguments)
        self._uses.setdefault(layer, []).append(Use(kept, gradient.detach(), keywords, place))

    def _drop(self, parameter: Tensor) -> None:
        parameter.grad = None
        self._touched.add(parameter)

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        self._paused = True
        try:
            yield
        finally:
            self._paused = False


def _without(factors: Factors, dropped: Tensor) -> Factors:
    """Factors with zeros in the rows that count as nothing, since 0 times infinity is no number."""
    left = factors.left if not factors.left.is_floating_point() else _masked(factors.left, dropped)
    return Factors(left, _masked(factors.right, dropped), factors.sizes)


def _masked(values: Tensor, dropped: Tensor) -> Tensor:
    return values.masked_fill(dropped.reshape(-1, *(1 for _ in values.shape[1:])), 0.0)
