"""Rules about what stands in the files: their length, their docstrings, whose machine they name."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

LONGEST = 450
_TEXT = {".cfg", ".cff", ".css", ".html", ".in", ".js", ".json", ".md", ".py", ".sh", ".svg", ".template"}
_TEXT |= {".toml", ".txt", ".xml", ".yaml", ".yml", ""}
# In pieces, so that this file does not break its own rule.
_FOLDERS = "home|work|root|Users|mnt|farm"
_REGISTRIES = "|".join(["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)"])
_REGISTRIES += "|" + "|".join(["ana" + r"conda\.org", r"/simple/?" + r"(?=[\s\"']|$)"])
_MACHINE = re.compile(
    rf"(?<![\w.:/<-])/(?:{_FOLDERS})/\w|[A-Z]:\\Users\\|https?://[^\s\"'<>]*(?:{_REGISTRIES})"
)


def committed_files(root: Path) -> list[Path]:
    """Files that git has or would take; all files where there is no git."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        return [path for path in root.rglob("*") if path.is_file()]
    paths = (root / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def machine_names(files: Iterable[Path]) -> list[str]:
    """Lines of text files that name a home or work folder, or a package registry's address."""
    wrong = []
    for path in files:
        if path.suffix not in _TEXT:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            found = _MACHINE.search(line)
            if found:
                wrong.append(f"{path}:{number} names {found[0]!r}")
    return wrong


def long_files(package: Path) -> list[str]:
    """Source files past `LONGEST` lines."""
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in package.rglob("*.py")}
    return [
        f"{path} has {count} lines: look for its second subject"
        for path, count in sorted(counts.items())
        if count > LONGEST
    ]


def missing_docstrings(package: Path) -> list[str]:
    """Public modules, classes, functions and methods that nobody has described."""
    wrong = []
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if ast.get_docstring(tree) is None:
            wrong.append(f"{path} has no docstring")
        wrong += [f"{path}:{node.lineno} {node.name} has no docstring" for node in _public(tree)]
    return wrong


def _public(
    tree: ast.Module | ast.ClassDef,
) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Public definitions without docstring, on module level and in public classes."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_"):
            continue
        decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
        if ast.get_docstring(node) is None and not decorators & {"overload", "override", "setter"}:
            yield node
        if isinstance(node, ast.ClassDef):
            yield from _public(node)


def ignored_sources(root: Path) -> list[str]:
    """Files of the project that git would leave behind because a pattern of .gitignore hits them."""
    folders = ["src", "tests", "docs", "benchmarks"]
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-oi", "--exclude-standard", "-z", "--", *folders],
        capture_output=True, check=False,
    )  # fmt: skip
    caches = ("__pycache__/", ".cache/", "_cache/", ".egg-info/", ".hypothesis/")
    names = listed.stdout.decode().split("\0")
    return [
        f"{name} is ignored by git" for name in names if name and not any(part in name for part in caches)
    ]
