"""Figures into bytes that are the same every time, and what they were made from back out of them."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import unescape

from hotpapers.common.errors import InputError
from hotpapers.common.files import write_bytes
from hotpapers.wordshift.figures.styles import rc_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MissingGlyphWarning", "option_record", "quiet", "read_metadata", "render", "write_figure"]

_FORMATS = ("png", "svg", "pdf")
_KEY = "hotpapers-wordshift"
_NO_RECORD = "{} has no record of how it was made: give a .svg, .png, .html or .json made by hotpapers"
_GLYPH = re.compile(r"Glyph (\d+) ")


class MissingGlyphWarning(UserWarning):
    """No installed font has some characters of a figure: they are drawn as boxes."""


def write_figure(figure: Figure, paths: Sequence[Path], *, dpi: float, metadata: Mapping[str, Any]) -> None:
    """Write `figure` to every path in the format of its suffix (PNG without one).

    Raises
    ------
    InputError
        If a suffix is not png, svg or pdf; nothing is written then.
    """
    formats = [path.suffix.lower().removeprefix(".") or "png" for path in paths]
    for path, kind in zip(paths, formats, strict=True):
        if kind not in _FORMATS:
            raise InputError(f"{path}: a figure is written as .png, .svg or .pdf")
    for path, kind in zip(paths, formats, strict=True):
        target = path if path.suffix else path.with_suffix(".png")
        write_bytes(target, render(figure, kind, dpi=dpi, metadata=metadata))


def render(
    figure: Figure, kind: str, *, dpi: float = 200, metadata: Mapping[str, Any] | None = None
) -> bytes:
    """`figure` as the bytes of a PNG, SVG or PDF: no date, fixed ids, text as text, `metadata` inside.

    Warns
    -----
    MissingGlyphWarning
        If a PNG or PDF has characters that no installed font shows.
    """
    import matplotlib as mpl

    record = dict(metadata or {})
    title = str(record.get("title", "word shift graph"))
    text = json.dumps(record, sort_keys=True, default=str)
    buffer = io.BytesIO()
    with mpl.rc_context(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        settings: Any = mpl.rcParams
        settings.update(rc_settings())
        extra: dict[str, Any] = {"metadata": _metadata(kind, title, text)}
        if kind == "png":
            extra["pil_kwargs"] = {"compress_level": 4}
        figure.savefig(buffer, format=kind, dpi=dpi, facecolor=figure.get_facecolor(), **extra)
    if kind != "svg":
        _tell_missing([str(one.message) for one in caught])
    return buffer.getvalue()


def _metadata(kind: str, title: str, text: str) -> dict[str, Any]:
    if kind == "png":
        return {"Title": title.encode("ascii", "replace").decode(), "Software": "hotpapers", _KEY: text}
    if kind == "svg":
        return {"Title": title, "Creator": "hotpapers", "Description": text, "Date": None}
    return {
        "Title": title, "Creator": "hotpapers", "Producer": "hotpapers", "Subject": text, "CreationDate": None,
    }  # fmt: skip


def _tell_missing(messages: Sequence[str]) -> None:
    points = sorted({int(match[1]) for message in messages if (match := _GLYPH.match(message))})
    if points:
        shown = ", ".join(f"U+{point:04X}" for point in points[:8]) + (" ..." if len(points) > 8 else "")
        warnings.warn(
            f"no installed font shows {shown}: drawn as boxes; install the Noto fonts of these scripts",
            MissingGlyphWarning,
            stacklevel=4,
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Silence matplotlib's word on each missing glyph (`render` tells once) and on its settings' old names."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ ")
        warnings.filterwarnings("ignore", message=".* rcParam was deprecated")
        yield


def read_metadata(path: Path) -> dict[str, Any]:
    """What a PNG, SVG, page or JSON table says of how it was made: options, parameters, the caller's own.

    Raises
    ------
    InputError
        If the file has none.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if path.suffix.lower() in {".json", ".html"}:
        return _record_in_data(path, content)
    text = _png_text(content) if content.startswith(b"\x89PNG") else _svg_text(content)
    if text is not None:
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
    raise InputError(_NO_RECORD.format(path))


def _record_in_data(path: Path, content: bytes) -> dict[str, Any]:
    """The record in a table's JSON, or in the JSON that a page carries."""
    if path.suffix.lower() == ".html":
        found = re.search(rb'<script[^>]*type="application/json"[^>]*>(.*?)</script>', content, re.DOTALL)
        content = found[1] if found else b""
    try:
        meta = json.loads(content)["meta"]
        # A page keeps each part as the text that it shows.
        return {
            name: json.loads(value) if isinstance(value, str) and value[:1] in {"{", "["} else value
            for name, value in meta.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(_NO_RECORD.format(path)) from None


def _png_text(content: bytes) -> str | None:
    at = 8
    while at + 8 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        if kind == b"tEXt" and data.startswith(_KEY.encode() + b"\0"):
            return data.partition(b"\0")[2].decode("latin-1")
        at += length + 12
    return None


def _svg_text(content: bytes) -> str | None:
    match = re.search(rb"<dc:description>(.*?)</dc:description>", content, re.DOTALL)
    return unescape(match[1].decode("utf-8"), {"&quot;": '"'}) if match else None


def option_record(options: Mapping[str, Any]) -> dict[str, Any]:
    """`options` as JSON can hold them: sets sorted, shifts and intervals only named as given."""
    record: dict[str, Any] = {}
    for name, value in sorted(options.items()):
        if name in {"intervals", "preserve_order"}:
            record[name] = value is not None
        elif isinstance(value, set | frozenset):
            record[name] = sorted(map(str, value))
        elif isinstance(value, Mapping):
            record[name] = {str(key): _plain(item) for key, item in value.items()}
        else:
            record[name] = _plain(value)
    return record


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)
