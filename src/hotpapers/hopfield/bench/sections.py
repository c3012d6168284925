"""The sections of the benchmark: updates over N x N, one large bag, growth with N, retrieval, peak memory."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from hotpapers.hopfield.bench.timing import (
    Run,
    bar,
    extra_peak,
    in_turns,
    peer_class,
    same_weights,
    step,
    use,
)
from hotpapers.hopfield.fixed_sets import HopfieldPooling
from hotpapers.hopfield.layers import Hopfield
from hotpapers.hopfield.memory.store import HopfieldMemory

__all__ = ["FULL", "SMALL", "Setting", "chain", "sections"]

Section = Callable[[], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is measured.

    Parameters
    ----------
    updates
        Patterns N, their width, and heads of each N x N; each with 0, 1 and 3 extra updates.
    bag
        Rows and width of the large bag.
    stored
        Patterns in the memory, of 128 numbers.
    rounds
        Of which the quickest counts.
    growth
        Also measure growth with N and peak memory, in processes of their own.
    threads, device, peer
        Of torch, where it computes, and a checkout of hopfield-layers.
    """

    updates: tuple[tuple[int, int, int], ...]
    bag: tuple[int, int]
    stored: int
    rounds: int
    growth: bool
    threads: int = 1
    device: str = "cpu"
    peer: Path | None = None


FULL = Setting(
    updates=((512, 64, 1), (512, 512, 8), (1024, 64, 1)),
    bag=(300_000, 32),
    stored=100_000,
    rounds=7,
    growth=True,
)
"""The table of the specification: minutes."""

SMALL = Setting(updates=((512, 64, 1),), bag=(100_000, 32), stored=100_000, rounds=3, growth=False)
"""A part of it, with a smaller bag: less than a minute."""


