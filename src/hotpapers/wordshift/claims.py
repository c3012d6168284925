"""What the paper claims, and what we measure of it."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from hotpapers.common.claims import Claim, Measurement
from hotpapers.common.errors import UnavailableError

if TYPE_CHECKING:
    from hotpapers.wordshift.counts import Counts
    from hotpapers.wordshift.shifts import Shift

__all__ = ["CLAIMS"]


def _table(file: str, name: str) -> Counts:
    """Word counts of the data set; `UnavailableError` where it is not here."""
    import gzip

    from hotpapers.common.datasets import data_file
    from hotpapers.wordshift.counts import as_counts
    from hotpapers.wordshift.data import WORDSHIFT

    text = gzip.decompress(data_file(WORDSHIFT, file).read_bytes()).decode()
    rows = (line.split("\t") for line in text.splitlines())
    return as_counts([(word, float(count)) for word, count in rows], name)


def _shift(a: Counts, b: Counts, **options: Any) -> Shift:
    """The filters are the paper's, so what little they keep needs no word."""
    from hotpapers.wordshift.filters import CoverageWarning
    from hotpapers.wordshift.measures import shift

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CoverageWarning)
        return shift(a, b, **options)


def check_novel() -> Measurement:
    """C1: the second half of Moby Dick is less happy, and less so without three words."""
    halves = [_table(f"counts_moby_{half}_half.tsv.gz", half) for half in ("first", "second")]
    lens: dict[str, Any] = {
        "measure": "sentiment",
        "lexicon": "labMT_English",
        "stop_lenses": [(4, 6)],
        "reference": 5,
    }
    whole = _shift(halves[0], halves[1], **lens).difference
    without = _shift(halves[0], halves[1], stop_words=("coffin", "cry", "cried"), **lens).difference
    holds = 0.085 <= -whole <= 0.1 and 0.07 <= -without <= 0.085 and 0.015 <= without - whole <= 0.022
    return Measurement(measured=f"{whole:.4f}, without the three words {without:.4f}", holds=holds)


def check_stop_list() -> Measurement:
    """C2: leaving words out moves the averages by their own terms and new denominators, and by nothing else."""
    from hotpapers.wordshift.lexicon.lexicons import load_lexicon
    from hotpapers.wordshift.speeches import speeches

    words = ("war", "peace", "freedom", "terror", "hope", "applause")
    lexicon = load_lexicon("VADER")
    whole = _shift(*speeches(), measure="sentiment", lexicon=lexicon)
    found = _shift(*speeches(), measure="sentiment", lexicon=lexicon, stop_words=words)
    away = [word in words for word in whole.types]
    expected = []
    for f in (whole.f1, whole.f2):
        gone, lost = f[away].sum(), math.fsum(f[away] * whole.s1[away])
        expected.append((math.fsum(f * whole.s1) - lost) / (f.sum() - gone))
    error = abs(found.difference - (expected[1] - expected[0]))
    return Measurement(
        measured=f"{whole.difference:+.4f} becomes {found.difference:+.4f}, as by hand to {error:.0e}",
        holds=error < 1e-12,
    )


def check_presidents() -> Measurement:
    """C3: Bush's addresses score lower than Johnson's, under one lexicon and under those of their decades."""
    a, b = (_table(f"counts_{stem}.tsv.gz", stem) for stem in ("lbj", "gwb"))
    happiness = _shift(
        a, b, measure="sentiment", lexicon="labMT_English", stop_lenses=[(4, 6)], reference=5
    ).difference
    decades = _shift(
        a,
        b,
        measure="sentiment",
        lexicon="SocialSent-historical_1960",
        lexicon_2="SocialSent-historical_2000",
        missing="adopt",
        reference=0,
    ).difference
    return Measurement(
        measured=f"State of the Union addresses: labMT {happiness:.4f}, SocialSent {decades:.4f}",
        holds=happiness < 0 and decades < 0,
    )


