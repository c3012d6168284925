"""The digest beside a peer: import, site, ranking, search and nearest papers, in time and memory.

    python benchmarks/digest.py            # the archive, and a generated store of 25,000 papers
    python benchmarks/digest.py --full     # a generated store of 2.5 million papers (about 20 minutes, 8 GB of disk)
    python benchmarks/digest.py --peer DIR # also times a user's own checkout of arxiv-sanity-lite

The peer's two methods run here on the same abstracts in any case: a linear scan that counts the
query's words, and tf-idf features with a linear SVM for nearest papers, both as arxiv-sanity-lite
does them (its own code is used only where --peer says where it is).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from _generated import LENGTH, WORDS, generate, generated_posts, paper_id, sentence, vocabulary

from hotpapers.common.console import console, table
from hotpapers.common.datasets import data_file
from hotpapers.common.errors import UnavailableError
from hotpapers.common.files import write_text
from hotpapers.common.provenance import provenance
from hotpapers.digest import Paper, Post, SearchIndex, Store, rank
from hotpapers.digest.archive import read_posts
from hotpapers.digest.building import build_day, build_site
from hotpapers.digest.data import ARCHIVE
from hotpapers.digest.importing import import_path

QUERIES = ("hopfield attention", "differentially private", "neural radiance fields", "graph network", "music")


def median(run: Callable[[], Any], times: int = 5) -> float:
    """Median seconds of `times` runs after one that warms up."""
    run()
    found = []
    for _ in range(times):
        started = perf_counter()
        run()
        found.append(perf_counter() - started)
    return statistics.median(found)


def apart(function: Callable[..., dict[str, Any]], *arguments: Any, label: str = "") -> dict[str, Any]:
    """Run in a process of its own, so that its peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (function, arguments, label))


