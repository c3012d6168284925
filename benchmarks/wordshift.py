"""Word shifts beside a peer: maths, counting, intervals, figures, commands and pages, in time and memory.

    python benchmarks/wordshift.py             # up to a million types, and a text of 100 MB
    python benchmarks/wordshift.py --full      # also a text of 1 GB (2 minutes and 1 GB of disk more)
    python benchmarks/wordshift.py --peer DIR  # also times a user's own checkout of shifterator

Times are CPU seconds of all threads, the least of several runs, on which other programs weigh least.
Each job has a process of its own, so that its peak memory is its own. Counting runs beside the
obvious loop in any case: the same pattern on every line, into a `collections.Counter`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from _wordshift_jobs import (
    PEER_SCRIPT,
    Found,
    counted,
    figure_time,
    interval_time,
    naively_counted,
    page_cost,
    peak_memory,
    peer_figure_time,
    peer_imports,
    peer_shifted,
    shifted,
    table_time,
)
from _wordshift_texts import write_long_text, write_speeches, write_two_texts, write_vocabulary

from hotpapers.common.console import console, table
from hotpapers.common.files import write_text
from hotpapers.common.provenance import provenance

Rows = list[dict[str, Any]]

SIZES = (10_000, 100_000, 1_000_000)
ENGINES = ("auto", "duckdb", "polars", "python")


# ---- measuring


def apart(function: Callable[..., Found], *arguments: Any) -> Found:
    """Run in a process of its own, so that its peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (function, arguments))


def _measured(function: Callable[..., Found], arguments: Sequence[Any]) -> Found:
    found = function(*arguments)
    return {"MiB": peak_memory()} | found


def command(words: Sequence[str], *, path: Path | None = None, times: int = 5) -> float:
    """The least CPU seconds, user and system, of a command from its start to its end."""
    environment = os.environ | ({"PYTHONPATH": str(path), "MPLBACKEND": "Agg"} if path else {})
    found = []
    for _ in range(times):
        process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(map(str, words))} ended with code {process.returncode}")
        found.append(used.ru_utime + used.ru_stime)
    return min(found)


def row(
    what: str,
    unit: str,
    ours: Any,
    peer: Any = None,
    *,
    most: float | None = None,
    times: float | None = None,
    same: bool | None = None,
) -> dict[str, Any]:
    """One line of a table: `ours` is to be at most `most`, `times` below `peer`, or the `same`."""
    numbers = isinstance(ours, float | int) and isinstance(peer, float | int)
    ratio = peer / ours if numbers and unit not in {"times", "bits"} else None
    bars, met = [], []
    if most is not None:
        bars.append(f"at most {most:,g}")
        met.append(ours <= most)
    if times is not None:
        bars.append(f"peer {times:g} times ours")
        met.append(None if ratio is None else ratio >= times)
    if same is not None:
        bars.append("the same")
        met.append(same)
    verdict = ("missed" if False in met else "no peer here" if None in met else "met") if bars else ""
    return {
        "what": what, "unit": unit, "ours": ours, "peer": peer, "peer/ours": ratio,
        "bar": " and ".join(bars), "verdict": verdict,
    }  # fmt: skip


# ---- the maths


