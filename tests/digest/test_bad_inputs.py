"""Every bad input of the specification: one clear line, the right exit code, and nothing changed."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from hotpapers.digest import Store, render_post

from .conftest import dump, make_entry, make_post

DAY = date(2020, 8, 20)


@pytest.fixture
def good() -> str:
    """A sound post of a day that the store does not have."""
    return render_post(
        make_post(DAY, make_entry("2008.05001", 90, 8, day=DAY), make_entry("2008.05002", 40, 30, day=DAY))
    )


@pytest.fixture
def check_refused(run, store_path, tmp_path):
    """Run ``hotpapers digest ...`` and check that it ends as bad input must."""

    def check(*arguments, says: str, code: int = 2) -> None:
        before = dump(store_path)
        files = sorted(tmp_path.rglob("*"))
        done = run("digest", *arguments, "--store", store_path)
        assert done.code == code, done
        assert done.out == ""
        assert done.err.startswith("hotpapers: ")
        assert done.err.count("\n") == 1, done.err
        assert says in done.err
        assert len(done.err) < 400
        assert dump(store_path) == before
        assert [path for path in sorted(tmp_path.rglob("*")) if path not in files] == []

    return check


def saved(tmp_path: Path, content: str | bytes, name: str = "post.md") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(tmp_path: Path, *members: tuple[str, str | bytes]) -> Path:
    path = tmp_path / "posts.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


# ---- what is no post


def test_an_empty_file(check_refused, tmp_path):
    check_refused("import", saved(tmp_path, ""), says="post.md: the file is empty")


def test_a_binary_file(check_refused, tmp_path):
    check_refused("import", saved(tmp_path, b"\x89PNG\r\n\x1a\n\0\0\0"), says="binary")


def test_a_file_in_latin_1(check_refused, tmp_path, good):
    check_refused("import", saved(tmp_path, good.encode("latin-1")), says="not UTF-8 (byte")


def test_a_file_in_utf_16(check_refused, tmp_path, good):
    check_refused("import", saved(tmp_path, good.encode("utf-16")), says="binary")


def test_a_file_with_the_encoding_accident(check_refused, tmp_path, good):
    damaged = good.encode().decode("cp1252")
    check_refused("import", saved(tmp_path, damaged), says="`hotpapers digest repair FILE -o FIXED` mends it")


def test_a_file_without_front_matter(check_refused, tmp_path, good):
    check_refused(
        "import", saved(tmp_path, good.split("---\n\n", 1)[1]), says="line 1: expected front matter"
    )


def test_a_day_that_does_not_exist(check_refused, tmp_path, good):
    check_refused(
        "import", saved(tmp_path, good.replace("2020-08-20", "2020-08-40")), says="a date that exists"
    )


def test_a_front_matter_of_two_days(check_refused, tmp_path, good):
    text = good.replace('slug: "hot-papers-2020-08-20"', 'slug: "hot-papers-2020-08-21"')
    check_refused("import", saved(tmp_path, text), says='slug: "hot-papers-2020-08-20"')


# ---- entries that can't be


def test_a_rank_twice(check_refused, tmp_path, good):
    check_refused("import", saved(tmp_path, good.replace("# 2. ", "# 1. ")), says="expected rank 2")


def test_a_rank_left_out(check_refused, tmp_path, good):
    check_refused("import", saved(tmp_path, good.replace("# 2. ", "# 3. ")), says="expected rank 2")


def test_a_negative_count(check_refused, tmp_path, good):
    check_refused(
        "import", saved(tmp_path, good.replace("favorites: 8", "favorites: -8")), says="counts of 0 or more"
    )


def test_a_count_that_is_no_number(check_refused, tmp_path, good):
    check_refused(
        "import", saved(tmp_path, good.replace("favorites: 8", "favorites: lots")), says="favorites: N"
    )


def test_a_count_beyond_all_bounds(check_refused, tmp_path, good):
    text = good.replace("favorites: 8", "favorites: " + "9" * 40)
    check_refused("import", saved(tmp_path, text), says="at most 18 digits")


def test_an_abstract_of_10_megabytes(check_refused, tmp_path, good):
    text = good.replace("We study 2008.05001", "We study " + "x" * 10_000_000)
    check_refused("import", saved(tmp_path, text), says="at most 100,000 are accepted")


def test_a_file_cut_off(check_refused, tmp_path, good):
    check_refused("import", saved(tmp_path, good[: len(good) // 2]), says="expected")


def test_a_javascript_link(check_refused, tmp_path, good):
    text = good.replace("https://arxiv.org/abs/2008.05001", "javascript:alert(1)")
    check_refused("import", saved(tmp_path, text), says="expected '- links: [abs](https://arxiv.org/abs/ID)")


def test_links_to_two_papers(check_refused, tmp_path, good):
    text = good.replace("pdf/2008.05001", "pdf/2008.05009")
    check_refused("import", saved(tmp_path, text), says="the same arXiv id")


def test_an_id_that_looks_like_a_path(check_refused, tmp_path, good):
    check_refused(
        "import", saved(tmp_path, good.replace("2008.05001", "../../etc/passwd")), says="the same arXiv id"
    )


def test_an_embed_that_is_no_tweet(check_refused, tmp_path, good):
    text = good.replace('<blockquote class="twitter-tweet">', "<blockquote onclick=alert(1)>", 1)
    check_refused("import", saved(tmp_path, text), says="of one tweet")


# ---- times that can't be


def test_a_post_made_before_its_own_day(check_refused, tmp_path, good):
    text = good.replace("date: 2020-08-21T", "date: 2020-08-11T")
    check_refused("import", saved(tmp_path, text), says="before the day 2020-08-20 it is about")


def test_a_post_from_the_future(check_refused, tmp_path):
    day = datetime.now(UTC).date() + timedelta(days=9)
    text = render_post(make_post(day, make_entry("2008.05001", 1, 1, day=day)))
    check_refused("import", saved(tmp_path, text), says="lies in the future")


def test_counts_read_in_the_future(check_refused, tmp_path, good):
    text = good.replace("(08/21/2020", "(08/21/2999", 1)
    check_refused("import", saved(tmp_path, text), says="entry 1: counts read at 2999-08-21, in the future")


# ---- archives


def test_a_zip_that_points_outside(check_refused, tmp_path, good):
    for name in ("../../evil.md", "/etc/evil.md", "..\\evil.md", "C:\\evil.md"):
        check_refused(
            "import", zipped(tmp_path, ("a.md", good), (name, good)), says="points outside the archive"
        )
        (tmp_path / "posts.zip").unlink()


def test_a_zip_bomb(check_refused, tmp_path, good):
    bomb = zipped(tmp_path, ("2020-08-20.md", good), ("bomb.md", b"\n" * 200_000_000))
    assert bomb.stat().st_size < 1_000_000
    check_refused("import", bomb, says="bomb.md unpacks to too much")


def test_a_zip_whose_header_lies_about_its_size(check_refused, tmp_path, good):
    path = zipped(tmp_path, ("bomb.md", b"a" * 50_000_000))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + offset
        content[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    check_refused("import", path, says="bomb.md")


def test_a_damaged_zip(check_refused, tmp_path, good):
    path = zipped(tmp_path, ("2020-08-20.md", good))
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    check_refused("import", path, says="can't be unpacked")


def test_a_zip_that_is_none(check_refused, tmp_path):
    check_refused("import", saved(tmp_path, b"PK not at all", "posts.zip"), says="not a sound zip archive")


def test_a_zip_with_two_members_of_one_name(check_refused, tmp_path, good):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path, ("a.md", good), ("a.md", good))
    check_refused("import", path, says="two members have the same name")


def test_a_folder_without_posts(check_refused, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    check_refused("import", folder, says="holds no post")


def test_a_path_that_is_not_there(check_refused, tmp_path):
    check_refused("import", tmp_path / "nowhere", says="does not exist")


def test_two_posts_of_one_day(check_refused, tmp_path, good):
    other = good.replace("favorites: 8", "favorites: 9")
    check_refused(
        "import", zipped(tmp_path, ("a.md", good), ("b.md", other)), says="two different posts of 2020-08-20"
    )


# ---- mentions


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{not json", "line 1"),
        ('{"source": "x", "id": "1", "text": "arxiv.org/abs/2008.02217", "counts": {"likes": -3}}', "likes"),
        ('{"source": "x", "id": "1", "text": "arxiv.org/abs/2008.02217", "created": "yesterday"}', "created"),
        ('{"source": "x", "id": "1", "arxiv_ids": ["../../etc/passwd"]}', "arxiv_ids"),
    ],
)
def test_a_mention_that_is_none(check_refused, tmp_path, line, says):
    check_refused("import", saved(tmp_path, line + "\n", "m.jsonl"), says=says)


# ---- stores


def test_a_store_from_a_newer_version(run, store_path, tmp_path, good):
    with Store(store_path) as store:
        store._db.execute("UPDATE hotpapers_store SET schema_version = 99")
    content = store_path.read_bytes()
    for arguments in (("days",), ("import", saved(tmp_path, good))):
        done = run("digest", *arguments, "--store", store_path)
        assert done.code == 2
        assert "schema 99; this one knows up to 1): upgrade hotpapers" in done.err
        assert done.err.count("\n") == 1
    assert store_path.read_bytes() == content


def test_a_store_that_is_another_kind_of_file(run, tmp_path, good):
    other = saved(tmp_path, "important notes\n" * 1000, "notes.txt")
    done = run("digest", "import", saved(tmp_path, good), "--store", other)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "is not a hotpapers store" in done.err
    assert other.read_text() == "important notes\n" * 1000


def test_a_database_of_somebody_elses(run, tmp_path, good):
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as database:
        database.execute("CREATE TABLE invoices AS SELECT 42 AS amount")
    done = run("digest", "import", saved(tmp_path, good), "--store", other)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "a DuckDB file but not a hotpapers store" in done.err
    with duckdb.connect(str(other)) as database:
        assert database.execute("SHOW TABLES").fetchall() == [("invoices",)]


def test_a_store_that_is_a_folder_or_not_there(run, tmp_path):
    done = run("digest", "days", "--store", tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "is a folder" in done.err
    done = run("digest", "rank", "--store", tmp_path / "none.duckdb")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "no store at" in done.err
    assert list(tmp_path.iterdir()) == []


def test_two_writers_at_once(run_apart, store_path, tmp_path, good):
    post = saved(tmp_path, good)
    before = dump(store_path)
    with Store(store_path):
        done = run_apart("digest", "import", post, "--store", store_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "in use by another process" in done.stderr
    assert dump(store_path) == before
    assert run_apart("digest", "import", post, "--store", store_path).returncode == 0


def test_a_full_disk(run_apart, store_path, tmp_path):
    before = dump(store_path)
    entries = [
        make_entry(f"2008.{at:05d}", 1, 1, day=DAY, abstract=os.urandom(30_000).hex())
        for at in range(6000, 6060)
    ]
    post = saved(tmp_path, render_post(make_post(DAY, *entries)))

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = store_path.stat().st_size + 100_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = run_apart("digest", "import", post, "--store", store_path, preexec_fn=little_room)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("hotpapers: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert dump(store_path) == before


def test_ctrl_c(tmp_path, store_path):
    before = dump(store_path)
    folder = tmp_path / "many"
    folder.mkdir()
    for at in range(150):
        day = date(2019, 1, 1) + timedelta(days=at)
        entries = [make_entry(f"19{day:%m}.{day.day * 100 + n:05d}", 9, 9, day=day) for n in range(9)]
        (folder / f"{day}.md").write_text(render_post(make_post(day, *entries)))
    script = (
        "import os, signal, threading\n"
        "from hotpapers.digest import importing\n"
        "from hotpapers.cli import main\n"
        "importing._refuse_twins = lambda posts: os.kill(os.getpid(), signal.SIGINT)\n"
        f"main(['digest', 'import', {str(folder)!r}, '--store', {str(store_path)!r}])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 130
    assert (
        done.stderr
        == "hotpapers: interrupted: what was finished is kept; the same command goes on from there\n"
    )
    assert dump(store_path) == before


# ---- questions that have no answer


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rank", "--since", "2020-08-09", "--until", "2020-08-01"), "ends (2020-08-01) before it begins"),
        (("rank", "--since", "last week"), "'last week' is not a day: expected YYYY-MM-DD"),
        (("rank", "--as-of", "noon"), "'noon' is not a time"),
        (("rank", "--weight", "twitter"), "expected SOURCE=NUMBER"),
        (("rank", "--top", "-3"), "--top takes a number of papers >= 0"),
        (("rank", "--format", "xml"), "'xml'"),
        (("search", "?!"), "holds no word"),
        (("related", "../../etc/passwd"), "is not an arXiv id or link"),
        (("related", "2008.09999"), "does not know 2008.09999"),
        (("trends", "--weeks", "0"), "--weeks takes a number >= 1"),
        (("newsletter", "2020-08-03"), "nothing to do"),
        (("newsletter", "2020-09-03", "-o", "x.eml"), "no post of 2020-09-03"),
        (("fetch", "--date", "2999-01-01"), "lies in the future"),
        (("fetch", "--source", "myspace"), "no source called 'myspace'"),
    ],
)
def test_a_question_without_an_answer(check_refused, arguments, says, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    check_refused(*arguments, says=says)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("serve", "nowhere"), "holds no index.html"),
        (("repair", "nowhere.md", "-o", "fixed.md"), "cannot read nowhere.md"),
        (("repair", "sound.md", "-o", "fixed.md"), "shows no sign of this accident"),
        (("build", "2020-08-20", "--from", "nowhere.zip"), "does not exist"),
        (("build", "2020-08-21", "--from", "sound.md"), "has no post of 2020-08-21"),
        (
            ("build", "2020-08-20", "--from", "sound.md", "--url", "ftp://x"),
            "expected something like https://",
        ),
    ],
)
def test_a_command_without_its_input(run, arguments, says, monkeypatch, tmp_path, good):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, good, "sound.md")
    done = run("digest", *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert says in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["sound.md"]


def test_lenient_keeps_what_can_be_kept(run, store_path, tmp_path, good):
    text = good.replace("favorites: 8", "favorites: lots").replace("We study 2008.05002", "x" * 50)
    done = run("digest", "import", saved(tmp_path, text), "--store", store_path, "--lenient")
    assert done.code == 0
    assert "entry left out" in done.err
    with Store(store_path, read_only=True) as store:
        assert [entry.paper.arxiv_id for entry in store.post(DAY).entries] == ["2008.05002"]
    listed = json.loads(run("digest", "days", "--store", store_path, "--format", "json").out)
    assert listed[0] == {
        "date": "2020-08-20",
        "papers": 1,
        "total": 70,
        "top_title": "On the subject of 2008.05002",
    }
