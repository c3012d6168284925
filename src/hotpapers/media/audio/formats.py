"""How samples are stored: containers, subtypes, and which of them go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import soundfile

from hotpapers.media.audio.errors import AudioError

__all__ = ["FFMPEG_SUFFIXES", "READABLE_SUFFIXES", "WRITABLE_SUFFIXES", "Encoding", "choose_encoding"]

WRITABLE_SUFFIXES = {
    ".wav": "WAV",
    ".wave": "WAV",
    ".w64": "W64",
    ".rf64": "RF64",
    ".aif": "AIFF",
    ".aiff": "AIFF",
    ".aifc": "AIFF",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".oga": "OGG",
    ".opus": "OGG",
    ".mp3": "MP3",
}
FFMPEG_SUFFIXES = frozenset(
    {".3gp", ".aac", ".ac3", ".amr", ".ape", ".avi", ".dts", ".m4a", ".m4b", ".mka", ".mkv", ".mov", ".mp4"}
    | {".mpc", ".tta", ".webm", ".wma", ".wmv", ".wv"}
)
READABLE_SUFFIXES = frozenset(WRITABLE_SUFFIXES) | FFMPEG_SUFFIXES | {".au", ".caf", ".snd", ".voc"}

# Bits of one sample; what is coded otherwise but decodes to whole numbers of 16 bits stands here too.
_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "ULAW": 16, "ALAW": 16}
_BITS |= {"IMA_ADPCM": 16, "MS_ADPCM": 16, "GSM610": 16, "ALAC_16": 16, "ALAC_20": 20, "ALAC_24": 24}
_BITS |= {"ALAC_32": 32}
_LOSSY = {"VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III", "ULAW", "ALAW", "IMA_ADPCM"}
_LOSSY |= {"MS_ADPCM", "GSM610"}
_RIFF = {"WAV", "WAVEX", "RF64"}
# Coded in blocks of fixed length: the last one is filled up, and the recording gets longer.
_PADDED = {"IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32"}
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
# The sizes in a RIFF header are 32-bit numbers; a little is left for the chunks behind the samples.
_RIFF_LIMIT = 2**32 - 2**26


@dataclass(frozen=True)
class Encoding:
    """How a file stores its samples.

    Parameters
    ----------
    format
        Container, by libsndfile's name: ``"WAV"``, ``"FLAC"``; ffmpeg's name for what it decodes.
    subtype
        Samples, by libsndfile's name: ``"PCM_16"``, ``"FLOAT"``, ``"VORBIS"``.
    bits
        Bits of one sample where samples are whole numbers; None for floating point.
    lossy
        Whether decoding gives other samples than were encoded.
    """

    format: str
    subtype: str
    bits: int | None
    lossy: bool

    @classmethod
    def of(cls, container: str, subtype: str) -> Encoding:
        """The encoding that libsndfile calls by these names."""
        return cls(container, subtype, _BITS.get(subtype), subtype in _LOSSY)

    @property
    def scale(self) -> float:
        """What full scale, 1.0, is in the file's own numbers: ``32768.0`` for 16 bits, 1.0 for floats."""
        return 1.0 if self.bits is None else float(2 ** (self.bits - 1))

    def size(self, frames: int, channels: int) -> int:
        """About how many bytes a file takes, rather too many."""
        if self.lossy:
            per_sample = 2.0 if self.bits else 0.75
        else:
            per_sample = (self.bits or (64 if self.subtype == "DOUBLE" else 32)) / 8
        return int(frames * channels * per_sample) + 2**16


def choose_encoding(
    path: Path,
    *,
    rate: int,
    channels: int,
    like: Encoding | None = None,
    container: str | None = None,
    subtype: str = "keep",
    frames: int | None = None,
) -> Encoding:
    """The encoding of a new file, from its name, a file that it shall be like, and what was asked for.

    Parameters
    ----------
    path
        The new file; its suffix names the container unless `container` does.
    rate, channels
        Of the samples.
    like
        Encoding to keep as far as the container can: FLAC has no floats, so they become 24 bits.
    container
        A suffix without the dot, or libsndfile's name.
    subtype
        ``"keep"``, or libsndfile's name.
    frames
        Expected length: a WAV of more than 4 GiB becomes an RF64.

    Raises
    ------
    AudioError
        If there is no such container, or it can't hold such samples.
    """
    kind = _container(path, container)
    if like is not None and kind == "WAV" and like.format in _RIFF and container is None:
        kind = like.format
    opus = (container or path.suffix.lstrip(".")).lower() == "opus"
    wanted = _subtype(kind, like, subtype.upper() if subtype.lower() != "keep" else None, opus=opus)
    chosen = Encoding.of(kind, wanted)
    if not soundfile.check_format(kind, wanted):
        can = ", ".join(soundfile.available_subtypes(kind))
        raise AudioError(f"{path}: {kind} has no subtype {wanted}: it has {can}")
    _check_rate(path, chosen, rate, channels)
    if kind in {"WAV", "WAVEX"} and frames is not None and chosen.size(frames, channels) > _RIFF_LIMIT:
        chosen = Encoding.of("RF64", wanted)
    return chosen


def _container(path: Path, named: str | None) -> str:
    suffix = f".{named.lower()}" if named else path.suffix.lower()
    kind = WRITABLE_SUFFIXES.get(suffix)
    if kind is None:
        can = ", ".join(sorted({name.lstrip(".") for name in WRITABLE_SUFFIXES}))
        what = f"format {named!r}" if named else f"{path}: the suffix {path.suffix!r}"
        raise AudioError(f"{what} can't be written: one of {can} can")
    return kind


def _subtype(kind: str, like: Encoding | None, wanted: str | None, *, opus: bool) -> str:
    """What was asked for; else what `like` has; else the next better that the container holds."""
    if wanted is not None:
        return wanted
    if kind == "OGG":
        return "OPUS" if opus else like.subtype if like and like.format == "OGG" else "VORBIS"
    if kind == "MP3":
        return "MPEG_LAYER_III"
    if like is None:
        return "PCM_24" if kind == "FLAC" else "PCM_16"
    kept = like.format not in {"OGG", "MP3"} and like.subtype not in _PADDED
    if kept and soundfile.check_format(kind, like.subtype):
        return like.subtype
    return {8: "PCM_S8", 16: "PCM_16", 32: "PCM_24" if kind == "FLAC" else "PCM_32"}.get(
        like.bits or 0, "PCM_24"
    )


def _check_rate(path: Path, chosen: Encoding, rate: int, channels: int) -> None:
    if chosen.subtype == "OPUS" and rate not in _OPUS_RATES:
        _refuse(path, "Opus", _OPUS_RATES, rate)
    if chosen.format == "MP3" and rate not in _MP3_RATES:
        _refuse(path, "MP3", _MP3_RATES, rate)
    most = (
        2
        if chosen.format == "MP3" or chosen.subtype.endswith("ADPCM")
        else 1
        if "GSM" in chosen.subtype
        else 8
    )
    if channels > most:
        raise AudioError(
            f"{path}: {chosen.subtype} in {chosen.format} holds at most {most} channels, not {channels}: "
            "choose another format"
        )


def _refuse(path: Path, name: str, rates: tuple[int, ...], rate: int) -> None:
    can = ", ".join(map(str, rates))
    raise AudioError(f"{path}: {name} can't hold {rate} Hz (it has {can}): choose another format")
