"""`hotpapers new-paper`: a room with all its doors, written from the house's template."""

from __future__ import annotations

import copy
import html
import importlib.util
import keyword
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import hotpapers
from hotpapers.common.arxiv_ids import normalise_arxiv_id
from hotpapers.common.errors import FailureError, InputError
from hotpapers.common.files import write_text
from hotpapers.common.papers import GROUP

__all__ = ["write_new_paper"]

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_SLUG = 24
# The front door's own commands, the extra that holds all others, and the floors below the papers.
_RESERVED = frozenset(
    {"all", "claims", "cli", "common", "demo", "hotpapers", "media", "new-paper", "papers", "training"}
)
# Template -> where it goes; $package and $slug stand for the room's two names.
_PLAN = {
    "__init__.py": "src/hotpapers/$package/__init__.py",
    "paper.py": "src/hotpapers/$package/paper.py",
    "cli.py": "src/hotpapers/$package/cli.py",
    "claims.py": "src/hotpapers/$package/claims.py",
    "demo.py": "src/hotpapers/$package/demo.py",
    "line.py": "src/hotpapers/$package/line.py",
    "test_line.py": "tests/$package/test_line.py",
    "test_room.py": "tests/$package/test_room.py",
    "benchmark.py": "benchmarks/$package.py",
    "docs.md": "docs/papers/$slug.md",
}


def write_new_paper(
    slug: str, arxiv_id: str, *, title: str = "", root: Path | None = None
) -> tuple[Path, ...]:
    """Write a new paper's room, tests, docs page and benchmark, and register it.

    Everything is written or nothing; no file is ever overwritten. Prints what was written. Where the
    running interpreter's hotpapers is this checkout, its installation is renewed, so that the front
    door, the day's page and the docs know the room at once.

    Parameters
    ----------
    slug
        Lower-case letters, digits and hyphens; names the command, the extra and (with underscores)
        the package.
    arxiv_id
        In any shape that `normalise_arxiv_id` knows.
    title
        The paper's title; made from the slug where left out.
    root
        The checkout; the one that holds the working folder where left out.

    Returns
    -------
    tuple of Path
        The files that were written, ``pyproject.toml`` last.

    Raises
    ------
    InputError
        If slug, id or title can't be used, something of that name exists, or there is no checkout.
    FailureError
        If a file can't be written, or the written room can't be registered.
    """
    root = _checkout(Path.cwd() if root is None else root)
    _check_slug(slug)
    known_id = normalise_arxiv_id(arxiv_id)
    known_title = " ".join(title.split()) or slug.replace("-", " ").capitalize()
    if len(known_title) > 300 or not known_title.isprintable():
        raise InputError("the title must be one line of up to 300 printable characters")
    settings = root / "pyproject.toml"
    before = settings.read_text(encoding="utf-8")
    after = _with_room(before, slug)
    planned = _render(slug, known_id, known_title)
    taken = [path for path in _claimed(slug) if (root / path).exists()]
    if taken:
        raise InputError(f"{slug!r} is taken: {', '.join(taken)} exists")

    written: list[Path] = []
    folders = [root / path for path in _claimed(slug) if not path.endswith((".py", ".md"))]
    try:
        for path, text in planned.items():
            written.append(root / path)
            write_text(root / path, text)
        written.append(settings)
        write_text(settings, after)
    except BaseException:
        _undo(written, folders, settings, before)
        raise
    print(f"wrote {', '.join(planned)}; added {slug} to pyproject.toml")
    _register(root)
    return tuple(written)


def _checkout(start: Path) -> Path:
    """The folder at or above `start` whose ``pyproject.toml`` is hotpapers' own."""
    for folder in (start.resolve(), *start.resolve().parents):
        try:
            settings = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if settings.get("project", {}).get("name") == "hotpapers":
            return folder
    raise InputError(
        "new-paper writes into a checkout of hotpapers: change to one (git clone) and run it there"
    )


def _check_slug(slug: str) -> None:
    package = slug.replace("-", "_")
    if not _SLUG.fullmatch(slug) or len(slug) > _LONGEST_SLUG:
        raise InputError(
            f"{slug!r} can't name a paper: expected up to {_LONGEST_SLUG} lower-case letters, digits and single "
            "hyphens, a letter first, such as word-shift"
        )
    if keyword.iskeyword(package) or keyword.issoftkeyword(package) or package in sys.stdlib_module_names:
        raise InputError(f"{slug!r} can't name a paper: Python itself uses {package!r}")
    if slug in _RESERVED:
        raise InputError(f"{slug!r} can't name a paper: the house itself uses that name")


