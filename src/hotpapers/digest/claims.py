"""What the digest claims of itself (specification, section 3), checked against the public archive."""

from __future__ import annotations

from itertools import pairwise

from hotpapers.common.claims import Claim, Measurement, read_ledger

__all__ = ["CLAIMS"]


def check_order() -> Measurement:
    """D1: count neighbouring entries of the archive that are not in descending order."""
    from hotpapers.common.datasets import data_file
    from hotpapers.digest.archive import read_posts
    from hotpapers.digest.data import ARCHIVE

    inversions = pairs = posts = 0
    for _, post, _ in read_posts(data_file(ARCHIVE, "posts-2020.zip")):
        if post is None:
            continue
        posts += 1
        totals = [entry.attention.total for entry in post.entries]
        pairs += max(len(totals) - 1, 0)
        inversions += sum(later > earlier for earlier, later in pairwise(totals))
    return Measurement(
        measured=f"{inversions} inversions in {pairs:,} pairs of {posts} posts", holds=inversions == 0
    )


def check_posts() -> Measurement:
    """D2: import the archive, render every post from the store, compare bytes."""
    import zipfile
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from hotpapers.common.datasets import data_file
    from hotpapers.digest.data import ARCHIVE
    from hotpapers.digest.importing import import_path
    from hotpapers.digest.post import parse_post, render_post
    from hotpapers.digest.store import Store

    path = data_file(ARCHIVE, "posts-2020.zip")
    with zipfile.ZipFile(path) as archive:
        originals = [archive.read(name) for name in archive.namelist()]
    equal = 0
    with TemporaryDirectory() as folder:
        file = Path(folder) / "digest.duckdb"
        with Store(file) as store:
            import_path(store, path)
        with Store(file, read_only=True) as store:
            for original in originals:
                post = store.post(parse_post(original.decode()).date)
                equal += post is not None and render_post(post).encode() == original
    return Measurement(
        measured=f"{equal} of {len(originals)} posts byte for byte", holds=equal == len(originals)
    )


def check_repair() -> Measurement:
    """D3: repair the damaged post, compare bytes with the clean one."""
    from hotpapers.common.datasets import data_file
    from hotpapers.digest.data import ARCHIVE
    from hotpapers.digest.encoding import repair

    damaged = data_file(ARCHIVE, "hot-papers-2020-08-06.mojibake.md").read_bytes()
    clean = data_file(ARCHIVE, "hot-papers-2020-08-06.md").read_bytes()
    mended = repair(damaged.decode()).encode()
    different = sum(a != b for a, b in zip(mended, clean, strict=False)) + abs(len(mended) - len(clean))
    return Measurement(measured=f"{different} of {len(clean):,} bytes differ", holds=different == 0)


def check_papers() -> Measurement:
    """D4: count the first day's papers that have a room here whose claims were measured and hold."""
    from pathlib import Path

    from hotpapers.common.papers import installed_papers
    from hotpapers.digest.facts import first_day

    ids = [entry.paper.arxiv_id for entry in first_day().entries]
    rooms = [paper for paper in installed_papers() if paper.arxiv_id in ids]
    ledgers = [Path("results") / paper.slug / "claims.json" for paper in rooms]
    measured = [
        read_ledger(path)
        for path in ledgers
        if path.is_file() and any(result.verdict != "not checked" for result in read_ledger(path).claims)
    ]
    return Measurement(
        measured=f"{len(rooms)} of {len(ids)} papers run here, {len(measured)} of them with measured claims",
        holds=len(measured) == len(ids),
    )


CLAIMS = (
    Claim(
        id="D1",
        statement="A post lists its papers by retweets + favorites, descending",
        reported="0 inversions",
        check=check_order,
        source="the public archive",
    ),
    Claim(
        id="D2",
        statement="A post built from the store equals the archived post",
        reported="every post, byte for byte",
        check=check_posts,
        source="the public archive",
    ),
    Claim(
        id="D3",
        statement="The post damaged by the encoding accident is repaired",
        reported="0 bytes differ",
        check=check_repair,
        source="the public archive",
    ),
    Claim(
        id="D4",
        statement="The eight papers of 2020-08-06 run here and carry their measured claims",
        reported="8 of 8",
        check=check_papers,
        source="this project's aim",
    ),
)
