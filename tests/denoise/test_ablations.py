"""Ablations: two nets that differ in one thing, judged on the same mixtures."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.denoise import ablations
from hotpapers.denoise.banks import write_bank
from hotpapers.denoise.material import Material
from hotpapers.denoise.recordings import recordings
from hotpapers.denoise.validation import ValidationSet


@pytest.fixture
def material(tmp_path, monkeypatch) -> Material:
    rng = np.random.default_rng(0)
    tones = np.sin(2 * np.pi * 220 * np.arange(88_200) / 44_100).astype(np.float32)
    hiss = rng.standard_normal(88_200).astype(np.float32)
    recorded = [(each.name, hiss[::-1]) for each in recordings("noise", "validation")]

    def bank(name, *clips):
        return write_bank(tmp_path / name, clips)

    made = Material(
        music=bank("music", ("a", tones)),
        rendered=None,
        recorded=bank("recorded", ("b", hiss)),
        synthetic=bank("synthetic", ("c", np.cumsum(hiss))),
        held_back_music=bank("held music", ("d", tones)),
        held_back_noise=bank("held noise", ("generated", np.cumsum(hiss)), *recorded),
    )
    monkeypatch.setattr(ablations, "_material", lambda: made)
    return made


def test_both_ablations_train_two_nets_and_judge_them_alike(material, monkeypatch) -> None:
    seen = []

    def scored(self, net):
        seen.append((net.settings, len(self.mixtures)))
        return {"gain": 0.0, "gain_0": 0.0}

    monkeypatch.setattr(ValidationSet, "scores", scored)
    ablations.complex_against_magnitudes(steps=1)
    assert ["magnitudes_only" in settings for settings, _ in seen] == [False, True]
    assert all(settings["reach"] == 0 for settings, _ in seen)
    seen.clear()
    monkeypatch.setattr(ablations, "_trained", lambda *given, examples: (examples.synthetic, given[1]))
    (both, validation), (generated, same) = ablations.with_and_without_recorded_noise(steps=1)
    assert (both, generated) == (0.5, 1.0)
    assert validation is same


def test_a_validation_set_of_chosen_noises_holds_no_other(material) -> None:
    music, noise = material.held_back_music, material.held_back_noise
    chosen = ValidationSet(music, noise, excerpts=2, noises=[1])
    hiss = [mixture.noisy[: mixture.lead_in] for mixture in chosen.mixtures]
    slow = [float(part[1:] @ part[:-1] / (part @ part)) for part in hiss]
    assert max(map(abs, slow)) < 0.05  # white, not the cumulated noise of the other clip
