"""Which modules own the parameters to train, and which kinds of module no private training can have."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.torch.function_rule import FunctionRule
from hotpapers.dpopt.torch.layer_rules import (
    ConvolutionRule,
    EmbeddingRule,
    LayerNormRule,
    LinearRule,
    Rule,
)

__all__ = ["Layer", "check_module", "trained_layers"]

_RULES: dict[type[nn.Module], Rule] = {
    nn.Linear: LinearRule(),
    nn.Conv1d: ConvolutionRule(),
    nn.Conv2d: ConvolutionRule(),
    nn.Embedding: EmbeddingRule(),
    nn.LayerNorm: LayerNormRule(),
}


@dataclass(frozen=True, eq=False)
class Layer:
    """A module with parameters of its own, and how its gradients are taken apart by rows.

    Attributes
    ----------
    name
        In the whole model.
    module, rule
        The module and the rule for it.
    parameters
        Those to train, the children's too, by their names in the module.
    """

    name: str
    module: nn.Module
    rule: Rule
    parameters: dict[str, nn.Parameter]


def check_module(module: nn.Module) -> None:
    """Refuse modules whose output for one row depends on other rows, or that keep something of rows.

    Raises
    ------
    PrivacyError
        Naming the module and what to use instead.
    """
    for name, part in module.named_modules():
        where = f"{name or 'the module'} ({type(part).__name__})"
        if isinstance(part, _BatchNorm):
            raise PrivacyError(
                f"{where} mixes the rows of a batch: no clipping bounds one row's part; use GroupNorm or LayerNorm"
            )
        if isinstance(part, _InstanceNorm) and part.track_running_stats:
            raise PrivacyError(f"{where} keeps averages of the rows: set track_running_stats=False")
        if isinstance(part, nn.Embedding) and (part.max_norm is not None or part.scale_grad_by_freq):
            raise PrivacyError(f"{where} changes its weights by the rows it sees: set max_norm=None and "
                               "scale_grad_by_freq=False")  # fmt: skip


def trained_layers(module: nn.Module, *, ghost: bool) -> list[Layer]:
    """The outermost modules with trainable parameters of their own; their children belong to them.

    Parameters
    ----------
    module
        The model.
    ghost
        Whether known kinds of layers use `LinearRule` and its like; otherwise all use `FunctionRule`.

    Raises
    ------
    PrivacyError
        If nothing is to be trained.
    """
    found: dict[int, Layer] = {}

    def walk(name: str, part: nn.Module) -> None:
        if id(part) in found:
            return
        own = [value for value in part.parameters(recurse=False) if value.requires_grad]
        if not own:
            for child_name, child in part.named_children():
                walk(f"{name}.{child_name}" if name else child_name, child)
            return
        rule = _RULES.get(type(part)) if ghost else None
        trainable = {key: value for key, value in part.named_parameters() if value.requires_grad}
        found[id(part)] = Layer(name, part, rule or FunctionRule(), trainable)

    walk("", module)
    if not found:
        raise PrivacyError("the module has no parameters to train: set requires_grad=True on some")
    return list(found.values())
