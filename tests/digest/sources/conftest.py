"""A local server and a clock that nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .misbehaving import FakeTime, Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    running = Server()
    yield running
    running.close()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()
