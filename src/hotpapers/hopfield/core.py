"""The association's parameters and projections, under the names that the reference gave them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.shapes import split

__all__ = ["HopfieldCore"]

_SPREAD = 0.02


class HopfieldCore(nn.Module):
    """Projections of state, stored patterns and values into the heads, and of their results out of them.

    Parameters
    ----------
    input_size, stored_size, projection_size
        Widths of state, stored patterns and projection input; None only where nothing is projected.
    hidden_size, pattern_size
        Widths h and p of the association space and of the values, per head.
    output_size, num_heads
        Width of the output; H.
    scaling
        beta: one value, H values, a `Parameter` to be learned, or None for the default.
    learn_beta
        Learn one beta a head, as its logarithm `log_beta`, starting from `scaling`.
    legacy_scaling
        Spread H betas over the features in turns, as the reference does, instead of one a head.
    state_static, stored_static, projection_static, connected
        Which projections are left out; whether values are projected through the stored patterns' space.
    normalize, normalize_affine, normalize_eps
        LayerNorm in the association space.
    bias, bias_row, zero_row, project_out
        Biases; a learned and an all-zero row appended to the stored patterns; the output projection.
    """

    in_proj_weight: nn.Parameter | None
    q_proj_weight: nn.Parameter | None
    k_proj_weight: nn.Parameter | None
    v_proj_weight: nn.Parameter | None
    in_proj_bias: nn.Parameter | None

    def __init__(
        self,
        *,
        input_size: int | None,
        stored_size: int | None,
        projection_size: int | None,
        hidden_size: int | None,
        pattern_size: int | None,
        output_size: int | None,
        num_heads: int,
        scaling: Any,
        learn_beta: bool,
        legacy_scaling: bool,
        state_static: bool,
        stored_static: bool,
        projection_static: bool,
        connected: bool,
        normalize: bool,
        normalize_affine: bool,
        normalize_eps: float,
        bias: bool,
        bias_row: bool,
        zero_row: bool,
        project_out: bool,
    ) -> None:
        super().__init__()
        if num_heads < 1:
            raise HopfieldError(f"num_heads must be at least 1: got {num_heads!r}")
        self.num_heads = num_heads
        self.state_static, self.stored_static = state_static, stored_static
        self.projection_static, self.connected = projection_static, connected
        self.normalize, self.normalize_eps, self.zero_row = normalize, normalize_eps, zero_row
        self.legacy_scaling = legacy_scaling
        self.free = (
            state_static
            and stored_static
            and projection_static
            and not (connected or normalize or project_out)
        )
        if self.free:  # nothing has a width of its own
            input_size = stored_size = projection_size = hidden_size = None
        elif input_size is None:
            raise HopfieldError(
                "input_size is needed unless everything is static and nothing is projected out"
            )
        self.input_size = input_size
        self.stored_size = input_size if stored_size is None else stored_size
        self.projection_size = input_size if projection_size is None else projection_size
        if connected and self.stored_size != self.projection_size:
            raise HopfieldError(
                "a connected projection needs stored patterns and projection input of one width"
            )
        self.head_dim = self._head_dim(hidden_size)
        self.pattern_dim = self.head_dim if pattern_size is None else pattern_size
        if connected and self.pattern_dim != self.head_dim:
            raise HopfieldError("a connected projection needs pattern_size equal to hidden_size")
        self.output_size = input_size if output_size is None else output_size
        self.stacked = (
            self.stored_size == self.projection_size == input_size and pattern_size is None and not connected
        )
        self._make_projections(bias)
        self._make_rows(bias_row)
        if normalize_affine and not normalize:
            raise HopfieldError("affine normalization of the Hopfield space needs its normalization")
        self.p_norm_weight: nn.Parameter | None = None
        self.p_norm_bias: nn.Parameter | None = None
        if normalize_affine:
            self.p_norm_weight = nn.Parameter(torch.empty(self._known(self.head_dim)))
            self.p_norm_bias = nn.Parameter(torch.empty(self._known(self.head_dim)))
        self.out_proj: nn.Linear | None = None
        if project_out:
            self.out_proj = nn.Linear(
                num_heads * self._known(self.pattern_dim), self._known(self.output_size), bias
            )
        self._make_beta(scaling, learn_beta)
        self.reset_parameters()

    def _head_dim(self, hidden_size: int | None) -> int | None:
        if self.free:
            return None
        if hidden_size is None:
            if self._known(self.input_size) % self.num_heads:
                raise HopfieldError(
                    f"input_size {self.input_size} is not divisible by {self.num_heads} heads: give hidden_size"
                )
            return self._known(self.input_size) // self.num_heads
        if hidden_size < 1:
            raise HopfieldError(f"hidden_size must be at least 1: got {hidden_size!r}")
        return hidden_size

    @staticmethod
    def _known(size: int | None) -> int:
        if size is None:
            raise HopfieldError("a size is missing")
        return size

    def _make_projections(self, bias: bool) -> None:
        """`in_proj_weight` stacks q, k and v where their inputs have one width; else three weights."""
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias"):
            self.register_parameter(name, None)
        statics = (self.state_static, self.stored_static, self.projection_static)
        self._rows: tuple[int, int, int] = (0, 0, 0)
        if all(statics):
            return
        hidden = self.num_heads * self._known(self.head_dim)
        values = self.num_heads * self._known(self.pattern_dim)
        self._rows = (
            0 if self.state_static else hidden,
            0 if self.stored_static else hidden,
            0 if self.projection_static else values,
        )
        if self.stacked:
            self.in_proj_weight = nn.Parameter(torch.empty(sum(self._rows), self._known(self.input_size)))
        else:
            through = self.connected and not self.stored_static
            widths = (self.input_size, self.stored_size, hidden if through else self.projection_size)
            for name, rows, width in zip("qkv", self._rows, widths, strict=True):
                if rows:
                    self.register_parameter(
                        f"{name}_proj_weight", nn.Parameter(torch.empty(rows, self._known(width)))
                    )
        if bias:  # always with a part for values, which static ones ignore: checkpoints have it
            self.in_proj_bias = nn.Parameter(torch.empty(self._rows[0] + self._rows[1] + values))

    def _make_rows(self, bias_row: bool) -> None:
        self.bias_k: nn.Parameter | None = None
        self.bias_v: nn.Parameter | None = None
        if not bias_row:
            return
        if self.stored_static or self.projection_static:
            raise HopfieldError(
                "concat_bias_pattern can't be learned for static stored patterns or projections"
            )
        self.bias_k = nn.Parameter(torch.empty(1, 1, self.num_heads * self._known(self.head_dim)))
        self.bias_v = nn.Parameter(torch.empty(1, 1, self.num_heads * self._known(self.pattern_dim)))

    def _make_beta(self, scaling: Any, learn_beta: bool) -> None:
        heads = self.num_heads
        if scaling is None:
            scaling = 1.0 if self.free else 1 / math.sqrt(self._known(self.head_dim))
        if isinstance(scaling, nn.Parameter):
            if learn_beta:
                raise HopfieldError("scaling is a Parameter, which is learned as it is: leave learn_beta out")
            self.beta: Tensor | nn.Parameter = scaling
        else:
            values = torch.as_tensor(scaling, dtype=None if isinstance(scaling, Tensor) else torch.float64)
            values = values if values.is_floating_point() else values.float()
            self.register_buffer("beta", values.detach().clone(), persistent=False)
        if self.beta.ndim > 1 or self.beta.numel() not in {1, heads}:
            raise HopfieldError(f"scaling must be one value or one for each of {heads} heads")
        if not bool((self.beta.detach() > 0).all()):
            raise HopfieldError(f"scaling (beta) must be positive: got {scaling!r}")
        self.log_beta: nn.Parameter | None = None
        if learn_beta:
            start = self.beta.detach().reshape(-1).expand(heads)
            self.log_beta = nn.Parameter(start.log().to(torch.get_default_dtype()).clone())
            self._log_beta_start = start.log()

    def reset_parameters(self) -> None:
        """Weights and appended rows N(0, 0.02^2), biases 0, normalization 1 and 0, learned beta its start."""
        if self.p_norm_weight is not None and self.p_norm_bias is not None:
            nn.init.ones_(self.p_norm_weight)
            nn.init.zeros_(self.p_norm_bias)
        weights: list[Tensor | None] = [
            self.in_proj_weight,
            self.q_proj_weight,
            self.k_proj_weight,
            self.v_proj_weight,
        ]
        if self.out_proj is not None:
            weights.append(self.out_proj.weight)
        for weight in (*weights, self.bias_k, self.bias_v):
            if weight is not None:
                nn.init.normal_(weight, std=_SPREAD)
        for offset in (self.in_proj_bias, None if self.out_proj is None else self.out_proj.bias):
            if offset is not None:
                nn.init.zeros_(offset)
        if self.log_beta is not None:
            with torch.no_grad():
                self.log_beta.copy_(self._log_beta_start)

    def beta_of(self, width: int, like: Tensor) -> Tensor:
        """Beta as a factor of q: ``[H or 1, 1, 1]``, or with `legacy_scaling` ``[H, 1, h]``."""
        beta = self.beta if self.log_beta is None else self.log_beta.exp()
        beta = beta.to(like.dtype).reshape(-1)
        if not self.legacy_scaling or beta.numel() == 1:
            return beta.reshape(-1, 1, 1)
        features = torch.arange(self.num_heads * width, device=beta.device) % self.num_heads
        return beta[features].reshape(self.num_heads, 1, width)

    def weights_of(self, which: int) -> tuple[Tensor | None, Tensor | None]:
        """Projection weight and bias of q (0), k (1) or v (2); (None, None) where it is static."""
        rows, start = self._rows[which], sum(self._rows[:which])
        if not rows:
            return None, None
        offset = None if self.in_proj_bias is None else self.in_proj_bias[start : start + rows]
        if self.in_proj_weight is not None:
            return self.in_proj_weight[start : start + rows], offset
        return (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)[which], offset

    def _in_heads(self, x: Tensor, which: int, width: int | None) -> Tensor:
        """Project ``[B, n, d]`` and split into heads ``[B, H, n, width]``; static input is in every head."""
        weight, offset = self.weights_of(which)
        if weight is None:
            if width is not None and x.shape[-1] != width:
                name = ("state pattern", "stored pattern", "pattern projection")[which]
                raise HopfieldError(f"static {name} must have width {width}: got {x.shape[-1]}")
            return x.unsqueeze(1).expand(-1, self.num_heads, -1, -1)
        if x.shape[-1] != weight.shape[1]:
            name = ("state pattern", "stored pattern", "pattern projection")[which]
            raise HopfieldError(f"{name} must have width {weight.shape[1]}: got {x.shape[-1]}")
        return split(linear(x, weight, offset), -1, self.num_heads).transpose(1, 2)

    def _normalized(self, x: Tensor) -> Tensor:
        if not self.normalize:
            return x
        return layer_norm(x, x.shape[-1:], self.p_norm_weight, self.p_norm_bias, self.normalize_eps)

    def queries(self, state: Tensor) -> Tensor:
        """q, beta not yet in it: ``[B, S, d_r] -> [B, H, S, h]``."""
        both = self.state_static and self.stored_static
        return self._normalized(self._in_heads(state, 0, None if both else self.head_dim))

    def keys(self, stored: Tensor) -> Tensor:
        """K with the appended rows: ``[B, N, d_y] -> [B, H, N (+ extra), h]``."""
        both = self.state_static and self.stored_static
        k = self._normalized(self._in_heads(stored, 1, None if both else self.head_dim))
        return self._extended(k, self.bias_k)

    def values(self, projection: Tensor) -> Tensor:
        """V with the appended rows: ``[B, N, d_u] -> [B, H, N (+ extra), p]``."""
        if self.connected and not self.stored_static:
            weight, offset = self.weights_of(1)
            projection = linear(projection, self._known_weight(weight), offset)
            if self.projection_static:
                v = split(projection, -1, self.num_heads).transpose(1, 2)
                return self._extended(v, self.bias_v)
        width = self.pattern_dim if self.out_proj is not None else None
        return self._extended(self._in_heads(projection, 2, width), self.bias_v)

    @staticmethod
    def _known_weight(weight: Tensor | None) -> Tensor:
        if weight is None:
            raise HopfieldError("a connected projection needs projected stored patterns")
        return weight

    def _extended(self, x: Tensor, row: Tensor | None) -> Tensor:
        """`x` with the learned row and the zero row behind its own."""
        pieces = [x]
        if row is not None:
            learned = split(row.to(x.dtype), -1, self.num_heads).transpose(1, 2)
            pieces.append(learned.expand(x.shape[0], -1, -1, -1))
        if self.zero_row:
            pieces.append(x.new_zeros((*x.shape[:2], 1, x.shape[-1])))
        return torch.cat(pieces, dim=2) if len(pieces) > 1 else x

    @property
    def extra_rows(self) -> int:
        """How many rows are appended to the stored patterns."""
        return int(self.bias_k is not None) + int(self.zero_row)

    def output(self, z: Tensor) -> Tensor:
        """Concatenate the heads and project out: ``[B, H, S, p] -> [B, S, output]``."""
        joined = z.transpose(1, 2).flatten(2)
        if self.out_proj is None:
            return joined
        out: Tensor = self.out_proj(joined)
        return out
