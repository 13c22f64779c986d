"""A long recording needs its own samples in memory and little more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

FRAMES = 44100 * 150

SCRIPT = """
import json, sys
import numpy as np, soundfile, mutagen
from aidd_studio.audio.clip import Patch
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.writing import write

def peak():  # not getrusage: its figure begins with that of the process that started this one
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

before = peak()
clip = read(sys.argv[1])
after_reading = peak()
patch = Patch(1000, (0,), np.full((1, 5000), 0.123, np.float32))
write(clip.with_patches(patch), sys.argv[2])
print(json.dumps([after_reading - before, peak() - after_reading]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell its memory peaks")
def test_reading_and_writing_copy_nothing(tmp_path: Path) -> None:
    block = np.random.default_rng(0).integers(-(2**31), 2**31, (44100 * 10, 2)).astype(np.int32)
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 44100, 2, "PCM_32") as file:
        for _ in range(FRAMES // len(block)):
            file.write(block)
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    reading, writing = json.loads(done.stdout)
    samples = FRAMES * 2 * 4
    assert samples <= reading < 1.02 * samples + (24 << 20)
    assert writing < 24 << 20
