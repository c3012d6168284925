"""Other people's noise reduction, run as programs beside ours: ffmpeg, sox, noisereduce.

A peer is told nothing, or is given the noise-only front of the recording as its noise profile: the
two are not comparable, so each says which it is.
"""

from __future__ import annotations

import importlib.util
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

from hotpapers.common.errors import FailureError
from hotpapers.denoise.errors import DenoiseError

__all__ = ["PEERS", "Peer", "aligned", "available_peers", "run_peer"]

Audio = NDArray[np.float32]
# Input file, output file, seconds of noise in front -> commands to run one after the other.
Commands = Callable[[Path, Path, float], list[list[str]]]

_LONGEST_DELAY = 8192


@dataclass(frozen=True)
class Peer:
    """Somebody else's noise reduction.

    Parameters
    ----------
    label
        Program and settings, as a table shows them.
    profile
        Whether it is given the noise-only front.
    program
        What must be installed: a program, or ``"module:NAME"``.
    commands
        The commands that make the output file from the input file.
    """

    label: str
    profile: bool
    program: str
    commands: Commands

    @property
    def installed(self) -> bool:
        """Whether it can be run here."""
        kind, _, module = self.program.partition(":")
        return shutil.which(kind) is not None if not module else importlib.util.find_spec(module) is not None


def _ffmpeg(filters: str) -> Commands:
    def commands(given: Path, out: Path, _: float) -> list[list[str]]:
        quiet = ["ffmpeg", "-nostdin", "-v", "error", "-threads", "1"]
        return [[*quiet, "-i", str(given), "-af", filters, "-c:a", "pcm_f32le", "-y", str(out)]]

    return commands


def _sox_noisered(given: Path, out: Path, front: float) -> list[list[str]]:
    profile = str(out.with_suffix(".profile"))
    return [
        ["sox", str(given), "-n", "trim", "0", f"{front:.6f}", "noiseprof", profile],
        ["sox", str(given), "-e", "floating-point", "-b", "32", str(out), "noisered", profile, "0.21"],
    ]


_NOISEREDUCE = """
import sys, soundfile, noisereduce
x, sr = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
front = int(float(sys.argv[3]) * sr)
given = {"stationary": True, "y_noise": x[:front].T} if sys.argv[4] == "profile" else {"stationary": False}
y = noisereduce.reduce_noise(y=x.T, sr=sr, n_jobs=1, **given)
soundfile.write(sys.argv[2], y.T, sr, subtype="FLOAT")
"""


def _noisereduce(mode: str) -> Commands:
    def commands(given: Path, out: Path, front: float) -> list[list[str]]:
        return [[sys.executable, "-c", _NOISEREDUCE, str(given), str(out), f"{front:.6f}", mode]]

    return commands


PEERS: Mapping[str, Peer] = {
    "ffmpeg-adeclick": Peer("ffmpeg adeclick", False, "ffmpeg", _ffmpeg("adeclick")),
    "ffmpeg-afftdn": Peer("ffmpeg afftdn", False, "ffmpeg", _ffmpeg("afftdn")),
    "ffmpeg-chain": Peer("ffmpeg adeclick,afftdn=nr=20", False, "ffmpeg", _ffmpeg("adeclick,afftdn=nr=20")),
    "noisereduce": Peer("noisereduce non-stationary", False, "module:noisereduce", _noisereduce("blind")),
    "noisereduce-profile": Peer(
        "noisereduce stationary", True, "module:noisereduce", _noisereduce("profile")
    ),
    "sox-noisered": Peer("sox noisered 0.21", True, "sox", _sox_noisered),
}


def available_peers(names: str) -> dict[str, Peer]:
    """The peers that a comma-separated list names; ``all``: every one that is installed, ``none``: none.

    A name such as ``ffmpeg`` stands for all of that program.

    Raises
    ------
    DenoiseError
        If a name is not known, or one that was named is not installed.
    """
    if names == "all":
        return {name: peer for name, peer in PEERS.items() if peer.installed}
    chosen: dict[str, Peer] = {}
    for given in [] if names == "none" else [word.strip() for word in names.split(",")]:
        found = {name: peer for name, peer in PEERS.items() if name == given or name.startswith(f"{given}-")}
        if not found:
            raise DenoiseError(f"there is no peer {given!r}: there are all, none, {', '.join(PEERS)}")
        missing = next((peer for peer in found.values() if not peer.installed), None)
        if missing is not None:
            raise DenoiseError(
                f"the peer {given!r} needs {missing.program.split(':')[-1]}, which is not installed"
            )
        chosen |= found
    return chosen


def run_peer(peer: Peer, x: Audio, sr: int, front: int) -> tuple[Audio, float]:
    """What a peer makes of a recording, its delay taken out, and the CPU seconds that its programs took.

    Parameters
    ----------
    x
        Array (n,) or (n, channels).
    sr
        Rate, in Hz.
    front
        Samples of noise alone at the beginning.

    Raises
    ------
    DenoiseError
        If it needs a profile and there is no front.
    FailureError
        If a program fails.
    """
    if peer.profile and not front:
        raise DenoiseError(f"{peer.label} needs a noise-only front, and this recording has none")
    before = _children_seconds()
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "given.wav", Path(folder) / "out.wav"
        soundfile.write(given, x, sr, subtype="FLOAT")
        for command in peer.commands(given, out, front / sr):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise FailureError(f"{peer.label} failed: {' '.join(done.stderr.split())[-200:]}")
        seconds = _children_seconds() - before
        y = soundfile.read(out, dtype="float32", always_2d=x.ndim == 2)[0]
    return aligned(y, x), seconds


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def aligned(y: Audio, x: Audio) -> Audio:
    """`y` moved by a whole number of samples to where it fits `x` best, and cut or filled to its length.

    Some filters of ffmpeg put out their first frame late; a listener would not mind, a difference would.
    """
    ours, theirs = (z if z.ndim == 1 else z.mean(axis=1) for z in (y, x))
    correlation = scipy.signal.correlate(ours, theirs, mode="full", method="fft")
    lags = scipy.signal.correlation_lags(len(ours), len(theirs), mode="full")
    near = np.abs(lags) <= _LONGEST_DELAY
    delay = int(lags[near][correlation[near].argmax()]) if np.any(correlation) else 0
    moved = y[delay:] if delay >= 0 else np.concatenate((np.zeros((-delay, *y.shape[1:]), y.dtype), y))
    missing = max(0, len(x) - len(moved))
    return np.concatenate((moved, np.zeros((missing, *y.shape[1:]), y.dtype)))[: len(x)]