def _measured(
    function: Callable[..., dict[str, Any]], arguments: Sequence[Any], label: str
) -> dict[str, Any]:
    found = function(*arguments)
    return found | {f"{label}peak memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


# ---- the archive


def archive_posts() -> tuple[list[Post], str]:
    """The public archive's posts, or generated ones of the same shape where it is not here."""
    try:
        path = data_file(ARCHIVE, "posts-2020.zip")
    except UnavailableError:
        return generated_posts(126), "generated posts (the public archive is not here)"
    return [post for _, post, _ in read_posts(path) if post is not None], "the public archive of 2020"


def bench_import(posts: Sequence[Post]) -> dict[str, Any]:
    """Entries a second from files to a store on disk, checks included; then the same again."""
    from hotpapers.digest import render_post

    entries = sum(len(post.entries) for post in posts)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "posts"
        archive.mkdir()
        for post in posts:
            (archive / f"{post.date}.md").write_text(render_post(post), encoding="utf-8")
        seconds, again = [], []
        for at in range(5):
            with Store(Path(folder) / f"{at}.duckdb") as store:
                started = perf_counter()
                import_path(store, archive)
                seconds.append(perf_counter() - started)
                started = perf_counter()
                import_path(store, archive)
                again.append(perf_counter() - started)
    return {
        "import, entries/s": entries / statistics.median(seconds),
        "import again, entries/s": entries / statistics.median(again),
    }


def bench_site(posts: Sequence[Post]) -> dict[str, Any]:
    """The whole site; then one day's build over the first 10 days and over all of them."""
    with tempfile.TemporaryDirectory() as folder:
        url = "http://127.0.0.1:8000/"
        whole, ten = Path(folder) / "whole.duckdb", Path(folder) / "ten.duckdb"
        with Store(whole) as store:
            store.put_posts(posts)
            started = perf_counter()
            build_site(store, Path(folder) / "site", url=url, rooms=())
            seconds = perf_counter() - started
        with Store(ten) as store:
            store.put_posts(posts[-10:])
        day = posts[-1].date

        def build(path: Path) -> None:
            with Store(path, read_only=True) as store:
                build_day(store, store.edition(day), Path(folder) / path.stem, url=url, rooms=())

        few, many = median(lambda: build(ten), 9), median(lambda: build(whole), 9)
    return {
        f"site of {len(posts)} days, s": seconds,
        "day build, 10 days' archive, s": few,
        f"day build, {len(posts)} days' archive, s": many,
        "ratio": many / few,
    }


# ---- a generated store


def bench_index(path: str) -> dict[str, Any]:
    """Build the search index."""
    with Store(path, read_only=True) as store:
        started = perf_counter()
        added = SearchIndex(store).refresh()
        seconds = perf_counter() - started
    return {"index, s": seconds, "index, papers/s": added / seconds}


def bench_queries(path: str) -> dict[str, Any]:
    """Rankings, searches and nearest papers over the generated store."""
    with Store(path, read_only=True) as store:
        last = store.rows("SELECT max(day) AS day FROM reading")[0]["day"]
        index = SearchIndex(store)
        words = vocabulary()
        ordinary = [
            f"{words[200 + at]} {words[2000 + 13 * at]}" for at in range(20)
        ]  # in 4 % and 1 % of papers
        common = [f"{words[5 + at]} {words[900 + 13 * at]}" for at in range(20)]  # one in nearly every paper
        known = [line.paper.arxiv_id for line in rank(store, top=20)]
        month = {"since": last - timedelta(days=30), "until": last}
        return {
            "rank over all time, s": median(lambda: rank(store, top=20)),
            "rank with weights, s": median(lambda: rank(store, weights={"bluesky": 2, "twitter.likes": 0})),
            "rank of a month, s": median(lambda: rank(store, **month)),
            "rank of a month, gained, s": median(lambda: rank(store, by="gained", **month)),
            "search, ms": 50 * median(lambda: [index.search(query) for query in ordinary]),
            "search, a common word, ms": 50 * median(lambda: [index.search(query) for query in common]),
            "related, ms": 1e3 * median(lambda: [index.related(name) for name in known]) / len(known),
        }


def bench_day_on_big(path: str, posts: Sequence[Post]) -> dict[str, Any]:
    """One day's build in the generated store."""
    with tempfile.TemporaryDirectory() as folder, Store(path) as store:
        store.put_posts(posts)
        edition = store.edition(posts[-1].date)
        url = "http://127.0.0.1:8000/"
        return {
            "day build in the large store, s": median(
                lambda: build_day(store, edition, Path(folder), url=url, rooms=())
            )
        }


# ---- the peer's methods


def linear_scan(papers: Sequence[Paper], query: str) -> list[tuple[float, str]]:
    """Every paper scored by how often it holds the query's words: authors 10, title 20, abstract up to 3."""
    words = query.lower().split()
    found = []
    for paper in papers:
        authors, title, abstract = (
            " ".join(paper.authors).lower(),
            paper.title.lower(),
            paper.abstract.lower(),
        )
        score = sum(
            10 * (word in authors) + 20 * (word in title) + min(3, abstract.count(word)) for word in words
        )
        if score:
            found.append((float(score), paper.arxiv_id))
    return sorted(found, reverse=True)


class TfIdf:
    """Nearest papers by a linear SVM with one positive example over tf-idf features."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(
            stop_words="english",
            ngram_range=(1, 2),
            max_features=20_000,
            sublinear_tf=True,
            min_df=5,
            max_df=0.1,
        )
        self.ids = [paper.arxiv_id for paper in papers]
        self.features = vectorizer.fit_transform(f"{paper.title} {paper.abstract}" for paper in papers)

    def related(self, arxiv_id: str) -> list[str]:
        """The ten nearest."""
        from sklearn.svm import LinearSVC

        is_it = np.array([name == arxiv_id for name in self.ids])
        model = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01).fit(
            self.features, is_it
        )
        order = np.argsort(-model.decision_function(self.features))
        return [self.ids[at] for at in order[:10]]


def bench_peer(papers: Sequence[Paper], label: str) -> dict[str, Any]:
    """Search and nearest papers, ours beside the peer's methods, over the same texts."""
    with Store(":memory:") as store:
        store.put_papers(papers, seen_at=datetime(2025, 1, 1, tzinfo=UTC))
        started = perf_counter()
        index = SearchIndex(store)
        index.refresh()
        prepared = perf_counter() - started
        words = papers[0].title.split()
        queries = (
            QUERIES if label.startswith("archive") else [" ".join(words[at : at + 2]) for at in range(5)]
        )
        few = [paper.arxiv_id for paper in papers[:3]]
        ours = median(lambda: [index.search(query) for query in queries]) / len(queries)
        ours_near = median(lambda: [index.related(name) for name in few]) / len(few)
    scan = median(lambda: [linear_scan(papers, query) for query in queries], 3) / len(queries)
    started = perf_counter()
    model = TfIdf(papers)
    fitted = perf_counter() - started
    svm = median(lambda: [model.related(name) for name in few], 1) / len(few)
    return {
        "papers": len(papers),
        "search: ours, ms": 1e3 * ours,
        "search: linear scan, ms": 1e3 * scan,
        "search: times faster": scan / ours,
        "related: ours, ms": 1e3 * ours_near,
        "related: tf-idf + SVM, ms": 1e3 * svm,
        "related: times faster": svm / ours_near,
        "preparing: ours, s": prepared,
        "preparing: tf-idf, s": fitted,
    }


PEER_SCRIPT = """
import json, sys, time, statistics
papers = json.load(open(sys.argv[1])); queries = json.loads(sys.argv[2])
from aslite.db import get_papers_db
db = get_papers_db(flag="c")
for p in papers:
    db[p["arxiv_id"]] = {"_id": p["arxiv_id"], "title": p["title"], "summary": p["abstract"],
                         "authors": [{"name": n} for n in p["authors"]], "tags": [], "_time": 0, "_time_str": ""}
import serve
with serve.app.app_context():
    serve.search_rank(queries[0])
    started = time.perf_counter()
    for query in queries: serve.search_rank(query)
print(json.dumps((time.perf_counter() - started) / len(queries)))
"""


def bench_checkout(peer: Path, papers: Sequence[Paper]) -> dict[str, Any]:
    """The peer's own search over its own database, from a checkout that the user has."""
    with tempfile.TemporaryDirectory() as folder:
        texts = [
            {name: getattr(paper, name) for name in ("arxiv_id", "title", "abstract", "authors")}
            for paper in papers
        ]
        (Path(folder) / "papers.json").write_text(json.dumps(texts), encoding="utf-8")
        (Path(folder) / "data").mkdir()
        command = [sys.executable, "-c", PEER_SCRIPT, "papers.json", json.dumps(QUERIES)]
        found = subprocess.run(
            command,
            cwd=folder,
            env={"PYTHONPATH": str(peer.resolve())},
            capture_output=True,
            text=True,
            check=False,
        )
    if found.returncode:
        return {"peer's checkout": f"did not run: {found.stderr.strip().splitlines()[-1]}"}
    return {"search: peer's checkout, ms": 1e3 * json.loads(found.stdout.splitlines()[-1])}


# ---- all of it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="2.5 million papers and 25 million readings")
    parser.add_argument("--papers", type=int, help="size of the generated store")
    parser.add_argument("--peer", type=Path, help="a checkout of arxiv-sanity-lite")
    parser.add_argument(
        "--folder", type=Path, help="where the generated store goes (default: a temporary folder)"
    )
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    papers = options.papers or (2_500_000 if options.full else 25_000)
    posts, which = archive_posts()
    sections: dict[str, dict[str, Any]] = {
        which: apart(bench_import, posts) | apart(bench_site, posts),
    }
    real = list({entry.paper.arxiv_id: entry.paper for post in posts for entry in post.entries}.values())
    sections["archive, search beside the peer"] = apart(bench_peer, real, "archive")
    if options.peer:
        sections["archive, search beside the peer"] |= bench_checkout(options.peer, real)
    rng, words = np.random.default_rng(2), vocabulary()
    for size in (10_000, 40_000):
        made = [
            Paper(
                arxiv_id=paper_id(number),
                title=sentence(rng, words, LENGTH),
                authors=("A. Bee",),
                abstract=sentence(rng, words, WORDS),
            )
            for number in range(size)
        ]
        sections[f"{size:,} generated papers, search beside the peer"] = apart(bench_peer, made, "generated")
    folder = options.folder or Path(tempfile.mkdtemp(prefix="hotpapers-bench-"))
    try:
        path = str(folder / "big.duckdb")
        readings = 10 * papers
        sections[f"generated store: {papers:,} papers, {readings:,} readings"] = {
            **({} if Path(path).exists() else apart(generate, path, papers, readings)),
            **apart(bench_index, path, label="indexing: "),
            **apart(bench_queries, path, label="queries: "),
            **apart(bench_day_on_big, path, posts, label="day: "),
        }
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    report(sections, options.results)


def shown(value: float | str) -> str:
    """A number with three figures that matter."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def report(sections: dict[str, dict[str, Any]], results: Path) -> None:
    """Print every section as a table and write all of them with their provenance."""
    for title, found in sections.items():
        sheet = table("what", "measured", title=title, numbers=["measured"])
        for name, value in found.items():
            sheet.add_row(name, shown(value))
        console().print(sheet)
    path = results / "digest" / "bench.json"
    write_text(
        path, json.dumps({"made": provenance(), "sections": sections}, indent=2, ensure_ascii=False) + "\n"
    )
    print(f"written to {path}")


if __name__ == "__main__":
    main()
