"""arXiv's own listing in bulk, by OAI-PMH: titles and abstracts to search, whoever talks about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from hotpapers.common.errors import InputError
from hotpapers.digest.sources.oai import Oai

if TYPE_CHECKING:
    from hotpapers.digest.sources.settings import Settings
    from hotpapers.digest.store import Store

__all__ = ["harvest"]


def harvest(
    store: Store,
    *,
    since: date,
    until: date,
    settings: Settings,
    set_spec: str | None = None,
    report: Callable[[str], None],
) -> int:
    """Bring every paper that arXiv listed or changed from `since` to `until` into the store.

    Each part of the answer is committed together with the token that leads on, so that an interrupted
    harvest of the same window and set goes on there. (arXiv's tokens live about a day; a lost one is
    an error that says so, and `report` has told how far it came.)

    Parameters
    ----------
    store
        Where the papers go.
    since, until
        First and last day, both counted.
    settings
        Address and patience, under ``[sources.oai]``.
    set_spec
        An OAI set such as ``"cs"`` or ``"physics:hep-th"``; None for all of arXiv.
    report
        Called with a line of progress after each part.

    Returns
    -------
    int
        How many papers were new or changed.

    Raises
    ------
    InputError
        If the window ends before it begins.
    FailureError
        If arXiv can't be reached or refuses.
    """
    if since > until:
        raise InputError(f"the window ends ({until}) before it begins ({since})")
    name = f"oai:{set_spec or ''}"
    window = (_midnight(since), _midnight(until + timedelta(days=1)))
    read = changed = 0
    with Oai(settings) as oai:
        parts = oai.records(since, until, set_spec=set_spec, token=store.cursor(name, *window))
        for part in parts:
            with store.transaction():
                changed += store.put_papers(part.papers, seen_at=datetime.now(UTC))
                store.put_cursor(name, *window, part.token)
            read += len(part.papers)
            report(f"arXiv: {read} records read, {changed} papers new or changed")
    return changed


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
