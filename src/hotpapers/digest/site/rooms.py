"""What a page says of a paper that runs in this house: command, result, measured claims, state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hotpapers.common.claims import Ledger, Result, Verdict
from hotpapers.common.errors import InputError
from hotpapers.common.html import safe_url
from hotpapers.common.papers import install_command
from hotpapers.digest.edition import RoomStatus
from hotpapers.digest.site.media import CardMedia, copy_media

__all__ = ["RoomView", "command_of", "is_published", "room_view", "tally"]

_VERDICTS: tuple[Verdict, ...] = ("holds", "fails", "not checked")


@dataclass(frozen=True, kw_only=True)
class RoomView:
    """One *Run it* box.

    Parameters
    ----------
    slug, title, purpose
        As the room declares them.
    anchor
        Identifier of its card in the page.
    paper_url
        The paper's abstract page; "" for a room without a paper.
    command, text, facts
        From its card: what to type, what came out, measured values.
    picture, picture_alt, sound, page
        Addresses relative to the site's root, "" where there is none.
    state
        ``"runs"``, ``"needs"`` (its extra), ``"trouble"`` or ``"waits"`` (its demo has not run).
    note
        The state in words.
    install
        The command that installs what is missing; "" where nothing is.
    claims, tally, made
        Its ledger's results, their count by verdict in words, and where they come from.
    """

    slug: str
    title: str
    purpose: str
    anchor: str
    paper_url: str
    command: str
    text: str
    facts: tuple[tuple[str, str], ...]
    picture: str
    picture_alt: str
    sound: str
    page: str
    state: str
    note: str
    install: str
    claims: tuple[Result, ...]
    tally: str
    made: str


def is_published(status: RoomStatus) -> bool:
    """Whether the room is shown as one that runs: all but the digest, which is the page itself."""
    return status.room.slug != "digest"


def command_of(status: RoomStatus) -> str:
    """What to type: the card's command, or how to ask the room for help."""
    return status.card.command if status.card else f"hotpapers {status.room.slug} --help"


def room_view(status: RoomStatus, out: Path) -> RoomView:
    """The box for `status`; its card's files are copied below `out`."""
    room, card = status.room, status.card
    state, note = _state(status)
    try:
        media = copy_media(room.slug, card, out)
    except InputError as error:  # one card's bad file must not cost the day its page
        media, state, note = CardMedia(), "trouble", f"Its result can't be shown: {error}"
    return RoomView(
        slug=room.slug,
        title=room.title,
        purpose=room.purpose,
        anchor=f"room-{room.slug}",
        paper_url=safe_url(f"https://arxiv.org/abs/{room.arxiv_id}") if room.arxiv_id else "",
        command=command_of(status),
        text=card.text if card else "",
        facts=tuple(card.facts.items()) if card else (),
        picture=media.picture,
        picture_alt=(card.picture_alt or f"What {room.slug} made.") if card else "",
        sound=media.sound,
        page=media.page,
        state=state,
        note=note,
        install=install_command(room) if status.missing else "",
        claims=status.ledger.claims if status.ledger else (),
        tally=tally(status.ledger.claims) if status.ledger else "",
        made=_provenance(status.ledger),
    )


def _state(status: RoomStatus) -> tuple[str, str]:
    if status.missing:
        return "needs", f"Not installed here: needs {', '.join(status.missing)}."
    if status.trouble:
        return "trouble", f"Its demo did not finish here: {status.trouble}"
    if status.card:
        return "runs", "Runs here."
    return "waits", "Installed here; its demo has not run yet."


def tally(claims: Sequence[Result]) -> str:
    """Such as ``"4 hold, 1 fails, 2 not checked"``; failures are never left out."""
    counts = Counter(claim.verdict for claim in claims)
    plural = {"holds": "hold", "fails": "fail", "not checked": "not checked"}
    return ", ".join(
        f"{counts[verdict]} {verdict if counts[verdict] == 1 else plural[verdict]}"
        for verdict in _VERDICTS
        if counts[verdict]
    )


def _provenance(ledger: Ledger | None) -> str:
    if ledger is None or not ledger.made:
        return ""
    made = ledger.made
    facts = [
        (made.get("date") or "")[:10],
        f"commit {made['commit']}" if made.get("commit") else "",
        made.get("machine") or "",
    ]
    return "; ".join(fact for fact in facts if fact)
