"""Options that all commands of the room share: JSON, a seed, a device."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")
from typer.main import get_command
from typer.testing import CliRunner

from hotpapers.common.errors import InputError
from hotpapers.hopfield.cli import app

# What cannot have a seed draws nothing at random or draws always the same; what has no device forms no tensor of size.
NO_SEED = {
    "bounds", "bench", "verify", "demo regimes", "mil predict", "mil explain", "molecules predict",
    "repertoire predict", "repertoire explain", "memory store", "memory add",
    "memory remove", "memory retrieve", "memory info", "heads analyze",
    "heads replace",
}  # fmt: skip
NO_DEVICE = {
    "bounds", "demo digits", "demo regimes", "memory add", "memory remove", "repertoire synthetic",
}  # fmt: skip


def commands(command=None, path=()):
    command = command or get_command(app)
    for name in command.list_commands(None):
        below = command.get_command(None, name)
        if hasattr(below, "list_commands"):
            yield from commands(below, (*path, name))
        else:
            yield " ".join((*path, name)), below


def options_of(command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


def test_every_command_prints_json_and_takes_a_seed_and_a_device_where_they_mean_something() -> None:
    found = {name: options_of(command) for name, command in commands()}
    assert [name for name, options in found.items() if "--json" not in options] == []
    assert {name for name, options in found.items() if "--seed" not in options} == NO_SEED & set(found)
    assert {name for name, options in found.items() if "--device" not in options} == NO_DEVICE & set(found)


def call(*words: object):
    found = CliRunner().invoke(app, [*map(str, words)])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("mil", "cv", "{npz}"),
        ("mil", "fit", "{npz}", "-o", "{out}"),
        ("mil", "predict", "{out}", "{npz}"),
        ("repertoire", "fit", "{cohort}", "-o", "{out}"),
        ("repertoire", "predict", "{out}", "{cohort}"),
        ("memory", "store", "{npy}", "-o", "{out}"),
        ("memory", "info", "{out}"),
        ("demo", "latch"),
        ("bench",),
    ],
    ids=" ".join,
)
def test_a_device_that_is_not_there_is_refused_in_one_line(words, tmp_path) -> None:
    import numpy as np

    np.save(tmp_path / "v.npy", np.eye(3))
    np.savez(tmp_path / "b.npz", X=np.eye(12), offsets=np.arange(0, 13, 2), y=np.arange(6) % 2)
    places = {"npz": "b.npz", "npy": "v.npy", "out": "out", "cohort": "metadata.tsv"}
    filled = [word.format(**{name: tmp_path / file for name, file in places.items()}) for word in words]
    with pytest.raises(InputError, match="--device 'nowhere' can't be used here") as raised:
        call(*filled, "--device", "nowhere")
    assert "\n" not in str(raised.value)


def test_made_up_repertoires_as_json(tmp_path) -> None:
    said = json.loads(
        call("repertoire", "synthetic", tmp_path, "--bags", 4, "--sequences", 5, "--json").stdout
    )
    assert said == {"metadata": str(tmp_path / "metadata.tsv"), "repertoires": 4, "sequences": 20}


@pytest.mark.slow
def test_the_first_seed_of_a_demo_is_chosen() -> None:
    words = ("demo", "latch", "--network", "LSTM", "--epochs", 1, "--json", "--seeds")
    one = json.loads(call(*words, 1, "--seed", 4).stdout)[0]["accuracies"]
    both = json.loads(call(*words, 2, "--seed", 3).stdout)[0]["accuracies"]
    assert both[1:] == one
    assert both[0] != both[1]
