"""The store's tables, its version, and the way from any older version to this one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from hotpapers.common.errors import FailureError, InputError

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "MIGRATIONS",
    "TABLES",
    "aware",
    "connect",
    "default_path",
    "first_line",
    "insert",
    "utc_naive",
]

_MENTION = (
    "STRUCT(source VARCHAR, id VARCHAR, url VARCHAR, author VARCHAR, text VARCHAR, html VARCHAR, "
    "created TIMESTAMP, counts MAP(VARCHAR, BIGINT))"
)

# Times are UTC. There are no keys or indexes: the store's own code keeps rows unique, and DuckDB scans
# its sorted columns faster than it maintains an index over millions of rows.
TABLES: dict[str, dict[str, str]] = {
    # One row a paper: what was last known of it. `revision` grows with every change, for the search index.
    "paper": {
        "arxiv_id": "VARCHAR",
        "title": "VARCHAR",
        "authors": "VARCHAR[]",
        "abstract": "VARCHAR",
        "categories": "VARCHAR[]",
        "published": "TIMESTAMP",
        "updated": "TIMESTAMP",
        "summary": "VARCHAR",
        "seen_at": "TIMESTAMP",
        "revision": "BIGINT",
    },
    # Posts are documents: kept as they were published, also where the paper changed since.
    # The last three say what a list of days shows, so that such a list never reads the entries.
    "post": {
        "day": "DATE",
        "made_at": "TIMESTAMP",
        "lead": "TINYINT",
        "fingerprint": "VARCHAR",
        "papers": "INTEGER",
        "total": "BIGINT",
        "top_title": "VARCHAR",
    },
    "post_entry": {
        "day": "DATE",
        "rank": "INTEGER",
        "arxiv_id": "VARCHAR",
        "title": "VARCHAR",
        "authors": "VARCHAR[]",
        "abstract": "VARCHAR",
        "categories": "VARCHAR[]",
        "summary": "VARCHAR",
        "source": "VARCHAR",
        "read_at": "TIMESTAMP",
        "counts": "MAP(VARCHAR, BIGINT)",
        "mentions": f"{_MENTION}[]",
    },
    # One row a message: its latest counts.
    "mention": {
        "source": "VARCHAR",
        "id": "VARCHAR",
        "arxiv_ids": "VARCHAR[]",
        "url": "VARCHAR",
        "author": "VARCHAR",
        "text": "VARCHAR",
        "html": "VARCHAR",
        "created": "TIMESTAMP",
        "counts": "MAP(VARCHAR, BIGINT)",
    },
    # Append-only: every reading of running totals. `total` is the sum of `counts`.
    "reading": {
        "arxiv_id": "VARCHAR",
        "source": "VARCHAR",
        "day": "DATE",
        "read_at": "TIMESTAMP",
        "counts": "MAP(VARCHAR, BIGINT)",
        "total": "BIGINT",
    },
    # The latest reading of each paper and source: what a ranking over all time needs.
    "standing": {
        "arxiv_id": "VARCHAR",
        "source": "VARCHAR",
        "day": "DATE",
        "read_at": "TIMESTAMP",
        "counts": "MAP(VARCHAR, BIGINT)",
        "total": "BIGINT",
    },
    # How far a fetch has come; `next_cursor` is where a killed one goes on.
    "fetch_state": {
        "source": "VARCHAR",
        "since": "TIMESTAMP",
        "until": "TIMESTAMP",
        "next_cursor": "VARCHAR",
        "finished": "BOOLEAN",
    },
}


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    for table, columns in TABLES.items():
        body = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f"CREATE TABLE {table} ({body})")


# MIGRATIONS[n] takes a store from version n to n + 1; forward only, each in the opening's transaction.
# TABLES describes the newest version, so a migration that lands after a release spells out its own SQL.
MIGRATIONS: Sequence[Callable[[duckdb.DuckDBPyConnection], None]] = (_create,)


def default_path() -> Path:
    """``digest.duckdb`` in the user's data folder, as the operating system names it."""
    from platformdirs import user_data_path

    return user_data_path("hotpapers") / "digest.duckdb"


