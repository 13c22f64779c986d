"""Measure what a long recording costs: restore an hour of 44.1 kHz stereo and print the peak memory and the time.

.venv/bin/python tools/measure_memory.py [MINUTES]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]


def main(minutes: float) -> None:
    """Repeat the demo recording until it is long enough, restore it, print one Markdown line."""
    sound, rate = soundfile.read(ROOT / "resources" / "demo" / "damaged.flac", dtype="int16", always_2d=True)
    repeats = int(np.ceil(minutes * 60 * rate / len(sound)))
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "long.wav", Path(folder) / "restored.wav"
        with soundfile.SoundFile(source, "w", rate, 2, "PCM_16") as file:
            for _ in range(repeats):
                file.write(sound)
        command = [
            sys.executable,
            "-m",
            "aidd_studio",
            "restore",
            str(source),
            "-o",
            str(output),
            "--engine",
            "autoregressive",
        ]
        gaps = [
            word for minute in range(int(minutes)) for word in ("--gap", f"{60 * minute + 30.2}:{60 * minute + 30.24}")
        ]
        for title, options in (("dropouts given", gaps), ("dropouts detected, none filled", ["--detect"])):
            if "--detect" in options:
                command = [sys.executable, "-m", "aidd_studio", "detect", str(source)]
                options = []
            started = time.perf_counter()
            subprocess.run([*command, *options], check=True, capture_output=True)
            seconds = time.perf_counter() - started
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
            print(f"| {title} | {minutes:.0f} min | {peak:.2f} GiB at most | {seconds:.0f} s |", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
