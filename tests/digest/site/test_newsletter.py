"""The letter: its parts, its headers, and a mail server that never sees or tells too much."""

import email
import email.policy
import re
import socketserver
import threading

import pytest
from lxml import html

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.edition import Edition
from hotpapers.digest.records import Entry, Paper, Post
from hotpapers.digest.site import newsletter, send, write_newsletter

URL = "https://example.org/papers"
SECRET = "correct-horse-battery"


@pytest.fixture
def letter(tmp_path, invented):
    def make(edition=None, *, sender="news@example.org", recipients=("ada@example.org",)):
        return newsletter(
            edition or invented.edition(),
            rooms=invented.rooms(tmp_path),
            url=URL,
            sender=sender,
            recipients=recipients,
        )

    return make


def test_headers_and_parts(letter, invented):
    message = letter()
    assert message["Subject"] == "Hot Papers, 6 March 2031"
    assert message["From"] == "Hot Papers <news@example.org>"
    assert message["To"] == "ada@example.org"
    assert message["Date"] == "Fri, 07 Mar 2031 09:11:52 +0000"
    assert message["Message-ID"] == "<hot-papers-2031-03-06@example.org>"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    text, page = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for entry in invented.edition().post.entries:
        title = " ".join(entry.paper.title.split())
        assert title in text
        assert title in html.fromstring(page).text_content()
        assert entry.paper.url in text
    assert "Run it: hotpapers memories recall letters.png --ink 0.33" in text
    assert "hotpapers orchestras --help" in page


def test_nothing_in_the_letter_is_loaded_from_anywhere(letter):
    page = html.fromstring(letter().get_body(("html",)).get_content())
    assert not page.xpath("//img|//script|//link|//style|//iframe|//@src")
    assert all(address.startswith("https://") for address in page.xpath("//@href"))


def test_readers_do_not_see_each_other(letter):
    message = letter(recipients=["ada@example.org", "bo@example.org"])
    assert message["To"] == "undisclosed-recipients:;"
    assert message["Bcc"] == "ada@example.org, bo@example.org"


def test_the_same_day_gives_the_same_file(letter, tmp_path):
    for name in ("one.eml", "two.eml"):
        write_newsletter(letter(), tmp_path / name)
    content = (tmp_path / "one.eml").read_bytes()
    assert content == (tmp_path / "two.eml").read_bytes()
    assert not re.search(rb"(?<!\r)\n", content)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    read = email.message_from_bytes(content, policy=email.policy.default)
    assert read["Subject"] == "Hot Papers, 6 March 2031"


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@example.org", "ada@example", "a@example.org\nBcc: x@example.org", "a@example.org\r\n\r\nx",
     "a@example.org, b@example.org", "Ada <a@example.org>", "ädä@example.org", "a b@example.org"],
)  # fmt: skip
def test_only_plain_addresses_are_taken(letter, address):
    with pytest.raises(InputError, match="is not an e-mail address"):
        letter(recipients=[address])
    with pytest.raises(InputError, match="is not an e-mail address"):
        letter(sender=address)


def test_a_letter_needs_a_reader(letter):
    with pytest.raises(InputError, match="at least one recipient"):
        letter(recipients=[])


def test_outside_text_stays_text(letter, invented):
    entry = invented.edition(papers=1).post.entries[0]
    nasty = "x\r\nBcc: thief@example.org\x00\ud800<script>alert(1)</script>"
    paper = Paper(
        arxiv_id="2031.00001", title=nasty, authors=(nasty,), abstract=nasty * 50, categories=(nasty,)
    )
    post = Post(
        date=invented.day,
        made_at=invented.edition().post.made_at,
        entries=(Entry(paper=paper, attention=entry.attention),),
    )
    message = letter(Edition(post=post))
    assert message["Bcc"] is None
    assert email.message_from_bytes(message.as_bytes())["Bcc"] is None
    assert "<script" not in message.get_body(("html",)).get_content()


class MailHandler(socketserver.StreamRequestHandler):
    """Enough of SMTP for one message; notes what it was told, and echoes it when it refuses."""

    def handle(self):
        said, reply = self.server.said, lambda line: self.wfile.write(line.encode() + b"\r\n")
        reply("220 test")
        while line := self.rfile.readline().decode(errors="replace").rstrip():
            said.append(line)
            verb = line.split()[0].upper()
            if verb == "EHLO":
                reply("250-test\r\n250 AUTH PLAIN LOGIN")
            elif verb == "AUTH":
                reply("235 ok" if self.server.friendly else f"535 no, not {line} {SECRET}")
            elif verb == "DATA":
                reply("354 go on")
                while (data := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    said.append(data)
                reply("250 taken")
            elif verb == "QUIT":
                reply("221 bye")
                return
            elif verb == "MAIL" and not self.server.welcoming:
                reply(f"550 no mail here {SECRET}")
            else:
                reply("250 ok")


@pytest.fixture
def mail_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailHandler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a client may hang up
        server.said, server.friendly, server.welcoming = [], True, True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_sending_keeps_hidden_readers_hidden(letter, mail_server):
    message = letter(recipients=["ada@example.org", "bo@example.org"])
    send(
        message,
        host="127.0.0.1",
        port=mail_server.server_address[1],
        user="me",
        password=SECRET,
        security="none",
    )
    said = "\n".join(mail_server.said)
    assert "rcpt TO:<ada@example.org>" in said
    assert "rcpt TO:<bo@example.org>" in said
    assert "Bcc" not in said
    assert "Subject: Hot Papers, 6 March 2031" in said


@pytest.mark.parametrize("manner", ["friendly", "welcoming"])
def test_a_refusal_never_tells_the_password(letter, mail_server, manner):
    setattr(mail_server, manner, False)
    port = mail_server.server_address[1]
    with pytest.raises(FailureError) as caught:
        send(letter(), host="127.0.0.1", port=port, user="me", password=SECRET, security="none")
    assert SECRET not in str(caught.value)
    assert "mail server 127.0.0.1" in str(caught.value)


def test_a_password_does_not_travel_in_the_clear(letter):
    with pytest.raises(InputError, match="in the clear"):
        send(letter(), host="mail.example.org", port=25, user="me", password=SECRET, security="none")


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_server_without_encryption_is_refused(letter, mail_server, security):
    port = mail_server.server_address[1]
    with pytest.raises(FailureError, match="mail server"):
        send(letter(), host="127.0.0.1", port=port, user="me", password=SECRET, security=security)
    assert not any("AUTH" in line for line in mail_server.said)


def test_a_server_that_is_not_there(letter):
    with pytest.raises(FailureError, match=r"can't be reached"):
        send(letter(), host="127.0.0.1", port=1, security="none")
