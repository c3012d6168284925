"""What the paper claims, and what we measure of it."""

from __future__ import annotations

from hotpapers.common.claims import Claim, Measurement

__all__ = ["CLAIMS"]


def check_decomposition() -> Measurement:
    """C6: every measure is a weighted average, so its contributions sum to the difference for any R."""
    import math

    from hotpapers.wordshift.measures import shift
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
    ):
        free = options["measure"] != "proportion"  # whose total is 0 and which takes no reference
        for reference in (None, 10.5, "average") if free else (None,):
            found = shift(johnson, bush, reference=reference, **options)
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
        id="C6",
        statement="Frequencies, entropies and divergences are weighted averages under one exact decomposition",
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