def sections(setting: Setting) -> dict[str, Section]:
    """Title -> what measures it."""
    bag = f"one bag of {setting.bag[0]:,} x {setting.bag[1]}"
    memory = f"a memory of {setting.stored:,} x 128"
    found: dict[str, Section] = {}
    for count, width, heads in setting.updates:
        for steps in (0, 1, 3):
            name = f"8 x {count} patterns of {width}, {heads} heads, {steps} extra updates"
            found[name] = partial(_updates, setting, count, width, heads, steps)
    found |= {
        f"{bag}, input gradient": partial(_bag, setting, 0, input_gradient=True, needed=3),
        f"{bag}, no input gradient": partial(_bag, setting, 0, input_gradient=False, needed=4),
        f"{bag}, input gradient, 3 extra updates": partial(_bag, setting, 3, input_gradient=True, needed=6),
        f"1 query to {memory}": partial(_retrieval, setting, 1, 1.3),
        f"64 queries to {memory}": partial(_retrieval, setting, 64, 1.2),
    }
    if setting.growth:
        # The smaller bag of the first pair fits into the processor's cache and the allocator's heap; none of the
        # second does.
        for rows in (setting.bag[0] // 4, setting.bag[0]):
            found[f"growth from {rows:,} x {setting.bag[1]}"] = partial(_alone, _growth, setting, rows)
        found[f"{bag}, extra peak memory"] = partial(_memory, setting)
    return found


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """What `work` returns in a process of its own: memory left behind would serve what comes later."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


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


def _updates(setting: Setting, count: int, width: int, heads: int, steps: int) -> dict[str, Any]:
    """The layer, the bare chain and the peer, batch 8, with the default tolerance and without."""
    torch.manual_seed(0)
    x = torch.randn(8, count, width, device=setting.device, requires_grad=True)
    options: dict[str, Any] = {"num_heads": heads, "update_steps_max": steps}
    layer = Hopfield(width, **options).to(setting.device)
    silent = Hopfield(width, **options, update_steps_eps=None).to(setting.device)
    layers: dict[str, Any] = {"ours": layer, "ours without tolerance": silent, "bare": chain(layer, steps)}
    if (peer := peer_class("Hopfield")) is not None:
        layers["peer"] = peer(width, **options).to(setting.device)
        same_weights(layer, layers["peer"])
    silent.load_state_dict(layer.state_dict())
    rounds = 2 * setting.rounds if count * width < 40_000 else setting.rounds
    seconds = in_turns({name: step(one, x) for name, one in layers.items()}, rounds, setting.device)
    found: dict[str, Any] = {f"{name}, s": value for name, value in seconds.items()}
    found["ours / bare"] = bar(seconds["ours"] / seconds["bare"], 1.25, at_most=True)
    if peer is not None and steps:
        found["times faster than the peer"] = bar(seconds["peer"] / seconds["ours"], 3)
        found["executed updates"] = int(layer.get_executed_updates(x).min())
        found["largest difference to the peer"] = float((layer(x) - layers["peer"](x)).detach().abs().max())
    return found


# ---- one large bag


def _pooling(
    setting: Setting, count: int, steps: int, *, input_gradient: bool, which: str = "ours"
) -> tuple[nn.Module, Tensor]:
    """Ours or the peer's layer, and the bag. The tolerance is so small that all updates are made."""
    torch.manual_seed(0)
    width = setting.bag[1]
    x = torch.randn(1, count, width, device=setting.device, requires_grad=input_gradient)
    options: dict[str, Any] = {"update_steps_max": steps, "update_steps_eps": 1e-30}
    layer: nn.Module = HopfieldPooling(width, **options).to(setting.device)
    if which == "peer":
        peer = peer_class("HopfieldPooling")(width, **options).to(setting.device)
        same_weights(layer, peer)
        layer = peer
    return layer, x


def _bag(setting: Setting, steps: int, *, input_gradient: bool, needed: float) -> dict[str, Any]:
    """Pool the bag, forward and backward."""
    names = ["ours", "peer"] if peer_class("HopfieldPooling") is not None else ["ours"]
    passes = {
        name: step(*_pooling(setting, setting.bag[0], steps, input_gradient=input_gradient, which=name))
        for name in names
    }
    seconds = in_turns(passes, setting.rounds, setting.device)
    found: dict[str, Any] = {f"{name}, s": value for name, value in seconds.items()}
    if "peer" in seconds:
        found["times faster than the peer"] = bar(seconds["peer"] / seconds["ours"], needed)
    return found


def _growth(setting: Setting, count: int) -> dict[str, Any]:
    """Time at N and 4 N, in turns."""
    use(None, setting.threads)
    few, many = (_pooling(setting, n, 0, input_gradient=True) for n in (count, 4 * count))
    seconds = in_turns({"few": step(*few), "many": step(*many)}, 25, setting.device)
    return {
        f"N = {count:,}, s": seconds["few"],
        f"N = {4 * count:,}, s": seconds["many"],
        "4 N / N": bar(seconds["many"] / seconds["few"], 4.6, at_most=True),
    }


def _memory(setting: Setting) -> dict[str, Any]:
    """Peaks of forward and backward with input gradient, which alone takes 38 MB of the full bag."""
    found: dict[str, Any] = {}
    for steps in (0, 3):
        ours = _alone(_extra_peak, setting, steps, "ours")
        found[f"ours, {steps} extra updates, MB"] = ours if steps else bar(ours, 80, at_most=True)
        if setting.peer is not None:
            found[f"peer, {steps} extra updates, MB"] = _alone(_extra_peak, setting, steps, "peer")
    return found


def _extra_peak(setting: Setting, steps: int, which: str) -> float:
    use(setting.peer, setting.threads)
    step(*_pooling(setting, 2_000, steps, input_gradient=True, which=which))()
    large = _pooling(setting, setting.bag[0], steps, input_gradient=True, which=which)
    return extra_peak(step(*large), setting.device)


# ---- retrieval from a memory


def _retrieval(setting: Setting, queries: int, needed: float) -> dict[str, Any]:
    """Patterns retrieved from a memory, beside what softmax attention takes at least."""
    random = torch.Generator().manual_seed(0)
    x = torch.randn(setting.stored, 128, generator=random)
    held = HopfieldMemory(beta=200.0, device=setting.device)
    held.store(x)
    q = (x[:queries] + 0.1 * torch.randn(queries, 128, generator=random)).to(setting.device)
    # The same tensors for all, and the report, which reads much else, last: each but the first of a round finds
    # in the cache what the one before it has just read.
    start, stored, read = held.contents.preparation(q) * 200.0, held.contents.ready, held.contents.raw
    parts = (start[None, None], stored[None, None], read[None, None])
    runs: dict[str, Run] = {
        "matmul, softmax, matmul": lambda: torch.softmax(start @ stored.mT, -1) @ read,
        "retrieve": lambda: held.retrieve(q, return_info=False),
        "fused attention": lambda: scaled_dot_product_attention(*parts, scale=1.0),
        "retrieve with report": lambda: held.retrieve(q),
    }
    rounds = 6 * setting.rounds if queries == 1 else setting.rounds
    seconds = in_turns(runs, rounds, setting.device)
    least = min(seconds["matmul, softmax, matmul"], seconds["fused attention"])
    found: dict[str, Any] = {f"{name}, s": value for name, value in seconds.items()}
    found["retrieve / the faster"] = bar(seconds["retrieve"] / least, needed, at_most=True)
    return found
