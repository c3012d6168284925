"""The same inputs give the same bytes: whatever the hash seed, the engine, or the number of threads."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("duckdb")

KINDS = ("txt", "html", "svg", "png", "pdf", "csv", "tsv", "json", "parquet")


@pytest.fixture
def talks(tmp_path):
    """Two folders of six documents each; words of several scripts, many of them equally often."""
    for side in ("a", "b"):
        generator = random.Random(side)
        (tmp_path / side).mkdir()
        words = [f"{stem}{n}" for stem in ("word", "слово", "λέξη", "शब्द") for n in range(60)]
        for number in range(6):
            text = " ".join(generator.choices(words, k=400)) + f" only{side}\n"
            (tmp_path / side / f"{number}.txt").write_text(text)
    return tmp_path


def made(folder: Path, out: str, *options: str, seed: str = "0") -> dict[str, str]:
    """Kind -> SHA-256 of what `graph` writes in a process of its own, and of what it prints."""
    command = [sys.executable, "-W", "error", "-m", "hotpapers", "wordshift", "graph", "a", "b", "-o", out,
               "--format", ",".join(KINDS), "--ci", "document", "--reps", "64", *options]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
    )
    printed = done.stdout.split(out.encode())[0]
    files = {path.suffix: path.read_bytes() for path in (folder / out).iterdir()}
    assert len(files) == len(KINDS)
    return {
        kind: hashlib.sha256(content).hexdigest() for kind, content in {**files, "printed": printed}.items()
    }


def test_bytes_do_not_depend_on_hash_seed_engine_or_threads(talks):
    expected = made(talks, "out0")
    runs = [
        {"options": ("--engine", "python"), "seed": "1"},
        {"options": ("--engine", "polars"), "seed": "2"},
        {"options": ("--engine", "duckdb", "--threads", "1"), "seed": "3"},
        {"options": ("--engine", "duckdb", "--threads", "2"), "seed": "4"},
    ]
    for number, run in enumerate(runs, 1):
        assert made(talks, f"out{number}", *run["options"], seed=run["seed"]) == expected, run


@pytest.mark.slow
def test_bytes_are_the_same_under_ten_hash_seeds(talks):
    expected = made(talks, "out0")
    for seed in range(1, 11):
        assert made(talks, f"out{seed}", seed=str(seed)) == expected, seed
