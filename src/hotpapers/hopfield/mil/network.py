"""Networks for bags, M of one shape side by side: embedding, pooling by a learned state, one logit.

Small networks spend their time in calls, not in arithmetic. Every parameter therefore has a leading axis of
members, and one call trains the networks of all folds and all settings at once. Pooling is the room's
`HopfieldPooling` written so: with yh the normalised rows of a bag and q the projected state,

    a_h = softmax(beta q_h . k_h) = softmax(u_h . yh),        u_h = beta gamma_K * (W_K,h^T q_h),
    z_h = W_V,h (gamma_V * (a_h yh) + b_gamma sum a_h) + b_V,h sum a_h,

because what is the same for all rows of a bag cancels in softmax: keys and values are never formed.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.mil.batches import Batch

__all__ = ["BagNetworks", "Pooling", "Shape"]

Pooling = Literal["hopfield", "gated"]
_SPREAD = 0.02  # of projections and states, as in the room's layers
_EPS = 1e-5


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of a network.

    Parameters
    ----------
    features
        Width of the rows.
    embedding
        Widths of the dense layers, each with a ReLU, that embed the rows.
    heads, hidden_size
        H and h of the pooling association.
    update_steps
        Extra updates of the learned state.
    pooling
        ``"hopfield"``, or ``"gated"``: attention of Ilse et al. (2018), one head, no state.
    """

    features: int
    embedding: tuple[int, ...] = (128, 128)
    heads: int = 12
    hidden_size: int = 32
    update_steps: int = 0
    pooling: Pooling = "hopfield"

    def __post_init__(self) -> None:
        sizes = (self.features, *self.embedding, self.heads, self.hidden_size)
        if min(sizes) < 1 or not self.embedding or self.update_steps < 0:
            raise HopfieldError(f"sizes of a network must be at least 1: got {self}")
        if self.pooling not in {"hopfield", "gated"}:
            raise HopfieldError(f"pooling must be 'hopfield' or 'gated': got {self.pooling!r}")


