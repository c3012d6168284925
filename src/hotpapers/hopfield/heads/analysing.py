"""Over how many tokens each attention head averages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.heads.models import attentions_of, load_model, size_of, use_attention
from hotpapers.hopfield.heads.reports import HeadReport
from hotpapers.hopfield.heads.statistics import k_of_rows, visible_places

__all__ = ["analyze_heads"]


def analyze_heads(model: Any, batches: Iterable[Any]) -> HeadReport:
    """Over how many tokens each attention row of a transformer averages.

    k is the least number of tokens that hold 90 % of a row's weight. Where rows see different numbers of
    tokens, as in causal models or with padding, k/n is what classes go by; padded rows are left out.

    Parameters
    ----------
    model
        A model of Hugging Face's format, or the local folder of one. Its attention is set to eager.
    batches
        Token ids ``[B, S]``, or mappings with `input_ids` and, where there is padding, `attention_mask`.

    Returns
    -------
    HeadReport
        With `heads`, `to_csv` and `plot`.

    Raises
    ------
    HopfieldError
        If the model can't be read or shows no attention, or there is no batch.
    """
    if isinstance(model, str | Path):
        model = load_model(model)
    size_of(model)
    use_attention(model, "eager")
    trained = model.training
    model.eval()
    found_k: list[list[np.ndarray[Any, Any]]] = []
    found_n: list[list[np.ndarray[Any, Any]]] = []
    try:
        for batch, layers in attentions_of(model, batches):
            found_k = found_k or [[] for _ in layers]
            found_n = found_n or [[] for _ in layers]
            real = batch.get("attention_mask", torch.ones_like(batch["input_ids"])).bool().flatten().cpu()
            for at, attention in enumerate(layers):
                k = k_of_rows(attention).transpose(0, 1).flatten(1).cpu()
                n = visible_places(attention).sum(-1).flatten().cpu()
                found_k[at].append(k[:, real].numpy())
                found_n[at].append(n[real].numpy())
    finally:
        model.train(trained)
    if not found_k:
        raise HopfieldError("no batch was given: there is nothing to analyse")
    return HeadReport(
        [np.concatenate(parts, axis=1) for parts in found_k], [np.concatenate(parts) for parts in found_n]
    )
