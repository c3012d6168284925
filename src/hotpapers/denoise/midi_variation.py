"""MIDI files varied at random: other instruments, key and tempo, and some tracks played on drums."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from hotpapers.denoise.errors import DenoiseError

__all__ = ["ACOUSTIC_PROGRAMS", "orchestrate", "vary_midi"]

# One event: ticks since the one before, and its bytes with the status byte always written out.
Event = tuple[int, bytes]

_PERCUSSION_CHANNEL = 9
_MELODIC_CHANNELS = [channel for channel in range(16) if channel != _PERCUSSION_CHANNEL]
# General MIDI: the last 16 programs are sound effects.
_PROGRAMS = 112
_DRUMS = (35, 81)
# As on old records: pianos, bells, organs, acoustic guitars and basses, strings, voices, brass, reeds, pipes.
ACOUSTIC_PROGRAMS = (
    *(0, 1, 3, 6, *range(8, 15), *range(19, 26), 32),
    *(*range(40, 50), 52, 53, 54, *range(56, 62), *range(64, 76), *range(104, 112)),
)
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}


def vary_midi(content: bytes, rng: np.random.Generator, *, percussion: float = 0.25) -> bytes:
    """Another piece made from a MIDI file.

    Every track gets a random General MIDI program of its own; all are transposed by the same -5..6
    semitones and played at 0.75 to 1.33 times the tempo; some play drums.

    Parameters
    ----------
    content
        A standard MIDI file.
    rng
        Source of randomness.
    percussion
        Probability that a track becomes drums.

    Raises
    ------
    DenoiseError
        If the content is not a standard MIDI file with ticks per quarter note.
    """
    header, tracks = _read(content)
    kind, count, division = struct.unpack(">HHH", header)
    semitones = int(rng.integers(-5, 7))
    tempo = float(np.exp(rng.uniform(np.log(0.75), np.log(4 / 3))))
    faster = min(max(1, round(division * tempo)), 0x7FFF)
    varied = []
    for i, track in enumerate(tracks):
        drums = rng.random() < percussion and i > 0
        program = int(rng.integers(_PROGRAMS))
        channel = _PERCUSSION_CHANNEL if drums else _MELODIC_CHANNELS[i % len(_MELODIC_CHANNELS)]
        varied.append(_vary_track(track, channel, None if drums else program, semitones))
    return _bytes(struct.pack(">HHH", kind, count, faster), varied)


def orchestrate(content: bytes, rng: np.random.Generator) -> bytes:
    """A MIDI file as a group of acoustic instruments would play it: a random one per channel, no drum kit.

    Raises
    ------
    DenoiseError
        If the content is not a standard MIDI file with ticks per quarter note.
    """
    header, tracks = _read(content)
    programs = rng.choice(ACOUSTIC_PROGRAMS, 16)
    seats = [(0, bytes((0xC0 | channel, int(programs[channel])))) for channel in _MELODIC_CHANNELS]
    played = [_without_drums(track) for track in tracks]
    played[0] = seats + played[0]
    return _bytes(header, played)


def _without_drums(events: list[Event]) -> list[Event]:
    """What is left of a track without the drums' channel and changes of program or bank."""
    kept: list[Event] = []
    waiting = 0
    for ticks, event in events:
        kind, channel = event[0] & 0xF0, event[0] & 0x0F
        bank = kind == 0xB0 and event[1] in {0, 32}
        if event[0] < 0xF0 and (channel == _PERCUSSION_CHANNEL or kind == 0xC0 or bank):
            waiting += ticks
            continue
        kept.append((ticks + waiting, event))
        waiting = 0
    return kept


def _vary_track(events: list[Event], channel: int, program: int | None, semitones: int) -> list[Event]:
    """One track on a channel of its own; `program` None: drums."""
    varied: list[Event] = [] if program is None else [(0, bytes((0xC0 | channel, program)))]
    waiting = 0
    for ticks, event in events:
        status, kind = event[0], event[0] & 0xF0
        if status >= 0xF0:
            varied.append((ticks + waiting, event))
        elif kind == 0xC0:  # the old instrument; its time goes to the next event
            waiting += ticks
            continue
        elif kind in {0x80, 0x90, 0xA0}:
            note = event[1]
            if program is None:
                note = _DRUMS[0] + note % (_DRUMS[1] - _DRUMS[0] + 1)
            elif status & 0x0F != _PERCUSSION_CHANNEL:
                note = min(max(note + semitones, 0), 127)
            varied.append((ticks + waiting, bytes((kind | channel, note, event[2]))))
        else:
            varied.append((ticks + waiting, bytes((kind | channel,)) + event[1:]))
        waiting = 0
    return varied


def _read(content: bytes) -> tuple[bytes, list[list[Event]]]:
    """The six bytes of the header, and the events of each track."""
    try:
        (name, header), *others = _chunks(content)
        tracks = [list(_events(body)) for name, body in others if name == b"MTrk"]
    except (IndexError, ValueError, KeyError, struct.error):
        name, header, tracks = b"", b"", []
    if name != b"MThd" or len(header) != 6 or header[4] & 0x80:
        raise DenoiseError("not a standard MIDI file with ticks per quarter note")
    return header, tracks


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(content):
        name, length = content[place : place + 4], struct.unpack(">I", content[place + 4 : place + 8])[0]
        if place + 8 + length > len(content):
            raise ValueError("a chunk that ends early")
        yield name, content[place + 8 : place + 8 + length]
        place += 8 + length


def _events(track: bytes) -> Iterator[Event]:
    place, running = 0, 0
    while place < len(track):
        ticks, place = _number(track, place)
        status = track[place]
        if status >= 0xF0:
            # 0xFF type length data: meta; 0xF0 and 0xF7 length data: system exclusive.
            length, data = _number(track, place + (2 if status == 0xFF else 1))
            if status not in {0xFF, 0xF0, 0xF7} or data + length > len(track):
                raise ValueError(f"status {status:#x}")
            yield ticks, track[place : data + length]
            place = data + length
            continue
        if status & 0x80:
            running, place = status, place + 1
        count = _DATA_BYTES[running & 0xF0]
        if place + count > len(track):
            raise ValueError("a track that ends within an event")
        yield ticks, bytes((running,)) + track[place : place + count]
        place += count


def _number(track: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits per byte, and the place after it."""
    value = 0
    while True:
        byte = track[place]
        value, place = value << 7 | byte & 0x7F, place + 1
        if not byte & 0x80:
            return value, place


def _bytes(header: bytes, tracks: list[list[Event]]) -> bytes:
    """A file of these tracks; of the header, kind and division count."""
    kind, _, division = struct.unpack(">HHH", header)
    chunks = [b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division)]
    chunks += [b"MTrk" + struct.pack(">I", len(track)) + track for track in map(_write, tracks)]
    return b"".join(chunks)


def _write(events: list[Event]) -> bytes:
    written = bytearray()
    for ticks, event in events:
        digits = [ticks & 0x7F]
        while ticks := ticks >> 7:
            digits.append(ticks & 0x7F | 0x80)
        written += bytes(reversed(digits)) + event
    return bytes(written)
