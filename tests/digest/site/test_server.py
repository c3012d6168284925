"""The local server: this machine only, one folder only."""

import http.client
import socket
import threading
from urllib.parse import urlsplit

import pytest

from hotpapers.common.errors import FailureError, InputError
from hotpapers.digest.site import make_server


def ask(address, path, **headers):
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_pages_are_served_with_careful_headers(served_site, written_site):
    answer, body = ask(served_site, "/")
    assert answer.status == 200
    assert body == (written_site / "index.html").read_bytes()
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "no-referrer"


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/days/../../secret.txt", "/..%2fsecret.txt", "//etc/passwd",
     "/days/%2e%2e/%2e%2e/secret.txt", "/..\\secret.txt", "/%00", "/media/", "/days/"],
)  # fmt: skip
def test_nothing_outside_and_no_listing(served_site, written_site, path):
    (written_site.parent / "secret.txt").write_text("secret", encoding="utf-8")
    answer, body = ask(served_site, path)
    assert answer.status == 404
    assert b"secret" not in body.replace(b"secret.txt", b"")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_a_foreign_name_gets_no_answer(served_site, host):
    assert ask(served_site, "/", Host=host)[0].status == 421
    assert ask(served_site, "/", Host="localhost:80")[0].status == 200


def test_only_this_machine_is_listened_to(written_site):
    with make_server(written_site, 0) as server:
        assert server.socket.getsockname()[0] == "127.0.0.1"


def test_a_taken_port_is_named(written_site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FailureError, match=f"port {port} is taken"):
            make_server(written_site, port)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_an_impossible_port_is_refused(written_site, port):
    with pytest.raises(InputError, match="can't be used"):
        make_server(written_site, port)


def test_a_folder_without_a_site_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no index\.html"):
        make_server(tmp_path, 0)


def test_threads_end_with_the_server(written_site):
    with make_server(written_site, 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        assert ask(f"http://127.0.0.1:{server.server_port}", "/search.html")[0].status == 200
        server.shutdown()
        thread.join(5)
        assert not thread.is_alive()
