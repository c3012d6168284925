"""Archives: what is read from them, and what they may not do."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hotpapers.common.errors import InputError
from hotpapers.digest import archive, render_post
from hotpapers.digest.archive import read_posts


def test_a_file_a_folder_and_a_zip_give_the_same_posts(folder_of_posts, zip_of_posts, posts):
    assert [post for _, post, _ in read_posts(folder_of_posts)] == posts
    assert [post for _, post, _ in read_posts(zip_of_posts)] == posts
    one = next(folder_of_posts.glob("*2020-08-05*"))
    assert [(name, post) for name, post, _ in read_posts(one)] == [(one.name, posts[2])]


def test_one_day_is_found_without_opening_the_others(folder_of_posts, posts):
    for file in folder_of_posts.glob("*"):
        if "2020-08-05" not in file.name:
            file.write_bytes(b"\0 not a post")
    assert [post for _, post, _ in read_posts(folder_of_posts, only=date(2020, 8, 5))] == [posts[2]]


def test_a_file_is_known_by_its_content_when_its_name_has_no_date(folder_of_posts, posts):
    for at, file in enumerate(sorted(folder_of_posts.glob("*"))):
        file.rename(folder_of_posts / f"post {at}.md")
    assert [post for _, post, _ in read_posts(folder_of_posts, only=date(2020, 8, 5))] == [posts[2]]


def test_links_out_of_the_folder_are_not_followed(folder_of_posts, tmp_path, posts):
    outside = tmp_path / "outside.md"
    outside.write_text(render_post(posts[0]).replace("2020-08-03", "2020-08-01"))
    (folder_of_posts / "2020-08-01.md").symlink_to(outside)
    assert len(list(read_posts(folder_of_posts))) == len(posts)


def test_lenient_reading_reports_each_file_that_is_no_post(folder_of_posts, posts):
    (folder_of_posts / "README.md").write_text("# What this is")
    found = list(read_posts(folder_of_posts, lenient=True))
    assert [post for _, post, _ in found if post] == posts
    (problem,) = [line for _, _, problems in found for line in problems]
    assert problem.startswith("README.md: line 1: expected front matter")
    assert problem.endswith("(file left out)")


def test_all_members_together_may_not_unpack_to_more_than_the_limit(zip_of_posts, monkeypatch):
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 4_000)
    with pytest.raises(InputError, match="unpacks to too much"):
        list(read_posts(zip_of_posts))


def test_yesterdays_clock_is_forgiven_and_next_weeks_is_not(folder_of_posts):
    assert list(read_posts(folder_of_posts, now=datetime(2020, 8, 8, 12, tzinfo=UTC)))
    with pytest.raises(InputError, match="in the future"):
        list(read_posts(folder_of_posts, now=datetime(2020, 8, 1, tzinfo=UTC)))
