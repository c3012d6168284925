"""Songs of the archives: which are used, and for what."""

from __future__ import annotations

import collections

from hotpapers.denoise.recordings import recordings
from hotpapers.denoise.song_archives import ARCHIVES, songs


def test_every_song_has_one_split_and_none_is_a_recording_too(shared_data):
    found = list(songs())
    assert len({song.name for song in found}) == len(found) > 150
    shares = collections.Counter(song.split for song in found)
    assert min(shares["validation"], shares["test"]) > 15
    assert shares["train"] > 100
    single = {recording.name for recording in recordings("midi")}
    assert not single & {song.name.replace("/", "_") for song in found}
    assert {song.source.credit for song in found} == {archive.source.credit for archive in ARCHIVES}


def test_a_split_is_a_selection_of_standard_midi_files(shared_data):
    held_back = list(songs("validation"))
    assert [song.name for song in held_back] == [song.name for song in songs() if song.split == "validation"]
    assert all(song.content.startswith(b"MThd") for song in held_back)
    trained_on = {song.content for song in songs("train")}
    assert not trained_on & {song.content for split in ("validation", "test") for song in songs(split)}
