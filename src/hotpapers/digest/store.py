"""The digest's memory: one DuckDB file with papers, posts, mentions and every reading of attention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest import schema
from hotpapers.digest.edition import DaySummary, Edition
from hotpapers.digest.records import Attention, Entry, Mention, Paper, Post
from hotpapers.digest.rows import (
    PAPER_FIELDS,
    attention_of,
    entry_of,
    entry_row,
    fingerprint,
    mention_of,
    mention_row,
    paper_of,
    paper_row,
    post_row,
    reading_key,
    reading_row,
    with_papers,
)

__all__ = ["Store"]

_CHART = timedelta(days=30)  # how far back a day's page charts its papers' attention


class Store:
    """One open store; a context manager.

    Parameters
    ----------
    path
        The DuckDB file, made when absent (its folder too); ``":memory:"`` for one that is
        forgotten; None for `schema.default_path`.
    read_only
        Open for reading: several processes may do so at once, while a writer needs it alone.

    Notes
    -----
    Every ``put_...`` method is one transaction, or takes part in the `transaction` around it, and
    changes nothing when it is given again what is already there.
    """

    def __init__(self, path: Path | str | None = None, *, read_only: bool = False) -> None:
        self.path = path if path == ":memory:" else Path(path or schema.default_path()).expanduser()
        self._db = schema.connect(self.path, read_only=read_only)
        self._depth = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._db.close()

    @property
    def id(self) -> str:
        """A random name given when the store was made; tells two stores at one path apart."""
        return str(self.rows("SELECT id FROM hotpapers_store")[0]["id"])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing for what happens inside; inner transactions join the outer one."""
        import duckdb

        if self._depth:
            yield
            return
        self._db.begin()
        self._depth = 1
        try:
            yield
            self._db.commit()
        except BaseException as error:
            self._roll_back()
            if isinstance(error, duckdb.Error):
                raise FailureError(
                    f"the store {self.path} was left as it was: {schema.first_line(error)}"
                ) from error
            raise
        finally:
            self._depth = 0

    def _roll_back(self) -> None:
        import duckdb

        try:
            self._db.rollback()
        except duckdb.Error:
            # A failed commit (disk full) has already rolled back, or made the connection unusable:
            # either way the file holds the last committed state.
            return

    def rows(self, sql: str, arguments: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """Run one read-only query of ours; each row as a mapping from column to value."""
        cursor = self._db.execute(sql, arguments)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def export(self, sql: str, arguments: Mapping[str, Any], path: Path) -> None:
        """Write the rows of one read-only query of ours to a Parquet file, a group of rows in memory at a time.

        Raises
        ------
        FailureError
            If the disk refuses.
        """
        import duckdb

        copy = f"COPY ({sql}) TO $parquet_file (FORMAT parquet, ROW_GROUP_SIZE 10240)"
        try:
            self._db.execute(copy, {**arguments, "parquet_file": str(path)})
        except duckdb.IOException as error:
            raise FailureError(f"cannot write {path}: {schema.first_line(error)}") from error

    # ---- writing

    def put_post(self, post: Post, *, observed: bool = True) -> bool:
        """Keep one published post (`put_posts`); False if it was there already."""
        return self.put_posts([post], observed=observed) == 1

    def put_posts(self, posts: Sequence[Post], *, observed: bool = True) -> int:
        """Keep published posts with their papers, mentions and readings; returns how many were new.

        A post of the same day with other content is replaced (its readings stay as history).
        Where a post was composed from this store's own readings, its counts are no observation:
        `observed` False keeps them out of the readings.
        """
        prints = {post.date: fingerprint(post) for post in posts}
        sql = "SELECT day, fingerprint FROM post WHERE day IN (SELECT unnest($1::DATE[]))"
        known = {row["day"]: row["fingerprint"] for row in self.rows(sql, [list(prints)])}
        latest = {post.date: post for post in posts if known.get(post.date) != prints[post.date]}
        fresh = list(latest.values())
        if not fresh:
            return 0
        with self.transaction():
            replaced = [day for day in latest if day in known]
            for table in ("post", "post_entry") if replaced else ():
                self._delete(table, "day", "DATE", replaced)
            schema.insert(self._db, "post", [post_row(post, prints[post.date]) for post in fresh])
            entries = [(post, rank, entry) for post in fresh for rank, entry in enumerate(post.entries, 1)]
            schema.insert(
                self._db, "post_entry", [entry_row(post.date, rank, entry) for post, rank, entry in entries]
            )
            self._put_papers([(entry.paper, post.made_at) for post, _, entry in entries])
            if observed:
                self.put_readings([entry.attention for _, _, entry in entries])
            self.put_mentions([mention for _, _, entry in entries for mention in entry.mentions])
        return len(fresh)

    def _delete(self, table: str, column: str, kind: str, values: Sequence[Any]) -> None:
        sql = f"DELETE FROM {table} WHERE {column} IN (SELECT unnest($1::{kind}[]))"
        self._db.execute(sql, [list(values)])

    def put_papers(self, papers: Iterable[Paper], *, seen_at: datetime) -> int:
        """Keep what is known of papers as of `seen_at`; returns how many rows changed.

        Older knowledge never replaces newer; a field that the newer one lacks (an empty abstract,
        no categories) is kept from the older.
        """
        return self._put_papers([(paper, seen_at) for paper in papers])

    def _put_papers(self, sightings: Sequence[tuple[Paper, datetime]]) -> int:
        known = {
            row["arxiv_id"]: row for row in self._papers([paper.arxiv_id for paper, _ in sightings], "*")
        }
        changed: dict[str, dict[str, Any]] = {}
        for paper, moment in sightings:
            new = paper_row(paper) | {"seen_at": schema.utc_naive(moment)}
            old = changed.get(paper.arxiv_id) or known.get(paper.arxiv_id)
            if old is not None:
                first, second = (new, old) if new["seen_at"] >= old["seen_at"] else (old, new)
                merged = {name: first[name] or second[name] for name in PAPER_FIELDS}
                if all(merged[name] == old[name] for name in PAPER_FIELDS):
                    continue
                new = merged | {"seen_at": first["seen_at"]}
            changed[paper.arxiv_id] = new
        if not changed:
            return 0
        with self.transaction():
            revision = self.revision + 1
            for row in changed.values():
                row["revision"] = revision
            if known:
                self._delete("paper", "arxiv_id", "VARCHAR", list(changed))
            schema.insert(self._db, "paper", list(changed.values()))
        return len(changed)

    def put_readings(self, readings: Iterable[Attention]) -> int:
        """Append readings of attention; returns how many were new.

        A reading is known by paper, source and time; the same one with other counts is corrected.
        """
        rows = {reading_key(row): row for row in map(reading_row, readings)}
        sql = (
            "SELECT * EXCLUDE total FROM reading WHERE read_at IN (SELECT unnest($2::TIMESTAMP[])) "
            "AND arxiv_id IN (SELECT unnest($1::VARCHAR[]))"
        )
        held = self.rows(sql, [[at[0] for at in rows], [at[2] for at in rows]])
        known = {reading_key(row): (row["counts"], row["day"]) for row in held}
        fresh = [row for at, row in rows.items() if known.get(at) != (row["counts"], row["day"])]
        if not fresh:
            return 0
        with self.transaction():
            for row in fresh:
                if reading_key(row) in known:
                    sql = "DELETE FROM reading WHERE arxiv_id = ? AND source = ? AND read_at = ?"
                    self._db.execute(sql, reading_key(row))
            schema.insert(self._db, "reading", fresh)
            self._stand(fresh)
        return len(fresh)

    def _stand(self, fresh: Sequence[dict[str, Any]]) -> None:
        """Bring the latest readings of these papers up to date with the fresh ones."""
        papers = sorted({row["arxiv_id"] for row in fresh})
        held = self.rows("SELECT * FROM standing WHERE arxiv_id IN (SELECT unnest($1::VARCHAR[]))", [papers])
        latest: dict[tuple[str, str], dict[str, Any]] = {}
        for row in [*held, *fresh]:
            at = (row["arxiv_id"], row["source"])
            if at not in latest or row["read_at"] >= latest[at]["read_at"]:
                latest[at] = row
        if held:
            self._delete("standing", "arxiv_id", "VARCHAR", papers)
        schema.insert(self._db, "standing", list(latest.values()))

    def put_mentions(self, mentions: Iterable[Mention]) -> int:
        """Keep messages, each once, with their latest counts; returns how many rows changed."""
        latest: dict[tuple[str, str], Mention] = {}
        for mention in mentions:
            key = (mention.source, mention.id)
            both = latest[key].arxiv_ids + mention.arxiv_ids if key in latest else mention.arxiv_ids
            latest[key] = with_papers(mention, both)
        ids = [key[1] for key in latest]
        held = {
            (row["source"], row["id"]): row
            for row in self.rows("SELECT * FROM mention WHERE id IN (SELECT unnest($1::VARCHAR[]))", [ids])
        }
        changed = []
        for key, mention in latest.items():
            old = held.get(key)
            row = mention_row(with_papers(mention, (*(old["arxiv_ids"] if old else ()), *mention.arxiv_ids)))
            if row != old:
                changed.append(row)
        if changed:
            with self.transaction():
                for source in {at[0] for at in held}:
                    gone = [row["id"] for row in changed if row["source"] == source]
                    self._db.execute(
                        "DELETE FROM mention WHERE source = $1 AND id IN (SELECT unnest($2::VARCHAR[]))",
                        [source, gone],
                    )
                schema.insert(self._db, "mention", changed)
        return len(changed)

    def put_cursor(self, source: str, since: datetime, until: datetime, cursor: str | None) -> None:
        """Remember how far a fetch has come; None says that it has finished."""
        window = [source, schema.utc_naive(since), schema.utc_naive(until)]
        with self.transaction():
            self._db.execute('DELETE FROM fetch_state WHERE source = ? AND since = ? AND "until" = ?', window)
            row = dict(zip(("source", "since", "until"), window, strict=True))
            schema.insert(
                self._db, "fetch_state", [row | {"next_cursor": cursor, "finished": cursor is None}]
            )

    # ---- reading

    @property
    def revision(self) -> int:
        """Grows with every change of a paper."""
        return int(self.rows("SELECT coalesce(max(revision), 0) AS revision FROM paper")[0]["revision"])

    def cursor(self, source: str, since: datetime, until: datetime) -> str | None:
        """Where an unfinished fetch of this window goes on; None to begin."""
        sql = 'SELECT next_cursor FROM fetch_state WHERE source = ? AND since = ? AND "until" = ? AND NOT finished'
        found = self.rows(sql, [source, schema.utc_naive(since), schema.utc_naive(until)])
        return found[0]["next_cursor"] if found else None

    def _papers(self, arxiv_ids: Sequence[str], columns: str) -> list[dict[str, Any]]:
        # Ids first, then the wide columns of those rows alone: four times faster over millions of papers.
        sql = (
            f"SELECT {columns} FROM paper WHERE rowid IN "
            "(SELECT rowid FROM paper WHERE arxiv_id IN (SELECT unnest($1::VARCHAR[])))"
        )
        return self.rows(sql, [list(arxiv_ids)])

    def changed_papers(self, revision: int, *, batch: int = 20_000) -> Iterator[Paper]:
        """Papers that changed after `revision`, a batch of rows in memory at a time."""
        last = self.rows("SELECT coalesce(max(rowid), -1) AS last FROM paper")[0]["last"]
        columns = ", ".join(PAPER_FIELDS)
        sql = f"SELECT {columns} FROM paper WHERE rowid BETWEEN ? AND ? AND revision > ?"
        for first in range(0, last + 1, batch):
            for row in self.rows(sql, [first, first + batch - 1, revision]):
                yield paper_of(row)

    def papers(self, arxiv_ids: Iterable[str]) -> dict[str, Paper]:
        """What is known of these papers; ids that the store does not know are absent."""
        found = self._papers(list(arxiv_ids), ", ".join(PAPER_FIELDS))
        return {row["arxiv_id"]: paper_of(row) for row in found}

    def paper(self, arxiv_id: str) -> Paper:
        """One paper.

        Raises
        ------
        InputError
            If the store does not know it.
        """
        found = self.papers([arxiv_id])
        if arxiv_id not in found:
            raise InputError(f"the store does not know {arxiv_id}: import or fetch a day that has it")
        return found[arxiv_id]

    def mentions(self, arxiv_id: str) -> list[Mention]:
        """All messages that point at a paper, most reactions first, then oldest first."""
        sql = "SELECT * FROM mention WHERE list_contains(arxiv_ids, ?) ORDER BY created, source, id"
        found = [mention_of(row) for row in self.rows(sql, [arxiv_id])]
        return sorted(found, key=lambda mention: -sum(mention.counts.values()))

    def mentions_by_paper(self, arxiv_ids: Sequence[str]) -> dict[tuple[str, str], list[Mention]]:
        """All messages that point at these papers, by (arXiv id, source)."""
        sql = "SELECT * FROM mention WHERE list_has_any(arxiv_ids, $1::VARCHAR[]) ORDER BY source, id"
        wanted = set(arxiv_ids)
        found: dict[tuple[str, str], list[Mention]] = {}
        for row in self.rows(sql, [list(arxiv_ids)]):
            for arxiv_id in wanted.intersection(row["arxiv_ids"]):
                found.setdefault((arxiv_id, row["source"]), []).append(mention_of(row))
        return found

    def readings(
        self, arxiv_ids: Sequence[str], *, since: date | None = None, until: date | None = None
    ) -> dict[str, tuple[Attention, ...]]:
        """All readings of these papers for digest days in [since, until], oldest first."""
        sql = (
            "SELECT * FROM reading WHERE arxiv_id IN (SELECT unnest($1::VARCHAR[])) AND day BETWEEN $2 AND $3 "
            "ORDER BY read_at, source"
        )
        found: dict[str, list[Attention]] = {}
        for row in self.rows(sql, [list(arxiv_ids), since or date.min, until or date.max]):
            found.setdefault(row["arxiv_id"], []).append(attention_of(row))
        return {arxiv_id: tuple(readings) for arxiv_id, readings in found.items()}

    def post(self, day: date) -> Post | None:
        """The post of `day`, exactly as it was put; None where there is none."""
        return next(iter(self.posts([day])), None)

    def posts(self, days: Sequence[date]) -> list[Post]:
        """The posts of these days, in their order; days without one are left out."""
        chosen = "WHERE day IN (SELECT unnest($1::DATE[]))"
        heads = {row["day"]: row for row in self.rows(f"SELECT * FROM post {chosen}", [list(days)])}
        entries: dict[date, list[Entry]] = {}
        for row in self.rows(f"SELECT * FROM post_entry {chosen} ORDER BY day, rank", [list(days)]):
            entries.setdefault(row["day"], []).append(entry_of(row))
        return [
            Post(
                date=day,
                made_at=schema.aware(heads[day]["made_at"]),
                entries=tuple(entries.get(day, ())),
                lead=heads[day]["lead"],
            )
            for day in days
            if day in heads
        ]

    def days(self, *, limit: int | None = None) -> list[DaySummary]:
        """All days that have a post, newest first."""
        sql = 'SELECT day AS "date", papers, total, top_title FROM post ORDER BY day DESC LIMIT $1'
        return [DaySummary(**row) for row in self.rows(sql, [limit if limit is not None else 2**40])]

    def edition(self, day: date, *, post: Post | None = None) -> Edition:
        """The day with what its page shows beside the post (`post`: one that is not in the store).

        Raises
        ------
        InputError
            If there is no post of that day; the message names the nearest ones.
        """
        post = post or self.post(day)
        sql = (
            "SELECT max(day) FILTER (day < $1) AS previous, min(day) FILTER (day > $1) AS following FROM post"
        )
        beside = self.rows(sql, [day])[0]
        if post is None:
            near = " and ".join(str(other) for other in beside.values() if other) or "none at all"
            raise InputError(f"the store has no post of {day} (the nearest: {near})")
        ids = [entry.paper.arxiv_id for entry in post.entries]
        readings = self.readings(ids, since=day - _CHART, until=day)
        return Edition(post=post, readings=readings, **beside)
