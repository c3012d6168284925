"""What a service answered: bodies of bounded size, waits it asks for, errors in its own words."""

from __future__ import annotations

import json
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

from hotpapers.digest.sources.json_fields import JsonObject
from hotpapers.digest.sources.secret import Secret

__all__ = [
    "BrokenReplyError",
    "OversizeReplyError",
    "error_code",
    "excerpt",
    "json_list",
    "json_object",
    "object_with_list",
    "read_body",
    "retry_after",
]

GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
STEP = 1 << 18  # bytes that are unpacked at once
EXCERPT_LENGTH = 160
_WORDS_OF_AN_ERROR = ("message", "error_description", "detail", "title", "error", "reason")


class BrokenReplyError(Exception):
    """The body is cut short, or not what the service documents; asking again may help."""


class OversizeReplyError(Exception):
    """The body is larger than is read from any service."""


def read_body(chunks: Iterable[bytes], encoding: str, limit: int) -> bytes:
    """The decoded body, of at most `limit` bytes, whatever a compressed one would unpack to.

    Parameters
    ----------
    chunks
        The body as it comes over the wire.
    encoding
        The ``Content-Encoding``: none, ``identity``, ``gzip`` or ``deflate``.
    limit
        Bytes after decoding.

    Raises
    ------
    OversizeReplyError
        If the body is larger.
    BrokenReplyError
        If compressed data is damaged or cut short, or the encoding is another.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return _gathered(chunks, limit)
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise BrokenReplyError("a compression that was not asked for")
    return _gathered(_unpacked(chunks), limit)


def _gathered(chunks: Iterable[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise OversizeReplyError
    return bytes(body)


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
    for chunk in chunks:
        rest, piece = chunk, b""
        while rest or len(piece) == STEP:
            if unpacker.eof:
                unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
            try:
                piece = unpacker.decompress(rest, STEP)
            except zlib.error as error:
                raise BrokenReplyError("damaged compressed data") from error
            yield piece
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            piece = b"" if unpacker.eof else piece
    if not unpacker.eof:
        raise BrokenReplyError("compressed data that ends too early")


def json_value(body: bytes) -> object:
    """The JSON value in `body`; `BrokenReplyError` if there is none."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        kind = "HTML" if body.lstrip()[:1] == b"<" else "something else" if body else "nothing"
        raise BrokenReplyError(f"{kind} instead of whole JSON") from None
    return value


def json_object(body: bytes) -> JsonObject:
    """The JSON object in `body`; `BrokenReplyError` if it is anything else."""
    value = json_value(body)
    if not isinstance(value, dict):
        raise BrokenReplyError("JSON that is no object")
    return value


def json_list(body: bytes) -> list[object]:
    """The JSON list in `body`; `BrokenReplyError` if it is anything else."""
    value = json_value(body)
    if not isinstance(value, list):
        raise BrokenReplyError("JSON that is no list")
    return value


def object_with_list(key: str) -> Callable[[bytes], JsonObject]:
    """A reader of a JSON object that must hold a list under `key`."""
    return partial(_object_with_list, key)


def _object_with_list(key: str, body: bytes) -> JsonObject:
    value = json_object(body)
    if not isinstance(value.get(key), list):
        raise BrokenReplyError(f"JSON without the list {key!r}")
    return value


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the service asks to wait: ``Retry-After``, or the reset time some give instead.

    Returns
    -------
    float or None
        0 or more; None where it does not say, or not so that it can be understood.
    """
    asked = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", asked):
        return float(asked)
    if asked:
        try:
            until = parsedate_to_datetime(asked)
        except ValueError:
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (until - now).total_seconds())
    reset = headers.get("ratelimit-reset", headers.get("x-rate-limit-reset", ""))
    if re.fullmatch(r"\d{9,11}", reset):  # seconds since 1970; smaller numbers mean other things
        return max(0.0, int(reset) - now.timestamp())
    return None


def error_code(body: bytes) -> str:
    """The service's own word for what is wrong (``{"error": "ExpiredToken"}``), or ""."""
    try:
        code = json_object(body).get("error")
    except BrokenReplyError:
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"\w{1,64}", code) else ""


def excerpt(body: bytes, secrets: Iterable[Secret] = ()) -> str:
    """The service's own message, short, on one line, without control characters and credentials."""
    try:
        said = _message(json_value(body))
    except BrokenReplyError:
        said = re.sub(
            r"(?is)<(script|style|head)\b.*?</\1>|<[^>]*>", " ", body[:4096].decode("utf-8", "replace")
        )
    for secret in secrets:
        if secret:
            said = said.replace(secret.reveal(), "***")
    said = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in said)
    said = " ".join(said.split())
    return said if len(said) <= EXCERPT_LENGTH else said[: EXCERPT_LENGTH - 1] + "\u2026"


def _message(value: object, depth: int = 3) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and depth:
        return _message(value[0], depth - 1)
    if isinstance(value, dict) and depth:
        for key in (*_WORDS_OF_AN_ERROR, "errors"):
            said = _message(value.get(key), depth - 1)
            if said:
                return said
    return ""
