"""Hopfield layers beside a peer: updates over N x N, pooling of one large bag, growth with N, memory.

    python benchmarks/hopfield.py              # ours, and bare attention as the physical limit
    python benchmarks/hopfield.py --peer DIR   # also a checkout of hopfield-layers (package hflayers)
    python benchmarks/hopfield.py --threads 2  # one thread by default: on a shared machine more only wait

Ours and the peer run in turns in one process, forward and backward each time; what is compared is the
least time of all rounds, to which a busy machine adds least. Peak memory is measured in processes of
their own. A bar that is missed is shown as missed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import resource
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from hotpapers.common.console import console, table
from hotpapers.common.files import write_text
from hotpapers.common.provenance import provenance
from hotpapers.hopfield import Hopfield, HopfieldMemory, HopfieldPooling

ROUNDS = 7
BAG = (300_000, 32)


def step(layer: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], None]:
    """One forward and backward pass; gradients are dropped before, not kept from round to round."""

    def run() -> None:
        x.grad = None
        if isinstance(layer, nn.Module):
            layer.zero_grad(set_to_none=True)
        layer(x).sum().backward()

    return run


def in_turns(runs: dict[str, Callable[[], None]], rounds: int = ROUNDS) -> dict[str, float]:
    """Least seconds of each, run one after the other in every round, after a round that warms up."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for at in range(rounds + 1):
        for name, run in runs.items():
            started = perf_counter()
            run()
            if at:
                found[name].append(perf_counter() - started)
    return {name: min(seconds) for name, seconds in found.items()}


def same_weights(ours: nn.Module, peer: nn.Module) -> None:
    """Both start alike, with projections that keep the size of what they project, so that updates move."""
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            if "proj" in name and parameter.ndim == 2:
                parameter.normal_(std=1.5 * parameter.shape[1] ** -0.5)
    peer.load_state_dict(ours.state_dict())


def peer_class(name: str) -> Any:
    """The peer's class, or None where no peer was named."""
    return getattr(importlib.import_module("hflayers"), name) if "hflayers" in sys.modules else None


# ---- updates over N x N


def chain(layer: Hopfield, steps: int) -> Callable[[Tensor], Tensor]:
    """Norms, projections and steps + 1 bare attention calls: what the layer can't be faster than."""
    core = layer.association_core

    def run(x: Tensor) -> Tensor:
        norms = (layer.norm_state_pattern, layer.norm_stored_pattern, layer.norm_pattern_projection)
        state, stored, projection = (norm(x) for norm in norms if norm is not None)
        q, k, v = core.queries(state), core.keys(stored), core.values(projection)
        for _ in range(steps):
            q = scaled_dot_product_attention(q, k, k)
        return core.output(scaled_dot_product_attention(q, k, v))

    return run


def bench_updates(count: int, width: int, heads: int, steps: int) -> dict[str, Any]:
    """The layer, the bare chain and the peer, batch 8, with the default tolerance and without."""
    torch.manual_seed(0)
    x = torch.randn(8, count, width, requires_grad=True)
    options = {"num_heads": heads, "update_steps_max": steps}
    layer = Hopfield(width, **options)
    silent = Hopfield(width, **options, update_steps_eps=None)
    runs = {"ours": layer, "ours without tolerance": silent, "bare": chain(layer, steps)}
    if (peer := peer_class("Hopfield")) is not None:
        runs["peer"] = peer(width, **options)
        same_weights(layer, runs["peer"])
    silent.load_state_dict(layer.state_dict())
    seconds = in_turns(
        {name: step(run, x) for name, run in runs.items()}, 15 if count * width < 40_000 else 5
    )
    found: dict[str, Any] = {f"{name}, s": value for name, value in seconds.items()}
    found["ours / bare"] = bar(seconds["ours"] / seconds["bare"], 1.25, at_most=True)
    if peer is not None and steps:
        found["times faster than the peer"] = bar(seconds["peer"] / seconds["ours"], 3)
        found["executed updates"] = int(layer.get_executed_updates(x).min())
        found["largest difference to the peer"] = float((layer(x) - runs["peer"](x)).detach().abs().max())
    return found


