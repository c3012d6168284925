"""Containers that libsndfile can't read, decoded by the user's ffmpeg."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from hotpapers.media.audio.errors import AudioError, DamagedAudioError
from hotpapers.media.audio.formats import FFMPEG_SUFFIXES, Encoding
from hotpapers.media.audio.reading import AudioReader

__all__ = ["FfmpegReader", "tags_of"]

_READ = 16_384
_PROBE_SECONDS = 60
# Lists of other files, and text drawn as pictures, are no sound files.
_NO_SOUND = {"concat", "dash", "ffmetadata", "hls", "sdp", "tty"}
_WHOLE = {"s16": 16, "s16p": 16, "s32": 32, "s32p": 32, "u8": 8, "u8p": 8}
# A file may say a little more than it holds: the padding of its last packet.
_SLACK_SECONDS = 0.5
_FIELD_NAMES = {"album_artist": "albumartist", "track": "tracknumber", "disc": "discnumber", "year": "date"}
# Said of the container, not of the sound.
_OF_THE_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder", "handler_name", "vendor_id"}
_OF_THE_FILE |= {"language", "duration", "creation_time", "iscompilation"}


class FfmpegReader(AudioReader):
    """The first audio stream of a file that ffmpeg decodes.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    AudioError
        If ffmpeg finds no sound in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        probed = _probe(path)
        stream = next(iter(probed.get("streams", [])), None)
        kind = probed.get("format", {}).get("format_name", "")
        if stream is None or kind in _NO_SOUND or not stream.get("channels"):
            raise AudioError(f"{path} is no sound file: neither libsndfile nor ffmpeg finds sound in it")
        self.rate, self.channels = int(stream["sample_rate"]), int(stream["channels"])
        self.encoding = _encoding(kind, stream)
        seconds = stream.get("duration") or probed["format"].get("duration")
        self._seconds = float(seconds) if seconds else None
        self.frames = None

    @classmethod
    def instead(cls, path: Path, refusal: AudioError) -> FfmpegReader:
        """A reader for what libsndfile refused.

        Raises
        ------
        AudioError
            If there is no ffmpeg, or it finds no sound either.
        """
        if shutil.which("ffmpeg") and shutil.which("ffprobe"):
            return cls(path)
        if path.suffix.lower() in FFMPEG_SUFFIXES:
            raise AudioError(
                f"{path}: {path.suffix} files are read by ffmpeg, which is not installed: install it, "
                "or convert the file to WAV or FLAC"
            )
        raise refusal

    @property
    def duration(self) -> float | None:
        """Declared length in seconds."""
        return self._seconds

    def _reads(self, start: int, exact: bool) -> Iterator[NDArray[Any]]:
        bits = self.encoding.bits
        coding = "f32le" if bits is None or not exact else "s16le" if bits <= 16 else "s32le"
        command = ["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe"]
        command += ["-i", f"file:{self.path}", "-map", "0:a:0", "-vn", "-sn", "-dn"]
        command += ["-c:a", f"pcm_{coding}", "-f", coding, "pipe:1"]
        frame = np.dtype({"f32le": "<f4", "s16le": "<i2", "s32le": "<i4"}[coding]).itemsize * self.channels
        shift = 32 - (bits or 32) if coding == "s32le" else 0
        position = 0
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
            output = cast("IO[bytes]", process.stdout)
            try:
                while piece := output.read(_READ * frame):
                    block = _samples(piece, coding, self.channels)
                    if position + len(block) > start:
                        yield (block >> shift if shift else block)[max(0, start - position) :]
                    position += len(block)
            finally:
                output.close()
                if process.poll() is None:
                    process.terminate()  # the reader has enough
                code = process.wait()
            said.seek(0)
            words = said.read(4096).decode("utf-8", "replace").strip().splitlines()
        ended = self._seconds is None or position / self.rate >= self._seconds - _SLACK_SECONDS
        if code > 0 or not ended:
            why = words[-1] if words else f"{self._seconds:.1f} s are declared"
            raise DamagedAudioError(self.path, position, self.rate, why)


def _samples(piece: bytes, coding: str, channels: int) -> NDArray[Any]:
    dtype = {"f32le": "<f4", "s16le": "<i2", "s32le": "<i4"}[coding]
    whole = len(piece) // (np.dtype(dtype).itemsize * channels) * channels
    block: NDArray[Any] = np.frombuffer(piece, dtype, count=whole).reshape(-1, channels)
    return block.astype(np.int32) if coding == "s16le" else block


def _encoding(kind: str, stream: Mapping[str, Any]) -> Encoding:
    bits = _WHOLE.get(stream.get("sample_fmt", ""))
    if bits == 32:
        bits = int(stream.get("bits_per_raw_sample") or 32) or 32
    if bits == 8:
        bits = 16
    name = str(stream.get("codec_name", "?"))
    lossless = name.startswith("pcm_") or name in {"alac", "ape", "flac", "tta", "wavpack", "wmalossless"}
    return Encoding(kind.partition(",")[0].upper(), name.upper(), bits if lossless else None, not lossless)


def _probe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-protocol_whitelist", "file,pipe", "-select_streams", "a:0"]
    command += ["-show_streams", "-show_format", "-of", "json", f"file:{path}"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AudioError(f"{path}: ffprobe failed: {type(error).__name__}") from error
    try:
        probed = json.loads(done.stdout or b"{}")
    except ValueError:
        return {}
    return probed if isinstance(probed, dict) else {}


def tags_of(path: Path) -> dict[str, str]:
    """The text fields that ffprobe finds, under the names of Vorbis comments; none without ffprobe."""
    if not shutil.which("ffprobe"):
        return {}
    probed = _probe(path)
    streams = [stream.get("tags", {}) for stream in probed.get("streams", [])]
    found: dict[str, str] = {}
    for tags in (*streams, probed.get("format", {}).get("tags", {})):
        for name, value in tags.items():
            field = _FIELD_NAMES.get(name.lower(), name.lower())
            if field not in _OF_THE_FILE and not field.startswith("wm/"):
                found[field] = str(value)
    return found
