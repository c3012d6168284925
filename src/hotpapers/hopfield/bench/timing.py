"""Time and memory of passes that run in turns; ratios with the bars they have to reach."""

from __future__ import annotations

import importlib
import resource
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import torch
from torch import Tensor, nn

from hotpapers.hopfield.errors import HopfieldError

__all__ = ["Run", "bar", "extra_peak", "in_turns", "peer_class", "same_weights", "step", "use"]

Run = Callable[[], object]


def step(layer: Callable[[Tensor], Tensor], x: Tensor) -> Run:
    """One forward and backward pass; gradients are dropped before, not kept from round to round."""

    def run() -> None:
        x.grad = None
        if isinstance(layer, nn.Module):
            layer.zero_grad(set_to_none=True)
        layer(x).sum().backward()  # type: ignore[no-untyped-call]

    return run


def in_turns(runs: Mapping[str, Run], rounds: int, device: str = "cpu") -> dict[str, float]:
    """Least seconds of each, run one after the other in every round, after a round that warms up.

    Parameters
    ----------
    runs
        Name -> what is timed.
    rounds
        That count.
    device
        Waited for after each run, where that is a GPU.
    """
    found: dict[str, list[float]] = {name: [] for name in runs}
    for at in range(rounds + 1):
        for name, run in runs.items():
            _wait(device)
            started = perf_counter()
            run()
            _wait(device)
            if at:
                found[name].append(perf_counter() - started)
    return {name: min(seconds) for name, seconds in found.items()}


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def bar(value: float, needed: float, *, at_most: bool = False) -> str:
    """A ratio with the bar it has to reach, and whether it does.

    Examples
    --------
    >>> bar(1.1, 1.25, at_most=True)
    '1.10 (at most 1.25: met)'
    """
    holds = value <= needed if at_most else value >= needed
    return f"{value:.2f} ({'at most' if at_most else 'at least'} {needed:g}: {'met' if holds else 'MISSED'})"


# ---- the peer


def use(peer: Path | None, threads: int) -> None:
    """Set torch's threads, and let a checkout of hopfield-layers (package hflayers) be found.

    Raises
    ------
    HopfieldError
        If `peer` holds no such package.
    """
    torch.set_num_threads(threads)
    if peer is None:
        return
    sys.path.insert(0, str(peer))
    try:
        importlib.import_module("hflayers")
    except ImportError as error:
        raise HopfieldError(
            f"{peer} is no checkout of hopfield-layers: hflayers can't be imported ({error})"
        ) from error


def peer_class(name: str) -> Any:
    """The peer's class, or None where no peer is in use."""
    return getattr(importlib.import_module("hflayers"), name) if "hflayers" in sys.modules else None


def same_weights(ours: nn.Module, peer: nn.Module) -> None:
    """Both start alike, with projections that keep the size of what they project, so that updates move."""
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            if "proj" in name and parameter.ndim == 2:
                parameter.normal_(std=1.5 * parameter.shape[1] ** -0.5)
    peer.load_state_dict(ours.state_dict())


# ---- memory


def extra_peak(run: Run, device: str = "cpu") -> float:
    """Megabytes that a run takes above what stood before it."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        stood = torch.cuda.memory_allocated(device)
        run()
        torch.cuda.synchronize(device)
        return (torch.cuda.max_memory_allocated(device) - stood) / 1e6
    before = _resident()
    if before is None:  # no /proc: the process's peak, which counts what came before as well
        start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        run()
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 1e3
    highest, done = before, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.is_set():
            highest = max(highest, _resident() or 0.0)
            sleep(0.0005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(3):
            run()
    finally:
        done.set()
        watcher.join()
    return highest - before


def _resident() -> float | None:
    """Megabytes of this process in memory."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return None
