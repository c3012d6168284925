"""Blocks of a transformer (post-norm) with Hopfield associations in place of attention."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from torch import Tensor, nn

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.layers import Hopfield
from hotpapers.hopfield.settings import activation as _activation

__all__ = ["HopfieldDecoderLayer", "HopfieldEncoderLayer"]


def _width(association: Hopfield) -> int:
    width = association.state_pattern_dim
    if width is None or association.output_size != width:
        raise HopfieldError("the association's result must be as wide as its states, to be added to them")
    return width


class HopfieldEncoderLayer(nn.Module):
    """``x = LN(x + drop(hopfield(x)))``, then ``x = LN(x + drop(W2 drop(act(W1 x))))``.

    Parameters
    ----------
    hopfield_association
        Is copied, and its copy initialised anew.
    dim_feedforward
        Width between W1 and W2.
    dropout
        Probability in all three places.
    activation
        Name of an elementwise function: ``"relu"``, ``"gelu"`` ...
    """

    def __init__(
        self,
        hopfield_association: Hopfield,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        width = _width(hopfield_association)
        self.hopfield_association = deepcopy(hopfield_association)
        self.linear_residual = nn.Linear(width, dim_feedforward)
        self.dropout_residual = nn.Dropout(dropout)
        self.linear_output = nn.Linear(dim_feedforward, width)
        self.norm_residual = nn.LayerNorm(width)
        self.norm_output = nn.LayerNorm(width)
        self.dropout_hopfield_association = nn.Dropout(dropout)
        self.dropout_output = nn.Dropout(dropout)
        self.activation_residual = _activation(activation)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start anew, the association included."""
        _reset(self)

    def forward(
        self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None
    ) -> Tensor:
        """Encode ``[B, S, d] -> [B, S, d]``; masks as in `Hopfield`."""
        found = self.hopfield_association(src, src_key_padding_mask, src_mask)
        src = self.norm_residual(src + self.dropout_hopfield_association(found))
        inner = self.dropout_residual(self.activation_residual(self.linear_residual(src)))
        encoded: Tensor = self.norm_output(src + self.dropout_output(self.linear_output(inner)))
        return encoded

    def get_association_matrix(self, input: Any) -> Tensor:  # noqa: A002 - the reference's name
        """The association's matrix for `input`, ``[B, H, S, N]``."""
        return self.hopfield_association.get_association_matrix(input)

    @property
    def batch_first(self) -> bool:
        """Whether input is ``[B, S, d]``."""
        return self.hopfield_association.batch_first

    @property
    def input_size(self) -> int:
        """D."""
        return self.linear_residual.in_features

    @property
    def output_size(self) -> int:
        """D."""
        return self.linear_output.out_features


class HopfieldDecoderLayer(nn.Module):
    """An encoder's block with a second association between: the target's states, stored patterns from memory.

    Parameters
    ----------
    hopfield_association_self, hopfield_association_cross
        Are copied, and their copies initialised anew. The second takes ``(memory, target, memory)``.
    dim_feedforward, dropout, activation
        As in `HopfieldEncoderLayer`.
    """

    def __init__(
        self,
        hopfield_association_self: Hopfield,
        hopfield_association_cross: Hopfield,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        width = _width(hopfield_association_self)
        if _width(hopfield_association_cross) != width:
            raise HopfieldError("both associations must have states of one width")
        self.hopfield_association_self = deepcopy(hopfield_association_self)
        self.hopfield_association_cross = deepcopy(hopfield_association_cross)
        self.linear_residual = nn.Linear(width, dim_feedforward)
        self.dropout_residual = nn.Dropout(dropout)
        self.linear_output = nn.Linear(dim_feedforward, width)
        self.norm_residual_self = nn.LayerNorm(width)
        self.norm_residual_cross = nn.LayerNorm(width)
        self.norm_output = nn.LayerNorm(width)
        self.dropout_hopfield_association_self = nn.Dropout(dropout)
        self.dropout_hopfield_association_cross = nn.Dropout(dropout)
        self.dropout_output = nn.Dropout(dropout)
        self.activation_residual = _activation(activation)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start anew, the associations included."""
        _reset(self)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        """Decode the target ``[B, S, d]`` with the help of ``memory [B, N, d_y]``.

        The target comes first, as in `torch.nn.TransformerDecoderLayer`. `tgt_mask` and
        `tgt_key_padding_mask` are for the target among itself, `memory_mask` ``[S, N]`` and
        `memory_key_padding_mask` ``[B, N]`` for what it may retrieve from memory.
        """
        found = self.hopfield_association_self(tgt, tgt_key_padding_mask, tgt_mask)
        tgt = self.norm_residual_self(tgt + self.dropout_hopfield_association_self(found))
        found = self.hopfield_association_cross((memory, tgt, memory), memory_key_padding_mask, memory_mask)
        tgt = self.norm_residual_cross(tgt + self.dropout_hopfield_association_cross(found))
        inner = self.dropout_residual(self.activation_residual(self.linear_residual(tgt)))
        decoded: Tensor = self.norm_output(tgt + self.dropout_output(self.linear_output(inner)))
        return decoded

    def get_association_matrix_self(self, input: Any) -> Tensor:  # noqa: A002 - the reference's name
        """The matrix of the association of the target with itself."""
        return self.hopfield_association_self.get_association_matrix(input)

    def get_association_matrix_cross(self, input: Any) -> Tensor:  # noqa: A002
        """The matrix of the association with memory, for ``(memory, target, memory)``."""
        return self.hopfield_association_cross.get_association_matrix(input)

    @property
    def batch_first(self) -> bool:
        """Whether input is ``[B, S, d]``."""
        return self.hopfield_association_self.batch_first

    @property
    def input_size(self) -> int:
        """D."""
        return self.linear_residual.in_features

    @property
    def output_size(self) -> int:
        """D."""
        return self.linear_output.out_features


def _reset(block: nn.Module) -> None:
    for part in block.children():
        reset = getattr(part, "reset_parameters", None)
        if callable(reset):
            reset()
