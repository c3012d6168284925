"""The pictures, sounds and pages that demos left, copied beside the pages that show them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hotpapers.common.errors import InputError
from hotpapers.common.files import write_bytes
from hotpapers.common.papers import Card

__all__ = ["CardMedia", "copy_media"]

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KINDS = {
    "picture": frozenset({".avif", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"}),
    "sound": frozenset({".flac", ".m4a", ".mp3", ".ogg", ".opus", ".wav"}),
    "page": frozenset({".html"}),
}


@dataclass(frozen=True, kw_only=True)
class CardMedia:
    """Where a card's files lie below the site's folder (with ``/``); "" where there is none."""

    picture: str = ""
    sound: str = ""
    page: str = ""


def copy_media(slug: str, card: Card | None, out: Path) -> CardMedia:
    """Copy the card's files to ``out/media/SLUG/`` as they are and say where they went.

    Raises
    ------
    InputError
        If a name has characters that don't belong in an address, a file is of a kind that the
        page can't show, or it is not there.
    """
    if card is None:
        return CardMedia()
    return CardMedia(
        picture=_copy(slug, "picture", card.picture, out),
        sound=_copy(slug, "sound", card.sound, out),
        page=_copy(slug, "page", card.page, out),
    )


def _copy(slug: str, kind: str, path: Path | None, out: Path) -> str:
    if path is None:
        return ""
    for name in (slug, path.name):
        if not _SAFE.fullmatch(name):
            raise InputError(
                f"{slug}: the card's {kind} can't be published as {name!r}: use letters, digits, '.', '_' and '-'"
            )
    if path.suffix.lower() not in _KINDS[kind]:
        accepted = ", ".join(sorted(_KINDS[kind]))
        raise InputError(
            f"{slug}: the card's {kind} {path.name!r} is of no kind that a page shows ({accepted})"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{slug}: the card's {kind} {path.name!r} can't be read ({error.strerror})"
        ) from error
    target = f"media/{slug}/{path.name}"
    destination = out / target
    if not (destination.is_file() and destination.read_bytes() == content):
        write_bytes(destination, content)
    return target
