"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.common.files import atomic_folder, atomic_path, write_bytes, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_keeps_its_line_ends_and_its_letters(tmp_path) -> None:
    path = tmp_path / "below" / "here" / "a.md"
    write_text(path, "één\r\ntwo\n")
    assert path.read_bytes() == b"\xc3\xa9\xc3\xa9n\r\ntwo\n"
    assert names(path.parent) == ["a.md"]


def test_a_file_gets_the_rights_that_the_umask_grants(tmp_path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"x")
        with atomic_folder(tmp_path / "b"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o750


def test_an_error_inside_leaves_the_old_file_and_no_rubbish(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_is_a_failure_and_changes_nothing(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(FailureError, match=r"cannot write .*a\.txt: No space left"), atomic_path(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_or_a_file_in_the_way_is_the_users_error(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a folder: give a file name"):
        write_text(tmp_path, "x")
    with pytest.raises(InputError, match="cannot write"):
        write_text(tmp_path / "file" / "below", "x")
    with pytest.raises(InputError, match="cannot write"), atomic_folder(tmp_path / "file" / "below"):
        pass


def test_a_folder_replaces_the_old_one_whole(tmp_path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "stale.html").write_text("old")
    with atomic_folder(site) as temporary:
        (temporary / "index.html").write_text("new")
        assert names(site) == ["stale.html"]
    assert names(site) == ["index.html"]
    assert names(tmp_path) == ["site"]


def test_an_error_inside_leaves_the_old_folder(tmp_path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_folder(site) as temporary:
        (temporary / "index.html").write_text("half")
        raise KeyboardInterrupt
    assert (site / "index.html").read_text() == "old"
    assert names(tmp_path) == ["site"]


def test_a_killed_process_leaves_the_old_file(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom hotpapers.common.files import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60)
    assert done.returncode == -9
    assert path.read_text() == "old"