# ---- one large bag


def pooling(count: int, steps: int, *, input_gradient: bool, which: str) -> tuple[nn.Module, Tensor]:
    """Ours or the peer's layer, and the bag. The tolerance is so small that all updates are made."""
    torch.manual_seed(0)
    x = torch.randn(1, count, BAG[1], requires_grad=input_gradient)
    options = {"update_steps_max": steps, "update_steps_eps": 1e-30}
    layer: nn.Module = HopfieldPooling(BAG[1], **options)
    if which == "peer":
        peer = peer_class("HopfieldPooling")(BAG[1], **options)
        same_weights(layer, peer)
        layer = peer
    return layer, x


def bench_bag(steps: int, *, input_gradient: bool, needed: float) -> dict[str, Any]:
    """Pool the bag, forward and backward."""
    names = ["ours", "peer"] if peer_class("HopfieldPooling") is not None else ["ours"]
    made = {name: pooling(BAG[0], steps, input_gradient=input_gradient, which=name) for name in names}
    seconds = in_turns({name: step(*both) for name, both in made.items()})
    found: dict[str, Any] = {f"{name}, s": value for name, value in seconds.items()}
    if "peer" in made:
        found["times faster than the peer"] = bar(seconds["peer"] / seconds["ours"], needed)
    return found


def bench_growth(count: int, threads: int) -> dict[str, Any]:
    """Time at N and 4 N, in turns, in a process of its own: memory left behind would serve only one of the two."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_growth, (count, threads))


def _growth(count: int, threads: int) -> dict[str, Any]:
    use(None, threads)
    few, many = (pooling(n, 0, input_gradient=True, which="ours") for n in (count, 4 * count))
    seconds = in_turns({"few": step(*few), "many": step(*many)}, 25)
    return {
        f"N = {count:,}, s": seconds["few"],
        f"N = {4 * count:,}, s": seconds["many"],
        "4 N / N": bar(seconds["many"] / seconds["few"], 4.6, at_most=True),
    }


# ---- retrieval from a memory


def bench_retrieval(queries: int, needed: float) -> dict[str, Any]:
    """Patterns retrieved from 100,000 x 128, beside what softmax attention takes at least."""
    random = torch.Generator().manual_seed(0)
    x = torch.randn(100_000, 128, generator=random)
    held = HopfieldMemory(beta=200.0)
    held.store(x)
    q = x[:queries] + 0.1 * torch.randn(queries, 128, generator=random)
    # The same tensors for all, and the report, which reads much else, last: each but the first of a round finds
    # in the cache what the one before it has just read.
    start, stored, read = held.contents.preparation(q) * 200.0, held.contents.ready, held.contents.raw
    parts = (start[None, None], stored[None, None], read[None, None])
    runs = {
        "matmul, softmax, matmul": lambda: torch.softmax(start @ stored.mT, -1) @ read,
        "retrieve": lambda: held.retrieve(q, return_info=False),
        "fused attention": lambda: scaled_dot_product_attention(*parts, scale=1.0),
        "retrieve with report": lambda: held.retrieve(q),
    }
    seconds = in_turns(runs, 40 if queries == 1 else ROUNDS)
    least = min(seconds["matmul, softmax, matmul"], seconds["fused attention"])
    found: dict[str, Any] = {f"{name}, s": value for name, value in seconds.items()}
    found["retrieve / the faster"] = bar(seconds["retrieve"] / least, needed, at_most=True)
    return found


# ---- memory


def extra_peak(steps: int, which: str, peer: str | None, threads: int) -> float:
    """Megabytes above what stood before the pass, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_extra_peak, (steps, which, peer, threads))


