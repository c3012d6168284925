"""An interrupted run ends with the bits of one that was not."""

from __future__ import annotations

import random
import signal

import pytest
import torch

from hotpapers.training import StoppedError, TrainingError, train
from training.equality import assert_same
from training.toys import Adversaries, Regression, settings


@pytest.mark.parametrize("minutes", [0.0, 0.002], ids=["checkpoint each step", "checkpoint now and then"])
def test_killed_and_resumed_is_undisturbed(tmp_path, run_toy, left, minutes) -> None:
    step = random.Random().randrange(3, 57)  # any step will do
    changes = {"steps": 60, "log_every": 7, "validate_every": 10, "best": "mean:max", "checkpoint_minutes": minutes}
    train(Adversaries(), settings(tmp_path / "whole", **changes))

    killed = run_toy("Adversaries", {"kill_at": step}, tmp_path / "cut", **changes)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    result = train(Adversaries(), settings(tmp_path / "cut", workers=2, **changes), resume=True)

    assert result.steps == 60
    assert_same(left(tmp_path / "cut"), left(tmp_path / "whole"), f"killed in step {step}")
    best = [torch.load(tmp_path / folder / "best.ckpt", weights_only=True) for folder in ("cut", "whole")]
    assert_same(*best)


def test_rows_after_the_checkpoint_are_cut(tmp_path, left) -> None:
    train(Regression(), settings(tmp_path / "whole", steps=20, log_every=1))
    train(Regression(), settings(tmp_path / "cut", steps=20, log_every=1))


    class Stopped(Regression):
        def step(self, run, batch):
            if run.step == 9:
                signal.raise_signal(signal.SIGINT)
            return super().step(run, batch)

    with pytest.raises(StoppedError):
        train(Stopped(), settings(tmp_path / "stopped", steps=20, log_every=1))
    # A log that had got further than the checkpoint, its last row torn.
    log = (tmp_path / "cut" / "log.csv").read_text()
    (tmp_path / "stopped" / "log.csv").write_text(log[:-5])
    train(Regression(), settings(tmp_path / "stopped", steps=20, log_every=1), resume=True)

    assert_same(left(tmp_path / "stopped"), left(tmp_path / "whole"))


@pytest.mark.parametrize(("number", "words"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_ends_the_step_and_saves(tmp_path, left, number, words) -> None:
    class Stopped(Adversaries):
        def step(self, run, batch):
            if run.step == 11:
                signal.raise_signal(number)
            return super().step(run, batch)

    before = signal.getsignal(number)
    with pytest.raises(StoppedError, match=f"stopped by {words} after 12 steps.*last.ckpt is saved.*resume") as stop:
        train(Stopped(), settings(tmp_path / "cut"))
    assert stop.value.exit_code == 130
    assert signal.getsignal(number) is before
    train(Adversaries(), settings(tmp_path / "cut"), resume=True)
    train(Adversaries(), settings(tmp_path / "whole"))
    assert_same(left(tmp_path / "cut"), left(tmp_path / "whole"))


def test_a_second_ctrl_c_stops_at_once(tmp_path) -> None:
    class Impatient(Regression):
        def step(self, run, batch):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("went on")

    with pytest.raises(KeyboardInterrupt):
        train(Impatient(), settings(tmp_path))


def test_a_finished_run_resumes_to_itself(tmp_path, left) -> None:
    train(Regression(), settings(tmp_path, validate_every=5))
    once = left(tmp_path)
    result = train(Regression(), settings(tmp_path, validate_every=5), resume=True)
    assert result.steps == 20
    assert_same(left(tmp_path), once)


def test_resume_without_a_checkpoint_begins(tmp_path) -> None:
    assert train(Regression(), settings(tmp_path), resume=True).steps == 20


@pytest.mark.parametrize(
    ("task", "changes", "complaint"),
    [
        (Regression(), {"seed": 1}, "trained with seed=0, not 1"),
        (Regression(), {"accumulate": 2}, "trained with shares=1, not 2"),
        (Regression(), {"ema_decay": None}, "trained with averaged=True, not False"),
        (Regression(plain=True), {}, "last.ckpt does not fit module 'net'"),
        (Adversaries(), {}, "last.ckpt does not fit module 'generator'"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, task, changes, complaint) -> None:
    train(Regression(), settings(tmp_path, steps=2))
    with pytest.raises(TrainingError, match=complaint) as refused:
        train(task, settings(tmp_path, **changes), resume=True)
    assert "\n" not in str(refused.value)


def test_an_earlier_run_is_not_overwritten(tmp_path) -> None:
    train(Regression(), settings(tmp_path, steps=2))
    with pytest.raises(TrainingError, match="holds an earlier run: resume it, or name another folder"):
        train(Regression(), settings(tmp_path))