def first_line(error: Exception) -> str:
    """What DuckDB says went wrong, without where in the query."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def connect(path: Path | str, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open the store at `path` at this version's schema, making or migrating it as needed.

    Raises
    ------
    InputError
        If there is no store (when only reading), the file is something else, or a newer hotpapers
        wrote it.
    FailureError
        If another process holds the store, or the disk refuses.
    """
    if read_only and path != ":memory:":
        if not Path(path).exists():
            raise InputError(f"no store at {path} yet: `hotpapers digest import` or `fetch` makes one")
        connection = _open(path, read_only=True)
        if _version(connection, path) == len(MIGRATIONS):
            return connection
        connection.close()
    connection = _open(path, read_only=False)
    try:
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path | str, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    import duckdb

    if path != ":memory:":
        path = Path(path).expanduser()
        if path.is_dir():
            raise InputError(f"{path} is a folder: --store takes a file, such as {path / 'digest.duckdb'}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make the folder of {path}: {error.strerror}") from error
    settings: dict[str, Any] = {
        "memory_limit": "1500MB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        return duckdb.connect(str(path), read_only=read_only, config=settings)
    except duckdb.IOException as error:
        message = str(error)
        if "lock" in message.lower():
            raise FailureError(
                f"the store {path} is in use by another process: wait until it has finished"
            ) from error
        if "not a valid DuckDB" in message or "magic" in message.lower():
            raise InputError(f"{path} is not a hotpapers store: another kind of file") from error
        raise FailureError(f"cannot open the store {path}: {first_line(error)}") from error
    except duckdb.Error as error:
        raise FailureError(f"cannot open the store {path}: {first_line(error)}") from error


def _version(connection: duckdb.DuckDBPyConnection, path: Path | str) -> int:
    tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if "hotpapers_store" not in tables:
        if tables:
            connection.close()
            raise InputError(f"{path} is a DuckDB file but not a hotpapers store")
        return 0
    row = connection.execute("SELECT schema_version FROM hotpapers_store").fetchone()
    version = int(row[0]) if row else 0
    if version > len(MIGRATIONS):
        connection.close()
        raise InputError(
            f"the store {path} was written by a newer hotpapers (schema {version}; this one knows up to "
            f"{len(MIGRATIONS)}): upgrade hotpapers"
        )
    return version


def _migrate(connection: duckdb.DuckDBPyConnection, path: Path | str) -> None:
    version = _version(connection, path)
    if version == len(MIGRATIONS):
        return
    connection.begin()
    try:
        if version == 0:
            connection.execute("CREATE TABLE hotpapers_store (schema_version INTEGER, id VARCHAR)")
            connection.execute("INSERT INTO hotpapers_store VALUES (0, ?)", [uuid.uuid4().hex])
        for step in MIGRATIONS[version:]:
            step(connection)
        connection.execute("UPDATE hotpapers_store SET schema_version = ?", [len(MIGRATIONS)])
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Add `rows` to `table` in one statement: a column at a time, which DuckDB takes fast."""
    if not rows:
        return
    columns = TABLES[table]
    values = ", ".join(f"unnest(${at}::{kind}[])" for at, kind in enumerate(columns.values(), start=1))
    arguments = [[_bound(row.get(name), kind) for row in rows] for name, kind in columns.items()]
    connection.execute(f"INSERT INTO {table} SELECT {values}", arguments)


def _bound(value: Any, kind: str) -> Any:
    """The value as DuckDB takes it for a column of this kind.

    A list of plain mappings would become structs with the keys of all of them, absent ones filled
    with NULL; a map is told from a struct by the form {"key": [...], "value": [...]}.
    """
    if kind.startswith("MAP") and value is not None:
        return {"key": list(value), "value": list(value.values())}
    if kind == f"{_MENTION}[]":
        return [mention | {"counts": _bound(mention["counts"], "MAP")} for mention in value]
    return utc_naive(value)


@overload
def utc_naive(value: datetime) -> datetime: ...
@overload
def utc_naive(value: Any) -> Any: ...
def utc_naive(value: Any) -> Any:
    """An aware time as the tables hold it (UTC, naive); anything else unchanged."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


@overload
def aware(value: datetime) -> datetime: ...
@overload
def aware(value: Any) -> Any: ...
def aware(value: Any) -> Any:
    """A time from the tables with its zone (UTC); None unchanged."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
