"""Data sets are found where they lie, checked, and asked for in one line where they are not."""

from __future__ import annotations

import hashlib

import pytest

from hotpapers.common import datasets
from hotpapers.common.datasets import DataSet, data_file, data_folders
from hotpapers.common.errors import InputError, UnavailableError

CONTENT = b"126 posts\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def posts(**more) -> DataSet:
    given = {
        "name": "posts",
        "files": {"posts.txt": SHA256},
        "licence": "MIT",
        "source": "the archive's authors",
    }
    return DataSet(**{**given, **more})


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A checkout with nothing beside it, no named folder, and an empty download cache."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "pyproject.toml").write_text("")
    monkeypatch.setattr(datasets, "_ROOT", checkout)
    monkeypatch.delenv("HOTPAPERS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def put(folder, content: bytes = CONTENT):
    path = folder / "posts" / "posts.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_the_named_folder_comes_before_the_one_beside_the_checkout(nowhere, monkeypatch) -> None:
    beside = put(nowhere / "shared" / "data")
    assert data_file(posts(), "posts.txt") == beside
    named = put(nowhere / "named")
    monkeypatch.setenv("HOTPAPERS_DATA", str(nowhere / "named"))
    assert data_file(posts(), "posts.txt") == named
    named.unlink()
    assert data_file(posts(), "posts.txt") == beside


def test_outside_a_checkout_nothing_beside_the_package_is_searched(nowhere) -> None:
    (nowhere / "checkout" / "pyproject.toml").unlink()
    assert list(data_folders()) == []


def test_other_bytes_are_refused(nowhere) -> None:
    path = put(nowhere / "shared" / "data", CONTENT + b"x")
    with pytest.raises(InputError, match=rf"{path} is not the declared file: .* expected {SHA256[:12]}"):
        data_file(posts(), "posts.txt")


def test_a_missing_file_says_where_it_comes_from_and_where_it_goes(nowhere) -> None:
    with pytest.raises(UnavailableError) as caught:
        data_file(posts(), "posts.txt")
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "posts.txt",
        "'posts'",
        "the archive's authors",
        "MIT",
        "DATA/posts/posts.txt",
        "HOTPAPERS_DATA",
    ):
        assert part in message


def test_an_unknown_file_is_quoted_with_those_there_are(nowhere) -> None:
    with pytest.raises(InputError, match=r"no file 'post\.txt': it has posts\.txt"):
        data_file(posts(), "post.txt")


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/../../b", "", "a\\b"])
def test_a_declaration_that_leads_out_of_its_folder_is_refused(name) -> None:
    with pytest.raises(InputError, match="is not a file name below its folder"):
        posts(files={name: SHA256})


@pytest.mark.parametrize("checksum", ["", SHA256.upper(), SHA256[:-1], "z" * 64])
def test_a_declaration_without_a_sha256_is_refused(checksum) -> None:
    with pytest.raises(InputError, match="is not a SHA-256 of"):
        posts(files={"a": checksum})


def test_a_file_with_an_address_is_downloaded_once(nowhere, httpserver) -> None:
    httpserver.expect_ordered_request("/data/posts.txt").respond_with_data(CONTENT)
    dataset = posts(url=httpserver.url_for("/data/"))
    first = data_file(dataset, "posts.txt")
    assert first.read_bytes() == CONTENT
    assert nowhere / "cache" in first.parents
    assert data_file(dataset, "posts.txt") == first
    assert len(httpserver.log) == 1


def test_a_download_of_other_bytes_is_refused_and_not_kept(nowhere, httpserver) -> None:
    httpserver.expect_request("/posts.txt").respond_with_data(b"<html>sign in</html>")
    with pytest.raises(InputError, match="is not the declared file: its SHA-256 differs"):
        data_file(posts(url=httpserver.url_for("/")), "posts.txt")
    assert [path for path in (nowhere / "cache").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("status", [404, 503])
def test_a_server_that_says_no_is_told_in_one_line(nowhere, httpserver, status) -> None:
    httpserver.expect_request("/posts.txt").respond_with_data("", status=status)
    with pytest.raises(
        UnavailableError, match=r"could not be downloaded from .* put it at DATA/posts/posts\.txt"
    ):
        data_file(posts(url=httpserver.url_for("/")), "posts.txt")
