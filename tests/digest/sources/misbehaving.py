"""A web server on this machine that answers as told: well, late, halfway, or not at all."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from hotpapers.digest.sources.pacing import Clock


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server answers.

    `length` is the Content-Length it announces (None: the true one; more than that: the connection
    is closed too early). `stall` seconds pass before a word is said. With `hang_up` nothing is said.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    stall: float = 0.0
    hang_up: bool = False


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; underscores in header names become hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status=status, body=json.dumps(value).encode(), headers=named)


Handler = Callable[[Request], Reply]


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients that hang up are part of the tests."""


class Server:
    """Routes by path; `faults` are answered first, one a request, whatever the path."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.routes: dict[str, Handler] = {}
        self.faults: deque[Reply | None] = deque()
        self.stopping = threading.Event()
        self._http = _Quiet(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def asked(self, path: str) -> list[Mapping[str, str]]:
        """The queries of all requests for `path`."""
        return [request.query for request in self.requests if request.path == path]

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            return fault
        handler = self.routes.get(request.path)
        return handler(request) if handler else json_reply({"message": f"no such path {request.path}"}, 404)

    def close(self) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class OneConnection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            headers = {name.lower(): text for name, text in self.headers.items()}
            reply = server.answer(
                Request(method=self.command, path=parts.path, query=query, headers=headers, body=body)
            )
            if reply.stall:
                server.stopping.wait(reply.stall)
            self.close_connection = reply.hang_up or reply.length is not None
            if reply.hang_up:
                return
            self.send_response(reply.status)
            for name, text in reply.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
            self.end_headers()
            try:
                self.wfile.write(reply.body)
            except OSError:  # the client has had enough
                self.close_connection = True

        do_GET = do_POST = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return OneConnection


class FakeTime:
    """A clock that moves only when somebody sleeps, and remembers how long."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 6, tzinfo=UTC)) -> None:
        self.start = now
        self.passed = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds

    @property
    def clock(self) -> Clock:
        return Clock(
            sleep=self.sleep,
            monotonic=lambda: self.passed,
            now=lambda: self.start + timedelta(seconds=self.passed),
        )
