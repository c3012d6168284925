"""Exit codes of the one family of exceptions."""

from __future__ import annotations

import pytest

from hotpapers.common import errors


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("HotPapersError", 2),
        ("InputError", 2),
        ("MissingExtraError", 2),
        ("FailureError", 1),
        ("UnavailableError", 1),
    ],
)
def test_every_error_is_of_the_family_and_has_its_code(name, code) -> None:
    error = getattr(errors, name)("why")
    assert isinstance(error, errors.HotPapersError)
    assert (error.exit_code, str(error)) == (code, "why")


def test_the_table_above_is_complete() -> None:
    assert set(errors.__all__) == {
        "FailureError", "HotPapersError", "InputError", "MissingExtraError", "UnavailableError",
    }  # fmt: skip
