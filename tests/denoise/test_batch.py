"""Batches: the tree is mirrored, a failing file is reported, a killed batch goes on to the same results."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hotpapers.denoise.batch import JOURNAL, plan_batch, run_batch
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.journal import Journal
from hotpapers.denoise.settings import Settings

GAIN = "denoise.simple_engines:gain"
HELD = "denoise.simple_engines:held"
TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def transfers(tmp_path):
    folder = tmp_path / "transfers"
    for number, name in enumerate(["a.wav", "side b/b.flac", "side b/c.WAV", "d/e/f.ogg"]):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sound = np.random.default_rng(number).uniform(-0.1, 0.1, (30_000, 2))
        soundfile.write(path, sound, 44_100, format=path.suffix[1:].upper())
    (folder / "notes.txt").write_text("not a recording")
    (folder / ".hidden.wav").write_text("not one either")
    return folder


def hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != JOURNAL
    }


def restored(source, out, *, jobs=1, resume=False, overwrite=False, engine=GAIN, residual=None, **options):
    batch = plan_batch(
        source, out, engine=engine, engine_options=options.pop("engine_options", None), residual=residual,
        settings=Settings(**options),
    )  # fmt: skip
    return list(run_batch(batch, jobs=jobs, resume=resume, overwrite=overwrite))


def command(*words, **more):
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", "from hotpapers.cli import main; main()", "denoise", "restore", *map(str, words)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,
    )  # fmt: skip


def test_the_tree_is_mirrored_and_the_journal_tells_the_hashes(tmp_path, transfers):
    out, noise = tmp_path / "out", tmp_path / "noise"
    outcomes = restored(transfers, out, residual=noise)
    assert [outcome.error for outcome in outcomes] == [None] * 4
    assert list(hashes(out)) == list(hashes(noise)) == ["a.wav", "d/e/f.ogg", "side b/b.flac", "side b/c.WAV"]
    records = [json.loads(line) for line in (out / JOURNAL).read_text().splitlines()]
    done = {record["output"]: record for record in records if record["event"] == "done"}
    assert {name: record["output_sha256"] for name, record in done.items()} == hashes(out)
    assert {name: record["residual_sha256"] for name, record in done.items()} == hashes(noise)
    assert {name: record["input_sha256"] for name, record in done.items()}.items() <= hashes(
        transfers
    ).items()


def test_results_do_not_depend_on_the_number_of_jobs(tmp_path, transfers, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    restored(transfers, tmp_path / "one")
    outcomes = restored(transfers, tmp_path / "two", jobs=2)
    assert [outcome.error for outcome in outcomes] == [None] * 4
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_resuming_does_only_what_is_missing_or_changed(tmp_path, transfers):
    out = tmp_path / "out"
    restored(transfers, out)
    with pytest.raises(
        DenoiseError, match=r"4 of 4 results exist already, such as .*a\.wav: --resume goes on"
    ):
        restored(transfers, out)
    assert all(outcome.skipped for outcome in restored(transfers, out, resume=True))

    def redone(**more):
        return [o.task.output.name for o in restored(transfers, out, resume=True, **more) if not o.skipped]

    (out / "a.wav").unlink()
    assert redone() == ["a.wav"]
    (out / "side b" / "b.flac").write_bytes(b"touched by somebody")
    assert redone() == ["b.flac"]
    soundfile.write(transfers / "side b" / "c.WAV", np.full(5000, 0.2), 44_100, format="WAV")
    assert redone() == ["c.WAV"]
    assert redone() == []
    assert len(redone(strength=0.5)) == 4
    assert len(redone(strength=0.5, engine_options={"factor": 0.1})) == 4
    before = hashes(out)
    assert not any(outcome.skipped for outcome in restored(transfers, out, overwrite=True))
    assert hashes(out) != before


def test_a_result_that_the_batch_did_not_write_is_not_replaced(tmp_path, transfers):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.wav").write_bytes(b"precious")
    outcomes = restored(transfers, out, resume=True)
    assert [bool(outcome.error) for outcome in outcomes] == [True, False, False, False]
    assert "a.wav exists already" in outcomes[0].error
    assert (out / "a.wav").read_bytes() == b"precious"


def test_a_failing_recording_is_named_and_the_rest_goes_on(tmp_path, transfers):
    (transfers / "b.wav").write_text("no sound")
    (transfers / "side b" / "bad.flac").write_bytes(b"fLaC" + bytes(100))
    running = command(transfers, "-o", tmp_path / "out", "--engine", GAIN)
    printed, said = running.communicate()
    assert running.returncode == 1
    assert "4 restored, 0 were done before, 2 failed" in printed
    lines = said.splitlines()
    assert len(lines) == 3
    assert [line.startswith("hotpapers: failed: ") for line in lines] == [True, True, False]
    assert lines[2].startswith("hotpapers: 2 of 6 recordings failed: ")
    assert all(name in lines[2] for name in ("b.wav", "bad.flac"))
    assert len(hashes(tmp_path / "out")) == 4


def test_an_engine_that_breaks_is_a_failed_recording(tmp_path, transfers):
    outcomes = restored(transfers, tmp_path / "out", engine="denoise.simple_engines:failing")
    assert {outcome.error.partition(": ")[2] for outcome in outcomes} == {
        "RuntimeError: this engine is broken"
    }


@pytest.fixture
def held(tmp_path):
    """A batch that has come to the middle of a recording after at least one finished: the signal is its turn."""
    folder, hold = tmp_path / "transfers", tmp_path / "hold"
    folder.mkdir()
    for number in range(5):
        sound = np.random.default_rng(number).integers(-3000, 3000, (400_000, 1)).astype(np.int16)
        soundfile.write(folder / f"{number}.wav", sound, 44_100)

    def start(out, jobs):
        words = [folder, "-o", out, "--engine", HELD, "--model", hold, "--jobs", jobs]
        hold.touch()
        process = command(*words)
        while not hold.with_name("hold.reached").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        return folder, words, process, hold

    return start


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_a_kill_resuming_gives_the_same_files(tmp_path, held, jobs):
    undisturbed, out = tmp_path / "undisturbed", tmp_path / "out"
    folder, words, process, hold = held(out, jobs)
    process.kill()
    process.communicate()
    hold.unlink()
    assert any(path.name.startswith(".") for path in out.iterdir())
    resumed = command(*words, "--resume")
    printed, said = resumed.communicate()
    assert (resumed.returncode, said) == (0, "")
    assert "0 failed" in printed
    assert ", 0 were done before" not in printed
    restored(folder, undisturbed)
    assert hashes(out) == hashes(undisturbed)


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_with_130_and_leaves_whole_files_and_a_journal(tmp_path, held, jobs):
    out = tmp_path / "out"
    _, words, process, hold = held(out, jobs)
    process.send_signal(signal.SIGINT)
    if jobs == 2:
        hold.unlink()  # the workers look up at their next block
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.startswith("hotpapers: interrupted")
    assert len(said.splitlines()) == 1
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]
    with Journal(out / JOURNAL) as journal:
        done = [record["output"] for record in journal.records if record["event"] == "done"]
    assert 1 <= len(done) < 5
    hold.unlink(missing_ok=True)
    resumed = command(*words, "--resume")
    printed, _ = resumed.communicate()
    assert f"{5 - len(done)} restored, {len(done)} were done before, 0 failed" in printed
    assert len(hashes(out)) == 5


def test_a_journal_drops_its_unfinished_last_line_and_refuses_what_is_none(tmp_path):
    path = tmp_path / "j.jsonl"
    with Journal(path) as journal:
        journal.append({"output": "ä\udc80.wav"})
        with pytest.raises(DenoiseError, match="another batch is at work"), Journal(path):
            pass
    path.write_bytes(path.read_bytes() + b'{"output": "b')
    with Journal(path) as journal:
        assert journal.records == [{"output": "ä\udc80.wav"}]
        journal.append({"output": "c.wav"})
    assert len(path.read_bytes().splitlines()) == 2
    path.write_bytes(b"a letter\n")
    with pytest.raises(DenoiseError, match="line 1 is no JSON object"), Journal(path):
        pass


def test_folders_that_make_no_batch(tmp_path, transfers):
    (tmp_path / "none").mkdir()
    (tmp_path / "file").write_text("")
    for source, out, residual, said in [
        (tmp_path / "none", tmp_path / "out", None, "has no recordings: files that end in one of 3gp"),
        (transfers, transfers, None, "is the folder of the recordings"),
        (transfers, tmp_path / "out", tmp_path / "out", "given for two results"),
        (transfers, tmp_path / "file", None, "is a file"),
        (tmp_path / "absent", tmp_path / "out", None, "is no folder"),
    ]:
        with pytest.raises(DenoiseError, match=said):
            plan_batch(source, out, engine=GAIN, residual=residual)


def test_two_recordings_never_share_a_result_and_none_is_a_result(tmp_path, transfers):
    (transfers / "a.flac").write_bytes((transfers / "side b" / "b.flac").read_bytes())
    with pytest.raises(DenoiseError, match=r"a\.flac and .*a\.wav would both become .*a\.ogg"):
        plan_batch(transfers, tmp_path / "out", engine=GAIN, settings=Settings(container="ogg"))
    (transfers / "a.flac").unlink()
    inner = transfers / "transfers" / "a.wav"
    inner.parent.mkdir()
    inner.write_bytes((transfers / "a.wav").read_bytes())
    with pytest.raises(DenoiseError, match=r"transfers/a\.wav is a recording, which is never changed"):
        plan_batch(transfers, tmp_path, engine=GAIN, settings=Settings(overwrite=True))


def test_results_inside_the_folder_of_recordings_are_no_recordings(transfers):
    out = transfers / "restored"
    assert len(restored(transfers, out)) == 4
    assert len(plan_batch(transfers, out, engine=GAIN).tasks) == 4
