"""DeepRC: convolution over each sequence, attention over the sequences of a bag, one logit.

One-hot letters make the convolution a sum of rows of a table: position i of a sequence is
``sum_t kernel[t, letter_{i+t}]``, nine rows instead of 9 x 23 products. What the three ramps add depends on the
sequence's length and the position alone: one small table for all lengths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, embedding_bag, pad

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.repertoire.encoding import all_position_channels, count_factor
from hotpapers.hopfield.repertoire.sequences import Repertoire

__all__ = ["Block", "DeepRC", "block_of"]

_BLOCK = 50_000  # sequences that are scored at a time


@dataclass(frozen=True, kw_only=True)
class Block:
    """Sequences that are embedded together.

    Parameters
    ----------
    codes
        Letters, 0 behind a sequence, int64 ``[k, width]``.
    lengths
        int64 ``[k]``.
    factor
        What the letters are multiplied by, ``[k]``.
    """

    codes: Tensor
    lengths: Tensor
    factor: Tensor

    def to(self, device: torch.device) -> Block:
        """The same on a device."""
        return Block(
            codes=self.codes.to(device), lengths=self.lengths.to(device), factor=self.factor.to(device)
        )


def block_of(
    repertoire: Repertoire, chosen: npt.NDArray[np.int64] | None = None, *, scaling: bool = False
) -> Block:
    """Sequences of a repertoire, all or the chosen ones."""
    chosen = np.arange(len(repertoire)) if chosen is None else chosen
    lengths = repertoire.lengths[chosen]
    return Block(
        codes=torch.from_numpy(repertoire.padded(chosen, int(lengths.max()))).long(),
        lengths=torch.from_numpy(lengths),
        factor=torch.from_numpy(count_factor(repertoire.counts[chosen], scaling)),
    )


class DeepRC(nn.Module):
    """A repertoire's sequences -> one logit.

    Parameters
    ----------
    kernels
        Number of convolution kernels, which is the width of a sequence's embedding.
    kernel_size
        Letters that a kernel sees, odd.
    attention
        Widths of the dense layers before the attention score.
    deviation
        What the features are divided by.
    """

    deviation: Tensor

    def __init__(
        self,
        *,
        kernels: int = 32,
        kernel_size: int = 9,
        attention: tuple[int, ...] = (32, 32),
        deviation: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if kernels < 1 or kernel_size < 1 or kernel_size % 2 == 0 or min(attention, default=1) < 1:
            raise HopfieldError(
                f"kernels {kernels}, kernel_size {kernel_size} (odd), attention {attention}: at least 1"
            )
        self.kernel_size = kernel_size
        self.register_buffer("deviation", torch.tensor(float(deviation)))
        self.letters = nn.Parameter(torch.empty(kernel_size, 20, kernels))
        self.ramps = nn.Parameter(torch.empty(kernel_size, 3, kernels))
        self.bias = nn.Parameter(torch.zeros(kernels))
        widths = (kernels, *attention)
        self.attention = nn.ModuleList(
            nn.Linear(before, after) for before, after in zip(widths, (*attention, 1), strict=True)
        )
        self.out = nn.Linear(kernels, 1)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Weights N(0, 1/numel), biases 0, as DeepRC starts; letters and ramps are one weight there."""
        with torch.no_grad():
            numel = self.letters.numel() + self.ramps.numel()
            for weight in (self.letters, self.ramps):
                weight.normal_(std=numel**-0.5, generator=generator)
            self.bias.zero_()
            layers: list[nn.Linear] = [*self.attention, self.out]
            for layer in layers:
                layer.weight.normal_(std=layer.weight.numel() ** -0.5, generator=generator)
                layer.bias.zero_()

    def embed(self, block: Block) -> Tensor:
        """Convolution, maximum over the positions of each sequence, SELU: ``[k, kernels]``.

        Positions run over the letters of the sequence, with zeros on both sides, so that neither the padding
        of others nor a short sequence matters. SELU rises: it may come after the maximum.
        """
        block = block.to(self.bias.device)
        reach, width = self.kernel_size // 2, block.codes.shape[1]
        table = pad(self.letters, (0, 0, 1, 0)).flatten(0, 1)  # a row of zeros for code 0
        ramps = conv1d(
            all_position_channels(width).to(table.device), self.ramps.permute(2, 1, 0), padding=reach
        )  # [width + 1, kernels, width]
        windows = pad(block.codes, (reach, reach)).unfold(1, self.kernel_size, 1)
        windows = windows + 21 * torch.arange(self.kernel_size, device=windows.device)
        with torch.no_grad():
            every = embedding_bag(windows.reshape(-1, self.kernel_size), table, mode="sum")
            every = every.reshape(*block.codes.shape, -1) * block.factor[:, None, None]
            every = every + ramps.mT[block.lengths]
            beyond = torch.arange(width, device=every.device) >= block.lengths[:, None]
            top, at = every.masked_fill_(beyond[..., None], -math.inf).max(1)  # [k, kernels]
        if torch.is_grad_enabled():  # a maximum's gradient is that of the place where it is
            top = self._at_places(windows, at, table, ramps, block)
        return torch.selu(top / self.deviation + self.bias)

    def _at_places(self, windows: Tensor, at: Tensor, table: Tensor, ramps: Tensor, block: Block) -> Tensor:
        """Convolution of each kernel at one place only, ``[k, kernels]``, with a gradient."""
        kernel = torch.arange(table.shape[1], device=at.device)
        seen = windows[torch.arange(len(at), device=at.device)[:, None], at]  # [k, kernels, size]
        letters = table.flatten()[seen * table.shape[1] + kernel[:, None]].sum(-1)
        place = (block.lengths[:, None] * table.shape[1] + kernel) * ramps.shape[2] + at
        return letters * block.factor[:, None] + ramps.flatten()[place]

    def scores(self, embedded: Tensor) -> Tensor:
        """Attention scores, ``[k, kernels] -> [k]``."""
        *hidden, last = self.attention
        for layer in hidden:
            embedded = torch.selu(layer(embedded))
        found: Tensor = last(embedded).squeeze(-1)
        return found

    def best(
        self,
        repertoire: Repertoire,
        fraction: float,
        *,
        among: npt.NDArray[np.int64] | None = None,
        scaling: bool = False,
    ) -> npt.NDArray[np.int64]:
        """The sequences of one bag with the highest scores, chosen without gradient: ``max(1, ceil(f n))``.

        Parameters
        ----------
        repertoire
            The bag, n sequences.
        fraction
            f, in (0, 1].
        among
            Only these sequences.
        scaling
            Whether letters are multiplied by ``log(1 + count)``.
        """
        among = np.arange(len(repertoire)) if among is None else among
        many = max(1, math.ceil(fraction * len(among) - 1e-9))
        if many == len(among):
            return among
        with torch.no_grad():
            scores = torch.cat(
                [
                    self.scores(
                        self.embed(block_of(repertoire, among[start : start + _BLOCK], scaling=scaling))
                    )
                    for start in range(0, len(among), _BLOCK)
                ]
            )
        rows: npt.NDArray[np.int64] = scores.topk(many).indices.sort().values.cpu().numpy()
        chosen: npt.NDArray[np.int64] = among[rows]
        return chosen

    def forward(self, bags: list[Block]) -> Tensor:
        """Logits of bags, ``[B]``: softmax of the scores over each bag's sequences, sum of their embeddings."""
        sizes, embedded = [len(bag.lengths) for bag in bags], self._embed_all(bags)
        pooled = [
            torch.softmax(scores, 0) @ rows
            for scores, rows in zip(
                torch.split(self.scores(embedded), sizes), torch.split(embedded, sizes), strict=True
            )
        ]
        logits: Tensor = self.out(torch.stack(pooled)).squeeze(-1)
        return logits

    def _embed_all(self, bags: list[Block]) -> Tensor:
        width = max(bag.codes.shape[1] for bag in bags)
        return self.embed(
            Block(
                codes=torch.cat([pad(bag.codes, (0, width - bag.codes.shape[1])) for bag in bags]),
                lengths=torch.cat([bag.lengths for bag in bags]),
                factor=torch.cat([bag.factor for bag in bags]),
            )
        )
