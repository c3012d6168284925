"""Memory does not grow with the length of a recording."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

TESTS = Path(__file__).resolve().parents[1]
SCRIPT = """
import re, sys
from denoise import simple_engines
from hotpapers.denoise.restoring import restore
restore(sys.argv[1], sys.argv[2], engine=simple_engines.lowpass(), residual=sys.argv[3])
with open("/proc/self/status") as told:  # getrusage would tell the parent's peak where that is higher
    print(re.search(r"VmHWM:\\s+(\\d+)", told.read()).group(1))
"""


def peak_mebibytes(folder, minutes, rate=48_000):
    path = folder / f"{minutes}.flac"
    piece = np.random.default_rng(0).integers(-3000, 3000, (rate * 10, 2)).astype(np.int16)
    with soundfile.SoundFile(path, "w", rate, 2, "PCM_16") as sink:
        for _ in range(minutes * 6):
            sink.write(piece)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, path, folder / f"out{minutes}.flac", folder / f"noise{minutes}.flac"],
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}", "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read from Linux's /proc")
def test_twenty_minutes_need_as_much_as_one(tmp_path):
    # 20 minutes of stereo at 48 kHz are 460 MB as float32.
    short, long = (peak_mebibytes(tmp_path, minutes) for minutes in (1, 20))
    assert long - short < 20
    assert long < 400