def maths(vocabularies: dict[int, str], peer: str | None) -> Rows:
    """JSD and the top 50 at growing vocabularies, entropy at the largest, and how both grow."""
    rows: Rows = []
    counts, dictionaries, peers = {}, {}, {}
    for size, path in vocabularies.items():
        largest = size == SIZES[-1]
        counts[size] = apart(shifted, path, "jsd", "counts")
        dictionaries[size] = apart(shifted, path, "jsd", "dictionaries")
        peers[size] = apart(peer_shifted, path, "jsd", peer) if peer else {}
        for name, found, bar in (("counts", counts, 20), ("dictionaries", dictionaries, 6)):
            rows.append(
                row(
                    f"JSD and top 50 from {name}, {size:,} types",
                    "CPU-s",
                    found[size]["CPU"],
                    peers[size].get("CPU"),
                    times=bar if largest else None,
                )
            )
    path, ours, theirs = vocabularies[SIZES[-1]], dictionaries[SIZES[-1]], peers[SIZES[-1]]
    entropy = apart(shifted, path, "entropy", "counts")
    peer_entropy = apart(peer_shifted, path, "entropy", peer) if peer else {}
    agree = None
    if peer:
        near = math.isclose(ours["difference"], theirs["difference"], rel_tol=1e-9)
        agree = near and ours["top"] == theirs["top"]
    rows += [
        row("entropy, R average, from counts, 1,000,000 types", "CPU-s", entropy["CPU"], peer_entropy.get("CPU")),
        row("peak memory from dictionaries, 1,000,000 types", "MiB", ours["MiB"], theirs.get("MiB")),
        row(
            "JSD of 1,000,000 types (9 digits, and top 50)", "bits",
            ours["difference"], theirs.get("difference"), same=agree,
        ),
    ]  # fmt: skip
    for name, found in (("counts", counts), ("dictionaries", dictionaries)):
        growth = [
            one[SIZES[-1]]["CPU"] / one[SIZES[-2]]["CPU"] if one[SIZES[-1]] else None
            for one in (found, peers)
        ]
        rows.append(row(f"from {name}: 1,000,000 types over 100,000", "times", *growth))
    return rows


# ---- counting


def counting(folder: Path, *, full: bool) -> Rows:
    """100 MB by every engine and by the loop; with `full`, 1 GB."""
    path = str(folder / "100MB.txt")
    apart(write_long_text, path, 100_000_000)
    naive = apart(naively_counted, path, 3)
    found = {engine: apart(counted, path, engine, 5) for engine in ENGINES}
    rows = [
        row(
            f"count 100 MB, engine {engine}", "CPU-s",
            one["CPU"], naive["CPU"], times=4 if engine == "auto" else None,
        )
        for engine, one in found.items()
    ]  # fmt: skip
    same = all(one["table"] == naive["table"] for one in found.values())
    ours = found["auto"]
    rows += [
        row("the table's SHA-256, all engines", "hash", ours["table"][:12], naive["table"][:12], same=same),
        row("count 100 MB, engine auto: peak memory", "MiB", ours["MiB"], naive["MiB"]),
        row("types in 100 MB", "types", ours["types"]),
    ]
    if full:
        path = str(folder / "1GB.txt")
        apart(write_long_text, path, 1_000_000_000)
        large, naive = apart(counted, path, "auto", 3), apart(naively_counted, path, 1)
        rows += [
            row("count 1 GB, engine auto", "CPU-s", large["CPU"], naive["CPU"]),
            row("count 1 GB over 100 MB", "times", large["CPU"] / ours["CPU"], most=11),
            row("count 1 GB, engine auto: peak memory", "MiB", large["MiB"], naive["MiB"], most=954),
            row(
                "its SHA-256",
                "hash",
                large["table"][:12],
                naive["table"][:12],
                same=large["table"] == naive["table"],
            ),
        ]
    return rows


# ---- intervals and figures


def drawing(vocabularies: dict[int, str], speeches: str, folder: Path, peer: str | None) -> Rows:
    """Intervals and figures, from few types to many."""
    rows = [
        row(
            f"token intervals, 1000 draws, 50 words, {size:,} types", "CPU-s",
            apart(interval_time, vocabularies[size])["CPU"], most=0.2 if size == SIZES[-1] else None,
        )
        for size in (SIZES[0], SIZES[-1])
    ]  # fmt: skip
    for size, path, bar in ((6_084, speeches, None), (SIZES[-1], vocabularies[SIZES[-1]], 8)):
        ours = apart(figure_time, path, str(folder))["CPU"]
        theirs = apart(peer_figure_time, path, str(folder), peer)["CPU"] if peer else None
        rows.append(row(f"PNG, {size:,} types", "CPU-s", ours, theirs, most=0.6, times=bar))
    return rows


# ---- as a user