def check_long_tail() -> Measurement:
    """C4: with R = average, most of an entropy shift comes from outside its forty largest words."""
    from hotpapers.wordshift.measures import shift
    from hotpapers.wordshift.speeches import speeches

    found = shift(*speeches(), measure="entropy", reference="average")
    share = math.fsum(abs(found.score[found.top(40)]))
    return Measurement(
        measured=f"two presidents' addresses: the top 40 words hold {share:.1%}", holds=share < 0.5
    )


def check_occupations() -> Measurement:
    """C5: entropy shifts of cities' occupations beside their unemployment."""
    raise UnavailableError("needs the occupations of US cities and their unemployment, which are not here")


def check_decomposition() -> Measurement:
    """C6: every measure is a weighted average, so its contributions sum to the difference for any R."""
    from hotpapers.wordshift.speeches import speeches

    johnson, bush = speeches()
    worst = 0.0
    for options in (
        {"measure": "proportion"},
        {"measure": "entropy"},
        {"measure": "tsallis", "alpha": 0.5},
        {"measure": "tsallis", "alpha": 2.0},
        {"measure": "kld", "kld_missing": "drop"},
        {"measure": "jsd"},
        {"measure": "jsd", "alpha": 0.5},
        {"measure": "jsd", "alpha": 2.0},
        {"measure": "sentiment", "lexicon": "VADER"},
    ):
        free = options["measure"] != "proportion"  # whose total is 0 and which takes no reference
        for reference in (None, 10.5, "average") if free else (None,):
            found = _shift(johnson, bush, reference=reference, **options)
            phi = math.fsum(found.p2 * found.s2) - math.fsum(found.p1 * found.s1)
            size = max(1.0, math.fsum(abs(found.contribution)))
            worst = max(worst, abs(found.difference - phi) / size)
    return Measurement(measured=f"largest relative error {worst:.1e}", holds=worst <= 1e-12)


def check_artefact() -> Measurement:
    """C7: the graph leads to an artefact: "applause", which transcribers wrote, heads the list."""
    from hotpapers.wordshift.measures import shift
    from hotpapers.wordshift.speeches import speeches

    found = shift(*speeches(), measure="jsd")
    at = found.order[0]
    share = found.contribution[at] / found.difference
    word = str(found.types[at])
    uses = f"{found.f1[at]:.0f} against {found.f2[at]:.0f} uses"
    return Measurement(
        measured=f"“{word}” first: {uses}, {share:.1%} of the divergence", holds=word == "applause"
    )


CLAIMS = (
    Claim(
        id="C1",
        statement="The second half of Moby Dick is less happy; a part of that is “coffin”, “cry” and “cried”",
        reported="0.09, without the three words 0.07",
        check=check_novel,
        source="Figure 3",
    ),
    Claim(
        id="C2",
        statement="Words that mislead can be left out, and the rest is still a whole (tweets inside and outside parks)",
        reported="0.12, without six words 0.10",
        check=check_stop_list,
        source="Figure 3; its tweets are not public, the mechanism is measured on speeches",
    ),
    Claim(
        id="C3",
        statement="G. W. Bush's speeches are more negative than L. B. Johnson's, also by the lexicons of their decades",
        reported="shown",
        check=check_presidents,
        source="Figure 2",
    ),
    Claim(
        id="C4",
        statement="Most of an entropy shift may come from a long tail of words that the graph does not show",
        reported="stated for tweets before and after 280 characters",
        check=check_long_tail,
        source="Figure 5",
    ),
    Claim(
        id="C5",
        statement="The diversity of a city's occupations helps to explain its unemployment in the Great Recession",
        reported="R2 0.914 with size, number and diversity",
        check=check_occupations,
        source="Table 2",
    ),
    Claim(
        id="C6",
        statement="Frequencies, scores, entropies and divergences are weighted averages under one exact decomposition",
        reported="exact",
        check=check_decomposition,
        source="abstract",
    ),
    Claim(
        id="C7",
        statement="Word shift graphs reveal artefacts of the data",
        reported="stated",
        check=check_artefact,
        source="abstract",
    ),
)
