"""Archives of posts: one Markdown file, a folder of them, or a zip, read without trust."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.encoding import decode, is_damaged
from hotpapers.digest.post import parse_post, parse_post_leniently
from hotpapers.digest.records import Post

__all__ = ["MAX_ARCHIVE_BYTES", "MAX_POST_BYTES", "read_posts"]

MAX_POST_BYTES = 32 * 2**20  # one unpacked post; the largest archived one has 90 kB
MAX_ARCHIVE_BYTES = 512 * 2**20  # all unpacked posts of one zip
_CLOCK_SKEW = timedelta(days=1)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_posts(
    path: Path, *, lenient: bool = False, only: date | None = None, now: datetime | None = None
) -> Iterator[tuple[str, Post | None, list[str]]]:
    """Every post below `path`, ordered by file name: its name, the post, and what was forgiven.

    Parameters
    ----------
    path
        A ``.md`` file, a folder (searched through), or a ``.zip``.
    lenient
        Keep what can be kept of damaged posts; the third value has one line for each problem, and
        a file that is no post at all comes as None.
    only
        Give this day's post alone. Files whose name carries another date are not opened.
    now
        The present, for the check against posts from the future (default: the clock).

    Raises
    ------
    InputError
        If a file is no post, or the archive tries something that an archive of posts never does.
    """
    now = now or datetime.now(UTC)
    found = False
    for name, content in _files(path):
        found = True
        dates = _DAY.findall(PurePosixPath(name).name)
        if only and dates and only.isoformat() not in dates:
            continue
        try:
            post, problems = _read_post(content(), lenient=lenient)
            check_clock(post, now)
        except InputError as error:
            line = str(error) if name in str(error) else f"{name}: {error}"
            if not lenient:
                raise InputError(line) from None
            yield name, None, [f"{line} (file left out)"]
            continue
        if only in (None, post.date):
            yield name, post, [f"{name}: {problem}" for problem in problems]
    if not found:
        raise InputError(f"{path} holds no post: Markdown files (.md) are expected in it")


def _read_post(content: bytes, *, lenient: bool) -> tuple[Post, list[str]]:
    text = decode(content, "the file")
    if is_damaged(text):
        raise InputError(
            "the file is UTF-8 that was read as Windows-1252: `hotpapers digest repair FILE -o FIXED` mends it"
        )
    return parse_post_leniently(text) if lenient else (parse_post(text), [])


def check_clock(post: Post, now: datetime) -> None:
    """Refuse times that can't be: in the future, or a post made before the day it is about."""
    latest = now + _CLOCK_SKEW
    if post.date > latest.date():
        raise InputError(f"the post's day {post.date} lies in the future (it is {now:%Y-%m-%d})")
    if post.made_at > latest:
        raise InputError(f"the post was made at {post.made_at:%Y-%m-%d %H:%M:%S}, in the future")
    if post.made_at.date() < post.date - _CLOCK_SKEW:
        raise InputError(
            f"the post was made on {post.made_at:%Y-%m-%d}, before the day {post.date} it is about"
        )
    for rank, entry in enumerate(post.entries, start=1):
        if entry.attention.read_at > latest:
            raise InputError(
                f"entry {rank}: counts read at {entry.attention.read_at:%Y-%m-%d}, in the future"
            )


def _files(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Names below `path` in order, each with a function that gives its bytes."""
    path = Path(path)
    if path.is_dir():
        for file in sorted(path.rglob("*.md")):
            if not file.is_symlink():
                yield str(file.relative_to(path)), partial(_read, file)
    elif not path.exists():
        raise InputError(f"{path} does not exist: give a post (.md), a folder of posts or a .zip")
    elif path.suffix.lower() == ".zip" or (path.is_file() and zipfile.is_zipfile(path)):
        yield from _zipped(path)
    else:
        yield path.name, partial(_read, path)


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(f"{path} is not a file: give a post (.md), a folder of posts or a .zip")
    size = path.stat().st_size
    if size > MAX_POST_BYTES:
        raise InputError(f"{path.name} has {size:,} bytes: a post has at most {MAX_POST_BYTES:,}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise FailureError(f"cannot read {path}: {error.strerror}") from error


def _zipped(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise InputError(f"{path} is not a sound zip archive: {error}") from error
    budget = [MAX_ARCHIVE_BYTES]
    with archive:
        members = sorted(archive.infolist(), key=lambda member: member.filename)
        for member in members:
            parts = PurePosixPath(member.filename.replace("\\", "/")).parts
            if ".." in parts or parts[:1] == ("/",) or re.match(r"[A-Za-z]:", member.filename):
                raise InputError(f"{path}: member {member.filename!r} points outside the archive: refused")
        names = [member.filename for member in members]
        if len(set(names)) < len(names):
            raise InputError(f"{path}: two members have the same name: refused")
        for member in members:
            if member.filename.lower().endswith(".md") and not member.is_dir():
                yield member.filename, partial(_unzip, archive, member, budget)


def _unzip(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: list[int]) -> bytes:
    """The member's bytes, counted as they come: a header that lies about the size does not matter."""
    name = member.filename
    try:
        with archive.open(member) as stream:
            content = stream.read(MAX_POST_BYTES + 1)
    except (
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
        zlib.error,
    ) as error:
        raise InputError(f"{name} can't be unpacked ({error}): damaged, encrypted or packed oddly") from error
    budget[0] -= len(content)
    if len(content) > MAX_POST_BYTES or budget[0] < 0:
        raise InputError(
            f"{name} unpacks to too much: at most {MAX_POST_BYTES:,} bytes a post and "
            f"{MAX_ARCHIVE_BYTES:,} in all are accepted"
        )
    return content
