"""The day's list as a letter: text and HTML in one message, written to a file or sent by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.errors import MessageError
from email.headerregistry import Address, Group
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from hotpapers.common.errors import FailureError, InputError
from hotpapers.common.files import write_bytes
from hotpapers.common.html import clean_text
from hotpapers.digest.edition import Edition, RoomStatus
from hotpapers.digest.site.feeds import Brief, briefs_of
from hotpapers.digest.site.pages import TAGLINE, TITLE
from hotpapers.digest.site.rooms import command_of, is_published
from hotpapers.digest.site.templating import templates
from hotpapers.digest.site.wording import day_of, short_day, utc

__all__ = ["newsletter", "send", "write_newsletter"]

Security = Literal["starttls", "ssl", "none"]
_SECONDS = 30.0
_TEXT_LENGTH = 700
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def newsletter(
    edition: Edition, *, rooms: Sequence[RoomStatus] = (), url: str, sender: str, recipients: Sequence[str]
) -> EmailMessage:
    """The day's list as a message with a plain and an HTML part, without pictures or anything remote.

    Several recipients are put into ``Bcc``, so that they don't see each other's addresses; `send`
    takes that header off.

    Parameters
    ----------
    edition, rooms
        The day, and the installed papers (for the commands of those that run).
    url
        The site's address, which the letter's links point to.
    sender, recipients
        Plain addresses such as ``"reader@example.org"``.

    Raises
    ------
    InputError
        If an address is none, or there is no recipient.
    """
    if not recipients:
        raise InputError("a newsletter needs at least one recipient")
    site = url if url.endswith("/") else f"{url}/"
    day, own = edition.post.date, _address(sender)
    to = [_address(recipient) for recipient in recipients]
    message = EmailMessage()
    message["Subject"] = f"{TITLE}, {short_day(day)}"
    message["From"] = Address(TITLE, addr_spec=own.addr_spec)
    if len(to) == 1:
        message["To"] = to[0]
    else:
        message["To"] = Group("undisclosed-recipients", ())
        message["Bcc"] = to
    message["Date"] = format_datetime(utc(edition.post.made_at))
    message["Message-ID"] = f"<hot-papers-{day.isoformat()}@{own.domain}>"
    message["List-Unsubscribe"] = f"<mailto:{own.addr_spec}?subject=unsubscribe>"
    commands = {status.room.arxiv_id: command_of(status) for status in rooms if is_published(status)}
    briefs = [
        (_shortened(brief), clean_text(commands.get(entry.paper.arxiv_id, "")))
        for brief, entry in zip(briefs_of(edition, url=site), edition.post.entries, strict=True)
    ]
    page = f"{site}days/{day.isoformat()}.html"
    html = templates().get_template("newsletter.html.j2").render(
        masthead=TITLE, tagline=TAGLINE, name=day_of(day), briefs=briefs, page=page
    )  # fmt: skip
    message.set_content(_plain_text(day_of(day), briefs, page), cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_hot-papers-{day.isoformat()}_=")  # else a random one
    return message


def write_newsletter(message: EmailMessage, path: Path) -> None:
    """Write the message as an ``.eml`` file, which mail programs open."""
    write_bytes(path, message.as_bytes(policy=SMTP))


def send(
    message: EmailMessage,
    *,
    host: str,
    port: int,
    user: str = "",
    password: str = "",
    security: Security = "starttls",
) -> None:
    """Hand the message to a mail server.

    Parameters
    ----------
    message
        From `newsletter`.
    host, port
        The server.
    user, password
        Its account; no log-in where `user` is "".
    security
        ``"starttls"`` (usually port 587), ``"ssl"`` (465), or ``"none"``, which takes a password
        only on this machine.

    Raises
    ------
    InputError
        If a password would travel in the clear.
    FailureError
        If the server can't be reached or refuses; the message never holds the password.
    """
    if user and security == "none" and host not in _LOOPBACK:
        raise InputError(f"a password for {host} would travel in the clear: use starttls or ssl")
    try:
        with _connect(host, port, security) as server:
            if user:
                _log_in(server, user, password, host)
            server.send_message(message)
    except smtplib.SMTPException as error:
        code = getattr(error, "smtp_code", None)
        said = f"{type(error).__name__}, code {code}" if code else type(error).__name__
        raise FailureError(f"the mail server {host}:{port} refused the newsletter ({said})") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FailureError(f"the mail server {host}:{port} can't be reached ({reason})") from error


def _connect(host: str, port: int, security: Security) -> smtplib.SMTP:
    if security == "ssl":
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=_SECONDS)
    if security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _log_in(server: smtplib.SMTP, user: str, password: str, host: str) -> None:
    try:
        server.login(user, password)
    except (smtplib.SMTPException, UnicodeError):
        # Not chained: a server may echo what it was sent.
        raise FailureError(f"the mail server {host} did not accept the user name and password") from None


def _address(text: str) -> Address:
    try:
        address = Address(addr_spec=text.strip())
        text.encode("ascii")
    except (ValueError, MessageError, IndexError):
        raise InputError(
            f"{text!r} is not an e-mail address: expected something like reader@example.org"
        ) from None
    if not address.username or ("." not in address.domain and address.domain != "localhost"):
        raise InputError(f"{text!r} is not an e-mail address: expected something like reader@example.org")
    return address


def _shortened(brief: Brief) -> Brief:
    if len(brief.text) <= _TEXT_LENGTH:
        return brief
    text = brief.text[:_TEXT_LENGTH].rsplit(" ", 1)[0] + " …"
    return Brief(**{**vars(brief), "text": text})


def _plain_text(name: str, briefs: Sequence[tuple[Brief, str]], page: str) -> str:
    lines = [TITLE.upper(), name, page, ""]
    if not briefs:
        lines += ["No paper drew enough attention on this day.", ""]
    for brief, command in briefs:
        lines += [f"{brief.rank}. {brief.title}", f"   {brief.authors}", f"   {brief.attention}", ""]
        if brief.text:
            lines += [f"   {brief.text}", ""]
        if command:
            lines += [f"   Run it: {command}"]
        lines += [f"   {brief.url}", "", ""]
    return "\n".join(lines)
