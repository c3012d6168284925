"""Hopfield layers beside a peer: updates over N x N, pooling of one large bag, growth with N, memory.

    python benchmarks/hopfield.py              # ours, and bare attention as the physical limit
    python benchmarks/hopfield.py --peer DIR   # also a checkout of hopfield-layers (package hflayers)
    python benchmarks/hopfield.py --threads 2  # one thread by default: on a shared machine more only wait

Ours and the peer run in turns in one process, forward and backward each time; what is compared is the
least time of all rounds, to which a busy machine adds least. Peak memory is measured in processes of
their own. A bar that is missed is shown as missed. `hotpapers hopfield bench` measures the same, at small sizes
unless told otherwise.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from hotpapers.hopfield.bench.jobs import measure, show, write
from hotpapers.hopfield.bench.sections import FULL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path, help="a checkout of hopfield-layers")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default="", help="run the sections whose titles hold this")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    peer = None if options.peer is None else options.peer.resolve()
    setting = replace(FULL, threads=options.threads, device=options.device, peer=peer)
    tables = measure(setting, options.only)
    show(tables)
    path = options.results / "hopfield" / "bench.json"
    write(tables, path)
    print(f"written to {path}")


if __name__ == "__main__":
    main()
