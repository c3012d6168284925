"""A small web server for the finished site, reachable from this machine only."""

from __future__ import annotations

import errno
import sys
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from os import PathLike
from pathlib import Path
from socketserver import TCPServer
from urllib.parse import unquote

from hotpapers.common.errors import FailureError, InputError

__all__ = ["make_server", "serve"]

_LOOPBACK = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    """Files of one folder, no listings, and no answer to a foreign host name (DNS rebinding)."""

    server_version = "hotpapers"
    sys_version = ""

    def send_head(self) -> BytesIO | None:
        host = (self.headers.get("Host") or _LOOPBACK).rpartition("@")[2].partition(":")[0]
        if host not in {_LOOPBACK, "localhost"}:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        if "\0" in unquote(self.path):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()  # type: ignore[return-value]

    def list_directory(self, path: str | PathLike[str]) -> BytesIO | None:
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def end_headers(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # HTTPServer would ask the name service for this machine's name.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = _LOOPBACK, int(self.server_address[1])


def make_server(folder: Path, port: int = 8000) -> ThreadingHTTPServer:
    """A server of `folder` on 127.0.0.1, bound but not running; port 0 takes any free one.

    Raises
    ------
    InputError
        If `folder` holds no site, or the port is none that one may use.
    FailureError
        If the port is taken.
    """
    if not (Path(folder) / "index.html").is_file():
        raise InputError(f"{folder} holds no index.html: write a site there first")
    try:
        return _Server((_LOOPBACK, port), partial(_Handler, directory=str(folder)))
    except (OverflowError, PermissionError) as error:
        raise InputError(f"port {port} can't be used: choose one between 1024 and 65535") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise FailureError(f"port {port} is taken by another program: choose another") from error
        raise FailureError(f"cannot serve on port {port}: {error.strerror or error}") from error


def serve(folder: Path, port: int = 8000) -> None:
    """Serve `folder` at ``http://127.0.0.1:PORT/`` until interrupted."""
    with make_server(folder, port) as server, suppress(KeyboardInterrupt):
        print(f"http://{_LOOPBACK}:{server.server_port}/  (Ctrl-C ends it)", file=sys.stderr)
        server.serve_forever()
