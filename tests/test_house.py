"""The rules of the house hold here, and each rule can fail."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer
from packaging.requirements import Requirement

from hotpapers.cli import app
from hotpapers.common.command_tree import command_tree
from house_rules import commands, imports, text

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "hotpapers"


def report(broken: list[str]) -> None:
    """Fail with every line that breaks the rule."""
    assert not broken, "\n".join(broken)


def build(folder: Path, files: dict[str, str]) -> Path:
    """A small fake package ``hotpapers``; packages get an empty ``__init__.py``."""
    package = folder / "hotpapers"
    for name, content in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        for parent in (path.parent, package):
            if not (parent / "__init__.py").exists():
                (parent / "__init__.py").write_text("")
    return package


@pytest.mark.parametrize(
    "rule",
    [
        imports.upward_imports,
        imports.circles,
        imports.heavy_doors,
        imports.missing_doors,
        imports.shadowed_names,
    ],
)
def test_imports_keep_to_the_house(rule) -> None:
    report(rule(PACKAGE))


@pytest.mark.parametrize("rule", [text.long_files, text.missing_docstrings])
def test_source_files_are_short_and_described(rule) -> None:
    report(rule(PACKAGE))


def test_no_committed_file_names_a_machine_or_a_registry() -> None:
    report(text.machine_names(text.committed_files(ROOT)))


def test_git_leaves_no_source_behind() -> None:
    report(text.ignored_sources(ROOT))


def test_every_command_and_option_has_help() -> None:
    report(commands.helpless(command_tree(app)))


def test_documented_commands_exist() -> None:
    report(commands.unknown_calls(commands.prose_pages(ROOT), command_tree(app)))


def test_existing_commands_are_documented() -> None:
    report(commands.undocumented(commands.prose_pages(ROOT), command_tree(app)))


def test_every_declared_dependency_is_justified() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    groups = [*project["optional-dependencies"].values(), *settings["dependency-groups"].values()]
    lines = [*project["dependencies"], *(line for group in groups for line in group)]
    declared = {Requirement(line).name for line in lines} - {"hotpapers"}
    section = (ROOT / "docs" / "house.md").read_text(encoding="utf-8").partition("## Dependencies")[2]
    justified = set(re.findall(r"^\| `([^`]+)` \| \S", section.partition("\n## ")[0], re.MULTILINE))
    assert justified == declared


# Each rule fails on a tree that breaks it.


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"common/a.py": "import hotpapers.digest.b", "digest/b.py": ""}, "floor 4 is above floor 1"),
        (
            {"common/a.py": "def f():\n    from ..digest import b", "digest/b.py": ""},
            "a:2 imports hotpapers.digest.b",
        ),
        ({"training/a.py": "from hotpapers.nerfw import x", "nerfw/x.py": ""}, "floor 3 is above floor 2"),
        ({"nerfw/a.py": "from hotpapers.dpopt import x", "dpopt/x.py": ""}, "a paper never imports another"),
        (
            {"digest/a.py": "from hotpapers.dpopt.x import y", "dpopt/x.py": ""},
            "only the paper's public face",
        ),
        ({"digest/a.py": "from hotpapers.cli import app", "cli.py": "from hotpapers.digest import a"}, None),
    ],
)
def test_an_import_that_points_upwards_is_found(tmp_path, files, complaint) -> None:
    found = imports.upward_imports(build(tmp_path, files))
    assert [complaint in line for line in found] == ([True] if complaint else [])


def test_what_the_floors_allow_is_not_reported(tmp_path) -> None:
    files = {
        "common/a.py": "",
        "nerfw/a.py": "from hotpapers.common import a\nfrom . import b\nimport os.path",
        "nerfw/b.py": "",
        "digest/a.py": "from hotpapers.nerfw import Model",
    }
    package = build(tmp_path, files)
    assert imports.upward_imports(package) == []
    assert imports.circles(package) == []


def test_a_circle_of_rooms_is_found(tmp_path) -> None:
    files = {
        "media/a.py": "from hotpapers.training import b",
        "training/b.py": "def f():\n    import hotpapers.media.a",
    }
    assert imports.circles(build(tmp_path, files)) == ["media -> training -> media"]


@pytest.mark.parametrize(
    ("files", "way"),
    [
        ({"common/a.py": "import numpy as np"}, "hotpapers.common.a imports numpy"),
        ({"nerfw/claims.py": "from torch import nn"}, "hotpapers.nerfw.claims imports torch"),
        (
            {
                "nerfw/__init__.py": "from .model import M",
                "nerfw/model.py": "import torch",
                "nerfw/cli.py": "",
            },
            "hotpapers.nerfw.cli -> hotpapers.nerfw -> hotpapers.nerfw.model imports torch",
        ),
        (
            {"cli.py": "try:\n    import duckdb\nexcept ImportError:\n    pass"},
            "hotpapers.cli imports duckdb",
        ),
    ],
)
def test_a_heavy_library_behind_a_door_is_found(tmp_path, files, way) -> None:
    found = imports.heavy_doors(build(tmp_path, files))
    assert len(found) == 1
    assert found[0].startswith(way)


def test_heavy_libraries_inside_functions_and_for_types_are_fine(tmp_path) -> None:
    source = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\ndef f():\n    import numpy\n"
    )
    assert (
        imports.heavy_doors(build(tmp_path, {"nerfw/cli.py": source, "nerfw/model.py": "import torch"})) == []
    )


def test_a_paper_without_a_door_is_found(tmp_path) -> None:
    files = {f"nerfw/{door}.py": "" for door in ("paper", "cli", "demo")}
    assert imports.missing_doors(build(tmp_path, files)) == ["nerfw/ has no claims.py"]


def test_a_name_that_its_module_would_hide_is_found(tmp_path) -> None:
    files = {
        "nerfw/__init__.py": '__all__ = ["Field", "render"]',
        "nerfw/render.py": "",
        "nerfw/field.py": "",
    }
    assert imports.shadowed_names(build(tmp_path, files)) == [
        "hotpapers.nerfw.render is both a name of the face and a module"
    ]


def test_a_long_file_is_found(tmp_path) -> None:
    package = build(tmp_path, {"common/a.py": "x = 1\n" * 450, "common/b.py": "x = 1\n" * 451})
    assert len(text.long_files(package)) == 1
    assert "b.py has 451 lines" in text.long_files(package)[0]


def test_missing_docstrings_are_found(tmp_path) -> None:
    source = (
        '"""Module."""\nclass A:\n    """A."""\n    def f(self): ...\n    def _g(self): ...\ndef h(): ...\n'
    )
    package = build(tmp_path, {"__init__.py": '"""Package."""', "a.py": source})
    assert [line.split(" ", 1)[1] for line in text.missing_docstrings(package)] == [
        "f has no docstring",
        "h has no docstring",
    ]


def test_a_source_that_git_ignores_is_found(tmp_path) -> None:
    package = build(tmp_path / "src", {"site/pages.py": "", "site/__pycache__/pages.py": ""})
    (tmp_path / ".gitignore").write_text("site/\n__pycache__/\n")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert sorted(text.ignored_sources(package.parents[1])) == [
        "src/hotpapers/site/__init__.py is ignored by git",
        "src/hotpapers/site/pages.py is ignored by git",
    ]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("see /ho" + "me/ann/data.csv", True),
        ("cd '/wo" + "rk/project'", True),
        ("index = https://py" + "pi.org/project/x", True),
        ("pip install -i https://mirror.example/simp" + "le/", True),
        ("https://example.org/ho" + "me/page and ~/data and docs/wo" + "rk/notes.md", False),
        ("https://arxiv.org/abs/2008.02217", False),
    ],
)
def test_a_machines_path_or_a_registry_is_found(tmp_path, line, named) -> None:
    path = tmp_path / "page.md"
    path.write_text(f"first\n{line}\n")
    assert [f"{path}:2" in found for found in text.machine_names([path])] == ([True] if named else [])


@pytest.fixture
def small_tree() -> list:
    """Commands of a small front door: one fine, one without words."""
    door = typer.Typer()

    @door.callback()
    def _top() -> None:
        """Top."""

    @door.command()
    def rank(top: int = typer.Option(3, "--top", "-n", help="How many.")) -> None:
        """Rank."""

    @door.command()
    def dumb(path: str, deep: bool = typer.Option(False)) -> None:
        pass

    return list(command_tree(door))


def test_missing_help_is_found(small_tree) -> None:
    found = commands.helpless(small_tree)
    assert found[0] == "`hotpapers dumb` has no help"
    assert [line.split(":")[0] for line in found[1:]] == ["`hotpapers dumb`"] * 2


@pytest.mark.parametrize(
    ("prose", "complaint"),
    [
        ("type `hotpapers rang`", "`hotpapers` has no command 'rang'"),
        ("```\n$ hotpapers rank --topp 3\n```", "`hotpapers rank` has no option --topp"),
        ("```bash\ncd x && hotpapers rank \\\n  -x\n```", "`hotpapers rank` has no option -x"),
        ("```\nhotpapers rank 5\n```", "takes no argument such as '5'"),
        ("```\nhotpapers rank -n 5 --help | head # --nothing\n```", None),
        ("`hotpapers PAPER VERB`, `hotpapers dumb FILE [--deep]`, the package `hotpapers`", None),
        ("```python\nhotpapers rang\n```\nand hotpapers rang in prose", None),
    ],
)
def test_a_documented_command_that_does_not_exist_is_found(tmp_path, small_tree, prose, complaint) -> None:
    page = tmp_path / "page.md"
    page.write_text(prose)
    found = commands.unknown_calls([page], small_tree)
    assert [complaint in line for line in found] == ([True] if complaint else [])


def test_an_undocumented_command_is_found(tmp_path, small_tree) -> None:
    page = tmp_path / "page.md"
    page.write_text("Type `hotpapers rank --top 5`.")
    assert commands.undocumented([page], small_tree) == ["no page speaks of `hotpapers dumb`"]
