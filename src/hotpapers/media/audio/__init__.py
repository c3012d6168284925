"""Sound files read and written block by block at any rate and number of channels, with their tags."""

from hotpapers.media.audio.errors import AudioError, DamagedAudioError, clock
from hotpapers.media.audio.formats import (
    FFMPEG_SUFFIXES,
    READABLE_SUFFIXES,
    WRITABLE_SUFFIXES,
    Encoding,
    choose_encoding,
)
from hotpapers.media.audio.quantizing import Quantizer
from hotpapers.media.audio.reading import AudioReader, open_audio, read_audio
from hotpapers.media.audio.resampling import Resampler
from hotpapers.media.audio.sample_queue import SampleQueue
from hotpapers.media.audio.scanning import Scan, scan
from hotpapers.media.audio.tags import Tags, copy_tags, read_tags, write_tags
from hotpapers.media.audio.writing import AudioWriter, write_audio

__all__ = [
    "FFMPEG_SUFFIXES",
    "READABLE_SUFFIXES",
    "WRITABLE_SUFFIXES",
    "AudioError",
    "AudioReader",
    "AudioWriter",
    "DamagedAudioError",
    "Encoding",
    "Quantizer",
    "Resampler",
    "SampleQueue",
    "Scan",
    "Tags",
    "choose_encoding",
    "clock",
    "copy_tags",
    "open_audio",
    "read_audio",
    "read_tags",
    "scan",
    "write_audio",
    "write_tags",
]
