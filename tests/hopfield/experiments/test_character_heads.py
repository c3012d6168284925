"""Heads watched while a small model learns."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from hotpapers.hopfield.experiments.character_heads import watch_heads
from hotpapers.hopfield.heads.character_model import CharacterSettings


def test_the_story_at_a_tiny_size() -> None:
    settings = CharacterSettings(layers=2, heads=2, width=16, length=40, batch=4, steps=12)
    story = watch_heads(settings, every=5)
    assert sorted(story.reports) == [0, 5, 10, 12]
    assert story.last == 12
    assert story.averaging(0) == 4
    assert story.loss < 5.6
    assert set(story.costs) == {"uniform", "gaussian"}
    assert story.costs["uniform"].base == pytest.approx(story.loss, rel=1e-5)
    assert len(story.costs["gaussian"].heads) == 4
