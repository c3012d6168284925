"""What holds for every connector: it recovers, it goes on where it stopped, it tells no secrets."""

from __future__ import annotations

import gzip
import json
import logging
import traceback
from datetime import timedelta

import pytest

from hotpapers.common.errors import FailureError, HotPapersError, InputError
from hotpapers.digest.sources.base import Page, PagedSource

from .misbehaving import FakeTime, Reply, Request, Server, json_reply
from .worlds import ISSUED, SECRETS, SINCE, UNTIL, WORLDS, World

OUTAGES = {
    "429 with seconds": json_reply({}, 429, Retry_After="7"),
    "500": Reply(status=500, body=b"<h1>Oops</h1>"),
    "502": Reply(status=502),
    "503": json_reply({}, 503),
    "408": Reply(status=408),
    "cut short of its length": Reply(body=b'{"posts": [', length=5000),
    "cut JSON of the right length": Reply(body=b'{"posts": [{"uri": "at'),
    "HTML": Reply(body=b"<!doctype html><title>Just a moment</title>", headers={"Content-Type": "text/html"}),
    "empty": Reply(),
    "JSON of another shape": json_reply(17),
    "not UTF-8": Reply(body=b'{"a": "\xff\xfe"}'),
    "deep JSON": Reply(body=b"[" * 100_000),
    "damaged gzip": Reply(body=gzip.compress(b"{}")[:-9], headers={"Content-Encoding": "gzip"}),
    "unasked compression": Reply(body=b"\x8b\x02\x80{}\x03", headers={"Content-Encoding": "br"}),
    "hang-up": Reply(hang_up=True),
}


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, server: Server) -> World:
    return WORLDS[request.param](server)


def ids(pages: list[Page]) -> list[str]:
    return [mention.id for page in pages for mention in page.mentions]


def test_all_pages_give_each_message_once_and_in_order(world: World, time: FakeTime) -> None:
    found = list(world.make(time.clock).mentions(SINCE, UNTIL))
    assert [mention.id for mention in found] == list(world.ids)
    assert [mention.arxiv_ids for mention in found] == [(f"2011.{number:05d}",) for number in range(10)]
    assert all(mention.created is not None and SINCE <= mention.created < UNTIL for mention in found)
    assert all(mention.created.utcoffset() == timedelta(0) for mention in found if mention.created)
    assert time.slept == []


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_in_the_middle_costs_nothing(
    world: World, server: Server, time: FakeTime, outage: str
) -> None:
    undisturbed = len(list(world.make(time.clock).pages(SINCE, UNTIL)))
    asked = len(server.requests)
    assert undisturbed > 1
    server.faults.extend([None, OUTAGES[outage]])
    assert ids(list(world.make(time.clock).pages(SINCE, UNTIL))) == list(world.ids)
    assert len(server.requests) == 2 * asked + 1
    assert len(time.slept) == 1


def test_a_lasting_outage_ends_in_one_line(world: World, server: Server, time: FakeTime) -> None:
    server.faults.extend([Reply(status=503)] * 3)
    with pytest.raises(FailureError) as caught:
        list(world.make(time.clock).mentions(SINCE, UNTIL))
    name = world.make(time.clock).name
    assert str(caught.value) == f"{name} answered 503 Service Unavailable (3 attempts): try again later"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert len(server.requests) == 3
    assert len(time.slept) == 2
    assert 0.5 <= time.slept[0] <= 1.5
    assert 1.0 <= time.slept[1] <= 3.0


@pytest.mark.parametrize("stop_after", [1, 2])
@pytest.mark.parametrize("how", ["killed", "failed"])
def test_a_stopped_run_goes_on_with_the_cursor(
    world: World, server: Server, time: FakeTime, stop_after: int, how: str
) -> None:
    kept: list[Page] = []
    pages = world.make(time.clock).pages(SINCE, UNTIL)
    for page in pages:
        kept.append(page)
        if len(kept) == stop_after or page.cursor is None:
            break
    if how == "failed" and kept[-1].cursor is not None:
        server.faults.extend([Reply(status=500)] * 3)
        with pytest.raises(FailureError):
            next(pages)
    server.requests.clear()
    while kept[-1].cursor is not None:
        kept += list(world.make(time.clock).pages(SINCE, UNTIL, kept[-1].cursor))
    assert list(dict.fromkeys(ids(kept))) == list(world.ids)
    undisturbed = [
        mention for page in world.make(time.clock).pages(SINCE, UNTIL) for mention in page.mentions
    ]
    unique = {mention.id: mention for page in kept for mention in page.mentions}
    assert list(unique.values()) == undisturbed


@pytest.mark.parametrize("name", sorted(WORLDS.keys() - {"huggingface"}))  # its cursors are days
def test_a_marker_that_has_expired_means_starting_again(name: str, server: Server, time: FakeTime) -> None:
    world = WORLDS[name](server)
    source = world.make(time.clock)
    first = next(source.pages(SINCE, UNTIL))
    refusal = json_reply({"error": "InvalidRequest", "message": "bad cursor"}, 400)
    server.faults.extend([None, refusal] if name in {"bluesky", "reddit"} else [refusal])
    assert ids(list(source.pages(SINCE, UNTIL, first.cursor))) == list(world.ids)
    server.faults.extend([None, refusal] if name == "bluesky" else [refusal])
    with pytest.raises(FailureError, match="bad cursor"):
        list(source.pages(SINCE, UNTIL))


