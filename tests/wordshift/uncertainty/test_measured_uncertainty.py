"""Uncertainty of shifts as `shift` makes them: parameters, references and filters are understood."""

from __future__ import annotations

import math

import numpy as np
import pytest
from wordshift.uncertainty.cases import make_counts

from hotpapers.wordshift.measures import shift
from hotpapers.wordshift.uncertainty.confidence import intervals
from hotpapers.wordshift.uncertainty.contributions import Contributions
from hotpapers.wordshift.uncertainty.null_tests import permutation_test


def texts(seed=0):
    generator = np.random.Generator(np.random.PCG64(seed))
    made = []
    for tilt in (0.0, 0.5):
        p = 1 / np.arange(1, 31) ** (1 + tilt)
        rows = generator.multinomial(120, generator.dirichlet(80 * p / p.sum(), size=7))
        made.append(make_counts([{f"w{i:02d}": int(n) for i, n in enumerate(row) if n} for row in rows]))
    return made


LEXICON = {f"w{i:02d}": 1 + i % 9 for i in range(28)}
OPTIONS = [
    {"measure": "proportion"},
    {"measure": "entropy", "base": math.e},
    {"measure": "entropy", "reference": "average"},
    {"measure": "tsallis", "alpha": 0.6},
    {"measure": "tsallis", "alpha": 1.4, "tsallis_form": "qlog", "reference": "average"},
    {"measure": "jsd", "weights": "pooled"},
    {"measure": "jsd", "alpha": 2.0, "weights": (0.2, 0.8)},
    {"measure": "jsd", "reference": "average"},
    {"measure": "jsd", "reference": 0.3, "stop_words": ["w00"], "min_count": 3},
    {"measure": "kld", "kld_missing": "drop"},
    {"measure": "kld", "kld_missing": "smooth"},
    {"measure": "sentiment", "lexicon": LEXICON, "reference": 5},
    {"measure": "sentiment", "lexicon": LEXICON, "reference": "average", "stop_lenses": [(4, 6)]},
]


@pytest.mark.parametrize(
    "options", OPTIONS, ids=lambda options: "-".join(map(str, list(options.values())[:2]))[:40]
)
def test_every_measure(options) -> None:
    a, b = texts()
    made = shift(a, b, **options)
    contributions = Contributions.of(made)
    assert (contributions.reference is None) == (options.get("reference") == "average")
    assert contributions.pseudo_count == (0.5 if options.get("kld_missing") == "smooth" else 0)
    whole = contributions.average(contributions.f1, contributions.f2)
    again = contributions.at(
        contributions.f1, contributions.f2, totals=contributions.totals, reference=float(whole)
    )
    np.testing.assert_allclose(again, made.contribution, rtol=1e-9, atol=1e-13)
    for method in ("token", "delta", "document"):
        found = intervals(made, method=method, documents=(a, b), top=8, reps=200)
        assert found.method == method
        assert np.all(np.isfinite([found.low, found.high, found.sd]))
        assert found.total.estimate == pytest.approx(made.difference)
    for unit in ("token", "document"):
        assert 0 < permutation_test(made, unit=unit, documents=(a, b), reps=19).p_value <= 1
