"""The write-ahead ledger never under-reports, wherever the process is killed."""

import os
import subprocess
import sys

import pytest

from hotpapers.common.errors import FailureError
from hotpapers.dpopt.accounting import Budget, DurableLedger, Event, read_durable
from hotpapers.dpopt.errors import BudgetError, PrivacyError

SPENT = Event(mechanism="laplace", sensitivity=1.0, norm="l1", scale=10.0, purpose="a step")

# A child spends and, as soon as `spend` returned, "releases" one byte through a pipe; it is killed at a random
# moment after the first byte; what came through the pipe was released.
_KILLS = """
import os, random, signal, sys, time
from pathlib import Path
from hotpapers.dpopt.accounting import DurableLedger, Event, read_durable
path, kills = Path(sys.argv[1]), int(sys.argv[2])
event = Event(mechanism="laplace", sensitivity=1.0, norm="l1", scale=10.0, purpose="a step")
chance, released = random.Random(5), 0
for _ in range(kills):
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        with DurableLedger(path, "add_remove") as ledger:
            while True:
                ledger.spend(event)
                os.write(write_end, b"x")
    os.close(write_end)
    os.read(read_end, 1)
    time.sleep(chance.random() * 1e-3)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(read_end, "rb") as pipe:
        released += len(pipe.read()) + 1
    reported = len(read_durable(path))
    assert reported >= released, (reported, released)
print(released, reported)
"""


def test_killed_at_any_moment_it_never_under_reports(tmp_path):
    script = tmp_path / "kills.py"
    script.write_text(_KILLS)
    found = subprocess.run(
        [sys.executable, script, tmp_path / "spend.jsonl", "60"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert found.returncode == 0, found.stderr
    released, reported = map(int, found.stdout.split())
    assert (
        60 <= released <= reported <= released + 60
    )  # at most the announced one is over-reported, each time


def _three(path):
    with DurableLedger(path, "add_remove") as ledger:
        for _ in range(3):
            ledger.spend(SPENT)
    return path.read_bytes()


def test_cut_at_any_byte_every_finished_record_counts(tmp_path):
    content = _three(tmp_path / "whole.jsonl")
    header = content.index(b"\n") + 1
    for end in range(len(content), header - 1, -5):
        (tmp_path / "cut.jsonl").write_bytes(content[:end])
        assert len(read_durable(tmp_path / "cut.jsonl")) == content[:end].count(b"\n") - 1


def test_work_goes_on_after_an_unfinished_record(tmp_path):
    path = tmp_path / "spend.jsonl"
    path.write_bytes(_three(path)[:-7])
    with DurableLedger(path, "add_remove") as ledger:
        assert len(ledger.ledger) == 2
        ledger.spend(SPENT)
    assert len(read_durable(path)) == 3


def test_a_changed_byte_anywhere_is_refused(tmp_path):
    path = tmp_path / "spend.jsonl"
    content = _three(path)
    for place in range(0, len(content) - 1, 17):
        changed = bytes([content[place] ^ 1])
        path.write_bytes(content[:place] + changed + content[place + 1 :])
        with pytest.raises(PrivacyError):
            read_durable(path)


def test_the_event_is_on_disk_before_spend_returns(tmp_path, monkeypatch):
    path = tmp_path / "spend.jsonl"
    seen = []
    fsync = os.fsync

    def watched(descriptor):
        seen.append(len(read_durable(path)))
        fsync(descriptor)

    with DurableLedger(path, "add_remove") as ledger:
        monkeypatch.setattr(os, "fsync", watched)
        ledger.spend(SPENT)
    assert seen == [1]


def test_a_full_disk_spends_nothing_and_leaves_a_whole_file(tmp_path, monkeypatch):
    path = tmp_path / "spend.jsonl"
    with DurableLedger(path, "add_remove") as ledger:
        ledger.spend(SPENT)
        write = os.write

        def full(descriptor, content):
            if len(content) < 40:
                raise OSError(28, "No space left on device")
            return write(descriptor, content[:-39])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(FailureError, match="nothing was spent"):
            ledger.spend(SPENT)
        monkeypatch.undo()
        assert len(ledger.ledger) == 1
        ledger.spend(SPENT)
    assert len(read_durable(path)) == 2


def test_the_budget_is_enforced_across_sessions(tmp_path):
    path, budget = tmp_path / "spend.jsonl", Budget(epsilon=0.25)
    with DurableLedger(path, "add_remove", budget=budget) as ledger:
        ledger.spend(SPENT)
    with DurableLedger(path, "add_remove", budget=budget) as ledger:
        ledger.spend(SPENT)
        with pytest.raises(BudgetError):
            ledger.spend(SPENT)
    assert read_durable(path).epsilon(0.0) == pytest.approx(0.2)


def test_one_process_at_a_time_and_one_relation(tmp_path):
    path = tmp_path / "spend.jsonl"
    with DurableLedger(path, "add_remove"), pytest.raises(PrivacyError, match="another process"):
        DurableLedger(path, "add_remove")
    with pytest.raises(PrivacyError, match="asked for 'replace_one'"):
        DurableLedger(path, "replace_one")
