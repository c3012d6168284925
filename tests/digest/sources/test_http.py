"""The one client: waits, limits, redirects, refusals; asserted by what it asked, slept and said."""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import timedelta
from email.utils import format_datetime

import pytest

from hotpapers import __version__
from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.sources.bearer import StaticBearer
from hotpapers.digest.sources.http import Client, RefusedError
from hotpapers.digest.sources.pacing import Clock, Pace
from hotpapers.digest.sources.replies import json_object
from hotpapers.digest.sources.secret import Secret

from .misbehaving import FakeTime, Reply, Server, json_reply

GOOD = json_reply({"fine": True})


def client(server: Server, time: FakeTime, **changes: object) -> Client:
    interval = float(str(changes.pop("interval", 0.0)))
    given: dict[str, object] = {"service": "demo", "timeout": 0.2, "attempts": 3, "clock": time.clock}
    server.routes.setdefault("/base/thing", lambda _: GOOD)
    pace = Pace(interval, clock=time.clock)
    return Client(f"{server.url}/base/", pace=pace, **(given | changes))  # type: ignore[arg-type]


def ask(asked: Client, **query: str) -> dict[str, object]:
    with asked:
        return asked.get("/thing", query, parse=json_object)


def test_it_says_who_it_is_and_sends_the_query(server: Server, time: FakeTime) -> None:
    assert ask(client(server, time), q="a b&c") == {"fine": True}
    (request,) = server.requests
    assert request.headers["user-agent"].startswith(f"hotpapers/{__version__} (")
    assert request.headers["accept-encoding"] == "gzip"
    assert request.query == {"q": "a b&c"}


@pytest.mark.parametrize(
    ("asked", "waited"),
    [("7", 7.0), ("0", 0.0), ("2.5", 2.5), ("86400", 300.0), ("date", 42.0), ("past", 0.0)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(
    server: Server, time: FakeTime, asked: str, waited: float, status: int
) -> None:
    ahead = {"date": 42, "past": -1000}.get(asked)
    if ahead is not None:
        asked = format_datetime(time.start + timedelta(seconds=ahead), usegmt=True)
    server.faults.append(json_reply({}, status, Retry_After=asked))
    assert ask(client(server, time)) == {"fine": True}
    assert time.slept == [waited]


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1e9", "", "99999999999999999999", "NaN"])
def test_nonsense_in_retry_after_means_backing_off(server: Server, time: FakeTime, nonsense: str) -> None:
    server.faults.append(json_reply({}, 503, Retry_After=nonsense))
    ask(client(server, time))
    (waited,) = time.slept
    assert 0.5 <= waited <= 1.5


def test_a_reset_time_is_as_good_as_retry_after(server: Server, time: FakeTime) -> None:
    reset = str(int(time.start.timestamp()) + 30)
    server.faults.append(json_reply({}, 429, x_rate_limit_reset=reset))
    ask(client(server, time))
    assert time.slept == [30.0]


def test_waits_double_with_jitter(server: Server, time: FakeTime) -> None:
    server.faults.extend([Reply(status=500)] * 4)
    ask(client(server, time, attempts=5))
    for attempt, waited in enumerate(time.slept):
        assert 0.5 * 2**attempt <= waited <= 1.5 * 2**attempt
    assert len(time.slept) == 4
    assert len(server.requests) == 5


def test_requests_keep_their_distance(server: Server, time: FakeTime) -> None:
    with client(server, time, interval=3.0) as asked:
        asked.get("/thing", parse=json_object)
        assert time.slept == []
        asked.get("/thing", parse=json_object)
        assert time.slept == [3.0]
        time.passed += 1.0
        asked.get("/thing", parse=json_object)
        assert time.slept == [3.0, 2.0]
        time.passed += 10.0
        asked.get("/thing", parse=json_object)
        assert time.slept == [3.0, 2.0]
        server.faults.append(json_reply({}, 429, Retry_After="1"))
        asked.get("/thing", parse=json_object)
        assert time.slept[2:] == [3.0, 1.0, 2.0]


def test_a_service_that_stalls_times_out(server: Server, time: FakeTime) -> None:
    server.faults.extend([Reply(stall=5.0)] * 2)
    with pytest.raises(FailureError, match=r"^demo did not answer in time \(2 attempts\): try again later$"):
        ask(client(server, time, attempts=2, timeout=0.05))


def test_a_body_that_drips_for_ever_is_left(server: Server, time: FakeTime) -> None:
    late = iter(range(0, 10**6, 100))
    clock = Clock(sleep=time.sleep, monotonic=lambda: float(next(late)), now=time.clock.now)
    server.faults.extend([Reply(body=b" " * 100_000)] * 2)
    with pytest.raises(FailureError, match=r"answered for more than 180 s without coming to an end"):
        ask(client(server, time, attempts=1, clock=clock))


def test_nobody_there(server: Server, time: FakeTime) -> None:
    asked = client(server, time, attempts=2)
    server.close()
    server.close = lambda: None  # type: ignore[method-assign]
    with pytest.raises(FailureError, match=r"^demo can't be reached \(2 attempts\): try again later$"):
        ask(asked)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Reply(body=b"{", length=99), "broke off or garbled its answer"),
        (Reply(hang_up=True), "broke off or garbled its answer"),
        (Reply(body=b'{"a": 1'), "answered something else instead of whole JSON"),
        (Reply(body=b" <html>"), "answered HTML instead of whole JSON"),
        (Reply(), "answered nothing instead of whole JSON"),
        (Reply(body=b"[]"), "answered JSON that is no object"),
        (Reply(status=599), "answered 599"),
        (Reply(status=302, headers={"Location": "http://[::1"}), "broke off or garbled its answer"),
    ],
)
def test_what_was_wrong_is_said_once(server: Server, time: FakeTime, fault: Reply, said: str) -> None:
    server.faults.extend([fault] * 3)
    with pytest.raises(FailureError) as caught:
        ask(client(server, time))
    assert str(caught.value) == f"demo {said} (3 attempts): try again later"
    assert len(server.requests) == 3


