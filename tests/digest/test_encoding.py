"""The encoding accident, made and undone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpapers.common.errors import InputError
from hotpapers.digest.encoding import decode, is_damaged, repair

sound = st.text(st.characters(exclude_categories=["Cs"]))


def damage(text: str) -> str:
    """UTF-8 bytes read as Windows-1252, the five undefined bytes kept."""
    return "".join(
        bytes([byte]).decode("cp1252") if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else chr(byte)
        for byte in text.encode()
    )


@given(sound)
def test_repair_is_the_exact_inverse_of_the_accident(text):
    assert repair(damage(text)) == text


@given(sound)
def test_sound_text_is_left_alone_unless_it_reads_as_damaged(text):
    """What repair changes is always text that the accident can have made."""
    repaired = repair(text)
    assert repaired == text or damage(repaired) == text


@pytest.mark.parametrize(
    "text", ["plain", "Günter Klambauer", "“quoted”", "naïve café – 日本語", "İlker Ş", ""]
)
def test_real_text_is_not_taken_for_damaged(text):
    assert not is_damaged(text)


def test_the_damaged_founding_post_becomes_the_clean_one(shared_data):
    folder = shared_data / "digest"
    damaged = (folder / "hot-papers-2020-08-06.mojibake.md").read_bytes().decode()
    assert repair(damaged).encode() == (folder / "hot-papers-2020-08-06.md").read_bytes()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\x89PNG\0", "binary"),
        ("é".encode("latin-1") + b" a", "not UTF-8"),
    ],
)
def test_unreadable_bytes_are_named(content, complaint):
    with pytest.raises(InputError, match=complaint):
        decode(content, "file.md")


def test_a_byte_order_mark_is_dropped():
    assert decode(b"\xef\xbb\xbfabc", "file.md") == "abc"
