"""One polite way of asking a web service: paced, patient, bounded, and silent about credentials."""

from __future__ import annotations

import logging
import random
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from hotpapers import __version__
from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.sources.bearer import Bearer, BearerAuth
from hotpapers.digest.sources.pacing import SYSTEM_CLOCK, Clock, Pace
from hotpapers.digest.sources.replies import (
    BrokenReplyError,
    OversizeReplyError,
    error_code,
    excerpt,
    read_body,
    retry_after,
)
from hotpapers.digest.sources.secret import Secret

__all__ = ["Client", "RefusedError"]

USER_AGENT = f"hotpapers/{__version__} (reads public listings, slowly)"
LARGEST_BODY = 32 * 2**20
LONGEST_WAIT = timedelta(minutes=5).total_seconds()
SLOWEST_BODY = timedelta(minutes=3).total_seconds()
MOST_REDIRECTS = 5
SHORT_OF_TIME = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
TOKEN_IS_OLD = frozenset({"ExpiredToken", "InvalidToken"})

T = TypeVar("T")
logger = logging.getLogger(__name__)


class RefusedError(FailureError):
    """The service understood the request and said no (a 4xx answer).

    Parameters
    ----------
    message
        One line for a person.
    status
        The HTTP status.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class _Question:
    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, str | Secret] | None = None
    form: Mapping[str, str | Secret] | None = None
    auth: httpx.Auth | None = None


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)


class _TryAgainError(Exception):
    def __init__(self, reason: str, *, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class Client:
    """Asks one web service, one request at a time.

    Transport errors, 429, 5xx and broken bodies are tried again after a wait that doubles (with
    jitter), or as long as ``Retry-After`` says, but never longer than `LONGEST_WAIT`. Redirects are
    followed within one host only and never from https to http. Bodies are counted while they are
    read and unpacked. No message holds a credential or a query.

    Parameters
    ----------
    base_url
        Such as ``"https://hn.algolia.com/api/v1"``.
    service
        Name for messages.
    needs
        Environment variables that hold the credentials, for messages.
    bearer
        Hands out the token; None for open services.
    secrets
        What is blotted out should the service repeat it in a message.
    timeout
        Seconds to connect, and between two pieces of the answer.
    attempts
        How often one request is made at most.
    pace
        Keeps requests apart; may be shared by clients of one service.
    clock
        Where time comes from.
    largest_body
        Bytes, after unpacking.
    """

    def __init__(
        self,
        base_url: str,
        *,
        service: str,
        pace: Pace,
        needs: tuple[str, ...] = (),
        bearer: Bearer | None = None,
        secrets: Iterable[Secret] = (),
        timeout: float = 30.0,
        attempts: int = 5,
        clock: Clock = SYSTEM_CLOCK,
        largest_body: int = LARGEST_BODY,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._service = service
        self._needs = needs
        self._bearer = bearer
        self._secrets = tuple(secrets)
        self._attempts = attempts
        self._pace = pace
        self._clock = clock
        self._largest_body = largest_body
        self._jitter = random.Random(f"{service} {clock.monotonic()}")  # noqa: S311 - spreads retries
        self._one_at_a_time = threading.Lock()
        self._http = httpx.Client(
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            timeout=timeout,
            limits=httpx.Limits(max_connections=1),
            verify=_certificates(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        parse: Callable[[bytes], T],
        accept: tuple[int, ...] = (),
    ) -> T:
        """What `parse` makes of the answer to a GET.

        Parameters
        ----------
        path
            Below the base address, beginning with "/" (or empty).
        params
            The query.
        parse
            Reads the body; when it raises `BrokenReplyError` the request is made again.
        accept
            Error statuses whose body is to be parsed like a good one.

        Raises
        ------
        InputError
            If a credential is missing or wrong (401, 403).
        RefusedError
            If the service says no (other 4xx).
        FailureError
            If it can't be reached, or gives no usable answer in all attempts.
        """
        return self._ask(_Question(method="GET", path=path, params=params or {}), parse, accept)

    def post(
        self,
        path: str,
        *,
        parse: Callable[[bytes], T],
        json: Mapping[str, str | Secret] | None = None,
        form: Mapping[str, str | Secret] | None = None,
        auth: httpx.Auth | None = None,
    ) -> T:
        """What `parse` makes of the answer to a POST of `json` or `form`; raises as `get` does."""
        return self._ask(_Question(method="POST", path=path, json=json, form=form, auth=auth), parse, ())

    def _ask(self, question: _Question, parse: Callable[[bytes], T], accept: tuple[int, ...]) -> T:
        retrying = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=self._wait,
            sleep=self._clock.sleep,
            retry=retry_if_exception_type(_TryAgainError),
            before_sleep=self._log_wait,
            reraise=True,
        )
        try:
            result: T = retrying(self._attempt, question, parse, accept)
        except _TryAgainError as last:
            reason = last.reason
        else:
            return result
        # Raised out here, so that no traceback leads to frames which hold a request with its headers.
        tries = f"{self._attempts} attempts" if self._attempts > 1 else "1 attempt"
        raise FailureError(f"{self._service} {reason} ({tries}): try again later")

    def _attempt(self, question: _Question, parse: Callable[[bytes], T], accept: tuple[int, ...]) -> T:
        answer = self._exchange(question)
        if self._bearer and question.auth is None and _token_is_old(answer) and self._bearer.renew():
            answer = self._exchange(question)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in SHORT_OF_TIME:
            wait = retry_after(answer.headers, self._clock.now())
            raise _TryAgainError(f"answered {_status(answer.status)}", wait=wait)
        if answer.status >= HTTPStatus.BAD_REQUEST and answer.status not in accept:
            raise self._refusal(answer)
        try:
            return parse(answer.body)
        except BrokenReplyError as error:
            reason = f"answered {error}"
        raise _TryAgainError(reason)

    def _exchange(self, question: _Question) -> _Answer:
        with self._one_at_a_time:
            request = self._http.build_request(
                question.method,
                self._base + question.path,
                params=question.params or None,
                json=_revealed(question.json),
                data=_revealed(question.form),
            )
            for _ in range(MOST_REDIRECTS + 1):
                answer = self._send(request, question.auth)
                target = answer.headers.get("location")
                if not HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST or not target:
                    return answer
                request = self._redirected(request, target)
        raise FailureError(f"{self._service} redirects without end")

    def _send(self, request: httpx.Request, auth: httpx.Auth | None) -> _Answer:
        if auth is None and self._bearer is not None:
            auth = BearerAuth(self._bearer.token())
        self._pace.wait()
        give_up = self._clock.monotonic() + SLOWEST_BODY
        reason = ""
        try:
            response = self._http.send(request, auth=auth, stream=True, follow_redirects=False)
            try:
                encoding = response.headers.get("content-encoding", "")
                chunks = self._in_time(response.iter_raw(1 << 14), give_up)
                body = read_body(chunks, encoding, self._largest_body)
            finally:
                response.close()
            return _Answer(status=response.status_code, headers=response.headers, body=body)
        except OversizeReplyError:
            pass
        except BrokenReplyError as error:
            reason = f"answered {error}"
        except httpx.TimeoutException:
            reason = "did not answer in time"
        except httpx.HTTPError as error:
            reason = _transport_failure(error)
        if reason:
            raise _TryAgainError(reason)
        raise FailureError(f"{self._service} answered more than {self._largest_body:,} bytes: refused")

    def _in_time(self, chunks: Iterable[bytes], give_up: float) -> Iterable[bytes]:
        for chunk in chunks:
            if self._clock.monotonic() > give_up:
                raise BrokenReplyError(f"for more than {SLOWEST_BODY:.0f} s without coming to an end")
            yield chunk

    def _redirected(self, request: httpx.Request, target: str) -> httpx.Request:
        here = request.url
        try:
            there = here.join(target)
        except httpx.InvalidURL:
            there = httpx.URL()
        same_origin = (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port)
        made_safe = (here.scheme, there.scheme) == ("http", "https") and here.host == there.host
        made_safe = made_safe and (here.port, there.port) == (None, None)
        if request.method != "GET" or there.userinfo or not (same_origin or made_safe):
            shown = excerpt(f"{there.scheme}://{there.host}".encode(), self._secrets)
            raise FailureError(
                f"{self._service} redirects to {shown}: not followed, to stay with {here.host}"
            )
        return self._http.build_request("GET", there)

    def _refusal(self, answer: _Answer) -> FailureError | InputError:
        token = (self._bearer.token(),) if self._bearer else ()
        said = excerpt(answer.body, (*self._secrets, *token))
        status = _status(answer.status) + (f": {said}" if said else "")
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} and self._needs:
            names = " and ".join(self._needs)
            return InputError(f"{self._service} refuses access ({status}): set or correct {names}")
        return RefusedError(f"{self._service} refuses the request ({status})", status=answer.status)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _TryAgainError) else None
        if asked is None:
            asked = 2.0 ** (state.attempt_number - 1) * self._jitter.uniform(0.5, 1.5)
        return min(asked, LONGEST_WAIT)

    def _log_wait(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0
        logger.info("%s %s: next attempt in %.1f s", self._service, error, wait)


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # reading them takes longer than many a request


def _revealed(fields: Mapping[str, str | Secret] | None) -> dict[str, str] | None:
    if fields is None:
        return None
    return {key: value.reveal() if isinstance(value, Secret) else value for key, value in fields.items()}


def _token_is_old(answer: _Answer) -> bool:
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return True
    return answer.status == HTTPStatus.BAD_REQUEST and error_code(answer.body) in TOKEN_IS_OLD


def _transport_failure(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectError):
        return "can't be reached"
    if isinstance(error, httpx.ReadError | httpx.RemoteProtocolError):
        return "broke off or garbled its answer"
    return f"failed with a {type(error).__name__}"


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
