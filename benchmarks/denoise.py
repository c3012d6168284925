"""Restoring beside other programs: time per second of sound, memory, growth with the length, blocks against the whole.

    python benchmarks/denoise.py                   # ours, and what is installed of ffmpeg and noisereduce
    python benchmarks/denoise.py --peer DIR        # also noisereduce from a folder
    python benchmarks/denoise.py --full            # memory and growth up to three hours instead of ten minutes
    python benchmarks/denoise.py --model FILE      # other weights than those that ship

Times are CPU seconds per second of sound, the least of all rounds, which a busy machine disturbs least; the time
that passed stands beside them. Memory is the peak of a process of its own. A bar that is missed is shown as missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import soundfile
import torch

from hotpapers.common.console import console, table
from hotpapers.common.files import write_text
from hotpapers.common.provenance import provenance
from hotpapers.denoise import Stream, denoise, synth_noise
from hotpapers.denoise.example_music import prelude
from hotpapers.denoise.peers import PEERS, run_peer

SR = 44_100
SECONDS = 30
FRONT = 1.5
ROUNDS = 3
BARS = {"net": (0.10, 0.25), "dsp": (0.15, 0.30), "hybrid": (0.15, 0.45)}  # mono, stereo
_ONE_FILE = """
import re, sys, time
import torch
from hotpapers.denoise import denoise_file
torch.set_num_threads(1)
started = time.process_time()
denoise_file(sys.argv[1], sys.argv[2], engine=sys.argv[3], model=sys.argv[4] or None, overwrite=True)
with open("/proc/self/status") as told:  # getrusage would tell the parent's peak where that is higher
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", told.read()).group(1)) / 1024
print(time.process_time() - started, peak)
"""


def worn(seconds: float, channels: int) -> np.ndarray:
    """The prelude behind the noise of a worn 78, with a second and a half of noise in front: (n, channels)."""
    front = round(FRONT * SR)
    parts = []
    for channel in range(channels):
        music = np.concatenate([np.zeros(front, np.float32), prelude(seconds - FRONT, SR, seed=channel)])
        noise = synth_noise(seconds, SR, preset="78-worn", rng=np.random.default_rng(channel), rms=0.04)
        parts.append(music + noise)
    return np.stack(parts, axis=1)


def engine_options(engine: str, model: str | None) -> dict[str, Any]:
    """Weights for the engines that take them."""
    return {"engine": engine} if engine == "dsp" or model is None else {"engine": engine, "model": model}


def bench_engine(engine: str, model: str | None, threads: int) -> dict[str, Any]:
    """An engine on mono and stereo: survey and restoration, as a user gets them."""
    torch.set_num_threads(threads)
    found: dict[str, Any] = {}
    for channels, name in ((1, "mono"), (2, "stereo")):
        x = worn(SECONDS, channels)
        used, passed = [], []
        for _ in range(ROUNDS):
            cpu, wall = process_time(), perf_counter()
            denoise(x, SR, **engine_options(engine, model))
            used.append((process_time() - cpu) / SECONDS)
            passed.append((perf_counter() - wall) / SECONDS)
        bar_of = BARS[engine][channels - 1]
        found[f"{name}, CPU s/s"] = bar(min(used), bar_of, at_most=True)
        found[f"{name}, passed s/s"] = min(passed)
    return found


def bench_peers() -> dict[str, Any]:
    """Other programs on the same mono recording."""
    x, front = worn(SECONDS, 1)[:, 0], round(FRONT * SR)
    found: dict[str, Any] = {}
    for name in ("ffmpeg-chain", "noisereduce", "noisereduce-profile", "sox-noisered"):
        if PEERS[name].installed:
            used = min(run_peer(PEERS[name], x, SR, front)[1] for _ in range(ROUNDS))
            found[f"{PEERS[name].label}, CPU s/s"] = used / SECONDS
    return found or {"installed": "none"}


def bench_length(minutes: tuple[float, float], model: str | None) -> dict[str, Any]:
    """Time and peak memory of a short and a long file, each in a process of its own."""
    found: dict[str, Any] = {}
    seconds, peaks = [], []
    with tempfile.TemporaryDirectory() as folder:
        for length in minutes:
            path = Path(folder) / "long.flac"
            with soundfile.SoundFile(path, "w", SR, 1, "PCM_16") as stream:
                piece = worn(60, 1)
                for _ in range(round(length)):
                    stream.write(piece)
            command = [sys.executable, "-c", _ONE_FILE, str(path), f"{folder}/out.flac", "auto", model or ""]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            used, peak = map(float, done.stdout.split())
            seconds.append(used)
            peaks.append(peak)
            found[f"{length:g} min, CPU s/s"] = used / length / 60
            found[f"{length:g} min, peak MiB"] = bar(peak, 900, at_most=True)
    found["growth of the peak, MiB"] = bar(peaks[1] - peaks[0], 50, at_most=True)
    ratio = (seconds[1] / seconds[0]) / (minutes[1] / minutes[0])
    found["time over proportional time"] = bar(ratio, 1.1, at_most=True)
    return found


def bench_miner(minutes: int = 60) -> dict[str, Any]:
    """The command that finds noise alone, on one long file: the whole process, reading and writing included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "transfers" / "long.flac"
        path.parent.mkdir()
        with soundfile.SoundFile(path, "w", SR, 1, "PCM_16") as stream:
            piece = worn(60, 1)
            for _ in range(minutes):
                stream.write(piece)
        words = ["-m", "hotpapers", "denoise", "extract-noise", str(path.parent), "-o", f"{folder}/bank"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
        subprocess.run([sys.executable, *words], capture_output=True, check=True)
        after, passed = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter() - started
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {f"{minutes} min of sound, CPU s": bar(used, minutes, at_most=True), "passed s": passed}


def bench_blocks(model: str | None) -> dict[str, Any]:
    """What comes out in blocks against what comes out of the whole."""
    x = worn(SECONDS, 2)
    found: dict[str, Any] = {}
    for engine in ("net", "dsp", "hybrid"):
        options = engine_options(engine, model)
        stream = Stream(SR, 2, like=x, **options)
        made = [stream.push(x[at : at + 10_007]) for at in range(0, len(x), 10_007)]
        difference = np.abs(np.concatenate([*made, stream.flush()]) - denoise(x, SR, **options)).max()
        found[f"{engine}, largest difference"] = bar(float(difference), 1e-5, at_most=True)
    return found


def bar(value: float, needed: float, *, at_most: bool = False) -> str:
    """A value with the bar it has to reach, and whether it does."""
    holds = value <= needed if at_most else value >= needed
    return f"{value:.3g} ({'at most' if at_most else 'at least'} {needed:g}: {'met' if holds else 'MISSED'})"


def report(sections: dict[str, dict[str, Any]], results: Path) -> None:
    """Print all tables and write them with where they come from."""
    for title, found in sections.items():
        sheet = table("what", "measured", title=title, numbers=["measured"])
        for name, value in found.items():
            sheet.add_row(name, f"{value:.3g}" if isinstance(value, float) else str(value))
        console().print(sheet)
    path = results / "denoise" / "bench.json"
    made = {"made": provenance(), "sections": sections}
    write_text(path, json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path, help="a folder that holds the package noisereduce")
    parser.add_argument("--model", help="weights, by name or path")
    parser.add_argument("--full", action="store_true", help="up to three hours")
    parser.add_argument("--only", default="", help="run the sections whose titles hold this")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    if options.peer is not None:
        folder = str(options.peer.resolve())
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))
    plan: dict[str, Callable[[], dict[str, Any]]] = {
        f"{engine}, {threads} thread{'s' * (threads > 1)}": partial(
            bench_engine, engine, options.model, threads
        )
        for threads in (1, 2)
        for engine in BARS
    }
    plan["other programs, mono"] = bench_peers
    plan["growth with the length"] = partial(
        bench_length, (10, 180) if options.full else (1, 10), options.model
    )
    plan["miner of noise"] = bench_miner
    plan["blocks and the whole"] = partial(bench_blocks, options.model)
    sections: dict[str, dict[str, Any]] = {"setting": {"seconds": SECONDS, "torch": torch.__version__}}
    sections |= {name: run() for name, run in plan.items() if options.only in name}
    report(sections, options.results)


if __name__ == "__main__":
    main()
