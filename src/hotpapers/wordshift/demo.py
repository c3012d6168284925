"""The demo: which words set G. W. Bush's addresses apart from L. B. Johnson's."""

from __future__ import annotations

from pathlib import Path

from hotpapers.common.papers import Card

__all__ = ["demo"]


def demo(out: Path) -> Card:
    """Draw the Jensen-Shannon shift of two presidents' speeches and write its page below `out`."""
    from hotpapers.wordshift.figures.graphs import save
    from hotpapers.wordshift.measures import shift
    from hotpapers.wordshift.page.page import write_page
    from hotpapers.wordshift.speeches import speeches

    johnson, bush = speeches()
    found = shift(johnson, bush, measure="jsd")
    save(found, out / "speeches.svg", top_n=20, style="slide")
    write_page(found, out / "speeches.html", top=50)
    top = [str(found.types[at]) for at in found.order[:3]]
    share = 100 * found.contribution[found.order[0]] / found.difference
    return Card(
        text=(
            "What sets the State of the Union addresses of G. W. Bush apart from L. B. Johnson's. The word on top, "
            f"“{top[0]}”, is a mark of the transcripts, not of the speeches: the graph shows it at a glance."
        ),
        command="hotpapers wordshift graph mine.txt yours.txt -o shift.html",
        picture=out / "speeches.svg",
        picture_alt=f"Word shift graph of two presidents' addresses; the largest contributions: {', '.join(top)}",
        page=out / "speeches.html",
        facts={
            "Jensen-Shannon divergence": f"{found.difference:.4f} bits",
            f"share of “{top[0]}”": f"{share:.1f} %",
            "words compared": f"{len(found.types):,}",
        },
    )