def test_half_the_window_gives_its_half(world: World, time: FakeTime) -> None:
    source = world.make(time.clock)
    middle = SINCE + timedelta(days=1)
    early = {mention.id for mention in source.mentions(SINCE, middle)}
    late = {mention.id for mention in source.mentions(middle, UNTIL)}
    assert early | late == set(world.ids)
    assert not early & late
    assert early
    assert late


def test_an_empty_window_is_empty(world: World, time: FakeTime) -> None:
    assert list(world.make(time.clock).mentions(SINCE, SINCE)) == []


def test_a_redirect_to_another_host_is_not_followed(world: World, server: Server, time: FakeTime) -> None:
    server.faults.append(Reply(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"}))
    with pytest.raises(FailureError, match=r"redirects to http://169\.254\.169\.254: not followed"):
        list(world.make(time.clock).mentions(SINCE, UNTIL))
    assert len(server.requests) == 1


def test_garbage_within_a_page_costs_only_itself(world: World, server: Server, time: FakeTime) -> None:
    """Each item's fields are replaced, one at a time, by what a service might put there by mistake."""
    garbage = [None, [], {}, "", "\ud800", -3, 1e300, True, [None], {"a": []}, "x" * 600, 10**30]
    source = world.make(time.clock)
    for path, handler in list(server.routes.items()):
        if path.endswith(("createSession", "access_token")):
            continue
        for wrong in garbage:

            def spoilt(request: Request, handler=handler, wrong=wrong) -> Reply:  # type: ignore[no-untyped-def]
                document = json.loads(handler(request).body)
                spoil_items(document, wrong)
                return json_reply(document)

            server.routes[path] = spoilt
            found = list(source.mentions(SINCE, UNTIL))
            assert len({mention.id for mention in found}) == len(found) <= len(world.ids)
            assert all(isinstance(count, int) and count >= 0 for m in found for count in m.counts.values())
            for mention in found:
                mention.text.encode()


def spoil_items(value: object, wrong: object, turn: list[int] | None = None) -> None:
    """Put `wrong` in the place of every eleventh leaf below a list."""
    turn = turn if turn is not None else [0]
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in list(children):
        if isinstance(child, dict | list) and child:
            spoil_items(child, wrong, turn)
        elif key not in {"cursor", "after", "next_token", "nbHits", "hitsPerPage"}:
            turn[0] += 1
            if turn[0] % 11 == 0:
                value[key] = wrong  # type: ignore[index]


def test_secrets_are_never_seen(
    world: World, server: Server, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = json.dumps({"message": f"you sent {' '.join(SECRETS)}"}).encode()
    failures = [[Reply(status=status, body=echo)] * 4 for status in (400, 401, 403, 404, 429, 500, 503)]
    failures += [[Reply(hang_up=True)] * 3, [Reply(body=b"{")] * 3]
    failures += [[None, *failure] for failure in failures]
    source = world.make(time.clock)
    own = {name for name in (*SECRETS, ISSUED) if source.needs or source.name == "bluesky"}
    shown = [repr(source), repr(vars(source))]
    for failure in failures:
        server.faults.clear()
        server.faults.extend(failure)
        shown += what_a_failure_shows(world, time)
    assert len(shown) > len(failures)
    shown += [record.getMessage() + repr(vars(record)) for record in caplog.records]
    assert any("httpcore" in text for text in shown)
    given = {value.reveal() for value in source._settings.credentials.values()}  # type: ignore[attr-defined]
    for secret in own & {*given, ISSUED}:
        assert not [text for text in shown if secret in text]


def what_a_failure_shows(world: World, time: FakeTime) -> list[str]:
    """The message, and the traceback with the values of all local variables."""
    try:
        list(world.make(time.clock).mentions(SINCE, UNTIL))
    except HotPapersError as error:
        details = traceback.TracebackException.from_exception(error, capture_locals=True)
        return [str(error), "".join(details.format())]
    return []


def test_wrong_credentials_are_named(world: World, server: Server, time: FakeTime) -> None:
    source: PagedSource = world.make(time.clock)
    server.faults.extend([json_reply({"error": "AuthenticationRequired", "message": "Invalid"}, 401)] * 4)
    expected = {
        "bluesky": "set or correct HOTPAPERS_BLUESKY_HANDLE and HOTPAPERS_BLUESKY_APP_PASSWORD",
        "reddit": "set or correct HOTPAPERS_REDDIT_CLIENT_ID and HOTPAPERS_REDDIT_CLIENT_SECRET",
        "mastodon": "set or correct HOTPAPERS_MASTODON_TOKEN",
        "x": "set or correct HOTPAPERS_X_BEARER_TOKEN",
    }
    with pytest.raises(HotPapersError) as caught:
        list(source.mentions(SINCE, UNTIL))
    if source.name in expected:
        assert isinstance(caught.value, InputError)
        assert str(caught.value) == (
            f"{source.name} refuses access (401 Unauthorized: Invalid): {expected[source.name]}"
        )
    else:
        assert isinstance(caught.value, FailureError)
        assert str(caught.value) == f"{source.name} refuses the request (401 Unauthorized: Invalid)"
