"""The doors of the room: its demo's card, its claims."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from hotpapers.common.claims import check_claims
from hotpapers.common.papers import find_paper, load


def test_the_demo_draws_the_curve_and_writes_a_report_that_is_private(tmp_path) -> None:
    card = load(find_paper("dpopt").demo)(tmp_path)
    text = "".join(ET.parse(card.picture).getroot().itertext())
    for words in ("without privacy", "always the commoner class", "DP-NAG", "pure ε", "test accuracy, %"):
        assert words in text
    page = card.page.read_text()
    assert "ε = 4 at δ = 1e-5" in page
    assert "NOT PRIVATE" not in page
    private = float(card.facts["best at ε = 4"].split()[0])
    without, majority = (
        float(card.facts[name].split()[0]) for name in ("without privacy", "always the commoner class")
    )
    assert majority + 20 < private <= without


def test_accuracy_rises_with_epsilon() -> None:
    from hotpapers.dpopt.experiments.privacy_accuracy import measure

    found = measure((0.1, 16.0), repeats=4)
    for scores in found.accuracies.values():
        low, high = scores.mean(axis=1)
        assert high > low + 0.1
        assert high > 0.9


@pytest.mark.slow
def test_all_claims_hold() -> None:
    verdicts = {result.id: result.verdict for result in check_claims(find_paper("dpopt"))}
    assert verdicts.pop("A2") == "not checked"
    assert verdicts == dict.fromkeys(("C1", "C2", "C3", "C4", "C5", "C6", "A1"), "holds")
