"""A day as an e-mail: written to a file, handed to a mail server, or both."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hotpapers.common.errors import InputError
from hotpapers.digest.edition import Edition, RoomStatus
from hotpapers.digest.site import newsletter, send, write_newsletter

__all__ = ["mail_day"]

_PASSWORD = "HOTPAPERS_SMTP_PASSWORD"  # noqa: S105 - the variable's name


def mail_day(
    edition: Edition,
    *,
    rooms: Sequence[RoomStatus],
    url: str,
    sender: str,
    recipients: Sequence[str],
    out: Path | None = None,
    smtp: str = "",
    user: str = "",
    security: Literal["starttls", "ssl", "none"] = "starttls",
) -> str:
    """Write the day's newsletter to `out` and send it through `smtp` (``HOST:PORT``), each if given.

    The password of `user` comes from the environment (HOTPAPERS_SMTP_PASSWORD) and nowhere else.

    Returns
    -------
    str
        A line that says what was done.

    Raises
    ------
    InputError
        If neither `out` nor `smtp` is given, an address is none, or `smtp` names no port.
    FailureError
        If the server refuses.
    """
    if out is None and not smtp:
        raise InputError("nothing to do: give -o FILE.eml, or --smtp HOST:PORT with --to ADDRESS")
    if smtp and not recipients:
        raise InputError("a letter that is sent needs a recipient: --to ADDRESS")
    host, _, port = smtp.rpartition(":")
    if smtp and not (host and port.isdigit()):
        raise InputError(f"{smtp!r} is no mail server: expected HOST:PORT, such as mail.example.org:587")
    message = newsletter(edition, rooms=rooms, url=url, sender=sender, recipients=recipients or [sender])
    done = []
    if out is not None:
        write_newsletter(message, out)
        done.append(str(out))
    if smtp:
        password = os.environ.get(_PASSWORD, "")
        send(message, host=host, port=int(port), user=user, password=password, security=security)
        done.append(f"sent to {len(recipients)} through {host}")
    return "; ".join(done)