class BagNetworks(nn.Module):
    """M networks: rows of bags -> one logit a bag.

    Parameters
    ----------
    shape
        Sizes, the same for all.
    members
        M.
    beta
        Inverse temperature of the pooling: one number, or one a member.
    dropout
        Of the associations (a row of the bag is left out) and of the embedded features: one, or one a member.
    generator
        Where the initial weights come from.
    """

    beta: Tensor
    bag_dropout: Tensor
    feature_dropout: Tensor

    def __init__(
        self,
        shape: Shape,
        members: int = 1,
        *,
        beta: float | Tensor = 1.0,
        bag_dropout: float | Tensor = 0.0,
        feature_dropout: float | Tensor = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.shape, self.members = shape, members
        settings = {"beta": beta, "bag_dropout": bag_dropout, "feature_dropout": feature_dropout}
        for name, value in settings.items():
            each = torch.as_tensor(value, dtype=torch.float32).expand(members).clone()
            self.register_buffer(name, each)
        widths = (shape.features, *shape.embedding)
        self.embedding = nn.ParameterList()
        for before, after in itertools.pairwise(widths):
            self.embedding += [
                nn.Parameter(torch.empty(members, *size)) for size in ((before, after), (1, after))
            ]
        for name, size in self._pooling_sizes().items():
            self.register_parameter(name, nn.Parameter(torch.empty(members, *size)))
        self.reset_parameters(generator)

    def _pooling_sizes(self) -> dict[str, tuple[int, ...]]:
        width, joined = self.shape.embedding[-1], self.shape.heads * self.shape.hidden_size
        norms = ("norm_stored", "norm_state", "norm_projection")
        sizes: dict[str, tuple[int, ...]] = {"out_weight": (width, 1), "out_bias": (1, 1)}
        if self.shape.pooling == "gated":
            hidden = self.shape.hidden_size
            for name in ("tanh", "gate"):
                sizes |= {f"{name}_weight": (width, hidden), f"{name}_bias": (1, hidden)}
            return sizes | {"score_weight": (hidden, 1)}
        sizes |= {f"{norm}_{part}": (1, width) for norm in norms for part in ("weight", "bias")}
        sizes |= {"state": (1, width), "pool_weight": (joined, width), "pool_bias": (1, width)}
        for name in "qkv":
            sizes |= {f"{name}_weight": (width, joined), f"{name}_bias": (1, joined)}
        return sizes

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Start anew: dense layers as torch's `Linear`, pooling as the room's layers."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                dense = name.startswith(("embedding", "out", "tanh", "gate", "score"))
                if name.startswith("norm"):
                    parameter.fill_(1.0 if name.endswith("weight") else 0.0)
                elif name.endswith("bias"):
                    parameter.zero_()
                elif dense and parameter.shape[1] > 1:
                    bound = 1 / math.sqrt(parameter.shape[1])
                    parameter.uniform_(-bound, bound, generator=generator)
                elif dense:
                    parameter.zero_()
                else:
                    parameter.normal_(std=_SPREAD, generator=generator)

    def only(self, member: int) -> BagNetworks:
        """One of the networks, by itself."""
        found = BagNetworks(self.shape, 1).to(self.beta.device)
        found.load_state_dict({name: value[member : member + 1] for name, value in self.state_dict().items()})
        return found.eval()

    def forward(self, rows: Tensor, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Logits ``[M, b]``.

        Parameters
        ----------
        rows
            What ``batch.take`` took, ``[M, R, features]``.
        batch
            How they make bags.
        generator
            Where dropout comes from, in training.
        """
        embedded = self.embed(rows, generator)
        pooled, _ = self.pool(embedded, batch, generator)
        logits: Tensor = (
            torch.relu(pooled) @ self.get_parameter("out_weight") + self.get_parameter("out_bias")
        ).squeeze(-1)
        return logits

    def weights(self, rows: Tensor, batch: Batch) -> list[Tensor]:
        """Association of the rows of each bucket, ``[k, H, n]`` each, without dropout."""
        with torch.no_grad():
            training = self.training
            self.eval()
            found = self.pool(self.embed(rows, None), batch, None)[1]
            self.train(training)
        return found

    def embed(self, rows: Tensor, generator: torch.Generator | None) -> Tensor:
        """``[M, R, features] -> [M, R, embedding]``."""
        layers = list(self.embedding)
        for weight, offset in zip(layers[::2], layers[1::2], strict=True):
            rows = torch.relu(torch.baddbmm(offset, rows, weight))
            rows = self._drop(rows, self.feature_dropout[:, None, None], generator)
        return rows

    def _drop(self, x: Tensor, chance: Tensor, generator: torch.Generator | None) -> Tensor:
        if not self.training or not bool((chance > 0).any()):
            return x
        kept = torch.rand(x.shape, generator=generator, device=x.device) >= chance
        return x * (kept / (1 - chance))

    def pool(
        self, embedded: Tensor, batch: Batch, generator: torch.Generator | None
    ) -> tuple[Tensor, list[Tensor]]:
        """What the bags become, ``[M, b, embedding]``, and the associations of each bucket's rows."""
        if self.shape.pooling == "gated":
            return self._pool_gated(embedded, batch, generator)
        rows = layer_norm(embedded, embedded.shape[-1:], eps=_EPS).flatten(0, 1)
        u = self._query_of(self._state_query())
        for _ in range(self.shape.update_steps):
            # beta K^T a for all bags: the state is then a bag's own
            m, _, _ = self._retrieve(rows, u, batch, None)
            u = self._query_of(self._in_heads(self._affine("stored", m), "k"))
        m, total, found = self._retrieve(rows, u, batch, generator)
        return self._values(m, total), found

    # ---- the association, folded

    def _heads(self, name: str) -> tuple[Tensor, Tensor]:
        """A projection's weight ``[M, H, d, h]`` and bias ``[M, H, 1, h]``."""
        split = (self.members, -1, self.shape.heads, self.shape.hidden_size)
        weight, offset = (self.get_parameter(f"{name}_{part}") for part in ("weight", "bias"))
        return weight.reshape(split).transpose(1, 2), offset.reshape(split).transpose(1, 2)

    def _affine(self, norm: str, m: Tensor, total: Tensor | float = 1.0) -> Tensor:
        """The affine part of a normalisation of ``m = a yh``, ``[M, H, b, d]``, with the sum of a."""
        weight, offset = (self.get_parameter(f"norm_{norm}_{part}") for part in ("weight", "bias"))
        affine: Tensor = m * weight[:, None] + offset[:, None] * total
        return affine

    def _in_heads(self, x: Tensor, name: str, total: Tensor | float = 1.0) -> Tensor:
        weight, offset = self._heads(name)
        return x @ weight + offset * total

    def _state_query(self) -> Tensor:
        """q, ``[M, H, 1, h]``."""
        state = self.get_parameter("state")
        normed = layer_norm(state, state.shape[-1:], eps=_EPS)
        return self._in_heads(self._affine("state", normed[:, None]), "q")

    def _query_of(self, q: Tensor) -> Tensor:
        """U from q: ``[M, H, 1 or b, h] -> [M, H, 1 or b, d]``."""
        weight, _ = self._heads("k")
        u: Tensor = (
            (self.beta[:, None, None, None] * q)
            @ weight.mT
            * self.get_parameter("norm_stored_weight")[:, None]
        )
        return u

    def _retrieve(
        self, rows: Tensor, u: Tensor, batch: Batch, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """``m = a yh`` as ``[M, H, b, d]``, the sums of a ``[M, H, b, 1]``, and a of each bucket."""
        u = u.transpose(1, 2).expand(-1, batch.size, -1, -1).flatten(0, 1)  # [M b, H, d]
        pieces, totals, found = [], [], []
        for bucket in batch.buckets:
            y = rows[bucket.rows]  # [k, n, d]
            scores = u[bucket.bags] @ y.mT
            scores = scores.masked_fill(~bucket.there[:, None], -torch.inf)
            a = torch.softmax(scores, -1)
            a = self._drop(a, self.bag_dropout[bucket.owner][:, None, None], generator)
            found.append(a)
            pieces.append(a @ y)
            totals.append(a.sum(-1, keepdim=True))
        back = torch.cat([bucket.bags for bucket in batch.buckets]).argsort()
        shape = (self.members, batch.size, self.shape.heads, -1)
        m, total = (torch.cat(each)[back].reshape(shape).transpose(1, 2) for each in (pieces, totals))
        return m, total, found

    def _values(self, m: Tensor, total: Tensor) -> Tensor:
        v = self._in_heads(self._affine("projection", m, total), "v", total)  # [M, H, b, h]
        joined = v.transpose(1, 2).flatten(2)
        pooled: Tensor = joined @ self.get_parameter("pool_weight") + self.get_parameter("pool_bias")
        return pooled

    # ---- gated attention

    def _pool_gated(
        self, embedded: Tensor, batch: Batch, generator: torch.Generator | None
    ) -> tuple[Tensor, list[Tensor]]:
        """``a = softmax(w . (tanh(V y) * sigmoid(U y)))`` (Ilse et al. 2018, eq. 9); the bag is ``a y``."""
        left = torch.tanh(
            torch.baddbmm(self.get_parameter("tanh_bias"), embedded, self.get_parameter("tanh_weight"))
        )
        right = torch.sigmoid(
            torch.baddbmm(self.get_parameter("gate_bias"), embedded, self.get_parameter("gate_weight"))
        )
        scores = (self.beta[:, None, None] * (left * right) @ self.get_parameter("score_weight")).flatten()
        rows = embedded.flatten(0, 1)
        pieces, found = [], []
        for bucket in batch.buckets:
            s = scores[bucket.rows].masked_fill(~bucket.there, -torch.inf)[:, None]
            a = self._drop(torch.softmax(s, -1), self.bag_dropout[bucket.owner][:, None, None], generator)
            found.append(a)
            pieces.append((a @ rows[bucket.rows]).squeeze(1))
        back = torch.cat([bucket.bags for bucket in batch.buckets]).argsort()
        return torch.cat(pieces)[back].reshape(self.members, batch.size, -1), found
