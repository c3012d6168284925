"""The recordings that the project trains, validates and tests with: split, licence and credit of each.

The table itself is `recordings.csv`.
The split is by recording: an excerpt of a training recording never validates or tests.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from hotpapers.common.datasets import DataSet, data_file
from hotpapers.denoise.errors import DenoiseError

__all__ = [
    "DATA",
    "RECORDINGS",
    "Kind",
    "Recording",
    "Source",
    "Split",
    "credits_of",
    "path_of",
    "recordings",
]

Kind = Literal["music", "midi", "noise", "old"]
Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Source:
    """Where recordings come from.

    Parameters
    ----------
    origin
        Repository and commit that the bytes were taken from.
    licence
        What may be done with them.
    credit
        Whom to name.
    """

    origin: str
    licence: str
    credit: str


@dataclass(frozen=True)
class Recording:
    """One file of the data set.

    Parameters
    ----------
    file
        Path below the data set's folder: ``"noise/vinyl_dust.flac"``.
    kind
        ``"music"`` without surface noise, ``"midi"`` to be rendered, ``"noise"`` without music, or
        ``"old"``: a historical recording.
    split
        The only use that may be made of it.
    content
        What is heard.
    source
        Where it comes from.
    sha256
        Of its bytes, in hexadecimal.
    """

    file: str
    kind: Kind
    split: Split
    content: str
    source: Source
    sha256: str

    @property
    def name(self) -> str:
        """File name without folder and suffix, unique in the data set."""
        return Path(self.file).stem


SOURCES = {
    "holizna": Source("C-C-Minetest-Server/phonograph_albumm_holiznacc0@ce09fb1", "CC0", "HoliznaCC0"),
    "macleod": Source("librosa/data@450cdd8", "CC BY 3.0", "Kevin MacLeod"),
    "hobbs": Source("librosa/data@450cdd8", "CC BY 3.0", "Karissa Hobbs"),
    "sonic_pi": Source("sonic-pi-net/sonic-pi@c000206", "CC0", "freesound contributors, by way of Sonic Pi"),
    "tumult": Source("consint/Tumult@723c05f", "CC0", "freesound contributors, by way of Tumult"),
    "gramophone": Source("eloimoliner/gramophone_noise_synth@edf65f4", "MIT", "Eloi Moliner"),
    "pop909": Source(
        "music-x-lab/POP909-Dataset@d83e6ed", "MIT; the songs remain their authors'", "POP909, Music X Lab"
    ),
    "jfk": Source("openai/whisper@c0d2f62", "public domain", "John F. Kennedy, 1961, US government"),
}


def _read_table() -> tuple[Recording, ...]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return tuple(
        Recording(
            file=row["file"],
            kind=cast(Kind, row["kind"]),
            split=cast(Split, row["split"]),
            content=row["content"],
            source=SOURCES[row["source"]],
            sha256=row["sha256"],
        )
        for row in rows
    )


RECORDINGS = _read_table()

DATA = DataSet(
    name="denoise",
    files={recording.file: recording.sha256 for recording in RECORDINGS},
    licence="CC0, CC BY 3.0, MIT and public domain, by file",
    source="the public repositories that hotpapers.denoise.recordings names",
)


def recordings(kind: Kind | None = None, split: Split | None = None) -> tuple[Recording, ...]:
    """The recordings of one kind and split; all kinds or splits where left out.

    Examples
    --------
    >>> [recording.name for recording in recordings("noise", "validation")]
    ['gramophone_synth_b', 'vinyl_crackle_1']
    """
    return tuple(
        recording
        for recording in RECORDINGS
        if kind in {None, recording.kind} and split in {None, recording.split}
    )


def path_of(recording: Recording | str) -> Path:
    """Path of a recording (or of the one with that name), its bytes checked.

    Raises
    ------
    DenoiseError
        If there is no recording of that name.
    UnavailableError
        If the file is not on this machine.
    """
    if isinstance(recording, str):
        found = {each.name: each for each in RECORDINGS}
        if recording not in found:
            raise DenoiseError(f"there is no recording {recording!r}: there are {', '.join(sorted(found))}")
        recording = found[recording]
    return data_file(DATA, recording.file)


def credits_of(used: Iterable[Source]) -> tuple[str, ...]:
    """One line for each source: whom to credit, where from, under which licence."""
    lines = (f"{source.credit} ({source.origin}), {source.licence}" for source in used)
    return tuple(dict.fromkeys(lines))
