"""A lazy face gives its names, and only those, when they are asked for."""

from __future__ import annotations

import sys

import pytest

from hotpapers.common.faces import lazy_face


def test_a_module_is_imported_when_its_name_is_first_used(tmp_path, monkeypatch) -> None:
    room = tmp_path / "lazy_room"
    room.mkdir()
    (room / "__init__.py").write_text(
        "from hotpapers.common.faces import lazy_face\n__getattr__ = lazy_face(__name__, energy=('Energy',))\n"
    )
    (room / "energy.py").write_text("class Energy: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    import lazy_room

    assert "lazy_room.energy" not in sys.modules
    from lazy_room import Energy

    assert Energy is sys.modules["lazy_room.energy"].Energy
    with pytest.raises(AttributeError, match="module 'lazy_room' has no attribute 'Enrgy'"):
        _ = lazy_room.Enrgy


def test_a_name_that_its_module_lacks_is_told() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        lazy_face("hotpapers.common", files=("no_such_name",))("no_such_name")
