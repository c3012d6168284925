"""Settings from file and environment, and secrets that stay secret."""

from __future__ import annotations

import copy
import logging
import pickle
from pathlib import Path

import pytest

from hotpapers.common.errors import InputError
from hotpapers.digest.sources import settings as settings_module
from hotpapers.digest.sources.secret import Secret
from hotpapers.digest.sources.settings import Settings, environment_name


@pytest.fixture(autouse=True)
def _no_user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "user_config_dir", lambda _: str(tmp_path / "config"))


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "digest.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_secret_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    logging.getLogger().warning("%s %r %s", secret, secret, {"key": [secret]})
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>10}", f"{secret!r}", caplog.text]
    assert not [text for text in shown if "hunter2" in text]
    assert repr(secret) == str(secret) == "***"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("hunter3")
    assert secret != "hunter2"
    assert len({secret, Secret("hunter2")}) == 1
    assert not Secret("")
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)


def test_nothing_set_gives_the_defaults() -> None:
    assert Settings.load(environ={}).services == {}
    own = Settings().of("bluesky")
    assert (own.url, own.timeout, own.interval, own.attempts) == (None, 30.0, None, 5)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [sources.bluesky]
        url = "https://pds.example/"
        handle = "file.example"
        app_password = "from-file"
        timeout = 12
        [sources.mastodon]
        url = "https://social.example"
        tags = ["arxiv", "ml"]
        """,
    )
    environ = {
        "HOTPAPERS_BLUESKY_APP_PASSWORD": "from-environment",
        "HOTPAPERS_BLUESKY_INTERVAL": "2.5",
        "HOTPAPERS_MASTODON_TOKEN": "tok",
        "HOTPAPERS_X_BEARER_TOKEN": "",
        "HOTPAPERS_X_UNKNOWN": "ignored: may be somebody else's",
        "PATH": "/bin",
    }
    settings = Settings.load(path, environ)
    own = settings.of("bluesky")
    assert (own.url, own.timeout, own.interval) == ("https://pds.example", 12.0, 2.5)
    assert own.credentials["handle"].reveal() == "file.example"
    assert own.credentials["app_password"].reveal() == "from-environment"
    assert settings.of("mastodon").options == {"tags": "arxiv,ml"}
    assert set(settings.services) == {"bluesky", "mastodon"}
    assert "from-environment" not in repr(settings)
    assert "tok" not in repr(settings).replace("'token'", "")


def test_the_user_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    written(tmp_path / "config", '[sources.hackernews]\nattempts = 2\nurl = "http://10.0.0.1:8080/api"\n')
    own = Settings.load(environ={}).of("hackernews")
    assert (own.attempts, own.url) == (2, "http://10.0.0.1:8080/api")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[sources.bluesky\n", r"digest\.toml is not TOML: .*line 1"),
        ("[sources.bluesky]\napp_password = s3cr3t\n", r"digest\.toml is not TOML: "),
        (b"\xff\xfe", r"digest\.toml is not TOML: it is not UTF-8"),
        (
            '[sources.bluesky]\napp_pasword = "s3cr3t"\n',
            (
                r"unknown key 'app_pasword' in \[sources\.bluesky\]: accepted are "
                r"url, timeout, interval, attempts, handle, app_password$"
            ),
        ),
        ("[sources.blusky]\n", r"unknown source 'blusky': there are .*bluesky.*hackernews"),
        ("[source.bluesky]\n", r"unknown table \[source\]: accepted is \[sources\.NAME\]"),
        ("sources = 3\n", r"must be tables such as"),
        ("[sources]\nx = 3\n", r"x must be a table: \[sources\.x\]"),
        ("[sources.x]\nbearer_token = 17\n", r"bearer_token in \[sources\.x\] must be a text in quotes"),
        ('[sources.x]\nbearer_token = "s3cr3t\\nX"\n', r"holds a line break"),
        ('[sources.x]\ntimeout = "long"\n', r"timeout in .* must be a number of seconds from 0 to 3600"),
        ("[sources.x]\ntimeout = nan\n", r"must be a number of seconds"),
        ("[sources.x]\nattempts = 0\n", r"must be a whole number from 1"),
        ("[sources.x]\nattempts = 1.5\n", r"must be a whole number from 1"),
        ("[sources.x]\ninterval = true\n", r"must be a number of seconds"),
        ('[sources.x]\nurl = "ftp://example.org"\n', r"must be an address such as https://example\.org"),
        ('[sources.x]\nurl = "https://"\n', r"must be an address"),
        ('[sources.x]\nurl = "https://[::1"\n', r"must be an address"),
        ('[sources.x]\nurl = "https://a.example/?q=1"\n', r"must be an address"),
        ('[sources.x]\nurl = "https://me:s3cr3t@a.example"\n', r"must hold no user name or password"),
        (
            '[sources.x]\nurl = "http://a.example"\nbearer_token = "s3cr3t"\n',
            r"url in \[sources\.x\] must begin with https://: credentials are sent there",
        ),
    ],
)
def test_a_wrong_file_is_explained_in_one_line(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=complaint) as caught:
        Settings.load(path, {})
    assert "\n" not in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(InputError, match=r"^HOTPAPERS_X_TIMEOUT must be a number"):
        Settings.load(environ={"HOTPAPERS_X_TIMEOUT": "soon"})
    with pytest.raises(InputError, match=r"^HOTPAPERS_X_BEARER_TOKEN holds a line break"):
        Settings.load(environ={"HOTPAPERS_X_BEARER_TOKEN": "a\nHost: evil"})


def test_a_given_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"can't read .*nowhere\.toml: No such file"):
        Settings.load(tmp_path / "nowhere.toml", {})
    with pytest.raises(InputError, match="can't read"):
        Settings.load(tmp_path, {})
    with pytest.raises(InputError, match="too large"):
        Settings.load(written(tmp_path, b"#" * (2**20 + 1)), {})


def test_environment_names() -> None:
    assert environment_name("x", "bearer_token") == "HOTPAPERS_X_BEARER_TOKEN"
    assert environment_name("my-net", "key") == "HOTPAPERS_MY_NET_KEY"
