"""A batch with the bundled neural models: the same files however it is run, wherever the gaps lie."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aidd_studio.audio.files.reading import read
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.registry import create_engine
from aidd_studio.restoration.batch import BatchSettings, collect, run_batch
from aidd_studio.restoration.batch.journal import JOURNAL_NAME
from aidd_studio.restoration.batch.network_process import Choice
from aidd_studio.restoration.batch.pool import Workers
from aidd_studio.restoration.restore import restore
from tests.waiting import until

SETTINGS = BatchSettings(engine="aidd", engine_settings={"device": "cpu", "steps": 2})
needs_models = pytest.mark.skipif(create_engine("aidd").unavailable() is not None, reason="no bundled models here")


@pytest.fixture
def archive(demo: Path, tmp_path: Path) -> Path:
    """Two excerpts of the demo with holes of 60 ms, twice so far apart that one's context begins with the other."""
    folder = tmp_path / "archive"
    folder.mkdir()
    sound, rate = soundfile.read(demo / "original.flac", dtype="int16", stop=12 * 44_100)
    for name, start, holes in (("apart", 2, (1.0, 3.0)), ("single", 7, (1.5,))):
        piece = sound[start * rate : start * rate + 4 * rate].copy()
        for hole in holes:
            piece[round(hole * rate) : round((hole + 0.06) * rate)] = 0
        soundfile.write(folder / f"{name}.wav", piece, rate)
    return folder


@needs_models
def test_the_outputs_do_not_depend_on_the_number_of_jobs_or_the_files_beside(archive: Path, tmp_path: Path) -> None:
    found = []
    for jobs in (1, 2):
        items = collect([archive], tmp_path / f"jobs{jobs}")
        ended = {item.source.stem: outcome for item, outcome in run_batch(items, SETTINGS, jobs)}
        assert {name: (outcome.status, outcome.reason) for name, outcome in ended.items()} == {
            "apart": ("restored", ""),
            "single": ("restored", ""),
        }
        assert [len(ended[name].gaps) for name in ("apart", "single")] == [2, 1]
        found.append([item.target.read_bytes() for item in items])
    (alone,) = collect([archive / "single.wav"], tmp_path / "alone")
    assert [outcome.status for _, outcome in run_batch([alone], SETTINGS)] == ["restored"]
    assert found[0] == found[1]
    assert alone.target.read_bytes() == found[0][1]


def restored(sources: list[Path], output: Path, jobs: int, networks: Choice) -> dict[str, bytes]:
    items = collect(sources, output)
    ended = [outcome for _, outcome in run_batch(items, SETTINGS, jobs, networks=networks)]
    assert [(outcome.status, outcome.reason) for outcome in ended] == [("restored", "")] * len(items)
    return {item.source.name: item.target.read_bytes() for item in items}


@needs_models
def test_one_process_with_the_networks_for_all_gives_what_each_with_its_own_gives(
    archive: Path, tmp_path: Path
) -> None:
    own = restored([archive], tmp_path / "own", 2, "own")
    assert restored([archive], tmp_path / "shared", 2, "shared") == own


@needs_models
def test_gaps_of_several_files_in_one_call_give_the_same_for_any_jobs_and_company(
    archive: Path, tmp_path: Path
) -> None:
    found = [restored([archive], tmp_path / f"jobs{jobs}", jobs, "joint") for jobs in (1, 3)]
    assert found[0] == found[1]
    alone = restored([archive / "single.wav"], tmp_path / "alone", 2, "joint")
    assert alone["single.wav"] == found[0]["single.wav"]


@needs_models
def test_when_the_process_of_the_networks_is_killed_the_workers_go_on_alike(archive: Path, tmp_path: Path) -> None:
    undisturbed = restored([archive], tmp_path / "undisturbed", 1, "joint")
    items = collect([archive], tmp_path / "disturbed")
    with Workers(1, "joint") as workers:
        outcomes = []
        for _, outcome in run_batch(items, SETTINGS, workers=workers):
            outcomes.append(outcome.status)
            service = workers.network_process
            if service is not None and service.pid and len(outcomes) == 1:
                os.kill(service.pid, signal.SIGTERM)
    assert outcomes == ["restored"] * 2
    assert {item.source.name: item.target.read_bytes() for item in items} == undisturbed


@pytest.fixture
def takes(demo: Path, tmp_path: Path) -> Path:
    """Eight excerpts of one second with a hole of 60 ms."""
    folder = tmp_path / "takes"
    folder.mkdir()
    sound, rate = soundfile.read(demo / "original.flac", dtype="int16", stop=12 * 44_100)
    for number in range(8):
        piece = sound[(2 + number) * rate : (3 + number) * rate, 0].copy()
        piece[15_000 + 1_000 * number :][: round(0.06 * rate)] = 0
        soundfile.write(folder / f"take{number}.wav", piece, rate)
    return folder


def killed_and_resumed(sources: Path, output: Path, networks: Choice, kills: int) -> int:
    """Run the command, kill it so often and let it end then; how many of the kills met it at work."""
    command = [sys.executable, "-m", "aidd_studio", "batch", str(sources), "-o", str(output), "--engine", "aidd"]
    command += ["--networks", networks, "--jobs", "1"]
    rng = np.random.default_rng(8)
    met = 0
    for number in range(kills):
        finished = 3 * number + int(rng.integers(1, 3))
        process = subprocess.Popen([*command, *["--resume"] * (number > 0)], stderr=subprocess.DEVNULL)
        until(lambda: process.poll() is not None or len(list(output.glob("[!.]*.wav"))) >= finished)  # noqa: B023
        with suppress(subprocess.TimeoutExpired):
            process.wait(float(rng.uniform(0, 0.25)))
        met += process.poll() is None
        process.kill()
        process.wait()
    subprocess.run([*command, "--resume"], check=True, capture_output=True)
    return met


@needs_models
def test_after_kill_9_and_resume_the_results_are_those_of_an_undisturbed_run(takes: Path, tmp_path: Path) -> None:
    """The three kinds of run at once, as most of their time is spent on loading models."""
    kills: dict[Choice, int] = {"own": 2, "shared": 1}
    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(killed_and_resumed, takes, tmp_path / place, place, count) for place, count in kills.items()
        ]
        items = collect([takes], tmp_path / "undisturbed")
        ended = [outcome for _, outcome in run_batch(items, BatchSettings(engine="aidd"))]
        assert [(outcome.status, outcome.reason) for outcome in ended] == [("restored", "")] * 8
        assert min(run.result() for run in runs) >= 1, "no kill met a batch at work"
    for place in kills:
        left = {path.name for path in (tmp_path / place).iterdir()}
        assert left == {item.target.name for item in items} | {JOURNAL_NAME}, "nothing half-written is left"
        for item in items:
            assert (tmp_path / place / item.target.name).read_bytes() == item.target.read_bytes()


@needs_models
@pytest.mark.parametrize("at", ["start", "end"])
def test_a_gap_without_sound_on_one_side_is_filled_from_the_other(archive: Path, at: str) -> None:
    clip = read(archive / "single.wav")
    gap = Damage(0, 3000) if at == "start" else Damage(clip.frames - 3000, clip.frames)
    restored = restore(clip, [gap], "aidd", settings=SETTINGS.engine_settings).clip.samples[:, gap.start : gap.end]
    assert np.isfinite(restored).all() and np.sqrt(np.mean(restored**2)) > 0.001
