"""A shift in a few sentences: its total and how sure it is, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotpapers.wordshift.shifts import Shift

if TYPE_CHECKING:
    from hotpapers.wordshift.uncertainty.confidence import Intervals
    from hotpapers.wordshift.uncertainty.null_tests import NullTest

__all__ = ["summary"]

# Sums of fixed scores have no bias; entropies and divergences of samples do.
_UNBIASED = {"proportion", "sentiment", "custom"}
_UNITS = {"document": "documents", "token": "independent tokens", "delta": "independent tokens"}


def summary(shift: Shift, intervals: Intervals | None = None, null: NullTest | None = None) -> str:
    """Lines of text about the whole of `shift`.

    Parameters
    ----------
    intervals
        Adds the total's standard error. An interval is given only where the total has no bias: what a
        divergence or an entropy keeps of it after every correction is more than its standard error.
    null
        Adds the permutation test.
    """
    lines = [_sizes(shift)]
    if shift.coverage.dropped:
        reasons = ", ".join(f"{reason}: {count:,}" for reason, count in shift.coverage.dropped.items())
        one, two = shift.coverage.share
        lines.append(f"compared: {one:.1%} and {two:.1%} of all words; types left out: {reasons}")
    if intervals is not None and shift.measure != "proportion":
        lines.append(_total(shift, intervals))
    if null is not None:
        unit = "documents" if null.unit == "document" else "tokens"
        lines.append(
            f"if {unit} are shuffled between the texts: {null.statistic} {null.mean:.4g} on average, "
            f"sd {null.sd:.2g}; p = {null.p_value:.3g} ({len(null.null)} shuffles)"
        )
    return "\n".join(lines) + "\n"


def _sizes(shift: Shift) -> str:
    first, second = (f"{tokens:,.0f} words" for tokens in shift.coverage.tokens)
    return f"{shift.names[0]}: {first}; {shift.names[1]}: {second}; {len(shift.types):,} different"


def _total(shift: Shift, intervals: Intervals) -> str:
    total = intervals.total
    unit = f" {shift.unit}" if shift.unit else ""
    source = _UNITS[intervals.method]
    if shift.measure in _UNBIASED:
        ends = f"{total.low:.4g} to {total.high:.4g}"
        ratings = " and the lexicon's ratings" if intervals.rating_variance else ""
        return f"difference {total.estimate:.4g}, {intervals.level:.0%} interval {ends} ({source}{ratings})"
    text = f"total {total.estimate:.4g}{unit}, standard error {total.sd:.2g} ({source})"
    if total.reduction != "none":
        text += f"; with less bias ({total.reduction}): {total.reduced:.4g}, some bias remains"
    return text
