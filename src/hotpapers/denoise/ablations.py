"""Nets trained alike but for one thing, for a fixed number of steps: what that thing is worth."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

from hotpapers.denoise.data import ExampleSettings
from hotpapers.denoise.material import Material, project_material
from hotpapers.denoise.recordings import recordings
from hotpapers.denoise.training import SmallNetTask, SmallNetTaskSettings
from hotpapers.denoise.validation import ValidationSet
from hotpapers.training import TrainingSettings, train

__all__ = ["STEPS", "complex_against_magnitudes", "with_and_without_recorded_noise"]

STEPS = 1500
_SEED = 6

Scores = Mapping[str, float]


def complex_against_magnitudes(steps: int = STEPS) -> tuple[Scores, Scores]:
    """Scores of a net that sees and filters complex spectra, and of one that knows and changes magnitudes alone.

    Both filter single frames, so that nothing else differs.
    """
    material = _material()
    validation = ValidationSet(*_held_back(material))
    scores = [
        _trained(material, validation, steps, net={"reach": 0, "magnitudes_only": only})
        for only in (False, True)
    ]
    return scores[0], scores[1]


def with_and_without_recorded_noise(steps: int = STEPS) -> tuple[Scores, Scores]:
    """Scores on held-back recorded noise after training with recorded noise too, and with generated noise alone."""
    material = _material()
    music, noise = _held_back(material)
    recorded = [each.name for each in recordings("noise", "validation")]
    validation = ValidationSet(music, noise, noises=[noise.names.index(name) for name in recorded])
    scores = [
        _trained(material, validation, steps, examples=ExampleSettings(synthetic=share))
        for share in (0.5, 1.0)
    ]
    return scores[0], scores[1]


def _material() -> Material:
    return project_material(platformdirs.user_cache_path("hotpapers") / "denoise" / "banks")


def _held_back(material: Material) -> tuple[Any, Any]:
    return material.held_back_music, material.held_back_noise


def _trained(
    material: Material,
    validation: ValidationSet,
    steps: int,
    *,
    net: Mapping[str, Any] | None = None,
    examples: ExampleSettings | None = None,
) -> Scores:
    task = SmallNetTask(material.examples(examples), None, SmallNetTaskSettings(net=net or {}))
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingSettings(folder=Path(folder), steps=steps, seed=_SEED, ema_modules=("net",))
        trained = train(task, settings).modules["net"].cpu()
    return validation.scores(trained)
