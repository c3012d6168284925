"""Tokens on their way into the ``Authorization`` header."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import httpx

from hotpapers.digest.sources.secret import Secret

__all__ = ["Bearer", "BearerAuth", "StaticBearer"]


class Bearer(Protocol):
    """Whoever hands out the token that goes into the ``Authorization`` header."""

    def token(self) -> Secret:
        """The token; signs in first where needed."""
        ...

    def renew(self) -> bool:
        """Get another token after the service refused this one; False if there is no other."""
        ...


@dataclass(frozen=True)
class StaticBearer:
    """A token that was given once and for all."""

    secret: Secret

    def token(self) -> Secret:
        """The token."""
        return self.secret

    def renew(self) -> bool:
        """There is no other token."""
        return False


class BearerAuth(httpx.Auth):
    """Puts a token into the ``Authorization`` header at the last moment."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request
