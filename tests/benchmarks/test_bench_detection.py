"""How fast dropouts are found; `aidd-studio evaluate --protocol detection` measures how well.

pytest tests/benchmarks/test_bench_detection.py -s
"""

from __future__ import annotations

import time

import numpy as np

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.detection.dropouts import detect
from aidd_studio.evaluation.material.planted_damage import damage


def noisy_tones(seconds: float, rate: int = 44100) -> Clip:
    rng = np.random.default_rng(0)
    time_axis = np.arange(round(seconds * rate)) / rate
    sound = rng.normal(0, 0.02, (2, len(time_axis)))
    for pitch in (110, 277, 440, 1318, 3520):
        sound += (
            0.1 * np.sin(2 * np.pi * pitch * time_axis) * (1.2 + np.sin(2 * np.pi * rng.uniform(0.3, 5) * time_axis))
        )
    return Clip(sound.astype(np.float32), rate)


def test_detection_runs_a_hundred_times_faster_than_the_sound() -> None:
    clip, _ = damage(noisy_tones(120.0), np.random.default_rng(0))
    started = time.process_time()
    gaps = detect(clip)
    speed = clip.duration / (time.process_time() - started)
    print(f"\n{speed:.0f} times real time, {len(gaps)} gaps in {clip.duration:.0f} s of stereo")
    assert speed >= 100
