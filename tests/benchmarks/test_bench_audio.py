"""Time to read, write and draw a long recording: pytest tests/benchmarks/test_bench_audio.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytest_benchmark.fixture import BenchmarkFixture

from aidd_studio.audio.clip import Clip, Patch
from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.writing import write
from aidd_studio.audio.peaks import Peaks
from aidd_studio.audio.spectrogram import tile_levels

RATE = 44100
MINUTES = 60


@pytest.fixture(scope="module")
def hour() -> Clip:
    """An hour of stereo: ten seconds of noise under a slow swell, again and again."""
    generator = np.random.default_rng(0)
    block = generator.standard_normal((2, RATE * 10), dtype=np.float32) * np.float32(0.1)
    return Clip(np.tile(block, MINUTES * 6), RATE)


@pytest.fixture(scope="module")
def hour_peaks(hour: Clip) -> Peaks:
    peaks = Peaks(hour.channels, hour.frames)
    for _ in peaks.build(hour.base):
        pass
    return peaks


@pytest.fixture(scope="module", params=["a.wav", "a.flac"])
def ten_minutes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, hour: Clip) -> Path:
    path: Path = tmp_path_factory.mktemp("bench") / request.param
    soundfile.write(path, hour.base[:, : RATE * 600].T, RATE, subtype="PCM_16")
    return path


def test_read_ten_minutes(benchmark: BenchmarkFixture, ten_minutes: Path) -> None:
    clip = benchmark.pedantic(read, (ten_minutes,), rounds=3)
    assert clip.frames == RATE * 600


def test_write_ten_minutes(benchmark: BenchmarkFixture, ten_minutes: Path, tmp_path: Path) -> None:
    clip = read(ten_minutes).with_patches(Patch(RATE, (0,), np.full((1, RATE), 0.1, np.float32)))
    target = tmp_path / ten_minutes.name
    report = benchmark.pedantic(write, (clip, target), {"overwrite": True}, rounds=3)
    assert report.frames == RATE * 600


def test_build_the_peaks_of_an_hour(benchmark: BenchmarkFixture, hour: Clip) -> None:
    def build() -> Peaks:
        peaks = Peaks(hour.channels, hour.frames)
        for _ in peaks.build(hour.base):
            pass
        return peaks

    assert benchmark.pedantic(build, rounds=2).is_complete
    assert benchmark.stats is not None and benchmark.stats["min"] < 6.0


@pytest.mark.parametrize("minutes", [60, 10, 1])
def test_look_at_the_peaks_of_an_hour(benchmark: BenchmarkFixture, hour_peaks: Peaks, minutes: int) -> None:
    first, _, _ = benchmark(hour_peaks.envelope, 1234, minutes * 60 * RATE, 2000)
    assert len(first) > 900
    assert benchmark.stats is not None and benchmark.stats["median"] < 0.002


@pytest.mark.parametrize("hop", [32, 512, 8192, 65536])
def test_make_a_tile(benchmark: BenchmarkFixture, hour: Clip, hop: int) -> None:
    levels = benchmark.pedantic(tile_levels, (hour, 100_000, hop), rounds=3, warmup_rounds=1)
    assert levels.shape == (1025, 256)
