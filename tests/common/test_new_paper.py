"""A new paper's room: all of it or nothing, and what is written passes the house's checks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from hotpapers.cli import app
from hotpapers.common import new_paper
from hotpapers.common.errors import FailureError, InputError
from hotpapers.common.new_paper import write_new_paper
from house_rules import imports, text

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "src/hotpapers/trial_room/__init__.py",
    "src/hotpapers/trial_room/paper.py",
    "src/hotpapers/trial_room/cli.py",
    "src/hotpapers/trial_room/claims.py",
    "src/hotpapers/trial_room/demo.py",
    "src/hotpapers/trial_room/line.py",
    "tests/trial_room/test_line.py",
    "tests/trial_room/test_room.py",
    "benchmarks/trial_room.py",
    "docs/papers/trial-room.md",
    "pyproject.toml",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout: the real pyproject.toml and an empty package."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "src" / "hotpapers"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""hotpapers."""\n')
    return tmp_path


def state(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def settings(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def test_every_door_is_written_and_declared(checkout, capsys) -> None:
    before = settings(checkout)
    written = write_new_paper("trial-room", "https://arxiv.org/abs/2101.00001v2", root=checkout)
    assert {str(path.relative_to(checkout)) for path in written} == TARGETS
    assert all(path.is_file() for path in written)
    assert "run `make setup`" in capsys.readouterr().out
    after = settings(checkout)
    extras = after["project"]["optional-dependencies"]
    assert extras["trial-room"] == []
    assert extras["all"] == [before["project"]["optional-dependencies"]["all"][0][:-1] + ",trial-room]"]
    assert (
        after["project"]["entry-points"]["hotpapers.papers"]["trial-room"]
        == "hotpapers.trial_room.paper:paper"
    )
    assert 'arxiv_id="2101.00001"' in (checkout / "src/hotpapers/trial_room/paper.py").read_text()
    del extras["trial-room"], after["project"]["entry-points"]["hotpapers.papers"]["trial-room"]
    extras["all"] = before["project"]["optional-dependencies"]["all"]
    assert after == before


def test_two_new_papers_live_side_by_side(checkout) -> None:
    write_new_paper("trial-room", "2101.00001", root=checkout)
    write_new_paper("aardvark", "hep-th/9901001", root=checkout)
    assert settings(checkout)["project"]["optional-dependencies"]["all"][0].endswith(",trial-room,aardvark]")


def test_the_working_folder_may_lie_below_the_checkout(checkout, monkeypatch) -> None:
    monkeypatch.chdir(checkout / "src")
    write_new_paper("trial-room", "2101.00001")
    assert set(TARGETS) <= set(state(checkout))


@pytest.mark.parametrize(
    "slug",
    [
        "", "Demo", "trial_room", "-demo", "demo-", "de--mo", "1demo", "../evil", "a/b", "dé", "x" * 25,
        "class", "match", "json", "claims", "all", "common", "digest",
    ],
)  # fmt: skip
def test_a_slug_that_cannot_be_used_changes_nothing(slug, checkout) -> None:
    before = state(checkout)
    with pytest.raises(InputError, match=r"can't name a paper|is taken") as caught:
        write_new_paper(slug, "2101.00001", root=checkout)
    assert repr(slug) in str(caught.value)
    assert state(checkout) == before


def test_every_command_of_the_front_door_is_a_reserved_name() -> None:
    assert set(get_command(app).commands) <= new_paper._RESERVED


@pytest.mark.parametrize(
    ("arxiv_id", "title"), [("2101", ""), ("2101.00001", "a\x07b"), ("2101.00001", "x" * 301)]
)
def test_an_id_or_title_that_cannot_be_used_changes_nothing(arxiv_id, title, checkout) -> None:
    before = state(checkout)
    with pytest.raises(InputError):
        write_new_paper("trial-room", arxiv_id, title=title, root=checkout)
    assert state(checkout) == before


@pytest.mark.parametrize(
    "taken", ["src/hotpapers/trial_room.py", "tests/trial_room/mine.py", "docs/papers/trial-room.md"]
)
def test_what_exists_is_never_overwritten(taken, checkout) -> None:
    (checkout / taken).parent.mkdir(parents=True, exist_ok=True)
    (checkout / taken).write_text("mine")
    before = state(checkout)
    with pytest.raises(InputError, match="'trial-room' is taken"):
        write_new_paper("trial-room", "2101.00001", root=checkout)
    assert state(checkout) == before


def test_a_failure_on_the_way_takes_everything_back(checkout, monkeypatch) -> None:
    before = state(checkout)
    folders = {path for path in checkout.rglob("*") if path.is_dir()}

    def fail_at_the_end(path: Path, content: str) -> None:
        if path.name == "pyproject.toml" and "trial-room" in content:
            raise FailureError("the disk is full")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    monkeypatch.setattr(new_paper, "write_text", fail_at_the_end)
    with pytest.raises(FailureError, match="the disk is full"):
        write_new_paper("trial-room", "2101.00001", root=checkout)
    assert state(checkout) == before
    left = {path.name for path in checkout.rglob("*") if path.is_dir()} - {path.name for path in folders}
    assert left <= {"tests", "benchmarks", "docs", "papers"}


def test_a_pyproject_of_another_shape_is_left_alone(checkout) -> None:
    path = checkout / "pyproject.toml"
    path.write_text(path.read_text().replace("\nall = [", "\nall   = [ "))
    before = state(checkout)
    with pytest.raises(InputError, match=r"pyproject\.toml has lost its shape"):
        write_new_paper("trial-room", "2101.00001", root=checkout)
    assert state(checkout) == before


def test_outside_a_checkout_it_says_so(tmp_path) -> None:
    with pytest.raises(InputError, match="writes into a checkout of hotpapers"):
        write_new_paper("trial-room", "2101.00001", root=tmp_path)


@pytest.mark.parametrize(
    "title", ["", 'On "quotes" and \\backslashes', "It's <b>bold</b>", "Both ' and \" " * 12]
)
def test_titles_arrive_as_they_were_given(title, checkout) -> None:
    write_new_paper("trial-room", "2101.00001", title=title, root=checkout)
    scope: dict = {}
    exec((checkout / "src/hotpapers/trial_room/paper.py").read_text(), scope)
    assert scope["paper"].title == (title.strip() or "Trial room")
    assert "<b>" not in (checkout / "docs/papers/trial-room.md").read_text()


def test_the_room_keeps_the_rules_of_the_house(checkout) -> None:
    write_new_paper("trial-room", "2101.00001", root=checkout)
    package = checkout / "src" / "hotpapers"
    for rule in (imports.upward_imports, imports.circles, imports.heavy_doors, imports.missing_doors):
        assert rule(package) == []
    assert text.missing_docstrings(package) == []
    assert text.machine_names(text.committed_files(checkout)) == []


@pytest.mark.parametrize("slug", ["aardvark", "zoo-paper-of-24-letters"])
def test_the_room_passes_the_linter_and_the_formatter(slug, checkout) -> None:
    ruff = shutil.which("ruff", path=sysconfig.get_path("scripts"))
    if ruff is None:
        pytest.skip("ruff is not installed here: make setup")
    write_new_paper(slug, "math.GT/0309136", title='A "long" title, isn\'t it? ' * 6, root=checkout)
    for words in (["check"], ["format", "--check", "--diff"]):
        done = subprocess.run([ruff, *words, "."], cwd=checkout, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_scratch_clone_takes_the_room_in(tmp_path) -> None:
    """The real thing: clone, `hotpapers new-paper`, and everything that should know the room does."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=ignored_by_git())
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(clone)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "state of the working tree"]):
        subprocess.run([*git, *words], check=True)
    run = scratch_environment(tmp_path / "venv", clone)

    run("python", "-m", "hotpapers", "new-paper", "trial-room", "2101.00001", "--title", "A trial")
    assert "trial-room" in run("python", "-m", "hotpapers", "papers")
    assert "not checked" in run("python", "-m", "hotpapers", "claims", "trial-room")
    room = ["src/hotpapers/trial_room", "tests/trial_room", "benchmarks/trial_room.py"]
    run("ruff", "check", *room)
    run("ruff", "format", "--check", *room)
    run("mypy", "src/hotpapers/trial_room")
    run(
        "python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/trial_room",
        "src/hotpapers/trial_room",
    )
    run("python", "-m", "pytest", "-q", "tests/test_house.py", "-k", "not is_found")
    run("python", "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site"))
    page = (tmp_path / "site" / "papers" / "trial-room" / "index.html").read_text()
    assert "hotpapers trial-room fit" in page
    assert "no claim of the paper is measured here yet" in page
    assert "fit_line" in page


def ignored_by_git():
    """For copytree: leave out what git would not take."""

    def leave_out(folder: str, names: list[str]) -> set[str]:
        asked = "\n".join(str(Path(folder) / name) for name in names)
        done = subprocess.run(
            ["git", "-C", str(ROOT), "check-ignore", "--stdin"],
            input=asked,
            capture_output=True,
            text=True,
            check=False,
        )
        return {Path(line).name for line in done.stdout.splitlines()} | ({".git"} & set(names))

    return leave_out


def scratch_environment(venv: Path, clone: Path):
    """A virtual environment that borrows this one's packages but has the clone installed; returns a runner."""
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    site = next((venv / "lib").glob("python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    tools = Path(sysconfig.get_path("scripts"))

    def run(program: str, *words: str) -> str:
        command = venv / "bin" / "python" if program == "python" else tools / program
        surroundings = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
        if program == "mypy":
            words = ("--python-executable", str(venv / "bin" / "python"), *words)
        done = subprocess.run(
            [str(command), *words], cwd=clone, capture_output=True, text=True, check=False, env=surroundings
        )
        assert done.returncode == 0, f"{program} {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run("python", "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", ".")
    return run
