"""Rules about the commands and the prose that speaks of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hotpapers.common.command_tree import Command

_SHELLS = {"", "bash", "console", "sh", "shell", "text"}
_FENCE = re.compile(r"^\s*(```+|~~~+)\s*([\w-]*)")
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*|\.\.\.|…")


@dataclass(frozen=True)
class Call:
    """One ``hotpapers ...`` that a page tells people to type."""

    page: Path
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line} `{' '.join(('hotpapers', *self.words))}`"


def prose_pages(root: Path) -> list[Path]:
    """The pages that people read."""
    return [
        path
        for path in (root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md")))
        if path.is_file()
    ]


def calls_of(page: Path) -> Iterator[Call]:
    """Calls in the shell blocks and inline code of a Markdown page."""
    fence = None
    carried = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        mark = _FENCE.match(line)
        if mark and (fence is None or (mark[1].startswith(fence[0]) and not mark[2])):
            fence = None if fence else (mark[1], mark[2])
        elif fence is None:
            for code in _INLINE.findall(line):
                yield from _calls_in(code, page, number)
        elif fence[1] in _SHELLS:
            joined = carried + line.strip().removeprefix("$ ")
            carried = joined[:-1] if joined.endswith("\\") else ""
            if not carried:
                yield from _calls_in(joined, page, number)


def _calls_in(code: str, page: Path, number: int) -> Iterator[Call]:
    try:
        words = shlex.split(code, comments=True)
    except ValueError:
        words = code.split()
    start = True
    for at, word in enumerate(words):
        if start and word.rpartition("/")[2] == "hotpapers":
            rest = words[at + 1 :]
            end = next((i for i, other in enumerate(rest) if other in {"&&", "||", "|", ";", ">"}), len(rest))
            yield Call(page, number, tuple(other.strip("[]") for other in rest[:end]))
        start = word in {"&&", "||", "|", ";"} or "=" in word


def _resolve(words: Sequence[str], tree: dict[tuple[str, ...], Command]) -> tuple[Command | None, str]:
    """The command that the words call, and what is wrong with them ("" where nothing is)."""
    at = tree[()]
    for index, word in enumerate(words):
        if word == "--":
            break
        if word.startswith("-") and not re.match(r"-\d", word):
            names = {name for parameter in at.parameters for name in parameter.names} | {"-h", "--help"}
            if word.partition("=")[0] not in names:
                return at, f"`{at.name}` has no option {word}"
        elif at.is_group:
            if _PLACEHOLDER.fullmatch(word):
                return None, ""
            if (*at.path, word) not in tree:
                return None, f"`{at.name}` has no command {word!r}"
            at = tree[*at.path, word]
        elif (
            not any(not parameter.is_option for parameter in at.parameters)
            and words[index - 1] == at.path[-1]
        ):
            return at, f"`{at.name}` takes no argument such as {word!r}"
    return at, ""


def unknown_calls(pages: Iterable[Path], commands: Iterable[Command]) -> list[str]:
    """Documented calls whose command or option does not exist."""
    tree = {command.path: command for command in commands}
    return [
        f"{call}: {wrong}"
        for page in pages
        for call in calls_of(page)
        for _, wrong in [_resolve(call.words, tree)]
        if wrong
    ]


def undocumented(pages: Iterable[Path], commands: Iterable[Command]) -> list[str]:
    """Commands that no page tells anybody to type."""
    tree = {command.path: command for command in commands}
    named = {
        command.path
        for page in pages
        for call in calls_of(page)
        for command, _ in [_resolve(call.words, tree)]
        if command is not None
    }
    return [f"no page speaks of `{c.name}`" for c in tree.values() if not c.is_group and c.path not in named]


def helpless(commands: Iterable[Command]) -> list[str]:
    """Commands, arguments and options without help."""
    wrong = []
    for command in commands:
        if not command.help:
            wrong.append(f"`{command.name}` has no help")
        wrong += [f"`{command.name}`: {p.label} has no help" for p in command.parameters if not p.help]
    return wrong
