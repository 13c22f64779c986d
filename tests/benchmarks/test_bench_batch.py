"""How a batch scales: the same files with one process and with two, and what memory does over many files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from aidd_studio.restoration.batch import BatchSettings, collect, run_batch

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = BatchSettings(engine="autoregressive", overwrite=True)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty files of ten seconds, cut from the demo recording, with four holes of 40 ms each."""
    folder = tmp_path_factory.mktemp("archive")
    sound, rate = soundfile.read(ROOT / "resources" / "demo" / "original.flac", dtype="int16")
    rng = np.random.default_rng(1)
    for index in range(40):
        start = int(rng.integers(0, len(sound) - 10 * rate))
        piece = sound[start : start + 10 * rate].copy()
        for second in (2, 4, 6, 8):
            piece[second * rate : second * rate + rate // 25] = 0
        soundfile.write(folder / f"take{index:03}.wav", piece, rate)
    return folder


@pytest.mark.benchmark(group="batch of 40 files, signal engine")
@pytest.mark.parametrize("jobs", [1, 2])
def test_batch(benchmark, archive: Path, tmp_path: Path, jobs: int) -> None:  # type: ignore[no-untyped-def]
    items = collect([archive], tmp_path / "out")

    def run() -> int:
        return sum(outcome.status == "restored" for _, outcome in run_batch(items, SETTINGS, jobs))

    assert benchmark.pedantic(run, rounds=1) == len(items)


def test_memory_is_flat_over_a_thousand_files(archive: Path, tmp_path: Path) -> None:
    """Resident memory of one process after 100 files and after 1,000, printed and compared."""
    code = """
import sys
from pathlib import Path
import psutil
from aidd_studio.restoration.batch import BatchItem, BatchSettings, restore_file
files = sorted(Path(sys.argv[1]).glob("*.wav"))
settings = BatchSettings(engine="autoregressive", overwrite=True)
for index in range(1000):
    source = files[index % len(files)]
    assert restore_file(BatchItem(source, Path(sys.argv[2]) / source.name), settings).status == "restored"
    if index + 1 in (100, 1000):
        print(psutil.Process().memory_info().rss, flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(archive), str(tmp_path)], capture_output=True, text=True, check=True
    )
    early, late = map(int, done.stdout.split())
    print(f"\nmemory after 100 files {early / 2**20:.0f} MiB, after 1000 files {late / 2**20:.0f} MiB")
    assert late < early * 1.1 + psutil.virtual_memory().total * 0.001
