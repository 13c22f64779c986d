"""Time and SDR per engine and gap length, as one table.

Run with `pytest tests/benchmarks/test_bench_engines.py -s`. The demo's original is used, or every recording in the
folder that AIDD_BENCH_FOLDER names; AIDD_BENCH_GAPS sets the gaps per recording and length.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Engine
from aidd_studio.engines.registry import create_engine
from aidd_studio.errors import DamageError
from aidd_studio.paths import resources
from aidd_studio.progress import Progress
from aidd_studio.restoration.plan import plan

MILLISECONDS = (5, 10, 20, 50, 80, 100, 200, 300)
ENGINES = ("extrapolation", "autoregressive", "sparse", "similar", "aidd")


def recordings() -> list[Clip]:
    import soundfile

    folder = os.environ.get("AIDD_BENCH_FOLDER")
    paths = sorted(Path(folder).iterdir()) if folder else sorted((resources() / "demo").glob("original*.flac"))
    found = []
    for path in paths:
        if path.suffix.lower() in {".flac", ".wav", ".ogg", ".aiff", ".aif", ".mp3"}:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            found.append(Clip(np.ascontiguousarray(samples.T), rate))
    return found


def places(clip: Clip, frames: int, count: int) -> list[int]:
    """Where the sound is not much below the recording's own level."""
    generator = np.random.default_rng(clip.frames)
    level, found = float(np.sqrt(np.mean(clip.base**2))), []
    for _ in range(1000):
        start = int(generator.integers(clip.frames // 10, clip.frames * 9 // 10 - frames))
        if np.sqrt(np.mean(clip.base[:, start : start + frames] ** 2)) > 0.2 * level:
            found.append(start)
        if len(found) == count:
            break
    return found


def measure(engine: Engine, clip: Clip, start: int, frames: int) -> tuple[float, float] | None:
    """SDR in dB and seconds for one gap; None where the engine finds nothing."""
    (window,) = plan(clip, [Damage(start, start + frames)], engine)
    first, last = window.local(window.gaps[0])
    began = time.perf_counter()
    try:
        fill = next(iter(engine.fill(window, 1, 0, Progress())))
    except DamageError:
        return None
    seconds = time.perf_counter() - began
    wanted = clip.base[:, start : start + frames].astype(np.float64)
    error = float(np.sum((wanted - fill.samples[:, first:last]) ** 2))
    return 10 * float(np.log10(np.sum(wanted**2) / max(error, 1e-30))), seconds


def test_engines_by_gap_length(capsys: pytest.CaptureFixture[str]) -> None:
    clips, count = recordings(), int(os.environ.get("AIDD_BENCH_GAPS", "3"))
    if not clips:
        pytest.skip("there is no recording to measure with")
    table: dict[str, dict[int, tuple[float, float]]] = {}
    for name in ENGINES:
        engine = create_engine(name)
        if engine.unavailable():
            continue
        for milliseconds in MILLISECONDS:
            results = [
                result
                for clip in clips
                for start in places(clip, round(milliseconds * clip.rate / 1000), count)
                if (result := measure(engine, clip, start, round(milliseconds * clip.rate / 1000)))
            ]
            if results:
                sdr, seconds = np.mean(results, axis=0)
                table.setdefault(name, {})[milliseconds] = (float(sdr), float(seconds))
    with capsys.disabled():
        print("\n" + "SDR in dB (seconds)".ljust(20) + "".join(f"{ms:>8} ms   " for ms in MILLISECONDS))
        for name, row in table.items():
            cells = (f"{row[ms][0]:6.1f} ({row[ms][1]:4.2f})" if ms in row else "-".rjust(13) for ms in MILLISECONDS)
            print(name.ljust(20) + " ".join(cells))
    predicted = table["autoregressive"]
    assert predicted[5][0] > predicted[300][0], "short gaps are easier than long ones"
    assert np.mean([predicted[ms][0] - table["extrapolation"][ms][0] for ms in (5, 10, 20, 50, 80)]) > 0
    assert predicted[50][1] < table["sparse"][50][1], "linear prediction is faster than sparse inpainting"
