"""A batch ends every file in one of three ways, goes on after a kill, and gives the same files however it is run."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from aidd_studio.errors import Cancelled, FileWriteError, UsageError
from aidd_studio.progress import Progress
from aidd_studio.restoration.batch import BatchItem, BatchSettings, collect, path_collisions, restore_file, run_batch
from aidd_studio.restoration.batch.journal import BatchJournal
from aidd_studio.restoration.batch.pool import init_worker
from aidd_studio.restoration.batch.report import report_data, report_html, write_report
from tests.waiting import until

RATE = 8000
SETTINGS = BatchSettings(engine="autoregressive")


def record(path: Path, seed: int, damaged: bool = True) -> None:
    rng = np.random.default_rng(seed)
    time_axis = np.arange(RATE) / RATE
    sound = 0.3 * np.sin(2 * np.pi * rng.uniform(200, 900) * time_axis) + 0.005 * rng.standard_normal(RATE)
    if damaged:
        start = int(rng.integers(2000, 5000))
        sound[start : start + 160] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, RATE, subtype="PCM_16")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    for index in range(4):
        record(folder / f"side{index % 2}" / f"take{index}.wav", index)
    record(folder / "whole.flac", 9, damaged=False)
    (folder / "broken.wav").write_bytes(b"RIFFnothing")
    (folder / "notes.txt").write_text("not a recording")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*")) if path.is_file()}


def test_every_file_ends_in_exactly_one_way_and_none_stops_the_rest(archive: Path, tmp_path: Path) -> None:
    items = collect([archive], tmp_path / "out", recursive=True)
    ended = {item.source.name: outcome for item, outcome in run_batch(items, SETTINGS)}
    assert {name: outcome.status for name, outcome in ended.items()} == {
        "take0.wav": "restored",
        "take1.wav": "restored",
        "take2.wav": "restored",
        "take3.wav": "restored",
        "whole.flac": "nothing to do",
        "broken.wav": "failed",
    }
    assert "broken.wav" in ended["broken.wav"].reason
    written = [str(path.relative_to(tmp_path / "out")) for path in sorted((tmp_path / "out").rglob("*.wav"))]
    assert written == [f"side{index % 2}/take{index}_restored.wav" for index in (0, 2, 1, 3)]


def test_the_outputs_do_not_depend_on_the_number_of_jobs(archive: Path, tmp_path: Path) -> None:
    for jobs in (1, 2):
        items = collect([archive], tmp_path / f"jobs{jobs}", recursive=True)
        assert len(list(run_batch(items, SETTINGS, jobs))) == len(items)
    assert contents(tmp_path / "jobs1") == contents(tmp_path / "jobs2")


def test_a_file_restored_under_another_name_sounds_the_same(archive: Path, tmp_path: Path) -> None:
    source = archive / "side0" / "take0.wav"
    copy = tmp_path / "copy.wav"
    copy.write_bytes(source.read_bytes())
    for path in (source, copy):
        restore_file(BatchItem(path, tmp_path / f"{path.parent.name}.wav"), SETTINGS)
    assert (tmp_path / "side0.wav").read_bytes() == (tmp_path / f"{tmp_path.name}.wav").read_bytes()


def test_existing_results_are_kept_unless_overwrite_is_asked_for(archive: Path, tmp_path: Path) -> None:
    items = collect([archive / "side0" / "take0.wav"], tmp_path / "out")
    items[0].target.parent.mkdir()
    items[0].target.write_bytes(b"dear to somebody")
    ((_, outcome),) = run_batch(items, SETTINGS)
    assert outcome.status == "failed" and "--overwrite" in outcome.reason
    assert items[0].target.read_bytes() == b"dear to somebody"
    ((_, outcome),) = run_batch(items, replace(SETTINGS, overwrite=True))
    assert outcome.status == "restored"


def test_a_dry_run_writes_nothing_and_lists_the_gaps(archive: Path, tmp_path: Path) -> None:
    items = collect([archive], tmp_path / "out", recursive=True)
    outcomes = [outcome for _, outcome in run_batch(items, replace(SETTINGS, dry_run=True))]
    assert sum(len(outcome.gaps) for outcome in outcomes) == 4
    assert not (tmp_path / "out").exists()


def test_all_results_can_have_one_format(archive: Path, tmp_path: Path) -> None:
    items = collect([archive / "side0"], tmp_path / "out", suffix=".flac")
    assert [outcome.status for _, outcome in run_batch(items, SETTINGS)] == ["restored", "restored"]
    assert {soundfile.info(item.target).format for item in items} == {"FLAC"}
    with pytest.raises(UsageError, match="must end in"):
        collect([archive / "side0"], tmp_path / "out", pattern="{stem}.wav", suffix=".flac")


def test_a_batch_that_is_held_begins_no_further_recording(archive: Path, tmp_path: Path) -> None:
    items = collect([archive / "side0", archive / "side1"], tmp_path / "out")
    asked: list[int] = []
    told: list[float] = []

    def hold() -> bool:
        asked.append(len(list((tmp_path / "out").glob("*.wav"))))
        return len(asked) < 4

    ended = run_batch(items, SETTINGS, hold=hold, notify=lambda _item, fraction: told.append(fraction))
    assert len(list(ended)) == 4
    assert asked[:4] == [0, 0, 0, 0], "nothing was begun while it was held"
    assert max(told) == 1.0


def test_cancelling_worker_processes_leaves_nothing_half_written(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    for index in range(8):
        record(folder / f"take{index}.wav", index)
    items = collect([folder], tmp_path / "out")
    progress, told = Progress(), list[float]()
    ended = run_batch(items, SETTINGS, 2, progress=progress, notify=lambda _item, fraction: told.append(fraction))
    outcomes = [next(ended)]
    progress.cancel()
    with pytest.raises(Cancelled):
        outcomes.extend(ended)
    written = sorted((tmp_path / "out").iterdir())
    assert 1 <= len(outcomes) <= len(written) < 8
    assert all(path in {item.target for item in items} for path in written), "no temporary file is left"
    assert all(soundfile.info(path).frames == RATE for path in written)


def test_a_result_that_was_changed_since_is_not_replaced_when_resuming(archive: Path, tmp_path: Path) -> None:
    items = collect([archive / "side0" / "take0.wav"], tmp_path / "out")
    path = tmp_path / "out" / "journal.jsonl"
    with BatchJournal(path, SETTINGS) as journal:
        list(run_batch(items, SETTINGS, journal=journal))
    record(items[0].source, 55)
    with BatchJournal(path, SETTINGS) as journal:
        ((_, outcome),) = run_batch(items, SETTINGS, journal=journal)
    assert outcome.status == "restored", "its own output may be replaced when the source has changed"
    items[0].target.write_bytes(b"edited by hand")
    with BatchJournal(path, SETTINGS) as journal:
        ((_, outcome),) = run_batch(items, SETTINGS, journal=journal)
    assert outcome.status == "failed" and "exists" in outcome.reason
    assert items[0].target.read_bytes() == b"edited by hand"


def test_include_and_pattern_choose_files_and_names(archive: Path, tmp_path: Path) -> None:
    items = collect([archive], tmp_path / "out", recursive=True, include="take[01].wav", pattern="{stem}{suffix}")
    assert [item.target.name for item in items] == ["take0.wav", "take1.wav"]


@pytest.mark.parametrize(
    "pattern", ["{name}", "../{stem}{suffix}", "a/{stem}", "", "{", "same.wav", "{stem}", "{stem}.m4a"]
)
def test_a_pattern_that_makes_no_good_names_is_refused(archive: Path, tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError):
        collect([archive], tmp_path / "out", recursive=True, include="take*.wav", pattern=pattern)


def test_no_result_may_replace_another_recording(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "take0_restored.wav").symlink_to(archive / "side0" / "take2.wav")
    with pytest.raises(UsageError, match="would replace"):
        collect([archive / "side0"], tmp_path / "out")


@pytest.mark.skipif(sys.platform != "linux", reason="a disk that tells such names apart")
@pytest.mark.parametrize("alike", [False, True])
def test_results_that_a_disk_takes_for_one_name_never_replace_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alike: bool
) -> None:
    names = ["Take.wav", "take.wav", "\u00e9.wav", "e\u0301.wav", "other.wav"]
    for seed, name in enumerate(names):
        record(tmp_path / "archive" / name, seed)
    assert not path_collisions.folds_names(tmp_path), "the disk of these tests tells them apart"
    if alike:  # as Windows' and Apple's disks do; none can be had here
        monkeypatch.setattr(path_collisions, "folds_names", lambda _folder: True)
    items = collect([tmp_path / "archive"], tmp_path / "out")
    ended = {item.source.name: outcome.status for item, outcome in run_batch(items, SETTINGS)}
    failed = [name for name in names if ended[name] == "failed"]
    assert failed == (["take.wav", "\u00e9.wav"] if alike else [])
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {name.replace(".wav", "_restored.wav") for name in names if name not in failed}


def test_a_link_in_a_results_place_is_kept_and_with_overwrite_written_through(archive: Path, tmp_path: Path) -> None:
    items = collect([archive / "side0" / "take0.wav"], tmp_path / "out")
    for folder in ("out", "elsewhere"):
        (tmp_path / folder).mkdir()
    items[0].target.symlink_to(tmp_path / "elsewhere" / "real.wav")
    ((_, outcome),) = run_batch(items, SETTINGS)
    assert outcome.status == "failed" and "--overwrite" in outcome.reason
    ((_, outcome),) = run_batch(items, replace(SETTINGS, overwrite=True))
    assert outcome.status == "restored" and items[0].target.is_symlink()
    assert soundfile.info(tmp_path / "elsewhere" / "real.wav").frames == RATE


def test_results_are_never_taken_for_sources(archive: Path) -> None:
    first = collect([archive], archive / "restored", recursive=True)
    assert len(list(run_batch(first, SETTINGS))) == len(first)
    assert [item.source for item in collect([archive], archive / "restored", recursive=True)] == [
        item.source for item in first
    ]


def test_resuming_redoes_only_what_is_not_finished(archive: Path, tmp_path: Path) -> None:
    items = collect([archive], tmp_path / "out", recursive=True)
    path = tmp_path / "out" / "journal.jsonl"
    with BatchJournal(path, SETTINGS) as journal:
        list(run_batch(items, SETTINGS, journal=journal))
    changed = next(item for item in items if item.source.name == "take1.wav")
    untouched = next(item for item in items if item.source.name == "take0.wav")
    written = untouched.target.stat().st_mtime_ns
    record(changed.source, 77)
    with BatchJournal(path, SETTINGS) as journal:
        assert journal.finished(untouched) is not None
        assert journal.finished(changed) is None
        list(run_batch(items, SETTINGS, journal=journal))
    assert untouched.target.stat().st_mtime_ns == written
    with BatchJournal(path, replace(SETTINGS, seed=1)) as journal:
        assert journal.finished(untouched) is None, "other settings make other outputs"
        ((_, outcome),) = run_batch([untouched], replace(SETTINGS, seed=1), journal=journal)
    assert outcome.status == "failed" and "made with other settings" in outcome.reason


def test_finished_files_are_known_from_wherever_a_batch_is_started(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out" / "journal.jsonl"
    with BatchJournal(path, SETTINGS) as journal:
        list(run_batch(collect([archive / "side0"], tmp_path / "out"), SETTINGS, journal=journal))
    monkeypatch.chdir(archive)
    with BatchJournal(Path("../out/journal.jsonl"), SETTINGS) as journal:
        again = [
            outcome for _, outcome in run_batch(collect([Path("side0")], Path("../out")), SETTINGS, journal=journal)
        ]
    assert [outcome.earlier for outcome in again] == [True, True]


def test_what_a_killed_run_left_half_written_is_removed_and_nothing_else(archive: Path, tmp_path: Path) -> None:
    items = collect([archive / "side0"], tmp_path / "out")
    (tmp_path / "out").mkdir()
    journal = tmp_path / "out" / "journal.jsonl"
    with BatchJournal(journal, SETTINGS) as killed:
        killed.plan(items)
    kept = [".take9_restored.0a1b2c3d.wav", ".take0_restored.0a1b2c3d.flac", ".take0_restored.mine.wav"]
    for name in (*kept, ".take0_restored.0a1b2c3d.wav", ".take2_restored.deadbeef.wav"):
        (tmp_path / "out" / name).write_bytes(b"half")
    with BatchJournal(journal, SETTINGS) as resumed:
        list(run_batch(items, SETTINGS, journal=resumed))
    assert sorted(path.name for path in (tmp_path / "out").glob(".*")) == sorted(kept)


def test_a_second_batch_into_one_folder_is_reported_and_takes_nothing_from_the_first(
    archive: Path, tmp_path: Path
) -> None:
    items = collect([archive / "side0"], tmp_path / "out")
    path = tmp_path / "out" / "journal.jsonl"
    with BatchJournal(path, SETTINGS) as first:
        with pytest.raises(FileWriteError, match="Another batch is writing"), BatchJournal(path, SETTINGS, fresh=True):
            pass
        list(run_batch(items, SETTINGS, journal=first))
    with BatchJournal(path, SETTINGS) as later:
        assert all(later.finished(item) for item in items)


CHILD = """
import sys
from pathlib import Path
from aidd_studio.restoration.batch import BatchSettings, collect, run_batch
from aidd_studio.restoration.batch.journal import BatchJournal
source, output = Path(sys.argv[1]), Path(sys.argv[2])
settings = BatchSettings(engine="autoregressive")
with BatchJournal(output / "journal.jsonl", settings) as journal:
    print("ready", flush=True)
    outcomes = [outcome for _, outcome in run_batch(collect([source], output), settings, journal=journal)]