def test_gzip_is_read(server: Server, time: FakeTime) -> None:
    members = gzip.compress(b'{"a": "' + b"x" * 70_000) + gzip.compress(b'"}')
    server.faults.append(Reply(body=members, headers={"Content-Encoding": "gzip"}))
    assert ask(client(server, time)) == {"a": "x" * 70_000}


@pytest.mark.parametrize("compressed", [True, False])
def test_a_bomb_is_refused_at_the_limit(server: Server, time: FakeTime, compressed: bool) -> None:
    body, headers = b" " * 2**20, {}
    if compressed:
        # 256 MiB of spaces in 260 kB
        body, headers = gzip.compress(b" " * 2**25, 9) * 8, {"Content-Encoding": "gzip"}
    server.faults.append(Reply(body=body, headers=headers))
    tracemalloc.start()
    try:
        with pytest.raises(FailureError, match=r"^demo answered more than 1,000,000 bytes: refused$"):
            ask(client(server, time, largest_body=1_000_000))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 * 2**20
    assert len(server.requests) == 1


def test_redirects_within_the_host_are_followed(server: Server, time: FakeTime) -> None:
    server.routes["/new"] = lambda _: json_reply({"moved": True})
    server.faults.append(Reply(status=301, headers={"Location": "/new?q=1"}))
    assert ask(client(server, time, bearer=StaticBearer(Secret("t0p")))) == {"moved": True}
    assert server.requests[1].query == {"q": "1"}
    assert server.requests[1].headers["authorization"] == "Bearer t0p"


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/",
        "https://127.0.0.1/",
        "http://127.0.0.1:1/",
        "//evil.example/x",
        "http://user:pw@127.0.0.1/",
        "file:///etc/passwd",
        "http://127.0.0.1.evil.example/",
    ],
)
def test_redirects_elsewhere_are_not(server: Server, time: FakeTime, target: str) -> None:
    server.faults.append(Reply(status=302, headers={"Location": target}))
    with pytest.raises(FailureError, match="not followed, to stay with 127"):
        ask(client(server, time, bearer=StaticBearer(Secret("t0p"))))
    assert len(server.requests) == 1


def test_a_posted_credential_is_not_redirected(server: Server, time: FakeTime) -> None:
    server.faults.append(Reply(status=307, headers={"Location": "/base/other"}))
    with client(server, time) as asked, pytest.raises(FailureError, match="redirects to"):
        asked.post("/thing", json={"password": Secret("p")}, parse=json_object)
    assert server.requests[0].body == b'{"password":"p"}'
    assert len(server.requests) == 1


def test_redirects_in_a_circle_end(server: Server, time: FakeTime) -> None:
    server.routes["/base/thing"] = lambda _: Reply(status=302, headers={"Location": "/base/thing"})
    with pytest.raises(FailureError, match=r"^demo redirects without end$"):
        ask(client(server, time))
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"message": "bad\\u001b[31m \\u202equery\\n\\u0000here"}', ": bad [31m query here"),
        (b'{"error": {"message": "inner"}}', ": inner"),
        (b'{"errors": [{"message": "first"}, {"message": "second"}]}', ": first"),
        (b"<html><head><title>no</title></head><body><p>Not <b>here</b></p></body></html>", ": Not here"),
        (b"\x1b]0;title\x07plain", ": ]0;title plain"),
        (b"", ""),
        (b'{"message": "' + b"long " * 100 + b'"}', ": " + ("long " * 100)[:159] + "\u2026"),
        (b'{"message": "token s3cr3t!"}', ": token ***!"),
    ],
)
def test_a_refusal_quotes_the_service_safely(server: Server, time: FakeTime, body: bytes, said: str) -> None:
    server.faults.append(Reply(status=404, body=body))
    with pytest.raises(RefusedError) as caught:
        ask(client(server, time, bearer=StaticBearer(Secret("s3cr3t"))))
    assert str(caught.value) == f"demo refuses the request (404 Not Found{said})"
    assert caught.value.status == 404
    assert caught.value.exit_code == 1
    assert time.slept == []


@pytest.mark.parametrize("status", [401, 403])
def test_missing_rights_name_the_credentials(server: Server, time: FakeTime, status: int) -> None:
    server.faults.append(json_reply({"message": "No"}, status))
    with pytest.raises(InputError, match=r"set or correct HOTPAPERS_A and HOTPAPERS_B$"):
        ask(client(server, time, needs=("HOTPAPERS_A", "HOTPAPERS_B")))
    assert len(server.requests) == 1


def test_an_expected_error_status_is_parsed(server: Server, time: FakeTime) -> None:
    server.faults.append(json_reply({"told": "why"}, 400))
    with client(server, time) as asked:
        assert asked.get("/thing", parse=json_object, accept=(400,)) == {"told": "why"}


def test_an_interrupt_is_not_retried(server: Server, time: FakeTime) -> None:
    def interrupted(_: bytes) -> None:
        raise KeyboardInterrupt

    with client(server, time) as asked, pytest.raises(KeyboardInterrupt):
        asked.get("/thing", parse=interrupted)
    assert len(server.requests) == 1
