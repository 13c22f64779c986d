"""What goes wrong around a batch costs the file it goes wrong with, or is told in a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aidd_studio.errors import FileWriteError
from aidd_studio.restoration.batch import BatchSettings, Outcome, collect, one_file, run_batch
from aidd_studio.restoration.batch.journal import BatchJournal
from aidd_studio.restoration.restore import restore

RATE = 8000
NOBODY = 65534
SETTINGS = BatchSettings(engine="autoregressive")
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX's limits and rights")


def record(path: Path, seconds: int = 1) -> None:
    sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE * seconds) / RATE)
    sound[4000:4160] = 0
    soundfile.write(path, sound, RATE, subtype="PCM_16")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for name in "abc":
        record(folder / f"{name}.wav")
    return folder


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 28 kilobytes: one result and a journal."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=28k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def is_one_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text and len(text) < 400


def test_a_full_disk_is_reported_for_every_file_and_leaves_nothing_half_written(archive: Path, full: Path) -> None:
    before = {path.name: path.read_bytes() for path in archive.iterdir()}
    items = collect([archive], full)
    ended = [outcome for _, outcome in run_batch(items, SETTINGS)]
    assert [outcome.status for outcome in ended] == ["restored", "failed", "failed"]
    assert all("disk is full" in outcome.reason and is_one_sentence(outcome.reason) for outcome in ended[1:])
    assert [path.name for path in full.iterdir()] == ["a_restored.wav"]
    assert {path.name: path.read_bytes() for path in archive.iterdir()} == before


def test_a_disk_too_full_for_the_journal_is_reported_and_a_later_run_goes_on(archive: Path, full: Path) -> None:
    items = collect([archive], full)
    filling = full / "others"
    with pytest.raises(FileWriteError, match="make room") as error, BatchJournal(full / "j", SETTINGS) as journal:
        for count, _ in enumerate(run_batch(items[:1], SETTINGS, journal=journal)):
            assert count == 0
        with filling.open("wb") as file:
            while os.statvfs(full).f_bavail:
                file.write(bytes(4096))
                file.flush()
        for _ in range(100):
            journal.plan(items)
    assert is_one_sentence(str(error.value))
    filling.unlink()
    with BatchJournal(full / "j", SETTINGS) as journal:
        assert journal.finished(items[0]) is not None


@posix
def test_a_folder_without_permission_is_reported_before_any_work(archive: Path) -> None:
    locked = Path(tempfile.mkdtemp())
    locked.chmod(0o755 if os.geteuid() == 0 else 0o555)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(NOBODY)
        with pytest.raises(FileWriteError, match="choose another folder") as error:
            BatchJournal(locked / "out" / "journal.jsonl", SETTINGS).__enter__()
    finally:
        if root:
            os.seteuid(0)
        locked.chmod(0o755)
        shutil.rmtree(locked)
    assert is_one_sentence(str(error.value))


def test_a_file_in_the_place_of_the_output_folder_is_reported(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("dear to somebody")
    with pytest.raises(FileWriteError) as error:
        BatchJournal(tmp_path / "out" / "journal.jsonl", SETTINGS, fresh=True).__enter__()
    assert is_one_sentence(str(error.value))
    assert (tmp_path / "out").read_text() == "dear to somebody"


def test_a_recording_that_is_deleted_before_its_turn_costs_only_itself(archive: Path, tmp_path: Path) -> None:
    items = collect([archive], tmp_path / "out")
    (archive / "b.wav").unlink()
    ended = {item.source.name: outcome for item, outcome in run_batch(items, SETTINGS)}
    assert {name: outcome.status for name, outcome in ended.items()} == {
        "a.wav": "restored",
        "b.wav": "failed",
        "c.wav": "restored",
    }
    assert is_one_sentence(ended["b.wav"].reason) and "does not exist" in ended["b.wav"].reason


def test_an_engine_that_fails_unexpectedly_costs_only_the_file_at_hand(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = collect([archive], tmp_path / "out")
    calls: list[int] = []

    def fail_once(*arguments: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError("float division by zero")
        return restore(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(one_file, "restore", fail_once)
    ended = [outcome for _, outcome in run_batch(items, SETTINGS)]
    assert [outcome.status for outcome in ended] == ["restored", "failed", "restored"]
    assert ended[1].reason == "Unexpected: ZeroDivisionError: float division by zero"


SMALL = """
import resource, sys
from pathlib import Path
from aidd_studio.restoration.batch import BatchItem, BatchSettings, restore_file
from aidd_studio.cli.main import app
settings = BatchSettings(engine="autoregressive", overwrite=True)
folder = Path(sys.argv[1])
assert restore_file(BatchItem(folder / "a.wav", folder / "warm.wav"), settings).status == "restored"
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 50_000_000, resource.RLIM_INFINITY))
if sys.argv[2] == "batch":
    for name in ("long.wav", "a.wav"):
        outcome = restore_file(BatchItem(folder / name, folder / "out.wav"), settings)
        print(outcome.status, outcome.reason)
else:
    app(["restore", str(folder / "long.wav"), "-o", str(folder / "out.wav"), "--engine", "autoregressive"])
"""


def in_little_memory(archive: Path, door: str) -> subprocess.CompletedProcess[str]:
    record(archive / "long.wav", 4 * 3600)  # 460 MB of samples
    return subprocess.run([sys.executable, "-c", SMALL, archive, door], capture_output=True, text=True, timeout=200)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux' limit of memory")
def test_a_recording_too_large_for_the_memory_fails_and_the_next_is_restored(archive: Path) -> None:
    done = in_little_memory(archive, "batch")
    first, second = done.stdout.splitlines()
    assert first.startswith("failed ") and "of memory; split it into parts." in first
    assert second == "restored "


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux' limit of memory")
def test_the_command_line_says_that_a_recording_is_too_large_for_the_memory(archive: Path) -> None:
    done = in_little_memory(archive, "command line")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "of memory; split it into parts." in done.stderr.replace("\n", " ")
    assert not (archive / "out.wav").exists()


def test_outcomes_of_a_clock_that_jumped_back_are_still_known(archive: Path, tmp_path: Path) -> None:
    items = collect([archive], tmp_path / "out")
    for item in items:
        os.utime(item.source, (4e9, 4e9))  # recorded in the year 2096
    path = tmp_path / "out" / "journal.jsonl"
    with BatchJournal(path, SETTINGS) as journal:
        list(run_batch(items, SETTINGS, journal=journal))
    os.utime(path, (1e9, 1e9))
    with BatchJournal(path, SETTINGS) as journal:
        known = [journal.finished(item) for item in items]
    assert all(isinstance(outcome, Outcome) and outcome.seconds >= 0 for outcome in known)
