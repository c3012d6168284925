"""A folder of mined noise: one file per segment, and index.csv with where each comes from.

The split into train, validation and test is by recording, from a hash of its name: adding recordings
moves none of the others.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from hotpapers.common.errors import InputError
from hotpapers.common.files import atomic_folder
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.mining import NoiseSegment, mine
from hotpapers.denoise.recordings import Split
from hotpapers.media.audio import READABLE_SUFFIXES, open_audio

__all__ = [
    "BankEntry",
    "audio_files",
    "build_noise_bank",
    "mine_file",
    "read_bank",
    "split_of",
]

INDEX = "index.csv"


@dataclass(frozen=True, kw_only=True)
class BankEntry:
    """One line of index.csv.

    Parameters
    ----------
    file
        Path of the segment below the bank.
    source
        Path of the recording below the folder that was mined.
    split
        Use of the recording, and so of all its segments.
    start, seconds
        Where in the recording the segment begins, and its length.
    rms_db
        Level in dB of full scale, after the recording was scaled to its peak.
    flatness
        Median spectral flatness.
    period
        Seconds per revolution; nan where unknown.
    """

    file: str
    source: str
    split: Split
    start: float
    seconds: float
    rms_db: float
    flatness: float
    period: float


def split_of(recording: str) -> Split:
    """Train (80 %), validation (10 %) or test (10 %), by a hash of a recording's name."""
    share = int.from_bytes(hashlib.sha256(recording.encode()).digest()[:8], "big") / 2**64
    return "train" if share < 0.8 else "validation" if share < 0.9 else "test"


def audio_files(given: Path) -> list[Path]:
    """The audio files of a folder and the folders in it, in order of their names; or the one file given.

    Raises
    ------
    DenoiseError
        If there are none.
    """
    if given.is_file():
        return [given]
    found = sorted(
        path
        for path in given.rglob("*")
        if path.suffix.lower() in READABLE_SUFFIXES and path.is_file() and not path.name.startswith(".")
    )
    if not found:
        what = "holds no audio files" if given.is_dir() else "does not exist"
        raise DenoiseError(f"{given} {what}: give recordings, or a folder of them (wav, flac, ogg, mp3 ...)")
    return found


def mine_file(path: Path, **settings: float | bool | None) -> list[NoiseSegment]:
    """`extract_noise` of a file, read piece by piece: an hour needs no more memory than a minute.

    Parameters
    ----------
    path
        Anything that `hotpapers.media.audio` reads.
    settings
        Keyword arguments of `extract_noise`.

    Raises
    ------
    AudioError
        If the file is not audio or is damaged.
    DenoiseError
        As `extract_noise`.
    """
    reader = open_audio(path)
    frames = reader.frames if reader.frames is not None else sum(map(len, reader.blocks()))

    def read(a: int, b: int) -> NDArray[np.float32]:
        return np.concatenate([np.empty((0, reader.channels), np.float32), *reader.blocks(start=a, stop=b)])

    try:
        return mine(read, frames, reader.rate, **settings)  # type: ignore[arg-type]
    except DenoiseError as error:
        raise DenoiseError(f"{path}: {error}") from error


def build_noise_bank(
    given: Path,
    out: Path,
    *,
    files: Sequence[Path] | None = None,
    refused: dict[Path, str] | None = None,
    **settings: float | bool | None,
) -> Iterator[tuple[Path, list[BankEntry]]]:
    """Mine recordings and write a bank; yields each recording with the entries it gave.

    The bank takes its place when the iterator ends.

    Parameters
    ----------
    given
        A recording, or a folder of them.
    out
        Folder of the bank. An older bank there is replaced.
    files
        Recordings below `given`; all of them where left out.
    refused
        Takes recordings that can't be mined and why; without it the first one ends the work.
    settings
        Keyword arguments of `extract_noise`.

    Raises
    ------
    DenoiseError
        If there are no recordings, or `out` holds something other than a bank.
    """
    paths = audio_files(given) if files is None else list(files)
    if out.exists() and not (out / INDEX).is_file() and any(out.iterdir()):
        raise DenoiseError(f"{out} holds something that is no noise bank: give another folder")
    root = given if given.is_dir() else given.parent
    entries: list[BankEntry] = []
    with atomic_folder(out) as folder:
        for path in paths:
            try:
                segments = mine_file(path, **settings)
            except InputError as error:
                if refused is None:
                    raise
                refused[path] = str(error)
                continue
            source = path.relative_to(root).as_posix()
            mined = [_write_segment(folder, source, segment) for segment in segments]
            entries += mined
            yield path, mined
        with (folder / INDEX).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, [field.name for field in fields(BankEntry)], lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(entry) for entry in entries)


def _write_segment(folder: Path, source: str, segment: NoiseSegment) -> BankEntry:
    split = split_of(source)
    stem = Path(source).with_suffix("").as_posix().replace("/", "__")
    file = f"{split}/{stem}-{segment.start / segment.sr:.3f}s.flac"
    (folder / split).mkdir(exist_ok=True)
    soundfile.write(folder / file, segment.samples, segment.sr, subtype="PCM_24")
    return BankEntry(
        file=file,
        source=source,
        split=split,
        start=round(segment.start / segment.sr, 6),
        seconds=round(segment.seconds, 6),
        rms_db=round(20 * math.log10(max(segment.rms, 1e-9)), 2),
        flatness=round(segment.flatness, 4),
        period=math.nan if segment.period is None else round(segment.period, 5),
    )


def read_bank(folder: Path, split: Split | None = None) -> list[BankEntry]:
    """The entries of a bank; of one split if asked.

    Raises
    ------
    DenoiseError
        If the folder is no bank.
    """
    try:
        with (folder / INDEX).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        numbers = ("start", "seconds", "rms_db", "flatness", "period")
        entries = [
            BankEntry(
                file=row["file"],
                source=row["source"],
                split=row["split"],  # type: ignore[arg-type]
                **{name: float(row[name]) for name in numbers},
            )
            for row in rows
        ]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DenoiseError(
            f"{folder} is no noise bank: {error} (extract-noise makes one, with {INDEX})"
        ) from error
    return [entry for entry in entries if split in {None, entry.split}]
