"""What replacing heads costs: the loss for each head alone, each layer, and the most within a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from hotpapers.hopfield.errors import HopfieldError
from hotpapers.hopfield.heads.averaging import Averaging, GaussianAveraging, UniformAveraging
from hotpapers.hopfield.heads.models import as_batch, mean_attentions, size_of, use_attention
from hotpapers.hopfield.heads.replacing import Head, replaced

__all__ = ["ReplacementCosts", "language_loss", "replacement_costs", "train_averaging"]

_SHARE, _SEED = 0.15, 0


@dataclass(frozen=True, kw_only=True)
class ReplacementCosts:
    """What it costs to replace heads by averaging.

    Parameters
    ----------
    kind
        ``"uniform"`` or ``"gaussian"``.
    base
        The model's loss, in nats a token.
    heads
        Loss with one head replaced.
    layers
        Loss with all heads of a layer replaced.
    chosen
        Heads that can be replaced together within the budget, in the order in which they were taken.
    together
        Loss with all of these replaced.
    budget
        Greatest relative rise of the loss.
    """

    kind: str
    base: float
    heads: Mapping[Head, float] = field(default_factory=dict)
    layers: Mapping[int, float] = field(default_factory=dict)
    chosen: tuple[Head, ...] = ()
    together: float = 0.0
    budget: float = 0.0

    def rise(self, loss: float) -> float:
        """A loss as its relative rise."""
        return loss / self.base - 1


@torch.no_grad()
def language_loss(model: Any, batches: Iterable[Any], mask_id: int | None = None) -> float:
    """Mean loss a token, in nats: of the next token, or of 15 % masked ones (always the same).

    Parameters
    ----------
    model
        With a head that predicts tokens.
    batches
        Token ids ``[B, S]``, or mappings with `input_ids` and `attention_mask`.
    mask_id
        Id of the mask token, for a masked language model.

    Raises
    ------
    HopfieldError
        If the model predicts no tokens, or its mask token is not named.
    """
    total, tokens = 0.0, 0
    masking = torch.Generator().manual_seed(_SEED)
    for given in batches:
        loss, count = _loss(model, as_batch(given), masking, mask_id)
        total += float(loss) * count
        tokens += count
    if not tokens:
        raise HopfieldError("no batch was given: there is no loss")
    return total / tokens


def _loss(
    model: Any, batch: dict[str, Tensor], masking: torch.Generator, mask_id: int | None
) -> tuple[Tensor, int]:
    """Mean loss of a batch, and over how many tokens."""
    name = type(model).__name__
    ids = batch["input_ids"].to(model.device)
    real = batch.get("attention_mask", torch.ones_like(ids)).to(model.device).bool()
    if "MaskedLM" in name:
        hidden = (torch.rand(ids.shape, generator=masking) < _SHARE).to(ids.device) & real
        labels = torch.where(hidden, ids, -100)
        if mask_id is None:
            raise HopfieldError(f"the loss of {name} needs mask_id, the id of its tokenizer's mask token")
        shown = torch.where(hidden, mask_id, ids)
        count = int(hidden.sum())
    elif "CausalLM" in name or "LMHead" in name:
        labels, shown = torch.where(real, ids, -100), ids
        count = int(real[:, 1:].sum())
    else:
        raise HopfieldError(
            f"{name} predicts no tokens: save the model with its language-model head to measure a loss"
        )
    loss: Tensor = model(input_ids=shown, attention_mask=real.long(), labels=labels).loss
    return loss, count


def replacement_costs(
    model: Any,
    batches: list[Any],
    kind: Literal["uniform", "gaussian"] = "uniform",
    budget: float = 0.01,
    *,
    fit_on: list[Any] | None = None,
    mask_id: int | None = None,
    progress: Callable[[list[Head]], Iterable[Head]] = iter,
) -> ReplacementCosts:
    """Replace each head, each layer, and as many heads as a budget allows.

    The set is found greedily: heads are tried from the cheapest on, and kept if all kept ones together
    stay within the budget.

    Parameters
    ----------
    model
        With a language-model head.
    batches
        Token ids ``[B, S]``, from which losses are measured.
    kind
        ``"uniform"``, or ``"gaussian"`` with the mean and width that each position's attention has.
    budget
        Greatest relative rise of the loss: 0.01 is one per cent.
    fit_on
        Batches of one length from which the bells get their moments; `batches` if left out.
    mask_id
        As in `language_loss`.
    progress
        Wraps the heads that are gone through.

    Raises
    ------
    HopfieldError
        If the budget is negative, the kind is unknown, or the model can't be worked on.
    """
    if budget < 0:
        raise HopfieldError(f"budget must be at least 0: got {budget!r}")
    layers, count = size_of(model)
    names = [(layer, head) for layer in range(layers) for head in range(count)]
    use_attention(model, "eager")
    averaging = _all_averaging(model, batches if fit_on is None else fit_on, kind, names)
    base = language_loss(model, batches, mask_id)

    def loss_without(heads: Iterable[Head]) -> float:
        with replaced(model, {head: averaging[head] for head in heads}):
            return language_loss(model, batches, mask_id)

    alone = {head: loss_without([head]) for head in progress(names)}
    by_layer = {layer: loss_without([head for head in names if head[0] == layer]) for layer in range(layers)}
    chosen: list[Head] = []
    together = base
    for head in sorted(names, key=lambda head: alone[head]):
        loss = loss_without([*chosen, head])
        if loss <= base * (1 + budget):
            chosen.append(head)
            together = loss
    return ReplacementCosts(
        kind=kind,
        base=base,
        heads=alone,
        layers=by_layer,
        chosen=tuple(chosen),
        together=together,
        budget=budget,
    )


def _all_averaging(model: Any, batches: list[Any], kind: str, names: list[Head]) -> dict[Head, Averaging]:
    if kind == "uniform":
        return {head: UniformAveraging() for head in names}
    if kind != "gaussian":
        raise HopfieldError(f"heads are replaced by 'uniform' or 'gaussian': got {kind!r}")
    found: dict[Head, Averaging] = {}
    for head, attention in mean_attentions(model, batches).items():
        bell = GaussianAveraging(attention.shape[0])
        bell.fit(attention)
        found[head] = bell
    return found


def train_averaging(
    model: Any,
    heads: Mapping[Head, Averaging],
    batches: list[Any],
    *,
    steps: int = 50,
    rate: float = 0.05,
    mask_id: int | None = None,
) -> list[float]:
    """Train the bells of replaced heads on the model's loss, everything else kept; returns the losses.

    Parameters
    ----------
    model
        The model; its heads are as before afterwards.
    heads
        What stands in their place: `GaussianAveraging`, trained in place.
    batches
        Gone through again and again.
    steps, rate
        Of Adam.
    mask_id
        As in `language_loss`.
    """
    learned = [parameter for averaging in heads.values() for parameter in averaging.parameters()]
    if not learned or not batches:
        raise HopfieldError(
            "nothing to train: bells and a batch are needed (uniform averaging has no parameters)"
        )
    optimizer = torch.optim.Adam(learned, lr=rate)
    losses = []
    with replaced(model, dict(heads)):
        for step in range(steps):
            loss, _ = _loss(
                model, as_batch(batches[step % len(batches)]), torch.Generator().manual_seed(_SEED), mask_id
            )
            gradients = torch.autograd.grad(loss, learned)
            for parameter, gradient in zip(learned, gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
            losses.append(float(loss.detach()))
    return losses
