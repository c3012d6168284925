"""What the benchmark of word shifts times: our jobs, the peer's, and the obvious loop's.

Each runs in a process of its own and imports there what it needs, and no more: its memory is measured.
"""

from __future__ import annotations

import os
import resource
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

from _wordshift_texts import read_vocabulary

Found = dict[str, Any]

WORD = r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*"


def least(run: Callable[[], Any], times: int = 5) -> float:
    """The least CPU seconds, of all threads, that one of `times` runs takes."""
    found = []
    for _ in range(times):
        started = process_time()
        run()
        found.append(process_time() - started)
    return min(found)


def peak_memory() -> float:
    """MiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# ---- the maths


def shifted(path: str, measure: str, form: str) -> Found:
    """A shift and its 50 largest words, from counts as `hotpapers.wordshift.count` makes them, or dictionaries."""
    from hotpapers import wordshift as ws

    texts: tuple[Any, Any] = read_vocabulary(path)
    if form == "counts":
        texts = ws.as_counts(texts[0]), ws.as_counts(texts[1])
    reference = "average" if measure == "entropy" else None

    def run() -> tuple[float, list[str]]:
        found = ws.shift(*texts, measure=measure, reference=reference)
        return found.difference, [found.types[at] for at in found.top(50).tolist()]

    return {"CPU": least(run)} | dict(zip(("difference", "top"), run(), strict=True))


def peer_shifted(path: str, measure: str, peer: str) -> Found:
    """The same by shifterator; its constructor computes the scores, which are not computed again."""
    kind, texts = _peer(peer, measure), read_vocabulary(path)

    def run() -> tuple[float, list[str]]:
        found = kind(*texts)
        ranked = sorted(found.type2shift_score.items(), key=lambda item: abs(item[1]), reverse=True)
        return found.diff, [word for word, _ in ranked[:50]]

    return {"CPU": least(run, 2)} | dict(zip(("difference", "top"), run(), strict=True))


def _peer(checkout: str, measure: str) -> Callable[..., Any]:
    os.environ["MPLBACKEND"] = "Agg"
    sys.path.insert(0, checkout)
    import shifterator

    if measure == "entropy":
        return lambda a, b: shifterator.EntropyShift(a, b, base=2, reference_value="average")
    return shifterator.JSDivergenceShift


def peer_imports(checkout: str) -> Found:
    """Whether the peer can be imported; it would be a pity to find out late."""
    _peer(checkout, "jsd")
    return {}


# ---- counting


def counted(path: str, engine: str, times: int) -> Found:
    """A text file into counts by one engine."""
    from hotpapers import wordshift as ws
    from hotpapers.wordshift.text.counting import table_sha256

    made: list[Any] = []

    def run() -> None:
        made[:] = [ws.count(path, engine=engine)]

    found = {"CPU": least(run, times), "MiB": peak_memory()}
    return found | {"table": table_sha256(made[0]), "types": len(made[0])}


def naively_counted(path: str, times: int) -> Found:
    """The obvious loop, line by line."""
    import regex

    from hotpapers.wordshift.counts import as_counts
    from hotpapers.wordshift.text.counting import table_sha256

    pattern = regex.compile(WORD)
    made: list[Counter[str]] = []

    def run() -> None:
        counter: Counter[str] = Counter()
        with Path(path).open(encoding="utf-8") as stream:
            for line in stream:
                counter.update(pattern.findall(line.lower().replace("’", "'")))
        made[:] = [counter]

    found = {"CPU": least(run, times), "MiB": peak_memory()}
    return found | {"table": table_sha256(as_counts(made[0]))}


# ---- intervals, figures, pages and tables


def interval_time(path: str) -> Found:
    """1000 draws for 50 words, the shift given."""
    from hotpapers import wordshift as ws

    shift = ws.shift(*read_vocabulary(path))
    # A copy has nothing kept from the run before, such as the order of its words.
    return {"CPU": least(lambda: ws.intervals(replace(shift), method="token", reps=1000, top=50))}


def figure_time(path: str, folder: str) -> Found:
    """A PNG, the shift given."""
    from hotpapers import wordshift as ws

    shift = ws.shift(*read_vocabulary(path))
    return {"CPU": least(lambda: ws.save(replace(shift), Path(folder) / "ours.png"))}


def peer_figure_time(path: str, folder: str, peer: str) -> Found:
    """The same by shifterator."""
    shift = _peer(peer, "jsd")(*read_vocabulary(path))
    from matplotlib import pyplot as plt

    def run() -> None:
        shift.get_shift_graph(filename=str(Path(folder) / "peer.png"), show_plot=False)
        plt.close("all")

    return {"CPU": least(run, 3)}


def page_cost(path: str | None, texts: tuple[str, str] | None) -> Found:
    """A page's bytes and the time of making it, the shift given; of `texts` with 20 contexts a word."""
    from hotpapers import wordshift as ws
    from hotpapers.wordshift.text.contexts import contexts

    shift = ws.shift(*(map(ws.count, texts) if texts else read_vocabulary(path)))
    words = [shift.types[at] for at in shift.top(50).tolist()]

    def run() -> str:
        sides = [contexts(text, words, k=20) for text in texts or ()]
        shown = {word: (sides[0][word], sides[1][word]) for word in words} if sides else None
        return ws.to_html(replace(shift), contexts=shown)

    return {"CPU": least(run, 3), "bytes": len(run().encode())}


def table_time(path: str, folder: str) -> Found:
    """A CSV table of all types, the shift given."""
    from hotpapers import wordshift as ws

    shift = ws.shift(*read_vocabulary(path))
    return {"CPU": least(lambda: ws.write_table(replace(shift), Path(folder) / "shift.csv"), 2)}


# ---- as a user

PEER_SCRIPT = f"""
import sys
from collections import Counter
import regex, shifterator
pattern = regex.compile(r'''{WORD}''')
texts = [Counter(pattern.findall(open(path, encoding="utf-8").read().lower())) for path in sys.argv[1:3]]
shifterator.JSDivergenceShift(*texts).get_shift_graph(filename=sys.argv[3], show_plot=False)
"""