def _extra_peak(steps: int, which: str, peer: str | None, threads: int) -> float:
    use(peer, threads)
    warm, little = pooling(2_000, steps, input_gradient=True, which=which)
    step(warm, little)()
    layer, x = pooling(BAG[0], steps, input_gradient=True, which=which)
    before, highest, done = _resident(), 0.0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.is_set():
            highest = max(highest, _resident())
            sleep(0.0005)

    if before is None:  # no /proc: the process's peak, which counts what came before as well
        start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        step(layer, x)()
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 1e3
    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(3):
        step(layer, x)()
    done.set()
    watcher.join()
    return highest - before


def _resident() -> float | None:
    """Megabytes of this process in memory."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return None


# ---- all of it


def bar(value: float, needed: float, *, at_most: bool = False) -> str:
    """A ratio with the bar it has to reach, and whether it does."""
    holds = value <= needed if at_most else value >= needed
    return f"{value:.2f} ({'at most' if at_most else 'at least'} {needed:g}: {'met' if holds else 'MISSED'})"


def use(peer: str | None, threads: int) -> None:
    """Set threads and let the peer be found."""
    torch.set_num_threads(threads)
    if peer is not None:
        sys.path.insert(0, peer)
        importlib.import_module("hflayers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path, help="a checkout of hopfield-layers")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="run the sections whose titles hold this")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    peer = None if options.peer is None else str(options.peer.resolve())
    use(peer, options.threads)
    bag = f"one bag of {BAG[0]:,} x {BAG[1]}"
    plan: dict[str, Callable[[], dict[str, Any]]] = {}
    for count, width, heads in ((512, 64, 1), (512, 512, 8), (1024, 64, 1)):
        for steps in (0, 1, 3):
            name = f"8 x {count} patterns of {width}, {heads} heads, {steps} extra updates"
            plan[name] = partial(bench_updates, count, width, heads, steps)
    plan |= {
        f"{bag}, input gradient": partial(bench_bag, 0, input_gradient=True, needed=3),
        f"{bag}, no input gradient": partial(bench_bag, 0, input_gradient=False, needed=4),
        f"{bag}, input gradient, 3 extra updates": partial(bench_bag, 3, input_gradient=True, needed=6),
        # The smaller bag of the first pair fits into the processor's cache and the allocator's heap; none of the
        # second does.
        f"growth from {BAG[0] // 4:,} x {BAG[1]}": partial(bench_growth, BAG[0] // 4, options.threads),
        f"growth from {BAG[0]:,} x {BAG[1]}": partial(bench_growth, BAG[0], options.threads),
        "1 query to a memory of 100,000 x 128": partial(bench_retrieval, 1, 1.3),
        "64 queries to a memory of 100,000 x 128": partial(bench_retrieval, 64, 1.2),
        f"{bag}, extra peak memory": partial(memory, peer, options.threads),
    }
    sections: dict[str, dict[str, Any]] = {
        "setting": {"threads": options.threads, "torch": torch.__version__}
    }
    sections |= {name: run() for name, run in plan.items() if options.only in name}
    report(sections, options.results)


def memory(peer: str | None, threads: int) -> dict[str, Any]:
    """Peaks of forward and backward with input gradient, which alone takes 38 MB."""
    found: dict[str, Any] = {}
    for steps in (0, 3):
        ours = extra_peak(steps, "ours", peer, threads)
        found[f"ours, {steps} extra updates, MB"] = bar(ours, 80, at_most=True) if not steps else ours
        if peer is not None:
            found[f"peer, {steps} extra updates, MB"] = extra_peak(steps, "peer", peer, threads)
    return found


def shown(value: Any) -> str:
    """A number with three figures that matter."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def report(sections: dict[str, dict[str, Any]], results: Path) -> None:
    """Print all tables and write them with where they come from."""
    for title, found in sections.items():
        sheet = table("what", "measured", title=title, numbers=["measured"])
        for name, value in found.items():
            sheet.add_row(name, shown(value))
        console().print(sheet)
    path = results / "hopfield" / "bench.json"
    made = {"made": provenance(), "sections": sections}
    write_text(path, json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
