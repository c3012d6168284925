"""The store on disk: what was acknowledged is there, whatever happens to the process."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from hotpapers.common.errors import FailureError, InputError  # noqa: E402
from hotpapers.hopfield import HopfieldMemory  # noqa: E402
from hotpapers.hopfield.memory import file as memory_file  # noqa: E402


def vectors(count: int, d: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, d, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def folder(tmp_path) -> Path:
    """A store of ten patterns."""
    memory = HopfieldMemory(beta=3.0)
    memory.store(vectors(10), ids=[f"é{at}" for at in range(10)], values=vectors(10, 2, seed=1))
    memory.save(tmp_path / "m.hop")
    return tmp_path / "m.hop"


def same(one: HopfieldMemory, other: HopfieldMemory) -> bool:
    return (
        one.ids == other.ids
        and torch.equal(one.patterns, other.patterns)
        and torch.equal(one.contents.ready, other.contents.ready)
        and (one.values is None or torch.equal(one.values, other.values))
        and one.beta_given == other.beta_given
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta": 7.5, "center": False},
        {"normalize": False, "dtype": torch.float64},
        {"center": False, "normalize": False},
    ],
)
def test_what_was_saved_is_read(tmp_path, options) -> None:
    memory = HopfieldMemory(**options)
    memory.store(vectors(33))
    memory.store(vectors(5, seed=1))
    memory.save(tmp_path / "m.hop")
    read = HopfieldMemory.load(tmp_path / "m.hop")
    assert same(memory, read)
    assert read.beta == memory.beta
    assert read.store(vectors(1, seed=2)) == [38]


def test_an_empty_memory_is_saved_too(tmp_path) -> None:
    HopfieldMemory(dim=4).save(tmp_path / "m.hop")
    with HopfieldMemory.open(tmp_path / "m.hop") as memory:
        memory.store(vectors(3, 4))
    assert len(HopfieldMemory.load(tmp_path / "m.hop")) == 3


def test_changes_are_kept_in_the_journal(folder) -> None:
    with HopfieldMemory.open(folder) as memory:
        memory.store(vectors(25, seed=2), values=vectors(25, 2, seed=3))
        memory.remove(["é3", 4])
        memory.update("é5", vectors(1, seed=4)[0], [[1.0, 2.0]])
        memory.store(vectors(1, seed=5), ids=["last"], values=[[0.0, 0.0]])
        assert same(memory, HopfieldMemory.load(folder))  # read while it is open
    again = HopfieldMemory.load(folder)
    assert same(memory, again)
    assert load_file(folder / "patterns.safetensors")["patterns"].shape == (10, 8)  # not rewritten
    with HopfieldMemory.open(folder) as reopened:
        reopened.store(vectors(1, seed=6), values=[[0.0, 0.0]])
    assert len(HopfieldMemory.load(folder)) == 35


def test_compacting_keeps_everything_and_voids_the_journal(folder) -> None:
    with HopfieldMemory.open(folder) as memory:
        memory.store(vectors(7, seed=2), values=vectors(7, 2))
        old = (folder / "journal").read_bytes()
        memory.compact()
        assert same(memory, HopfieldMemory.load(folder))
        (folder / "journal").write_bytes(old)  # as if killed before the old journal went
        assert same(memory, HopfieldMemory.load(folder))
    with HopfieldMemory.open(folder) as memory:
        memory.store(vectors(1, seed=9), values=[[1.0, 1.0]])
    assert len(HopfieldMemory.load(folder)) == 18


def test_a_journal_of_a_later_data_file_is_refused(folder) -> None:
    older = (folder / "patterns.safetensors").read_bytes()
    with HopfieldMemory.open(folder) as memory:
        memory.compact()
        memory.store(vectors(1), values=[[0.0, 0.0]])
    (folder / "patterns.safetensors").write_bytes(older)
    for read in (HopfieldMemory.load, HopfieldMemory.open):
        with pytest.raises(InputError, match="continues a later data file than the one beside it"):
            read(folder)


def test_a_reader_beside_a_busy_writer_sees_whole_stores(folder, monkeypatch) -> None:
    monkeypatch.setattr(memory_file, "_SHORT", 500)
    stop, seen, failures = threading.Event(), set(), []

    def look() -> None:
        while not stop.is_set():
            try:
                found = HopfieldMemory.load(folder)
            except (InputError, FailureError, OSError) as error:
                failures.append(error)
                return
            seen.add(len(found))

    reader = threading.Thread(target=look)
    with HopfieldMemory.open(folder) as memory:
        reader.start()
        for turn in range(120):
            memory.store(vectors(1, seed=turn), values=[[0.0, 1.0]])
        stop.set()
    reader.join()
    assert failures == []
    assert len(seen) > 1
    assert seen <= set(range(10, 131))


def test_a_long_journal_is_folded_in(folder, monkeypatch) -> None:
    monkeypatch.setattr(memory_file, "_SHORT", 20_000)
    with HopfieldMemory.open(folder) as memory:
        for turn in range(150):
            memory.store(vectors(1, seed=turn), values=[[0.0, 1.0]])
    size = (folder / "journal").stat().st_size if (folder / "journal").exists() else 0
    assert size < 25_000
    assert same(memory, HopfieldMemory.load(folder))
    assert len(HopfieldMemory.load(folder)) == 160


def test_a_journal_cut_anywhere_loses_only_its_last_record(folder) -> None:
    ends = []
    with HopfieldMemory.open(folder) as memory:
        for turn in range(3):
            memory.store(vectors(2, seed=turn), values=vectors(2, 2))
            ends.append((folder / "journal").stat().st_size)
    whole = (folder / "journal").read_bytes()
    for cut in range(0, len(whole) + 1, 7):
        (folder / "journal").write_bytes(whole[:cut])
        there = 10 + 2 * sum(end <= cut for end in ends)
        assert len(HopfieldMemory.load(folder)) == there, cut
    (folder / "journal").write_bytes(whole[: ends[1]] + bytes(500))  # a file system that had grown the file
    assert len(HopfieldMemory.load(folder)) == 14
    with HopfieldMemory.open(folder) as memory:
        memory.store(vectors(1, seed=8), ids=["after"], values=[[0.0, 0.0]])
    assert HopfieldMemory.load(folder).ids[-1] == "after"


def test_damage_to_an_acknowledged_record_is_never_passed_over(folder) -> None:
    with HopfieldMemory.open(folder) as memory:
        for turn in range(3):
            memory.store(vectors(2, seed=turn), values=vectors(2, 2))
    whole = (folder / "journal").read_bytes()
    choose = random.Random(0)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[choose.randrange(len(whole) * 2 // 3)] ^= 1 << choose.randrange(8)
        (folder / "journal").write_bytes(damaged)
        with pytest.raises(InputError, match=r"damaged at byte|damaged in its first|no journal|version"):
            HopfieldMemory.load(folder)


@pytest.mark.parametrize("name", ["patterns", "values", "centre", "ids"])
def test_damage_to_the_data_file_is_found(folder, name) -> None:
    path = folder / "patterns.safetensors"
    tensors = load_file(path)
    bits = tensors[name].view(torch.uint8) if tensors[name].dtype != torch.uint8 else tensors[name]
    content = bytearray(path.read_bytes())
    at = content.find(bytes(bits.reshape(-1).numpy().tobytes()))
    assert at > 0
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"checksum of its {name} is wrong"):
        HopfieldMemory.load(folder)
    path.write_bytes(content[:100])
    with pytest.raises(InputError, match="damaged or no memory's file"):
        HopfieldMemory.load(folder)


def test_files_of_another_version_are_refused(folder) -> None:
    with HopfieldMemory.open(folder) as memory:
        memory.store(vectors(1), values=[[0.0, 0.0]])
    journal = (folder / "journal").read_bytes()
    (folder / "journal").write_bytes(journal[:4] + (2).to_bytes(4, "little") + journal[8:])
    with pytest.raises(InputError, match="journal of version 2, and this hotpapers reads 1"):
        HopfieldMemory.load(folder)
    (folder / "journal").unlink()
    path = folder / "patterns.safetensors"
    header = path.read_bytes()
    size = int.from_bytes(header[:8], "little")
    metadata = json.loads(header[8 : 8 + size])["__metadata__"]
    save_file(load_file(path), path, metadata | {"version": "2"})
    with pytest.raises(InputError, match="version 2 of the format, and this hotpapers reads 1"):
        HopfieldMemory.load(folder)
    save_file(load_file(path), path)
    with pytest.raises(InputError, match="is no memory's file"):
        HopfieldMemory.load(folder)


def test_one_process_at_a_time(folder) -> None:
    with HopfieldMemory.open(folder):
        with pytest.raises(InputError, match="open in another process"):
            HopfieldMemory.open(folder)
        with pytest.raises(InputError, match="open in another process"):
            HopfieldMemory().save(folder)
    HopfieldMemory.open(folder).close()


def test_what_is_no_memory_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        HopfieldMemory.load(tmp_path / "none")
    with pytest.raises(InputError, match=r"it has no patterns\.safetensors"):
        HopfieldMemory.open(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files and is no memory"):
        HopfieldMemory().save(tmp_path)
    with pytest.raises(InputError, match="is a file: a memory is a folder"):
        HopfieldMemory().save(tmp_path / "mine.txt")


def test_a_full_disk_stores_nothing_and_says_so(folder, monkeypatch) -> None:
    with HopfieldMemory.open(folder) as memory:
        memory.store(vectors(1), values=[[0.0, 0.0]])

        def refuse(_: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as full:
            full.setattr(os, "fsync", refuse)
            with pytest.raises(FailureError, match="No space left on device; nothing was stored"):
                memory.store(vectors(4, seed=1), values=vectors(4, 2))
        assert len(memory) == 11
        memory.store(vectors(1, seed=2), ids=["after"], values=[[0.0, 0.0]])
    assert HopfieldMemory.load(folder).ids[-2:] == [0, "after"]


# ---- killed

_WRITER = textwrap.dedent(
    """
    import sys, torch
    from hotpapers.hopfield import HopfieldMemory
    from hotpapers.hopfield.memory import file

    torch.set_num_threads(1)
    file._SHORT = 3000  # the data file is rewritten again and again
    with HopfieldMemory.open(sys.argv[1]) as memory:
        print("ready", flush=True)
        turn = int(sys.argv[2])
        while True:
            turn += 1
            name = f"{turn}"
            memory.store(torch.full((1, 8), float(turn)).add_(torch.arange(8) * turn % 5), ids=[name])
            print("stored", name, flush=True)
            if turn % 7 == 0:
                memory.remove([f"{turn - 3}"])
                print("removed", turn - 3, flush=True)
            if turn % 31 == 0:
                memory.compact()
    """
)


def _killed(folder: Path, first: int, seconds: float) -> list[list[str]]:
    """What a writer acknowledged before it was killed at some moment."""
    words = [sys.executable, "-W", "ignore", "-c", _WRITER, str(folder), str(first)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read()
    return [line.split() for line in said.splitlines(keepends=True) if line.endswith("\n")]


def _check_kills(folder: Path, rounds: int) -> int:
    memory = HopfieldMemory()
    memory.store(vectors(3), ids=["a", "b", "c"])
    memory.save(folder)
    stored, last, choose = {"a", "b", "c"}, 0, random.Random(1)
    for _ in range(rounds):
        for verb, name in _killed(folder, last, choose.uniform(0.005, 0.25)):
            stored = stored | {name} if verb == "stored" else stored - {name}
            last = max(last, int(name))
        found = HopfieldMemory.load(folder)
        there = set(found.ids)
        # One change may have been made that nobody was told about any more.
        assert len(stored ^ there) <= 1, (stored ^ there, last)
        for name, row in zip(found.ids, found.patterns, strict=True):
            if str(name).isdecimal():
                turn = int(name)
                assert torch.equal(row, torch.full((8,), float(turn)) + torch.arange(8) * turn % 5)
        stored, last = there, max([last, *(int(name) for name in there if str(name).isdecimal())])
    return last


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_a_killed_writer_loses_nothing_acknowledged(tmp_path) -> None:
    assert _check_kills(tmp_path / "m.hop", 2) > 0


@pytest.mark.slow
def test_a_writer_killed_forty_times_loses_nothing_acknowledged(tmp_path) -> None:
    assert _check_kills(tmp_path / "m.hop", 40) > 100
