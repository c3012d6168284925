"""H11: heads of a small model average at first, most stop to, and some can be averages for good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from hotpapers.hopfield.heads.analysing import analyze_heads
from hotpapers.hopfield.heads.character_model import CharacterSettings, corpus, pieces, small_model, train
from hotpapers.hopfield.heads.losses import ReplacementCosts, language_loss, replacement_costs
from hotpapers.hopfield.heads.models import use_attention
from hotpapers.hopfield.heads.reports import HeadReport

__all__ = ["HeadStory", "watch_heads"]

_PIECES = 32


@dataclass
class HeadStory:
    """What became of the heads.

    Parameters
    ----------
    model
        The trained model.
    reports
        Steps made -> the heads then.
    loss
        On held-out text, in nats a byte.
    costs
        ``"uniform"`` and ``"gaussian"`` -> what replacing heads costs on held-out text.
    """

    model: Any
    reports: dict[int, HeadReport] = field(default_factory=dict)
    loss: float = 0.0
    costs: dict[str, ReplacementCosts] = field(default_factory=dict)

    def averaging(self, step: int) -> int:
        """How many heads were of class I after so many steps."""
        return sum(head.head_class == "I" for head in self.reports[step].heads())

    @property
    def last(self) -> int:
        """Steps made in all."""
        return max(self.reports)


def watch_heads(
    settings: CharacterSettings | None = None, every: int = 500, budget: float = 0.01
) -> HeadStory:
    """Train a small model on Python's help topics, read its heads on the way, then replace them.

    Parameters
    ----------
    settings
        Of model and training; by default five minutes of one core.
    every
        Steps between readings.
    budget
        Greatest relative rise of the loss by replaced heads.
    """
    settings = settings or CharacterSettings()
    learned, held = corpus()
    story = HeadStory(small_model(settings))
    shown = list(torch.split(pieces(held, settings.length, _PIECES, settings.seed + 2), 16))
    fit_on = list(torch.split(pieces(learned, settings.length, _PIECES, settings.seed + 3), 16))

    def watch(step: int) -> None:
        story.reports[step] = analyze_heads(story.model, shown)
        use_attention(story.model, "sdpa")

    train(story.model, learned, settings, watch, every)
    story.loss = language_loss(story.model, shown)
    story.costs["uniform"] = replacement_costs(story.model, shown, "uniform", budget)
    story.costs["gaussian"] = replacement_costs(story.model, shown, "gaussian", budget, fit_on=fit_on)
    return story
