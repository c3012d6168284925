"""Layers and inputs with seeded random values, for tests."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def randomised(layer: nn.Module, seed: int = 0, std: float = 0.5) -> nn.Module:
    """`layer` with all parameters N(0, std^2), normalization weights about 1, in evaluation mode."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            parameter.copy_(centre + std * torch.randn(parameter.shape, generator=random))
    return layer.eval()


def normal(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float32) -> Tensor:
    """N(0, 1) of this shape."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
