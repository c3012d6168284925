"""Layers of which one side is learned: pooling with learned states, lookup in learned patterns."""

from __future__ import annotations

from typing import Any, Unpack

import torch
from torch import Tensor, nn

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.inputs import Sets, as_sets, is_ragged
from hotpapers.hopfield.layers import Hopfield
from hotpapers.hopfield.properties import HopfieldProperties
from hotpapers.hopfield.running import Inputs, run
from hotpapers.hopfield.settings import HopfieldOptions

__all__ = ["HopfieldLayer", "HopfieldPooling"]


class _FixedSet(HopfieldProperties, nn.Module):
    """What both have: an association inside, and a number of learned vectors."""

    hopfield: Hopfield

    def __init__(self, hopfield: Hopfield, quantity: int) -> None:
        super().__init__()
        if quantity < 1:
            raise HopfieldError(f"quantity must be at least 1: got {quantity!r}")
        self.hopfield = hopfield
        self.quantity = quantity

    def _inner(self) -> Hopfield:
        return self.hopfield

    @property
    def batch_first(self) -> bool:
        """Whether dense inputs are ``[B, n, d]``."""
        return self.hopfield.batch_first

    def _vectors(self, width: int, *, trainable: bool) -> nn.Parameter:
        """``[1, Q, width]``, or ``[Q, 1, width]`` without `batch_first`, as in the reference's checkpoints."""
        shape = (1, self.quantity) if self.batch_first else (self.quantity, 1)
        return nn.Parameter(torch.empty(*shape, width), requires_grad=trainable)

    def _as_set(self, vectors: Tensor) -> Sets:
        """One set for all items of a batch, which is projected once."""
        return Sets(dense=vectors if self.batch_first else vectors.transpose(0, 1), unbatched=True)

    def _inputs(self, given: Any) -> Inputs:
        raise NotImplementedError

    def get_association_matrix(
        self,
        input: Any,  # noqa: A002 - the reference's name
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """The last associations ``[B, H, S, N (+ extra)]``, without gradient and without dropout."""
        with torch.no_grad():
            inputs = self._inputs(input)
            layer = self.hopfield
            work = layer.matrix_of_batch
            return run(layer, inputs, stored_pattern_padding_mask, association_mask, work, whole=True).padded

    def get_projected_pattern_matrix(
        self,
        input: Any,  # noqa: A002
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """The values ``[B, H, N (+ extra), p]``, without gradient."""
        with torch.no_grad():
            inputs = self._inputs(input)
            layer = self.hopfield
            work = layer.values_of_batch
            return run(layer, inputs, stored_pattern_padding_mask, association_mask, work, whole=True).padded

    def get_executed_updates(
        self,
        input: Any,  # noqa: A002
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """How many extra updates each head made: int64 ``[H]``, or ``[B, H]`` with ``stop="item"``."""
        masks = (stored_pattern_padding_mask, association_mask)
        return self.hopfield.executed_updates(self._inputs(input), *masks)


class HopfieldPooling(_FixedSet):
    """Pool each set of patterns into the vectors that Q learned states retrieve from it.

    The states are the layer's questions, the same for every set: `pooling_weights`, learned with the rest.
    A set of any size becomes ``Q * output_size`` numbers, whatever the order of its patterns.

    Parameters
    ----------
    input_size
        Width of the learned states, and of the sets where no other is given.
    hidden_size, output_size, pattern_size, num_heads, scaling, update_steps_max, update_steps_eps
        As in `Hopfield`.
    quantity
        Number Q of learned states.
    trainable
        Whether they learn.
    options
        All other arguments of `Hopfield`.

    Examples
    --------
    >>> pool = HopfieldPooling(input_size=8, quantity=2, output_size=3)
    >>> pool(torch.zeros(4, 10, 8)).shape
    torch.Size([4, 6])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int | None = None,
        output_size: int | None = None,
        pattern_size: int | None = None,
        num_heads: int = 1,
        scaling: float | Tensor | None = None,
        update_steps_max: int | Tensor | None = 0,
        update_steps_eps: float | Tensor | None = 1e-4,
        *,
        quantity: int = 1,
        trainable: bool = True,
        **options: Unpack[HopfieldOptions],
    ) -> None:
        sizes = (input_size, hidden_size, output_size, pattern_size)
        hopfield = Hopfield(*sizes, num_heads, scaling, update_steps_max, update_steps_eps, **options)
        super().__init__(hopfield, quantity)
        width = self.hidden_size if self.state_pattern_as_static else self.input_size
        self.pooling_weights = self._vectors(width or input_size, trainable=trainable)
        nn.init.normal_(self.pooling_weights, std=0.02)

    def reset_parameters(self) -> None:
        """Start anew."""
        self.hopfield.reset_parameters()
        nn.init.normal_(self.pooling_weights, std=0.02)

    def _inputs(self, given: Any) -> Inputs:
        if isinstance(given, tuple | list) and not is_ragged(given):
            if len(given) != 2:
                raise HopfieldError(
                    f"input must be one set of patterns, or two (stored, projection): got {len(given)}"
                )
            stored, projection = (
                as_sets(one, name, batch_first=self.batch_first)
                for one, name in zip(given, ("stored patterns", "projection input"), strict=True)
            )
            stored = projection if given[0] is given[1] else stored
        else:
            stored = projection = as_sets(given, "stored patterns", batch_first=self.batch_first)
        return Inputs(stored=stored, state=self._as_set(self.pooling_weights), projection=projection)

    def forward(
        self,
        input: Any,  # noqa: A002
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Tensor:
        """Pool.

        Parameters
        ----------
        input
            Sets of patterns, or two of equal sizes (stored, projection), each in a form that `Hopfield` takes.
        stored_pattern_padding_mask, association_mask
            As in `Hopfield`.

        Returns
        -------
        Tensor
            ``[B, Q * output_size]``; ``[Q * output_size]`` for one unbatched set.
        """
        found = self.hopfield.associate(self._inputs(input), stored_pattern_padding_mask, association_mask)
        pooled = found.padded.flatten(1)
        return pooled[0] if found.unbatched else pooled


class HopfieldLayer(_FixedSet):
    """Look states up among Q stored patterns that belong to the layer.

    With training data as `lookup_weights` and labels as `target_weights` this is the paper's memory
    classifier; with learned ones it is a layer of prototypes.

    Parameters
    ----------
    input_size
        Width of the states, and of the stored patterns where no other is given.
    hidden_size, output_size, pattern_size, num_heads, scaling, update_steps_max, update_steps_eps
        As in `Hopfield`.
    lookup_weights_as_separated
        Retrieve from `target_weights` instead of the stored patterns themselves.
    lookup_targets_as_trainable
        Whether those learn.
    quantity
        Number Q of stored patterns.
    trainable
        Whether the stored patterns learn.
    options
        All other arguments of `Hopfield`.

    Examples
    --------
    >>> layer = HopfieldLayer(input_size=8, quantity=100, output_size=3)
    >>> layer(torch.zeros(4, 10, 8)).shape
    torch.Size([4, 10, 3])
    """

    target_weights: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int | None = None,
        output_size: int | None = None,
        pattern_size: int | None = None,
        num_heads: int = 1,
        scaling: float | Tensor | None = None,
        update_steps_max: int | Tensor | None = 0,
        update_steps_eps: float | Tensor | None = 1e-4,
        lookup_weights_as_separated: bool = False,
        lookup_targets_as_trainable: bool = True,
        *,
        quantity: int = 1,
        trainable: bool = True,
        **options: Unpack[HopfieldOptions],
    ) -> None:
        sizes = (input_size, hidden_size, output_size, pattern_size)
        hopfield = Hopfield(*sizes, num_heads, scaling, update_steps_max, update_steps_eps, **options)
        super().__init__(hopfield, quantity)
        width = self.hidden_size if self.stored_pattern_as_static else self.stored_pattern_dim
        self.lookup_weights = self._vectors(width or input_size, trainable=trainable)
        if lookup_weights_as_separated:
            size = options.get("pattern_projection_size") or self.lookup_weights.shape[2]
            self.target_weights = self._vectors(size, trainable=lookup_targets_as_trainable)
        else:
            self.register_parameter("target_weights", None)
        self._reset_vectors()

    def _reset_vectors(self) -> None:
        nn.init.normal_(self.lookup_weights, std=0.02)
        if self.target_weights is not None:
            nn.init.normal_(self.target_weights, std=0.02)

    def reset_parameters(self) -> None:
        """Start anew."""
        self.hopfield.reset_parameters()
        self._reset_vectors()

    def _inputs(self, given: Any) -> Inputs:
        stored = self._as_set(self.lookup_weights)
        projection = stored if self.target_weights is None else self._as_set(self.target_weights)
        state = as_sets(given, "state patterns", batch_first=self.batch_first)
        return Inputs(stored=stored, state=state, projection=projection)

    def forward(
        self,
        input: Any,  # noqa: A002
        stored_pattern_padding_mask: Tensor | None = None,
        association_mask: Tensor | None = None,
    ) -> Any:
        """Look up: states in a form that `Hopfield` takes -> what they retrieve, in the same form."""
        return self.hopfield.associate(
            self._inputs(input), stored_pattern_padding_mask, association_mask
        ).result()
