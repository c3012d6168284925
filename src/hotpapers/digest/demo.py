"""`hotpapers demo`: every installed paper's demo, and the first day's page made from them."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from hotpapers import __version__
from hotpapers.common.console import console
from hotpapers.common.errors import HotPapersError
from hotpapers.common.files import write_text
from hotpapers.common.papers import Card, Paper, install_command, installed_papers, load, missing_requirements
from hotpapers.digest.building import build_site, house
from hotpapers.digest.facts import first_day
from hotpapers.digest.store import Store

__all__ = ["build_demo"]


def build_demo(out: Path, *, fresh: bool = False, results: Path = Path("results")) -> Path:
    """Run the demos and write the day's page.

    A demo whose room has not changed since its last run here is not run again.

    Parameters
    ----------
    out
        Folder for the site; what each demo makes goes to ``out/demos/SLUG``.
    fresh
        Run every demo again.
    results
        Folder of the claims ledgers.

    Returns
    -------
    Path
        ``index.html``.
    """
    say = console(stderr=True)
    cards: dict[str, Card | str] = {}
    for paper in installed_papers():
        if paper.demo is None:
            continue
        if missing_requirements(paper):
            say.print(f"{paper.slug}: not run, {install_command(paper)} is missing", markup=False)
            continue
        started = perf_counter()
        cards[paper.slug] = card = _card(paper, out / "demos" / paper.slug, fresh=fresh)
        state = f"failed: {card}" if isinstance(card, str) else f"{perf_counter() - started:.1f} s"
        say.print(f"{paper.slug}: {state}", markup=False)
    with Store(":memory:") as store:
        store.put_post(first_day())
        return build_site(store, out, url="http://127.0.0.1:8000/", rooms=house(results, cards))


def _card(paper: Paper, folder: Path, *, fresh: bool) -> Card | str:
    """The demo's card, from its last run when nothing changed; or one line that says what went wrong."""
    key = _key(paper)
    if not fresh:
        try:
            return _read_card(folder, key)
        except (OSError, ValueError, KeyError, TypeError):
            pass
    folder.parent.mkdir(parents=True, exist_ok=True)
    working = Path(tempfile.mkdtemp(prefix=f".{paper.slug}.", dir=folder.parent))
    try:
        card = load(paper.demo or "")(working)
        _write_card(card, working, key)
        shutil.rmtree(folder, ignore_errors=True)
        working.replace(folder)
        return _read_card(folder, key)
    except HotPapersError as error:
        return " ".join(str(error).split())
    except Exception as error:  # noqa: BLE001 - one paper's fault must not cost the others their page
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _key(paper: Paper) -> str:
    """Changes whenever the room's files, the package or Python do."""
    digest = hashlib.sha256(f"{__version__} {sys.version}".encode())
    spec = find_spec(paper.package)
    for place in spec.submodule_search_locations or () if spec else ():
        for file in sorted(Path(place).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(place)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _write_card(card: Card, folder: Path, key: str) -> None:
    files = {
        name: str(path.resolve().relative_to(folder.resolve()))
        for name in ("picture", "sound", "page")
        if (path := getattr(card, name)) is not None
    }
    texts = {
        "text": card.text,
        "command": card.command,
        "picture_alt": card.picture_alt,
        "facts": dict(card.facts),
    }
    write_text(
        folder / "card.json", json.dumps({"key": key, "files": files, **texts}, indent=1, ensure_ascii=False)
    )


def _read_card(folder: Path, key: str) -> Card:
    kept = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    if kept.pop("key") != key:
        raise ValueError("the room has changed")
    files = {name: folder / path for name, path in kept.pop("files").items()}
    return Card(**kept, **files)
