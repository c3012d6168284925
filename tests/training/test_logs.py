"""The log: readable at any time, never torn, the same for TensorBoard."""

from __future__ import annotations

import csv
import io

import pytest
import torch
from training.toys import Adversaries, Regression, settings

from hotpapers.training import TrainingError, train
from hotpapers.training.display import Display
from hotpapers.training.logs import Log, Means, cut_after


def table(path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_rows_are_means_and_can_be_read_while_training(tmp_path) -> None:
    losses, seen = [], []

    class Reading(Regression):
        def step(self, run, batch):
            path = tmp_path / "log.csv"
            assert path.read_bytes().endswith(b"\n")
            seen.append(len(table(path)))
            values = super().step(run, batch)
            losses.append(float(values["loss"].detach()))
            return values

    train(Reading(), settings(tmp_path, steps=8, log_every=3, validate_every=4))
    assert seen == [0, 0, 0, 1, 2, 2, 3, 3]
    rows = table(tmp_path / "log.csv")
    assert [(row["step"], bool(row["loss"]), bool(row["validation/error"])) for row in rows] == [
        ("3", True, False),
        ("4", True, True),
        ("6", True, False),
        ("8", True, True),
    ]
    means = [sum(losses[:3]) / 3, losses[3], sum(losses[4:6]) / 2, sum(losses[6:]) / 2]
    assert [float(row["loss"]) for row in rows] == pytest.approx(means, rel=1e-12)
    assert float(rows[0]["learning_rate/net"]) == pytest.approx(0.05 * (1 - 2 / 8 / 2))
    assert float(rows[0]["gradient_norm/net"]) > 0


def test_a_new_name_becomes_a_column(tmp_path) -> None:
    log = Log(tmp_path, step=0, tensorboard=False)
    log.row(1, {"loss": 0.1})
    log.row(2, {'a, "b"': 2.0, "loss": 1 / 3})
    rows = table(log.path)
    assert rows == [
        {"step": "1", "loss": "0.1", 'a, "b"': ""},
        {"step": "2", "loss": "0.3333333333333333", 'a, "b"': "2.0"},
    ]


def test_a_new_run_begins_a_new_table(tmp_path) -> None:
    Log(tmp_path, step=0, tensorboard=False).row(5, {"old": 1.0})
    assert table(Log(tmp_path, step=0, tensorboard=False).path) == []


def test_a_table_that_is_no_log_is_refused() -> None:
    for text in ("name,loss\na,1\n", "step,loss\nfirst,1\n"):
        with pytest.raises(TrainingError, match=r"log.csv is not a log of training"):
            cut_after(text, 3)


def test_means_shared_once_are_not_shared_again() -> None:
    means, messages = Means(), []

    def double(values: list[float]) -> list[float]:
        messages.append(values)
        return [2 * value for value in values]

    means.add({"loss": torch.tensor(1.0), "norm": 3.0})
    means.share(double)
    means.add({"loss": 5.0})
    means.share(double)
    assert messages == [[1.0, 3.0], [5.0]]
    assert means.take() == {"loss": 6.0, "norm": 6.0}
    means.add({"loss": 1.0})
    means.share(double)
    assert messages[-1] == [1.0]


def test_tensorboard_holds_the_same_numbers(tmp_path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    train(Adversaries(), settings(tmp_path, tensorboard=True))
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    rows = table(tmp_path / "log.csv")
    for name in ("hinge", "gradient_norm/critic", "validation/mean"):
        held = [(event.step, event.value) for event in events.Scalars(name)]
        written = [(int(row["step"]), float(row[name])) for row in rows if row[name]]
        assert [step for step, _ in held] == [step for step, _ in written]
        assert [value for _, value in held] == pytest.approx([value for _, value in written], rel=1e-6)


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "visible", "shown"),
    [(Terminal, True, True), (Terminal, False, False), (io.StringIO, True, False)],
)
def test_progress_is_shown_on_a_terminal_only(monkeypatch, stream, visible, shown) -> None:
    monkeypatch.setattr("sys.stderr", stream())
    monkeypatch.setenv("TERM", "xterm")
    import sys

    with Display(visible=visible) as display:
        display.advance(41, 0.5)
        display.values({"loss": 0.25})
    text = sys.stderr.getvalue()
    assert (("step 41" in text), ("50%" in text), ("loss 0.25" in text)) == (shown, shown, shown)
