"""What can be asked of every layer: sizes and settings, under the reference's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from hotpapers.hopfield.layers import Hopfield

__all__ = ["HopfieldProperties"]


class HopfieldProperties:
    """Sizes and settings of the association inside a layer."""

    def _inner(self) -> Hopfield:
        """The association asked."""
        raise NotImplementedError

    @property
    def scaling(self) -> float | Tensor:
        """beta: a float, or one a head."""
        core = self._inner().association_core
        beta = (core.beta if core.log_beta is None else core.log_beta.exp()).detach()
        return float(beta) if beta.numel() == 1 and beta.ndim == 0 else beta.clone()

    @property
    def stored_pattern_dim(self) -> int | None:
        """Width of the stored patterns."""
        return self._inner().association_core.stored_size

    @property
    def state_pattern_dim(self) -> int | None:
        """Width of the states."""
        return self._inner().association_core.input_size

    @property
    def pattern_projection_dim(self) -> int | None:
        """Width of the projection input."""
        return self._inner().association_core.projection_size

    @property
    def input_size(self) -> int | None:
        """Width of the states."""
        return self.state_pattern_dim

    @property
    def hidden_size(self) -> int | None:
        """Width of the association space per head."""
        return self._inner().association_core.head_dim

    @property
    def output_size(self) -> int | None:
        """Width of the result."""
        return self._inner().association_core.output_size

    @property
    def pattern_size(self) -> int | None:
        """Width of the values per head."""
        return self._inner().association_core.pattern_dim

    @property
    def update_steps_max(self) -> Any:
        """Extra updates, as given."""
        return self._inner().steps_given

    @property
    def update_steps_eps(self) -> Any:
        """Tolerance, as given."""
        return self._inner().eps_given

    @property
    def stored_pattern_as_static(self) -> bool:
        """Whether stored patterns are not projected."""
        return self._inner().association_core.stored_static

    @property
    def state_pattern_as_static(self) -> bool:
        """Whether states are not projected."""
        return self._inner().association_core.state_static

    @property
    def pattern_projection_as_static(self) -> bool:
        """Whether values are not projected."""
        return self._inner().association_core.projection_static

    @property
    def normalize_stored_pattern(self) -> bool:
        """Whether stored patterns are normalised."""
        return self._inner().norm_stored_pattern is not None

    @property
    def normalize_stored_pattern_affine(self) -> bool:
        """Whether that has weights."""
        norm = self._inner().norm_stored_pattern
        return norm is not None and norm.elementwise_affine

    @property
    def normalize_state_pattern(self) -> bool:
        """Whether states are normalised."""
        return self._inner().norm_state_pattern is not None

    @property
    def normalize_state_pattern_affine(self) -> bool:
        """Whether that has weights."""
        norm = self._inner().norm_state_pattern
        return norm is not None and norm.elementwise_affine

    @property
    def normalize_pattern_projection(self) -> bool:
        """Whether the projection input is normalised."""
        return self._inner().norm_pattern_projection is not None

    @property
    def normalize_pattern_projection_affine(self) -> bool:
        """Whether that has weights."""
        norm = self._inner().norm_pattern_projection
        return norm is not None and norm.elementwise_affine

    @property
    def normalize_hopfield_space(self) -> bool:
        """Whether the association space is normalised."""
        return self._inner().association_core.normalize

    @property
    def normalize_hopfield_space_affine(self) -> bool:
        """Whether that has weights."""
        return self._inner().association_core.p_norm_weight is not None
