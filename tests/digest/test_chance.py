"""Exact tests against an independent implementation, and how often chance passes for a find."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy import stats

from hotpapers.digest.chance import false_discovery_rates, least_p_value, p_value


@pytest.mark.parametrize("seed", range(40))
def test_p_values_are_those_of_the_hypergeometric_distribution(seed):
    chance = random.Random(seed)
    papers, papers_before = chance.randint(1, 3000), chance.randint(1, 3000)
    used = chance.randint(0, min(papers + papers_before, chance.choice([5, 50, 500, 6000])))
    drawn = stats.hypergeom(papers + papers_before, papers, used)
    low, high = max(0, used - papers_before), min(used, papers)
    for now in {low, high, chance.randint(low, high), round(used * papers / (papers + papers_before))}:
        expected = min(1.0, 2 * min(drawn.cdf(now), drawn.sf(now - 1)))
        assert p_value(now, used - now, papers, papers_before) == pytest.approx(expected, rel=1e-9)
    smallest = min(p_value(now, used - now, papers, papers_before) for now in (low, high))
    assert least_p_value(used, papers, papers_before) == pytest.approx(smallest, rel=1e-9)


def test_windows_may_be_swapped():
    assert p_value(7, 2, 40, 90) == pytest.approx(p_value(2, 7, 90, 40), rel=1e-12)


def test_rates_are_benjamini_and_hochbergs():
    p = np.random.default_rng(0).uniform(size=200) ** 3
    assert false_discovery_rates(p.tolist()) == pytest.approx(stats.false_discovery_control(p).tolist())
    assert false_discovery_rates([]) == []


def test_windows_that_are_alike_seldom_have_a_find():
    """Of 200 pairs of windows from one source, about a twentieth may have one among 300 words: 1 to 20."""
    chance = np.random.default_rng(2)
    share = 0.5 / np.arange(1, 301) ** 0.7
    found = 0
    for _ in range(200):
        now, before = chance.binomial(150, share), chance.binomial(250, share)
        tests = [p_value(int(a), int(b), 150, 250) for a, b in zip(now, before, strict=True)]
        found += min(false_discovery_rates(tests)) <= 0.05
    assert found <= 20
