"""Heads that average without looking: the same weights whatever the text (the paper's replacement)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Averaging", "GaussianAveraging", "UniformAveraging"]


class UniformAveraging(nn.Module):
    """1/n for each of the n visible tokens."""

    def forward(self, visible: Tensor) -> Tensor:
        """Weights ``[B, S, N]`` for bool `visible` of that shape; zeros where nothing is visible."""
        return visible / visible.sum(-1, keepdim=True).clamp(min=1)


class GaussianAveraging(nn.Module):
    """A bell over positions: ``w_ij ~ exp(-(j - mu_i)^2 / (2 sigma_i^2))`` over the visible tokens j.

    Parameters
    ----------
    length
        N, positions of the longest sequence.
    shared
        ``"position"``: each position has its own mean and width, 2 N numbers in all, the mean starting at
        the position itself; ``"offset"``: one offset from the position and one width for all.

    Raises
    ------
    HopfieldError
        If the length is less than 1 or `shared` is none of these.

    Examples
    --------
    >>> bell = GaussianAveraging(64)
    >>> weights = bell(torch.ones(1, 64, 64, dtype=torch.bool))
    >>> int(weights[0, 40].argmax())
    40
    """

    def __init__(self, length: int, shared: Literal["position", "offset"] = "position") -> None:
        super().__init__()
        if length < 1 or shared not in {"position", "offset"}:
            raise HopfieldError(f"length >= 1, shared 'position' or 'offset': got {length!r}, {shared!r}")
        size = length if shared == "position" else 1
        self.offset = nn.Parameter(torch.zeros(size))  # mu_i - i
        self.log_sigma = nn.Parameter(torch.full((size,), max(length / 8, 0.5)).log())

    @property
    def sigma(self) -> Tensor:
        """Widths, ``[N]`` or ``[1]``."""
        return self.log_sigma.exp()

    def fit(self, attention: Tensor) -> None:
        """Take the mean and width that attention has at each position.

        Parameters
        ----------
        attention
            Mean attention of the head, ``[S, N]``, rows with sum 1.
        """
        places = torch.arange(attention.shape[1], dtype=attention.dtype, device=attention.device)
        own = torch.arange(attention.shape[0], dtype=attention.dtype, device=attention.device)
        mean = attention @ places
        spread = (attention * (places - mean[:, None]).square()).sum(-1)
        offset = mean - own
        if len(self.offset) == 1:
            offset, spread = offset.mean().reshape(1), spread.mean().reshape(1)
        with torch.no_grad():
            self.offset[: len(offset)] = offset.to(self.offset)
            self.log_sigma[: len(offset)] = spread.clamp(min=0.05).sqrt().log().to(self.log_sigma)

    def forward(self, visible: Tensor) -> Tensor:
        """Weights ``[B, S, N]`` for bool `visible` of that shape; zeros where nothing is visible."""
        queries, count = visible.shape[-2:]
        own = torch.arange(
            count - queries, count, device=visible.device
        )  # the last ones, where keys are cached
        at = own if len(self.offset) > 1 else torch.zeros_like(own)
        if int(at.max()) >= len(self.offset):
            raise HopfieldError(
                f"a sequence of {count} tokens, but this head knows {len(self.offset)} positions"
            )
        away = torch.arange(count, device=visible.device) - (own + self.offset[at])[:, None]
        scores = -away.square() / (2 * self.sigma[at].square()[:, None])
        weights = torch.softmax(scores.masked_fill(~visible, -1e30), dim=-1)
        return weights * visible


Averaging = UniformAveraging | GaussianAveraging
