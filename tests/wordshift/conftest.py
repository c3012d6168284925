"""The room's commands as a user types them."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from hotpapers.cli import main


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys):
    """Run ``hotpapers wordshift ...`` and return its exit code, stdout and stderr."""

    def call(*arguments: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["wordshift", *map(str, arguments)])
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def texts(tmp_path, monkeypatch):
    """Two small texts, ``a.txt`` and ``b.txt``, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("the sea and the ship and the whale\n" * 5)
    (tmp_path / "b.txt").write_text("the land and the road and the house\n" * 5)
    return tmp_path / "a.txt", tmp_path / "b.txt"
