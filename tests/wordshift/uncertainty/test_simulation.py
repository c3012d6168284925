"""The coverage simulation: small here, full when asked for."""

from __future__ import annotations

import numpy as np
import pytest

from hotpapers.wordshift.shifts import WordShiftError
from hotpapers.wordshift.uncertainty.simulation import coverage, coverage_table, simulated_shift


def rates(rows):
    return {(row.model, row.documents, row.method, row.form): row.coverage for row in rows}


def held(rows, slack=0.0):
    """The bounds of the specification, section 9."""
    found = rates(rows)
    for documents, least in ((8, 0.80), (30, 0.86)):
        assert 0.93 - slack <= found["iid", documents, "token", "percentile"] <= 0.97 + slack
        assert found["bursty", documents, "document", "percentile"] >= least - slack
        assert found["bursty", documents, "token", "percentile"] < 0.70 + slack


METHODS = (("token", "percentile"), ("document", "percentile"))


def test_intervals_hold_what_they_promise_on_a_few_samples() -> None:
    held(coverage(samples=25, words=30, reps=300, methods=METHODS), slack=0.02)


@pytest.mark.slow
def test_intervals_hold_what_they_promise() -> None:
    held(coverage(samples=200))


def test_simulation_is_seeded_and_its_error_shrinks() -> None:
    options = {"models": ("bursty",), "documents": (8,), "words": 10, "reps": 60, "methods": METHODS}
    one, again = coverage(samples=6, **options), coverage(samples=6, **options)
    assert one == again
    assert coverage(samples=6, seed=1, **options) != one
    more = coverage(samples=48, **options)
    assert more[0].standard_error < one[0].standard_error


def test_simulated_shift_is_a_shift() -> None:
    generator = np.random.Generator(np.random.PCG64(0))
    tables = [generator.multinomial(50, [0.5, 0.3, 0.2, 0.0], size=6).astype(float) for _ in range(2)]
    shift, documents = simulated_shift(*tables)
    assert shift.contribution.sum() == pytest.approx(shift.norm, rel=1e-9)
    assert shift.contribution[3] == 0
    assert documents[0].data.sum() == 300


def test_table_is_readable() -> None:
    rows = coverage(models=("iid",), documents=(5,), samples=2, words=5, reps=40, methods=METHODS)
    lines = coverage_table(rows).splitlines()
    assert len(lines) == 3
    assert "token percentile" in lines[1]


def test_bad_sizes_are_named() -> None:
    with pytest.raises(WordShiftError, match="samples"):
        coverage(samples=0)
    with pytest.raises(WordShiftError, match="'even'"):
        coverage(models=("even",), samples=1)
