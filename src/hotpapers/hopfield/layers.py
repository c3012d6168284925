"""The association as a layer: states retrieve from stored patterns what is projected from a third input."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from hotpapers.hopfield.association import Method, associate, association_matrix
from hotpapers.hopfield.backends.choice import Backend, check_backend
from hotpapers.hopfield.core import HopfieldCore
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.folding import associate_folded, can_fold
from hotpapers.hopfield.inputs import as_sets, is_ragged
from hotpapers.hopfield.masks import Mask, combine
from hotpapers.hopfield.properties import HopfieldProperties
from hotpapers.hopfield.running import Inputs, Outcome, run
from hotpapers.hopfield.settings import Empty, activation, layer_norm, normed
from hotpapers.hopfield.sparse_maps import Attention, association_map
from hotpapers.hopfield.stopping import Rule, Stop

__all__ = ["Hopfield"]


class Hopfield(HopfieldProperties, nn.Module):
    """Association of states with stored patterns.

    Parameters
    ----------
    input_size
        Width of the state patterns.
    hidden_size
        Width h of the association space per head; ``input_size / num_heads`` if left out.
    output_size
        Width of the result; `input_size` if left out.
    pattern_size
        Width p of the retrieved values per head; `hidden_size` if left out.
    num_heads
        Number H of heads.
    scaling
        beta: a number, one a head, or a `Parameter`; ``1 / sqrt(h)`` if left out.
    update_steps_max
        Extra updates after the first association: 0 is attention, None updates until converged; a
        number or one a head.
    update_steps_eps
        A head stops when its associations change by no more than this; None: never before
        `update_steps_max`, and nothing is measured. A number or one a head.
    normalize_stored_pattern, normalize_state_pattern, normalize_pattern_projection
        LayerNorm of the three inputs; each with ``_affine`` and ``_eps``.
    normalize_hopfield_space
        LayerNorm over the h features of each head, once, before the first association.
    stored_pattern_as_static, state_pattern_as_static, pattern_projection_as_static
        Leave the projection out: the input is used in every head as it is.
    pattern_projection_as_connected
        Project values from the projected stored patterns' space.
    stored_pattern_size, pattern_projection_size
        Widths of stored patterns and projection input; `input_size` if left out.
    batch_first
        Dense inputs are ``[B, n, d]``, else ``[n, B, d]``.
    association_activation
        Name of an elementwise function of `torch` or `torch.nn.functional`, applied to the result.
    dropout
        Probability of dropping an association in training.
    input_bias
        Whether projections have biases.
    concat_bias_pattern, add_zero_association
        Append a learned row, and an all-zero row, to stored patterns and values.
    disable_out_projection
        Return the heads' values, concatenated.
    attention, top_k
        ``"softmax"``, ``"entmax15"``, ``"sparsemax"`` or ``"topk"`` (softmax over the `top_k` best).
    learn_beta
        Learn one beta a head, starting from `scaling`.
    legacy_scaling
        Spread several betas over the features in turns, as the reference does.
    backend
        ``"auto"``, ``"sdpa"``, ``"matmul"``, ``"chunked"`` or ``"flex"``.
    empty
        What a set without patterns is: ``"error"``, or ``"zero"``, whose association is zero.
    stop
        ``"head"``: a head stops for the whole batch, as in the reference; ``"item"``: in each item alone.

    Raises
    ------
    HopfieldError
        If arguments contradict each other; a `ValueError` too.

    Examples
    --------
    >>> layer = Hopfield(input_size=8, num_heads=2, update_steps_max=3)
    >>> layer(torch.zeros(4, 10, 8)).shape
    torch.Size([4, 10, 8])
    """

    def __init__(
        self,
        input_size: int | None = None,
        hidden_size: int | None = None,
        output_size: int | None = None,
        pattern_size: int | None = None,
        num_heads: int = 1,
        scaling: float | Tensor | None = None,
        update_steps_max: int | Tensor | None = 0,
        update_steps_eps: float | Tensor | None = 1e-4,
        normalize_stored_pattern: bool = True,
        normalize_stored_pattern_affine: bool = True,
        normalize_stored_pattern_eps: float = 1e-5,
        normalize_state_pattern: bool = True,
        normalize_state_pattern_affine: bool = True,
        normalize_state_pattern_eps: float = 1e-5,
        normalize_pattern_projection: bool = True,
        normalize_pattern_projection_affine: bool = True,
        normalize_pattern_projection_eps: float = 1e-5,
        normalize_hopfield_space: bool = False,
        normalize_hopfield_space_affine: bool = False,
        normalize_hopfield_space_eps: float = 1e-5,
        stored_pattern_as_static: bool = False,
        state_pattern_as_static: bool = False,
        pattern_projection_as_static: bool = False,
        pattern_projection_as_connected: bool = False,
        stored_pattern_size: int | None = None,
        pattern_projection_size: int | None = None,
        batch_first: bool = True,
        association_activation: str | None = None,
        dropout: float = 0.0,
        input_bias: bool = True,
        concat_bias_pattern: bool = False,
        add_zero_association: bool = False,
        disable_out_projection: bool = False,
        *,
        attention: Attention = "softmax",
        top_k: int = 8,
        learn_beta: bool = False,
        legacy_scaling: bool = False,
        backend: Backend = "auto",
        empty: Empty = "error",
        stop: Stop = "head",
    ) -> None:
        super().__init__()
        self.association_core = core = HopfieldCore(
            input_size=input_size,
            stored_size=stored_pattern_size,
            projection_size=pattern_projection_size,
            hidden_size=hidden_size,
            pattern_size=pattern_size,
            output_size=output_size,
            num_heads=num_heads,
            scaling=scaling,
            learn_beta=learn_beta,
            legacy_scaling=legacy_scaling,
            state_static=state_pattern_as_static,
            stored_static=stored_pattern_as_static,
            projection_static=pattern_projection_as_static,
            connected=pattern_projection_as_connected,
            normalize=normalize_hopfield_space,
            normalize_affine=normalize_hopfield_space_affine,
            normalize_eps=normalize_hopfield_space_eps,
            bias=input_bias,
            bias_row=concat_bias_pattern,
            zero_row=add_zero_association,
            project_out=not disable_out_projection,
        )
        # A static input has the association space's width, whatever the others have.
        stored_width = core.head_dim if stored_pattern_as_static else None
        state_width = core.head_dim if state_pattern_as_static else None
        value_static = pattern_projection_as_static and not pattern_projection_as_connected
        value_width = core.pattern_dim if value_static and not disable_out_projection else None
        self.norm_stored_pattern = layer_norm(
            normalize_stored_pattern,
            normalize_stored_pattern_affine,
            stored_width or stored_pattern_size or input_size,
            normalize_stored_pattern_eps,
        )
        self.norm_state_pattern = layer_norm(
            normalize_state_pattern,
            normalize_state_pattern_affine,
            state_width or input_size,
            normalize_state_pattern_eps,
        )
        self.norm_pattern_projection = layer_norm(
            normalize_pattern_projection,
            normalize_pattern_projection_affine,
            value_width or pattern_projection_size or input_size,
            normalize_pattern_projection_eps,
        )
        if not 0 <= dropout < 1:
            raise HopfieldError(f"dropout must lie in [0, 1): got {dropout!r}")
        if empty not in {"error", "zero"}:
            raise HopfieldError(f"empty must be 'error' or 'zero': got {empty!r}")
        association_map(attention, top_k)
        self.attention, self.top_k, self.dropout, self.empty = attention, top_k, dropout, empty
        self.backend = check_backend(backend, attention)
        self.batch_first = batch_first
        self.association_activation = activation(association_activation) if association_activation else None
        self.steps_given, self.eps_given = update_steps_max, update_steps_eps
        self.rule = Rule.of(update_steps_max, update_steps_eps, num_heads, stop)

    def reset_parameters(self) -> None:
        """Start anew: projections N(0, 0.02^2), biases 0, normalization 1 and 0."""
        self.association_core.reset_parameters()
        for norm in (self.norm_stored_pattern, self.norm_state_pattern, self.norm_pattern_projection):
            if norm is not None:
                norm.reset_parameters()

    def _inner(self) -> Hopfield:
        return self

    # ---- calls

    def forward(
        self,
        input: Any,  # noqa: A002 - the reference's name
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Any:
        """Associate.

        Parameters
        ----------
        input
            One input, which is stored patterns, states and projection input at once, or three of them in
            this order. Each is ``[B, n, d]``, one set ``[n, d]``, a nested tensor of jagged layout, or
            a pair of values ``[T, d]`` and offsets ``[B + 1]``.
        stored_pattern_padding_mask
            ``[B, N]`` bool, True = padding.
        association_mask
            ``[S, N]`` or ``[B * H, S, N]``; bool, True = forbidden, or float, added to the scores.

        Returns
        -------
        Tensor
            ``[B, S, output_size]`` in the form of the states: unbatched, nested, or values alone.
        """
        return self.associate(self._three(input), stored_pattern_padding_mask, association_mask).result()

    def get_association_matrix(
        self,
        input: Any,  # noqa: A002
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """The last associations ``[B, H, S, N (+ extra)]``, without gradient and without dropout."""
        with torch.no_grad():
            inputs = self._three(input)
            return run(
                self, inputs, stored_pattern_padding_mask, association_mask, self.matrix_of_batch, whole=True
            ).padded

    def get_projected_pattern_matrix(
        self,
        input: Any,  # noqa: A002
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """The values ``[B, H, N (+ extra), p]``, without gradient."""
        with torch.no_grad():
            inputs = self._three(input)
            return run(
                self, inputs, stored_pattern_padding_mask, association_mask, self.values_of_batch, whole=True
            ).padded

    def get_executed_updates(
        self,
        input: Any,  # noqa: A002
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """How many extra updates each head made: int64 ``[H]``, or ``[B, H]`` with ``stop="item"``."""
        return self.executed_updates(self._three(input), stored_pattern_padding_mask, association_mask)

    def _three(self, given: Any) -> Inputs:
        """The three inputs; what was given once stays one object, so that it is worked on once."""
        if isinstance(given, tuple | list) and not is_ragged(given):
            if len(given) != 3:
                raise HopfieldError(
                    f"input must be one set of patterns, or three (stored, state, projection): got {len(given)}"
                )
        else:
            given = (given, given, given)
        names = ("stored patterns", "state patterns", "projection input")
        known: dict[int, Any] = {}
        for one, name in zip(given, names, strict=True):
            if id(one) not in known:
                known[id(one)] = as_sets(one, name, batch_first=self.batch_first)
        stored, state, projection = (known[id(one)] for one in given)
        return Inputs(stored=stored, state=state, projection=projection)

    def executed_updates(self, inputs: Inputs, padding: Tensor | None, mask: Tensor | None) -> Tensor:
        """What `get_executed_updates` of all layers gives, for prepared inputs."""
        with torch.no_grad():
            found = self.associate(inputs, padding, mask, whole=True).executed
        return found if self.rule.stop == "item" else found[0]

    def associate(
        self, inputs: Inputs, padding: Tensor | None, mask: Tensor | None, *, whole: bool = False
    ) -> Outcome:
        """Run the association over prepared inputs; `forward` of all layers ends here."""
        return run(self, inputs, padding, mask, self.result_of_batch, whole=whole or self.rule.couples_items)

    # ---- one padded batch

    @property
    def _method(self) -> Method:
        dropout = self.dropout if self.training else 0.0
        return Method(attention=self.attention, top_k=self.top_k, backend=self.backend, dropout=dropout)

    def _mask(
        self, padding: Tensor | None, mask: Tensor | None, batch: int, queries: int, patterns: int
    ) -> Mask:
        core = self.association_core
        return combine(
            mask,
            padding,
            batch=batch,
            heads=core.num_heads,
            queries=queries,
            patterns=patterns,
            extra=core.extra_rows,
        )

    def _queries(self, state: Tensor) -> tuple[Tensor, Tensor]:
        q = self.association_core.queries(normed(self.norm_state_pattern, state))
        return q, self.association_core.beta_of(q.shape[-1], q)

    def result_of_batch(
        self,
        stored: Tensor,
        state: Tensor,
        projection: Tensor,
        padding: Tensor | None,
        association_mask: Tensor | None,
        counted: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """Result ``[B, S, output_size]`` and the executed updates for dense inputs of batch B or 1."""
        core, method = self.association_core, self._method
        batch = max(stored.shape[0], state.shape[0], projection.shape[0])
        queries, patterns = state.shape[1], stored.shape[1]
        mask = self._mask(padding, association_mask, batch, queries, patterns)
        q, beta = self._queries(state)
        if patterns + core.extra_rows == 0:  # nothing to retrieve: values of zero, and the way out of them
            width = core.values(normed(self.norm_pattern_projection, projection)).shape[-1]
            z = q.new_zeros((batch, core.num_heads, queries, width))
            return self._finish(core.output(z), Mask(), padding), q.new_zeros(
                (1, core.num_heads), dtype=torch.int64
            )
        folds = (
            stored is projection
            and association_mask is None
            and counted is None
            and stored.shape[0] == batch
            and can_fold(
                core,
                self.norm_stored_pattern,
                self.norm_pattern_projection,
                method,
                queries=queries,
                patterns=patterns,
                device=stored.device,
            )
        )
        if folds:
            norms = (self.norm_stored_pattern, self.norm_pattern_projection)
            z, executed = associate_folded(core, *norms, stored, q, beta, mask, self.rule)
        else:
            k = core.keys(normed(self.norm_stored_pattern, stored))
            v = core.values(normed(self.norm_pattern_projection, projection))
            q, k, v = (x.expand(batch, -1, -1, -1) for x in (q, k, v))
            z, executed = associate(q, k, v, beta, mask, self.rule, method, counted=counted)
        return self._finish(core.output(z.to(q.dtype)), mask, padding), executed

    def _finish(self, out: Tensor, mask: Mask, padding: Tensor | None) -> Tensor:
        if self.association_activation is not None:
            out = self.association_activation(out)
        if mask.dead is not None:
            dead = mask.dead.all(dim=1)  # [B, S, 1]: masked in every head
            if self.empty == "zero" and padding is not None:
                dead = (
                    dead & ~padding.to(torch.bool).all(-1)[:, None, None]
                )  # an empty set is no masked query
            out = out.masked_fill(dead, 0.0)
        return out

    def matrix_of_batch(
        self,
        stored: Tensor,
        state: Tensor,
        projection: Tensor,
        padding: Tensor | None,
        association_mask: Tensor | None,
        counted: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """Association matrix ``[B, H, S, N (+ extra)]`` for dense inputs."""
        batch = max(stored.shape[0], state.shape[0], projection.shape[0])
        mask = self._mask(padding, association_mask, batch, state.shape[1], stored.shape[1])
        q, beta = self._queries(state)
        k = self.association_core.keys(normed(self.norm_stored_pattern, stored))
        q, k = q.expand(batch, -1, -1, -1), k.expand(batch, -1, -1, -1)
        return association_matrix(q, k, beta, mask, self.rule, self._method, counted=counted), None

    def values_of_batch(
        self,
        stored: Tensor,
        state: Tensor,
        projection: Tensor,
        padding: Tensor | None,
        association_mask: Tensor | None,
        counted: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """Values ``[B, H, N (+ extra), p]`` for dense inputs."""
        batch = max(stored.shape[0], state.shape[0], projection.shape[0])
        v = self.association_core.values(normed(self.norm_pattern_projection, projection))
        return v.expand(batch, -1, -1, -1), None