def _claimed(slug: str) -> list[str]:
    """Folders and files that a room of this name has to itself."""
    package = slug.replace("-", "_")
    return [
        f"src/hotpapers/{package}",
        f"src/hotpapers/{package}.py",
        f"tests/{package}",
        f"benchmarks/{package}.py",
        f"docs/papers/{slug}.md",
    ]


def _render(slug: str, arxiv_id: str, title: str) -> dict[str, str]:
    """Relative path -> text of every file of the new room."""
    words = {
        "slug": slug,
        "package": slug.replace("-", "_"),
        "arxiv_id": arxiv_id,
        "slug_literal": _literal(slug),
        "arxiv_id_literal": _literal(arxiv_id),
        "title_literal": _literal(title),
        "title_html": html.escape(title, quote=False),
        "claim_id_literal": _literal("".join(word[0] for word in slug.split("-")).upper() + "1"),
    }
    folder = files("hotpapers.common") / "new_paper_template"
    return {
        Template(target).substitute(words): _sort_imports(
            Template((folder / f"{name}.template").read_text(encoding="utf-8")).substitute(words)
        )
        for name, target in _PLAN.items()
    }


def _literal(text: str) -> str:
    """`text` as the Python literal that the formatter would write, long ones in lines of their own."""
    lines = textwrap.wrap(text, 90, break_on_hyphens=False, drop_whitespace=False)
    if len(lines) > 1:
        return "\n".join(["(", *(f"        {_literal(line)}" for line in lines), "    )"])
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote


def _sort_imports(text: str) -> str:
    """Neighbouring ``from hotpapers...`` lines in order: where the room's own come depends on its name."""
    run = re.compile(r"(?:^from hotpapers\.\S+ import .+\n)+", re.MULTILINE)
    return run.sub(lambda found: "".join(sorted(found[0].splitlines(keepends=True))), text)


def _with_room(text: str, slug: str) -> str:
    """``pyproject.toml`` with an extra, a place in ``all`` and an entry point for the room."""
    settings = tomllib.loads(text)
    project = settings["project"]
    points = project["entry-points"][GROUP]
    if slug in points or slug in project["optional-dependencies"]:
        raise InputError(f"{slug!r} is taken: pyproject.toml already names it")
    declaration = f"hotpapers.{slug.replace('-', '_')}.paper:paper"

    everything = re.compile(r'^all = \["hotpapers\[([^\]"]*)\]"\]$', re.MULTILINE)
    changed = everything.sub(
        lambda found: f'{slug} = []\nall = ["hotpapers[{found[1]},{slug}]"]', text, count=1
    )
    table = re.compile(rf'(^\[project\.entry-points\."{re.escape(GROUP)}"\]\n(?:[^\[\n].*\n)*)', re.MULTILINE)
    changed = table.sub(lambda found: f'{found[1]}{slug} = "{declaration}"\n', changed, count=1)

    expected: dict[str, Any] = copy.deepcopy(settings)
    extras = expected["project"]["optional-dependencies"]
    extras[slug] = []
    extras["all"] = [line.removesuffix("]") + f",{slug}]" for line in extras.get("all", [])]
    expected["project"]["entry-points"][GROUP][slug] = declaration
    if _parsed(changed) != expected:
        raise InputError(
            'pyproject.toml has lost its shape: expected one line `all = ["hotpapers[...]"]` and '
            f'a table [project.entry-points."{GROUP}"]'
        )
    return changed


def _parsed(text: str) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _undo(written: list[Path], folders: list[Path], settings: Path, before: str) -> None:
    for path in written:
        if path == settings:
            write_text(settings, before)
        else:
            path.unlink(missing_ok=True)
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _register(root: Path) -> None:
    """Renew the editable installation, so that the new entry point is known."""
    if Path(hotpapers.__file__).resolve().parents[2] != root:
        print("run `make setup` in that checkout to register the room")
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--editable", str(root)]
    if importlib.util.find_spec("hatchling") and importlib.util.find_spec("editables"):
        command.insert(-2, "--no-build-isolation")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise FailureError(f"the room is written but not registered ({reason}): run `make setup`")
    print("registered: `hotpapers papers` lists it; docs/add-a-paper.md says how to go on")
