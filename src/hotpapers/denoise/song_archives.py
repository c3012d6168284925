"""Archives of MIDI songs: many instruments and styles, to be rendered for training, validation and tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zipfile import ZipFile

from hotpapers.common.datasets import DataSet, data_file
from hotpapers.denoise.recordings import RECORDINGS, Source, Split

__all__ = ["ARCHIVES", "Archive", "Song", "songs"]


@dataclass(frozen=True)
class Archive:
    """A zip file of songs.

    Parameters
    ----------
    file, sha256
        Its name in the data set, and of its bytes.
    every
        Of its songs, in the order of their names, every so manieth is used.
    source
        Where it comes from.
    """

    file: str
    sha256: str
    every: int
    source: Source


@dataclass(frozen=True)
class Song:
    """A standard MIDI file of an archive.

    Parameters
    ----------
    name
        Archive and song: ``"simutrans/03-Trains"``.
    split
        The only use that may be made of it.
    content
        Its bytes.
    source
        Where it comes from.
    """

    name: str
    split: Split
    content: bytes
    source: Source


ARCHIVES = (
    Archive(
        "freedoom_midi.zip",
        "b5c77460e24fcef07cbb4a96d8f83ba2ac99c4b900f869b3d834ad19bd1daeb7",
        1,
        Source("freedoom/freedoom@d14dbbe", "BSD-3-Clause", "the Freedoom project"),
    ),
    Archive(
        "blasphemer_midi.zip",
        "01957d10b5d68c0f64850214a6d9779e41e0339c0ff9c7855e05ff345a1f3ef2",
        1,
        Source("Catoptromancy/blasphemer@6d93526", "BSD-3-Clause", "the Blasphemer project"),
    ),
    Archive(
        "simutrans_midi.zip",
        "1304eefd6c2de3ed9625b4e6444bba2d05a3817d3dea87bfd072c8d9dd759628",
        1,
        Source("simutrans/simutrans@d8c00ef", "Artistic License", "the Simutrans project"),
    ),
    Archive(
        "pop909_midi.zip",
        "15975ed813f4498e567c96a29aa68756a4885f57e85093cbf3c5150b3dca1e43",
        16,
        Source(
            "music-x-lab/POP909-Dataset@d83e6ed",
            "MIT; the songs remain their authors'",
            "POP909, Music X Lab",
        ),
    ),
)

_DATA = DataSet(
    name="musegan",
    files={archive.file: archive.sha256 for archive in ARCHIVES},
    licence="BSD-3-Clause, Artistic License and MIT, by archive",
    source="the public repositories that hotpapers.denoise.song_archives names",
)
_LEAST_BYTES = 2000  # of a song: shorter ones are jingles
_LARGEST = 1 << 24
_TURNS: dict[int, Split] = {3: "validation", 7: "test"}  # of eight songs; the other six are trained on


def songs(split: Split | None = None) -> Iterator[Song]:
    """The songs of the archives, of one split or of all; none that is a recording of its own besides.

    Archives share a few songs: a copy of an earlier song that would be put to another use is left out.

    Raises
    ------
    UnavailableError
        If an archive is not on this machine.
    """
    single = {recording.name for recording in RECORDINGS if recording.kind == "midi"}
    uses: dict[bytes, Split] = {}
    for archive in ARCHIVES:
        with ZipFile(data_file(_DATA, archive.file)) as opened:
            found = sorted(
                (info for info in opened.infolist() if _is_song(info.filename, info.file_size)),
                key=lambda info: info.filename,
            )
            label = archive.file.removesuffix("_midi.zip")
            for turn, info in enumerate(found[:: archive.every]):
                name = info.filename.rpartition("/")[2].removesuffix(".mid")
                its_split = _TURNS.get(turn % 8, "train")
                if f"{label}_{name}" in single:
                    continue
                song = Song(f"{label}/{name}", its_split, opened.read(info), archive.source)
                if uses.setdefault(song.content, its_split) == its_split and split in {None, its_split}:
                    yield song


def _is_song(name: str, size: int) -> bool:
    """Whether it is a MIDI file of a sensible size, and not another version of one."""
    return name.endswith(".mid") and "/versions/" not in name and _LEAST_BYTES <= size <= _LARGEST
