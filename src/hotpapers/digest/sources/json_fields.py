"""Fields of a service's JSON, read so that a malformed one costs that field and not the run."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from hotpapers.common.arxiv_ids import find_arxiv_ids

__all__ = [
    "JsonObject",
    "arxiv_ids_in",
    "clean",
    "count",
    "identifier",
    "items",
    "moment",
    "moment_of_epoch",
    "nested",
    "text",
    "web_address",
]

JsonObject = dict[str, object]

LONGEST_TEXT = 100_000
LARGEST_COUNT = 2**63 - 1
_IDENTIFIER = re.compile(r"[A-Za-z0-9._:~/@#%+=-]{1,512}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def nested(value: object, *path: str) -> JsonObject:
    """The object found by following `path` from `value`; empty where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[JsonObject]:
    """The objects in a list; everything else is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """A string without lone surrogates and control characters (tab and newline stay), else ""."""
    return clean(value[:LONGEST_TEXT]) if isinstance(value, str) else ""


def clean(raw: str) -> str:
    """`raw` without what no file or terminal should get: lone surrogates, control characters."""
    whole = raw.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    return _CONTROL.sub("", whole)


def identifier(value: object) -> str:
    """A service's own id (string or number) if it is made of ordinary characters, else ""."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 <= value <= LARGEST_COUNT else ""
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else ""


def count(value: object) -> int:
    """A number of reactions: 0 where missing, malformed or negative (scores may be below 0)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(min(max(value, 0), LARGEST_COUNT)) if value == value else 0  # noqa: PLR0124 - NaN


def moment(value: object) -> datetime | None:
    """An ISO 8601 time as UTC (taken as UTC where it has no zone), else None."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment_of_epoch(value: object) -> datetime | None:
    """Seconds since 1970 as UTC, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def web_address(value: object) -> str:
    """An http or https address, else "" (``javascript:`` and the like are dropped)."""
    address = text(value).strip()
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return ""
    return address if usable and not re.search(r"[\s<>\"\\]", address) else ""


def arxiv_ids_in(message: str, links: list[str]) -> tuple[str, ...]:
    """Canonical ids of the papers that `message` or its `links` name, links first.

    Networks show long links cut short ("arxiv.org/abs/2008.0..."): such words are not read, the
    full address is among the links.
    """
    if "\u2026" in message or "..." in message:
        message = " ".join(word for word in message.split() if "\u2026" not in word and "..." not in word)
    return find_arxiv_ids("\n".join([*links, message]))
