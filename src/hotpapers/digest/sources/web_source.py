"""What all connectors to web services share: their settings, their pace, their sign-in."""

from __future__ import annotations

from typing import ClassVar

from hotpapers.common.errors import InputError
from hotpapers.digest.sources.base import PagedSource
from hotpapers.digest.sources.bearer import Bearer
from hotpapers.digest.sources.http import Client
from hotpapers.digest.sources.pacing import SYSTEM_CLOCK, Clock, Pace
from hotpapers.digest.sources.settings import ServiceSettings, Settings, environment_name

__all__ = ["WebSource", "connect"]


def connect(
    service: str,
    settings: ServiceSettings,
    *,
    base_url: str,
    pace: Pace,
    clock: Clock,
    needs: tuple[str, ...] = (),
    bearer: Bearer | None = None,
) -> Client:
    """A client for `service` as its settings want it."""
    return Client(
        base_url,
        service=service,
        pace=pace,
        needs=needs,
        bearer=bearer,
        secrets=settings.credentials.values(),
        timeout=settings.timeout,
        attempts=settings.attempts,
        clock=clock,
    )


class WebSource(PagedSource):
    """A source behind a web service.

    Parameters
    ----------
    settings
        Addresses and credentials.
    clock
        Where time comes from.

    Raises
    ------
    InputError
        If a credential that the service can't do without is not set; the message names it.
    """

    default_url: ClassVar[str]
    default_interval: ClassVar[float] = 1.0
    credential_keys: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: Settings, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._settings = settings.of(self.name)
        self._clock = clock
        interval = self._settings.interval
        self._pace = Pace(self.default_interval if interval is None else interval, clock=clock)
        missing = [name for name in self.needs if not self._is_set(name)]
        if missing:
            raise InputError(f"{self.name} needs credentials: set {' and '.join(missing)}")

    def _is_set(self, variable: str) -> bool:
        given = [*self._settings.credentials, *(["url"] if self._settings.url else [])]
        return variable in {environment_name(self.name, key) for key in given}

    def _connect(self, base_url: str | None = None, *, bearer: Bearer | None = None) -> Client:
        return connect(
            self.name,
            self._settings,
            base_url=base_url or self._settings.url or self.default_url,
            pace=self._pace,
            clock=self._clock,
            needs=tuple(environment_name(self.name, key) for key in self.credential_keys),
            bearer=bearer,
        )
