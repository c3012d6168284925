"""Where the services are and how we sign in: from the environment and one TOML file."""

from __future__ import annotations

import ipaddress
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from platformdirs import user_config_dir

from hotpapers.common.errors import InputError
from hotpapers.digest.sources.registry import available_sources
from hotpapers.digest.sources.secret import Secret

__all__ = ["ServiceSettings", "Settings", "environment_name"]

LARGEST_FILE = 2**20
NUMBERS = ("timeout", "interval", "attempts")
COMMON = ("url", *NUMBERS)
CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "bluesky": ("handle", "app_password"),
    "reddit": ("client_id", "client_secret"),
    "mastodon": ("token",),
    "x": ("bearer_token",),
}
OPTIONS: Mapping[str, tuple[str, ...]] = {"archive": ("path",), "mastodon": ("tags",), "jsonl": ("path",)}
OUR_SERVICES = frozenset({*CREDENTIALS, *OPTIONS, "archive", "arxiv", "hackernews", "huggingface", "oai"})


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """How to reach one service.

    Parameters
    ----------
    url
        Base address; None for the service's own.
    timeout
        Seconds to wait for an answer.
    interval
        Least seconds between two requests; None for what the service asks of its users.
    attempts
        How often a request is made at most.
    credentials
        By key, such as ``"app_password"``.
    options
        By key, such as ``"path"``.
    """

    url: str | None = None
    timeout: float = 30.0
    interval: float | None = None
    attempts: int = 5
    credentials: Mapping[str, Secret] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of all services, by name.

    Examples
    --------
    >>> settings = Settings.load(environ={"HOTPAPERS_BLUESKY_APP_PASSWORD": "abcd-efgh"})
    >>> settings.of("bluesky").credentials
    {'app_password': ***}
    """

    services: Mapping[str, ServiceSettings] = field(default_factory=dict)

    def of(self, service: str) -> ServiceSettings:
        """The settings of `service`; the defaults where nothing was set."""
        return self.services.get(service, ServiceSettings())

    @classmethod
    def load(cls, path: Path | None = None, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings: the environment wins over the file.

        Parameters
        ----------
        path
            A TOML file with tables such as ``[sources.bluesky]``; None for ``digest.toml`` in the
            user's configuration folder, if there is one.
        environ
            Environment variables such as ``HOTPAPERS_BLUESKY_APP_PASSWORD``; None for the process's.

        Raises
        ------
        InputError
            If the file can't be read or holds an unknown key, or a value is unusable. Values are
            never quoted.
        """
        environ = os.environ if environ is None else environ
        names = tuple(sorted({*available_sources(), *OUR_SERVICES}))
        tables = _tables(path, names)
        services = {}
        for name in names:
            given = {
                key: (value, f"{key} in [sources.{name}]") for key, value in tables.get(name, {}).items()
            }
            prefix = environment_name(name, "")
            for variable, value in environ.items():
                key = variable.removeprefix(prefix).lower()
                if variable.startswith(prefix) and value and _accepts(name, key):
                    given[key] = (value, variable)
            if given:
                services[name] = _service(name, given)
        return cls(services=services)


def environment_name(service: str, key: str) -> str:
    """The environment variable for a service's key.

    Examples
    --------
    >>> environment_name("reddit", "client_id")
    'HOTPAPERS_REDDIT_CLIENT_ID'
    """
    return f"HOTPAPERS_{service}_{key}".upper().replace("-", "_")


def _keys(service: str) -> tuple[str, ...]:
    return (*COMMON, *CREDENTIALS.get(service, ()), *OPTIONS.get(service, ()))


def _accepts(service: str, key: str) -> bool:
    """Whether `service` has that key; a plug-in of somebody else's may have any."""
    return key in _keys(service) or service not in OUR_SERVICES


def _tables(path: Path | None, names: tuple[str, ...]) -> dict[str, dict[str, object]]:
    document = _document(path)
    shown = path or "digest.toml"
    for key in document:
        if key != "sources":
            raise InputError(f"{shown}: unknown table [{key}]: accepted is [sources.NAME]")
    tables = document.get("sources", {})
    if not isinstance(tables, dict):
        raise InputError(f"{shown}: sources must be tables such as [sources.bluesky]")
    for name, table in tables.items():
        if name not in names:
            raise InputError(f"{shown}: unknown source {name!r}: there are {', '.join(names)}")
        if not isinstance(table, dict):
            raise InputError(f"{shown}: {name} must be a table: [sources.{name}]")
        for key in table:
            if not _accepts(name, key):
                accepted = ", ".join(_keys(name))
                raise InputError(f"{shown}: unknown key {key!r} in [sources.{name}]: accepted are {accepted}")
    return tables


def _document(path: Path | None) -> dict[str, object]:
    wanted = path is not None
    path = path or Path(user_config_dir("hotpapers")) / "digest.toml"
    try:
        if not wanted and not path.exists():
            return {}
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(f"{path} is too large for a settings file ({LARGEST_FILE:,} bytes at most)")
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from error
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
    # Raised out here: the parser's own error may carry the text of the file.
    raise InputError(f"{path} is not TOML: {reason}")


def _service(name: str, given: Mapping[str, tuple[object, str]]) -> ServiceSettings:
    numbers = {key: _number(*given[key], whole=key == "attempts") for key in NUMBERS if key in given}
    texts = {key: _text(*pair) for key, pair in given.items() if key not in NUMBERS}
    url = _base_url(texts.pop("url"), given["url"][1]) if "url" in texts else None
    options = {key: texts.pop(key) for key in OPTIONS.get(name, ()) if key in texts}
    if url and texts and url.startswith("http:") and not _is_loopback(url):
        raise InputError(f"{given['url'][1]} must begin with https://: credentials are sent there")
    return ServiceSettings(
        url=url,
        timeout=numbers.get("timeout", ServiceSettings.timeout),
        interval=numbers.get("interval"),
        attempts=int(numbers.get("attempts", ServiceSettings.attempts)),
        credentials={key: Secret(value) for key, value in texts.items()},
        options=options,
    )


def _text(value: object, where: str) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if not isinstance(value, str):
        raise InputError(f"{where} must be a text in quotes")
    if not value.isprintable():
        raise InputError(f"{where} holds a line break or another character that can't be printed")
    return value.strip()


def _number(value: object, where: str, *, whole: bool) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not (1 if whole else 0) <= number <= 3600 or (whole and number != int(number)):
        kind = "a whole number from 1" if whole else "a number of seconds from 0"
        raise InputError(f"{where} must be {kind} to 3600")
    return number


def _base_url(value: str, where: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        usable = usable and not (parts.query or parts.fragment)
        has_password = "@" in parts.netloc
    except ValueError:
        usable, has_password = False, "@" in value
    if has_password:
        raise InputError(f"{where} must hold no user name or password")
    if not usable:
        raise InputError(f"{where} must be an address such as https://example.org")
    return value.rstrip("/")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