print({outcome.status for outcome in outcomes}, len(outcomes))
"""


def test_after_kill_9_at_20_random_moments_the_outputs_are_those_of_an_undisturbed_run(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    for index in range(50):
        record(folder / f"take{index:02}.wav", index)
    undisturbed = collect([folder], tmp_path / "undisturbed")
    started = time.perf_counter()
    list(run_batch(undisturbed, SETTINGS))
    whole = time.perf_counter() - started

    rng = np.random.default_rng(20)
    command = [sys.executable, "-c", CHILD, str(folder), str(tmp_path / "disturbed")]
    kills = 0
    while kills < 20:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(float(rng.uniform(0, whole / 8)))
        alive = process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        kills += 1
        if not alive:
            break
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "{'restored'} 50"
    disturbed = {name: data for name, data in contents(tmp_path / "disturbed").items() if name.endswith(".wav")}
    assert disturbed == contents(tmp_path / "undisturbed")
    left = {path.name for path in (tmp_path / "disturbed").iterdir()}
    assert left == {item.target.name for item in undisturbed} | {"journal.jsonl"}, "nothing half-written is left"


def test_a_worker_that_is_killed_costs_nothing_but_time(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    for index in range(12):
        record(folder / f"take{index:02}.wav", index)
    items = collect([folder], tmp_path / "out")
    outcomes = []
    for _, outcome in run_batch(items, SETTINGS, 2):
        outcomes.append(outcome)
        if len(outcomes) == 2:
            (tmp_path / "out" / ".take11_restored.0a1b2c3d.wav").touch()  # as one leaves it that dies in mid-write
            children = subprocess.run(
                ["pgrep", "-P", str(os.getpid()), "-f", "spawn_main"], capture_output=True, text=True
            )
            os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
    assert [outcome.status for outcome in outcomes] == ["restored"] * 12
    assert len({outcome.target for outcome in outcomes}) == 12
    assert {path.name for path in (tmp_path / "out").iterdir()} == {item.target.name for item in items}


def test_workers_end_with_a_batch_that_is_killed_and_leave_nothing_half_written(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    for index in range(60):
        record(folder / f"take{index:02}.wav", index)
    code = CHILD.replace("journal=journal)", "jobs=2, journal=journal)")
    main = tmp_path / "main.py"
    body = "\n".join("    " + line for line in code.splitlines())
    main.write_text(f"if __name__ == '__main__':\n{body}\n")
    process = subprocess.Popen([sys.executable, main, folder, tmp_path / "out"], stdout=subprocess.PIPE, text=True)
    until(lambda: len(list((tmp_path / "out").glob("*.wav"))) > 2)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    process.communicate()
    until(lambda: not any(worker.is_running() for worker in workers))
    written = list((tmp_path / "out").iterdir())
    assert {path.suffix for path in written} == {".wav", ".jsonl", ".lock"}
    assert 2 < len(written) < 60
    assert all(soundfile.info(path).frames == RATE for path in written if path.suffix == ".wav")


def test_a_worker_keeps_to_one_thread_also_in_torch_which_it_loads_later() -> None:
    board = multiprocessing.get_context("spawn").RawArray("d", 1)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), init_worker, (board,)) as pool:
        assert pool.submit(torch_threads).result() == 1


def torch_threads() -> int:
    import torch

    return torch.get_num_threads()


def test_the_report_lists_every_file_and_escapes_its_name(archive: Path, tmp_path: Path) -> None:
    record(archive / "<b>bold & loud.wav", 5)
    items = collect([archive], tmp_path / "out", recursive=True)
    settings = replace(SETTINGS, pictures=True)
    outcomes = [outcome for _, outcome in run_batch(items, settings)]
    page = report_html(outcomes, settings)
    assert "&lt;b&gt;bold &amp; loud.wav" in page and "<b>bold" not in page
    assert page.count("data:image/png;base64,") == 5
    write_report(tmp_path / "report.html", outcomes, settings)
    data = json.loads((tmp_path / "report.json").read_text())
    assert data == json.loads(json.dumps(report_data(outcomes, settings)))
    assert data["totals"]["restored"] == 5 and data["totals"]["failed"] == 1
    assert "picture" not in json.dumps(data)


def test_a_cluster_finishes_although_a_worker_is_killed(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    folder = tmp_path / "archive"
    for index in range(16):
        record(folder / f"take{index:02}.wav", index)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        items = collect([folder], tmp_path / "out")
        outcomes = []
        for _, outcome in run_batch(items, SETTINGS, scheduler=cluster.scheduler_address):
            outcomes.append(outcome)
            if len(outcomes) == 3:
                os.kill(next(iter(cluster.workers.values())).process.pid, signal.SIGKILL)
    assert [outcome.status for outcome in outcomes] == ["restored"] * 16
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(item.target.name for item in items)
    alone = collect([folder], tmp_path / "alone")
    list(run_batch(alone, SETTINGS))
    assert contents(tmp_path / "alone") == contents(tmp_path / "out")