def as_a_user(folder: Path, vocabularies: dict[int, str], peer: str | None) -> Rows:
    """Commands from their start to their end, and what they leave."""
    a, b = (str(folder / name) for name in ("a.txt", "b.txt"))
    apart(write_two_texts, (a, b), 200_000)
    room = [sys.executable, "-m", "hotpapers", "wordshift"]
    files = [str(folder / f"shift.{kind}") for kind in ("png", "svg", "html", "csv")]
    outputs = [word for file in files for word in ("-o", file)]
    theirs = None
    if peer:
        script = [sys.executable, "-c", PEER_SCRIPT, a, b, str(folder / "peer.png")]
        theirs = command(script, path=Path(peer))
    rows = [
        row("hotpapers wordshift --help", "CPU-s", command([*room, "--help"]), most=0.3),
        row("graph A B (terminal), 2 x 200 kB", "CPU-s", command([*room, "graph", a, b]), most=0.6),
        row("graph A B -o PNG, 2 x 200 kB", "CPU-s", command([*room, "graph", a, b, *outputs[:2]]), theirs),
        row(
            "graph A B -o PNG, SVG, HTML, CSV, 2 x 200 kB", "CPU-s",
            command([*room, "graph", a, b, *outputs]), theirs, most=2.5,
        ),
        row("its SVG", "kB", Path(files[1]).stat().st_size / 1000, most=150),
        row("its page", "kB", Path(files[2]).stat().st_size / 1000, most=1000),
    ]  # fmt: skip
    for name, arguments in (
        ("page with 50 x 2 x 20 contexts, 2 x 200 kB", (None, (a, b))),
        ("page of 1,000,000 types", (vocabularies[SIZES[-1]], None)),
    ):
        found = apart(page_cost, *arguments)
        rows += [
            row(name, "CPU-s", found["CPU"]),
            row(f"{name}: its size", "kB", found["bytes"] / 1000, most=1000),
        ]
    found = apart(table_time, vocabularies[SIZES[-1]], str(folder))
    return [*rows, row("CSV of 1,000,000 types", "CPU-s", found["CPU"])]


# ---- all of it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="also a text of 1 GB")
    parser.add_argument("--peer", type=Path, help="a checkout of shifterator (needs matplotlib and numpy)")
    parser.add_argument(
        "--folder", type=Path, help="where texts and vocabularies go (default: a temporary folder)"
    )
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    peer = usable(options.peer)
    with work_folder(options.folder) as folder:
        vocabularies = {size: str(folder / f"{size}.tsv") for size in SIZES}
        for size, path in vocabularies.items():
            apart(write_vocabulary, path, size)
        speeches = str(folder / "speeches.tsv")
        apart(write_speeches, speeches)
        beside = "shifterator" if peer else "no peer here"
        report(
            {
                f"maths, beside {beside}": maths(vocabularies, peer),
                "counting, beside regex and Counter": counting(folder, full=options.full),
                f"intervals and figures, beside {beside}": drawing(vocabularies, speeches, folder, peer),
                f"commands and pages, beside {beside}": as_a_user(folder, vocabularies, peer),
            },
            options.results,
        )


def usable(given: Path | None) -> str | None:
    """The peer's checkout, if it is given and can be imported."""
    if given is None:
        print("no --peer: shifterator's side is left out")
        return None
    try:
        apart(peer_imports, str(given.resolve()))
    except ImportError as error:
        print(f"the peer's side is left out: {error}")
        return None
    return str(given.resolve())


@contextlib.contextmanager
def work_folder(given: Path | None) -> Iterator[Path]:
    """`given`, or a folder that is gone afterwards."""
    folder = given or Path(tempfile.mkdtemp(prefix="hotpapers-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        if given is None:
            shutil.rmtree(folder, ignore_errors=True)


def shown(value: Any) -> str:
    """A number with three figures that matter; nothing for None."""
    if isinstance(value, float | int):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    return value or ""


def report(sections: dict[str, Rows], results: Path) -> None:
    """Print every section as a table and write all of them with their provenance."""
    headings = ("what", "unit", "ours", "peer", "peer/ours", "bar", "verdict")
    for title, rows in sections.items():
        sheet = table(*headings, title=title, numbers=["ours", "peer", "peer/ours"])
        for one in rows:
            sheet.add_row(*(shown(one[heading]) for heading in headings))
        console().print(sheet)
    path = results / "wordshift" / "bench.json"
    content = {"made": provenance(), "sections": sections}
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    verdicts = Counter(one["verdict"] for rows in sections.values() for one in rows if one["verdict"])
    print(", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items())))
    print(f"written to {path}")


if __name__ == "__main__":
    main()
