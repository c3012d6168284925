"""A small transformer trained on the spot, to watch its heads leave the state of averaging."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hotpapers.common.files import atomic_folder
from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.heads.models import quiet

__all__ = ["CharacterSettings", "corpus", "pieces", "save_model", "small_model", "train"]


@dataclass(frozen=True, kw_only=True)
class CharacterSettings:
    """Size and training of the small model.

    Parameters
    ----------
    layers, heads, width
        Of the transformer.
    length
        Bytes in a piece of text.
    batch
        Pieces in a step.
    steps
        Of AdamW.
    rate
        Its highest learning rate, reached after a twentieth of the steps, then falling as a cosine.
    seed
        Of weights and batches.
    """

    layers: int = 4
    heads: int = 4
    width: int = 96
    length: int = 128
    batch: int = 8
    steps: int = 2000
    rate: float = 2e-3
    seed: int = 0


def corpus() -> tuple[str, str]:
    """English text that is everywhere: the help topics of Python, those to learn from and those held out."""
    from pydoc_data.topics import topics

    names = sorted(topics)
    held = names[::10]
    learned = [name for name in names if name not in held]
    return "\n".join(topics[name] for name in learned), "\n".join(topics[name] for name in held)


def small_model(settings: CharacterSettings) -> Any:
    """A causal transformer over bytes (of GPT-2's kind) with fresh weights."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=256,
        n_positions=settings.length,
        n_embd=settings.width,
        n_layer=settings.layers,
        n_head=settings.heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=None,
        eos_token_id=None,
    )
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(settings.seed)
        model: Any = GPT2LMHeadModel(config)
    model.loss_type = "ForCausalLM"
    return model


def pieces(text: str, length: int, count: int, seed: int) -> Tensor:
    """Random pieces of a text as bytes, ``[count, length]``.

    Raises
    ------
    HopfieldError
        If the text is shorter than a piece.
    """
    content = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8).long()
    if len(content) < length:
        raise HopfieldError(f"the text has {len(content)} bytes, fewer than a piece of {length}")
    random = torch.Generator().manual_seed(seed)
    starts = torch.randint(len(content) - length + 1, (count, 1), generator=random)
    return content[starts + torch.arange(length)]


def train(
    model: Any,
    text: str,
    settings: CharacterSettings,
    watch: Callable[[int], None] | None = None,
    every: int = 100,
) -> list[float]:
    """Train in place to predict the next byte; returns the loss of each step, in nats.

    Parameters
    ----------
    model
        As `small_model` makes.
    text
        To learn from.
    settings
        Of the training.
    watch
        Called with the number of steps made, first with 0, every `every` steps and at the end.
    every
        Steps between calls.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.rate, weight_decay=0.05, betas=(0.9, 0.98))
    batches = pieces(text, settings.length, settings.steps * settings.batch, settings.seed + 1)
    losses: list[float] = []
    model.train()
    for step, batch in enumerate(batches.view(settings.steps, settings.batch, -1)):
        if watch is not None and step % every == 0:
            watch(step)
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * _warm_then_cool(step, settings.steps)
        optimizer.zero_grad()
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    model.eval()
    if watch is not None:
        watch(settings.steps)
    return losses


def _warm_then_cool(step: int, steps: int) -> float:
    warm = max(1, steps // 20)
    return (step + 1) / warm if step < warm else 0.05 + 0.95 * (1 + math.cos(math.pi * step / steps)) / 2


def save_model(model: Any, folder: Path) -> None:
    """Save the model as a local folder that `analyze_heads` takes, whole or not at all."""
    with atomic_folder(folder) as temporary, quiet():
        model.save_pretrained(temporary)
