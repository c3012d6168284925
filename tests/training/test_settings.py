"""Settings are checked at the door, in one line each."""

from __future__ import annotations

import pytest
from training.toys import settings

from hotpapers import training
from hotpapers.training import TrainingError


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"steps": None}, "how long to train is not said: give steps, minutes or both"),
        ({"steps": 0}, "steps must be at least 1: got 0"),
        ({"minutes": float("inf")}, "minutes must be above 0: got inf"),
        ({"minutes": float("nan")}, "minutes must be above 0: got nan"),
        ({"seed": -1}, "seed must be 0 or more: got -1"),
        ({"precision": "fp8"}, "precision must be one of auto, 32, bf16-mixed, 16-mixed: got 'fp8'"),
        ({"devices": "tpu"}, "devices must be auto, cpu, gpu, cpu:N, gpu:N or a number: got 'tpu'"),
        ({"devices": "cpu:0"}, "devices must be"),
        ({"devices": 0}, "devices must be"),
        ({"accumulate": 0}, "accumulate must be at least 1"),
        ({"ema_decay": 1.0}, r"ema_decay must be in \[0, 1\), or None: got 1.0"),
        ({"clip": 0.0}, "clip must be 'median', a number above 0, or None: got 0.0"),
        ({"clip": "mean"}, "clip must be"),
        ({"checkpoint_minutes": -1.0}, "checkpoint_minutes must be 0 or more"),
        ({"validate_every": 0}, "validate_every must be at least 1"),
        ({"log_every": 0}, "log_every must be at least 1"),
        ({"workers": -1}, "workers must be 0 or more"),
        ({"worker_kind": "fibre"}, "worker_kind must be 'thread' or 'process': got 'fibre'"),
        ({"threads": 0}, "threads must be at least 1"),
        ({"best": "loss"}, "best='loss' is not METRIC:max or METRIC:min"),
        ({"best": ":max"}, "best=':max' is not"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, changes, complaint) -> None:
    with pytest.raises(TrainingError, match=complaint) as refused:
        settings(tmp_path, **changes)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_progress_follows_the_budget_that_is_nearer_its_end(tmp_path) -> None:
    both = settings(tmp_path, steps=100, minutes=1.0)
    assert [both.progress(25, 30.0), both.progress(75, 30.0), both.progress(0, 99.0)] == [0.5, 0.75, 1.0]


def test_the_face_holds_what_it_names() -> None:
    assert all(getattr(training, name) is not None for name in training.__all__)
