"""Checkpoints hold no code, are whole, and say what does not fit."""

from __future__ import annotations

import pickle

import pytest
import torch
from torch import nn
from training.equality import assert_same
from training.toys import Adversaries, Regression, settings

from hotpapers.common.errors import HotPapersError
from hotpapers.training import TrainingError, load_weights, train
from hotpapers.training.checkpoints import read_checkpoint, write_checkpoint


class Trap:
    """Unpickled, it would leave a file."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_nothing_in_a_strangers_file_is_run(tmp_path) -> None:
    path, sprung = tmp_path / "last.ckpt", tmp_path / "sprung"
    torch.save({"format": 1, "step": Trap(sprung)}, path)
    with pytest.raises(TrainingError, match=r"last.ckpt is not a checkpoint of training, or is damaged"):
        train(Regression(), settings(tmp_path), resume=True)
    path.write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(TrainingError, match="is not a checkpoint of training"):
        read_checkpoint(path)
    assert not sprung.exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 torn"])
def test_a_damaged_file_is_named_in_one_line(tmp_path, content) -> None:
    path = tmp_path / "last.ckpt"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"last.ckpt is not a checkpoint") as refused:
        read_checkpoint(path)
    assert "\n" not in str(refused.value)


def test_a_torn_file_is_refused(tmp_path) -> None:
    path = tmp_path / "last.ckpt"
    write_checkpoint(path, {"weights": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TrainingError, match="is damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [{"weights": torch.zeros(1)}, {"format": 99}, torch.zeros(3)])
def test_other_files_of_torch_are_refused(tmp_path, content) -> None:
    torch.save(content, tmp_path / "file")
    with pytest.raises(TrainingError, match="is not a checkpoint of training in format 1"):
        read_checkpoint(tmp_path / "file")


def test_a_write_that_fails_leaves_the_last_one(tmp_path) -> None:
    path = tmp_path / "last.ckpt"
    write_checkpoint(path, {"step": 1})
    with pytest.raises((pickle.PicklingError, AttributeError)):
        write_checkpoint(path, {"step": lambda: 2})
    assert read_checkpoint(path)["step"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["last.ckpt"]


def test_averaged_weights_are_loaded(tmp_path) -> None:
    result = train(Adversaries(), settings(tmp_path, ema_modules=("generator",)))
    modules = Adversaries().modules()
    load_weights(tmp_path / "last.ckpt", modules)
    for name, module in modules.items():
        assert_same(dict(module.state_dict()), dict(result.modules[name].state_dict()), name)
    trained = read_checkpoint(tmp_path / "last.ckpt")["modules"]
    assert torch.equal(trained["critic"]["0.weight"], modules["critic"][0].weight)
    assert not torch.equal(trained["generator"]["0.weight"], modules["generator"][0].weight)


@pytest.mark.parametrize(
    ("modules", "complaint"),
    [
        ({"net": nn.Linear(2, 1)}, "has no module 'net': it has generator, critic"),
        ({"critic": nn.Linear(2, 1)}, "does not fit module 'critic'"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, modules, complaint) -> None:
    train(Adversaries(), settings(tmp_path, steps=1))
    with pytest.raises(TrainingError, match=complaint):
        load_weights(tmp_path / "last.ckpt", modules)


def test_a_folder_that_cannot_be_written_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HotPapersError, match="cannot write"):
        train(Regression(), settings(tmp_path / "file" / "run", steps=1))
