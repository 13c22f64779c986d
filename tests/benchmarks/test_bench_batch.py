"""How a batch scales, what memory does over many files, and what the neural engine spends its time on.

Run with `pytest tests/benchmarks/test_bench_batch.py -s`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile
import torch

from aidd_studio.audio.files import reading, writing
from aidd_studio.damage.detection import dropouts as detection
from aidd_studio.engines.aidd import channel_groups, filling, rendering
from aidd_studio.engines.aidd.client import load_models
from aidd_studio.engines.aidd.settings import AiddSettings
from aidd_studio.progress import Progress
from aidd_studio.restoration.batch import BatchSettings, collect, restore_file, run_batch
from aidd_studio.restoration.batch.network_process import Where
from aidd_studio.restoration.batch.pool import Workers
from aidd_studio.tokenizer.model import WavTokenizer
from aidd_studio.tokenizer.refiner import Refiner
from aidd_studio.weights.loading import default_pair

DEMO = Path(__file__).resolve().parents[2] / "resources" / "demo" / "original.flac"
pytestmark = pytest.mark.timeout(3600)


PARTS: dict[str, list[tuple[Any, str]]] = {
    "networks": [
        (filling, "draw_tokens"),
        (channel_groups, "_encode"),
        (WavTokenizer, "decode"),
        (Refiner, "forward"),
    ],
    "linear prediction": [(channel_groups, "_extrapolate"), (rendering, "_predicted")],
    "band and image": [(channel_groups.ChannelGroup, "with_wave")],
    "reading, finding gaps, writing": [(reading, "read"), (detection, "detect"), (writing, "write")],
}
"""Where the time of one file goes: functions of modules and classes."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty files of ten seconds, cut from the demo recording, with four holes of 40 ms each."""
    folder = tmp_path_factory.mktemp("archive")
    sound, rate = soundfile.read(DEMO, dtype="int16")
    rng = np.random.default_rng(1)
    for index in range(40):
        start = int(rng.integers(0, len(sound) - 10 * rate))
        piece = sound[start : start + 10 * rate].copy()
        for second in (2, 4, 6, 8):
            piece[second * rate : second * rate + rate // 25] = 0
        soundfile.write(folder / f"take{index:03}.wav", piece, rate)
    return folder


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def spent() -> float:
    """Seconds of processor time of this process and its ended children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.mark.parametrize("jobs", [1, 2])
def test_throughput(archive: Path, tmp_path: Path, jobs: int) -> None:
    """Printed: seconds of the whole command on the clock, and of processor time, which other programs hardly change.

    The rate of two processes is that of one times 2 · (processor time of one) / (processor time of two), as long as two
    cores are free for them.
    """
    command = [
        sys.executable,
        "-m",
        "aidd_studio",
        "batch",
        str(archive),
        "-o",
        str(tmp_path),
        "--engine",
        "autoregressive",
    ]
    started, before = time.perf_counter(), spent()
    done = subprocess.run([*command, "--jobs", str(jobs)], capture_output=True, text=True, check=True)
    clock, processors = time.perf_counter() - started, spent() - before
    assert done.stderr.splitlines()[-1].startswith("40 restored, 0 ")
    print(f"\n40 files, {jobs} job(s): {clock:.1f} s on the clock, {processors:.1f} s of processor time")


def test_memory_is_flat_over_a_thousand_files(tmp_path: Path) -> None:
    """Resident memory of one process after 100 files and after 1,000, printed and compared."""
    folder = tmp_path / "short"
    folder.mkdir()
    sound, rate = soundfile.read(DEMO, dtype="int16")
    for index in range(20):
        piece = sound[(index + 1) * rate : (index + 3) * rate].copy()
        piece[rate : rate + rate // 100] = 0
        soundfile.write(folder / f"take{index:03}.flac", piece, rate)
    code = """
import sys
from pathlib import Path
import psutil
from aidd_studio.restoration.batch import BatchItem, BatchSettings, restore_file
files = sorted(Path(sys.argv[1]).glob("*.flac"))
settings = BatchSettings(engine="autoregressive", overwrite=True)
for index in range(1000):
    source = files[index % len(files)]
    assert restore_file(BatchItem(source, Path(sys.argv[2]) / source.name), settings).status == "restored"
    if index + 1 in (100, 1000):
        print(psutil.Process().memory_info().rss, flush=True)
"""
    command = [sys.executable, "-c", code, str(folder), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    early, late = map(int, done.stdout.split())
    print(f"\nmemory after 100 files {early / 2**20:.0f} MiB, after 1000 files {late / 2**20:.0f} MiB")
    assert late < early * 1.1


@pytest.mark.parametrize("models", ["bundled", "published sizes"])
def test_share_of_the_network(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None, models: str
) -> None:
    """Printed: processor time of one process per gap, and which shares of it the networks and other parts take."""
    settings = BatchSettings(engine="aidd", engine_settings=installed(models, tmp_path, monkeypatch), overwrite=True)
    items = collect(sorted(archive.glob("*.wav"))[:4], tmp_path / "out")
    first = restore_file(items[0], settings)  # loads the models
    assert first.status == "restored", first.reason
    watches = {name: Stopwatch() for name in PARTS}
    for name, parts in PARTS.items():
        for module, work in parts:
            monkeypatch.setattr(module, work, watches[name].around(getattr(module, work)))
    whole = Stopwatch()
    outcomes = [whole.around(restore_file)(item, settings) for item in items[1:]]
    gaps = sum(len(outcome.gaps) for outcome in outcomes)
    assert gaps == 12
    shares = ", ".join(f"{name} {watch.seconds / whole.seconds:.0%}" for name, watch in watches.items())
    print(f"\n{models}: {1000 * whole.seconds / gaps:.0f} ms of processor time per gap: {shares}")


def installed(models: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The engine's settings for those models."""
    if models == "bundled":
        return {}
    from tests.benchmarks.test_bench_aidd import install_official

    monkeypatch.setenv("AIDD_STUDIO_DATA", str(tmp_path / "data"))
    install_official()
    return {"model": "official-score"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("models", ["bundled", "published sizes"])
@pytest.mark.parametrize("networks", ["own", "shared"])
def test_where_the_networks_run(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: str, networks: Where
) -> None:
    """Printed: processor time per gap with two jobs once models are loaded, and how busy the networks' process is.

    Busy is when it runs or would run if other programs left it a core, so that they hardly change the figure.
    """
    settings = BatchSettings(engine="aidd", engine_settings=installed(models, tmp_path, monkeypatch), overwrite=True)
    items = collect(sorted(archive.glob("*.wav"))[: 2 if models != "bundled" else 16], tmp_path / "out")
    with Workers(2, networks) as workers:
        assert len(list(run_batch(items[:2], settings, workers=workers))) == 2  # loads the models
        service = workers.network_process.pid if workers.network_process else None
        processes = [child.pid for child in psutil.Process().children(recursive=True)]
        started, busy, before = time.perf_counter(), wanted(service), processor_time(processes)
        outcomes = [outcome for _, outcome in run_batch(items, settings, workers=workers)]
        clock = time.perf_counter() - started
        spent_there, busy = processor_time(processes) - before, wanted(service) - busy
    gaps = sum(len(outcome.gaps) for outcome in outcomes)
    assert gaps == 4 * len(items)
    print(f"\n{models}, networks {networks}: {spent_there / gaps:.2f} s of processor time per gap", end="")
    print(f"; the networks' process is busy {busy / clock:.0%} of the time" if service else "")


def wanted(pid: int | None) -> float:
    """Seconds in which a process's threads ran or waited for a core."""
    if pid is None:
        return 0.0
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(sum(map(int, file.read_text().split()[:2])) for file in files) / 1e9


def processor_time(pids: list[int]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_gaps_through_the_network_together(precision: str, one_thread: None) -> None:
    """Printed: processor time per gap of a call for several gaps, and whether the scores are those of single calls."""
    models = load_models(*default_pair(), AiddSettings(precision=precision, device="cpu"), Progress())
    length, states = 310, models.score.config.tokens
    tokens = torch.randint(0, states, (16, length), generator=torch.Generator().manual_seed(0))
    places = torch.arange(150, 165)
    tokens[:, places] = states
    sigma = torch.linspace(0.1, 2, 16)
    with torch.inference_mode():
        alone = torch.cat([models.score(tokens[row, None], sigma[row, None], places) for row in range(16)])
        for rows in (1, 4, 8, 16):
            times = []
            for _ in range(5):
                progress = Stopwatch()
                together = progress.around(models.score)(tokens[:rows], sigma[:rows], places)
                times.append(progress.seconds)
            told = "equal" if torch.equal(together, alone[:rows]) else "differ"
            print(f"\n{precision}, {rows} gaps a call: {1000 * min(times) / rows:.0f} ms per gap; scores {told}")


class Stopwatch:
    """Adds up the processor time of calls."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, its time added."""

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.process_time()
            try:
                return work(*arguments, **named)
            finally:
                self.seconds += time.process_time() - started

        return timed
