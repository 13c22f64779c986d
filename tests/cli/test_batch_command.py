"""`aidd-studio batch`, as a person types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
from typer.testing import CliRunner, Result

from aidd_studio.audio.files.reading import read
from aidd_studio.audio.files.tags import write_tags
from aidd_studio.cli.batch import Arrivals
from aidd_studio.cli.main import app
from aidd_studio.restoration.batch import BatchItem
from tests.waiting import until

RATE = 16000
PROGRAM = (sys.executable, "-m", "aidd_studio")


def batch(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["batch", *map(str, arguments), "--engine", "autoregressive", "--jobs", "1"])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A second of sound with a hole in 24-bit FLAC with a title and, a folder below, as WAV."""
    rng = np.random.default_rng(1)
    sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE) + 0.01 * rng.standard_normal(RATE)
    sound[8000:8160] = 0
    (tmp_path / "archive" / "disc 2").mkdir(parents=True)
    flac = tmp_path / "archive" / "a.flac"
    soundfile.write(flac, sound, RATE, subtype="PCM_24")
    write_tags(flac, "FLAC", "", {"title": ("Side A",)})
    soundfile.write(tmp_path / "archive" / "disc 2" / "b.wav", sound, RATE, subtype="PCM_16")
    return tmp_path / "archive"


def test_all_results_get_the_format_that_was_asked_for(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    done = batch(archive, "-o", output, "--recursive", "--format", "wav", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["totals"]["restored"] == 2
    written = sorted(path for path in output.rglob("*.*") if not path.name.startswith("."))
    assert [str(path.relative_to(output)) for path in written] == ["a_restored.wav", "disc 2/b_restored.wav"]
    assert [soundfile.info(path).subtype for path in written] == ["PCM_24", "PCM_16"]
    before, after = read(archive / "a.flac"), read(written[0])
    assert after.source is not None and after.source.tags["title"] == ("Side A",)
    changed = np.flatnonzero((before.samples != after.samples).any(axis=0))
    assert changed.min() > 7900 and changed.max() < 8260


def test_without_a_format_every_result_has_that_of_its_source(archive: Path, tmp_path: Path) -> None:
    assert batch(archive, "-o", tmp_path / "out", "--recursive").exit_code == 0
    written = sorted((tmp_path / "out").rglob("*_restored.*"))
    assert [soundfile.info(path).format for path in written] == ["FLAC", "WAV"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--format", "mp4"), "wav or flac"),
        (("--format", "flac", "--pattern", "{stem}.wav"), "must end in {suffix}"),
    ],
)
def test_a_format_that_cannot_be_is_refused_before_anything_is_done(
    archive: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    refused = batch(archive, "-o", tmp_path / "out", *arguments)
    assert refused.exit_code == 2
    assert told in refused.stderr and refused.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("frozen", "told"), [(False, "pip install"), (True, "installed application brings no Dask")])
def test_a_cluster_without_dask_says_how_to_install_it(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frozen: bool, told: str
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    refused = batch(archive, "-o", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1")
    assert refused.exit_code == 1
    assert told in refused.stderr.replace("\n", " ") and "Traceback" not in refused.output


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent as a signal")
def test_a_watched_folder_is_worked_off_by_processes_that_stay(archive: Path, tmp_path: Path) -> None:
    inbox, output = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    arguments = ["batch", str(inbox), "-o", str(output), "--watch", "--jobs", "1", "--engine", "autoregressive"]
    said = tmp_path / "said"
    with said.open("w") as stderr:
        watching = subprocess.Popen([*PROGRAM, *arguments], stderr=stderr)

    def workers() -> set[int]:
        children = psutil.Process(watching.pid).children(recursive=True)
        return {child.pid for child in children if "spawn_main" in " ".join(child.cmdline())}

    found = []
    for name in ("first", "second"):
        (inbox / f"{name}.flac").write_bytes((archive / "a.flac").read_bytes())
        until((output / f"{name}_restored.flac").exists)
        found.append(workers())
    before = (output / "first_restored.flac").stat().st_mtime_ns
    samples, rate = soundfile.read(inbox / "first.flac")
    soundfile.write(inbox / "first.flac", samples / 2, rate)  # somebody thought better of it
    until(lambda: (output / "first_restored.flac").stat().st_mtime_ns != before)
    (inbox / "broken.wav").write_bytes(b"RIFFnothing")
    until(lambda: "broken.wav" in said.read_text())
    watching.send_signal(signal.SIGINT)
    watching.wait(timeout=60)
    assert found[0] == found[1] and len(found[0]) == 1
    assert watching.returncode == 1 and "3 restored, 0 with nothing to do, 1 failed." in said.read_text()
    assert "Traceback" not in said.read_text()


def test_a_watch_takes_a_file_once_it_no_longer_grows_and_again_when_it_was_changed(tmp_path: Path) -> None:
    growing = tmp_path / "growing.wav"
    items = [BatchItem(growing, tmp_path / "out.wav"), BatchItem(tmp_path / "gone.wav", tmp_path / "gone out.wav")]
    growing.touch()
    arrivals, told = Arrivals(), []
    for content in (b"", b"half", b"whole", b"whole", b"whole", b"mended", b"mended", b"mended"):
        if growing.read_bytes() != content:
            growing.write_bytes(content)
        told.append([item.source.name for item in arrivals.complete(lambda: items)])
    assert told == [[], [], [], ["growing.wav"], [], [], ["growing.wav"], []]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent as a signal")
def test_what_was_restored_before_ctrl_c_stays_and_the_rest_is_resumed(archive: Path, tmp_path: Path) -> None:
    for number in range(60):
        (archive / f"copy{number}.flac").write_bytes((archive / "a.flac").read_bytes())
    output = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "aidd_studio",
        "batch",
        str(archive),
        "-o",
        str(output),
        "--engine",
        "autoregressive",
    ]
    work = subprocess.Popen([*command, "--jobs", "2"], stderr=subprocess.PIPE, text=True, start_new_session=True)
    until(lambda: len(list(output.glob("[!.]*.flac"))) > 1)
    os.killpg(work.pid, signal.SIGINT)  # as a terminal does, to the workers too
    try:
        work.wait(0.05)
    except subprocess.TimeoutExpired:
        os.killpg(work.pid, signal.SIGINT)  # a person in a hurry
    _, said = work.communicate(timeout=60)
    assert work.returncode == 130 and "Traceback" not in said
    assert said.splitlines()[-1] == "Stopped; finished results stay, and --resume continues from there."
    done = {path.name: path.stat().st_mtime_ns for path in output.glob("[!.]*.flac")}
    assert 1 < len(done) < 61
    assert batch(archive, "-o", output, "--resume").exit_code == 0
    after = {path.name: path.stat().st_mtime_ns for path in output.glob("[!.]*.flac")}
    redone = [name for name, time in done.items() if after[name] != time]
    assert len(after) == 61 and len(redone) <= 2, "only what was finished but not yet journaled"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes")
def test_names_of_any_bytes_are_restored_and_listed_on_one_line_each(archive: Path, tmp_path: Path) -> None:
    flac = (archive / "a.flac").read_bytes()
    folder, output = tmp_path / "odd", tmp_path / "out"
    folder.mkdir()
    names = [b"line\nbreak.flac", b"\x1b[31mred.flac", b"\xff\xfe.flac", b"-dash {stem}.flac", "e\u0301.flac".encode()]
    names.append("\u00e9.flac".encode())  # the same letter in another way
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(flac)
    report = tmp_path / "report.html"
    command = [
        sys.executable,
        "-m",
        "aidd_studio",
        "batch",
        str(folder),
        "-o",
        str(output),
        "--engine",
        "autoregressive",
    ]
    done = subprocess.run([*command, "--json", "--report", str(report)], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == len(names) + 1 and b"\x1b" not in done.stderr
    told = [Path(row["target"]).name for row in json.loads(done.stdout)["files"]]
    wanted = sorted(name.replace(b".flac", b"_restored.flac") for name in names)
    assert sorted(map(os.fsencode, told)) == wanted
    assert sorted(os.fsencode(path.name) for path in output.glob("[!.]*")) == wanted
    assert "\\udcff\\udcfe.flac" in report.read_text(encoding="utf-8")
    ascii_only = subprocess.run(
        [*command, "--resume", "--json"], capture_output=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}
    )
    assert ascii_only.returncode == 0 and json.loads(ascii_only.stdout)["totals"]["restored"] == len(names)


def test_a_dry_run_shows_what_would_be_done_and_writes_nothing(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    first = batch(archive, "-o", output, "--recursive", "--dry-run", "--json")
    assert first.exit_code == 0 and not output.exists() and json.loads(first.stdout)["totals"]["gaps"] == 2
    assert first.stderr.splitlines()[-1] == "2 to be restored (2 gaps), 0 with nothing to do, 0 that would fail."
    assert batch(archive, "-o", output).exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in output.iterdir()}
    told = {}
    for name, wishes in {"again": (), "resume": ("--resume",), "replace": ("--overwrite",)}.items():
        done = batch(archive, "-o", output, "--recursive", "--dry-run", *wishes)
        told[name] = (done.exit_code, done.stderr.splitlines()[-1])
    assert told == {
        "again": (1, "1 to be restored (1 gap), 0 with nothing to do, 1 that would fail."),
        "resume": (0, "1 to be restored (1 gap), 1 restored earlier, 0 with nothing to do, 0 that would fail."),
        "replace": (0, "2 to be restored (2 gaps), 0 with nothing to do, 0 that would fail."),
    }
    assert before == {path: path.stat().st_mtime_ns for path in output.iterdir()}


def test_resuming_says_what_was_done_earlier(archive: Path, tmp_path: Path) -> None:
    assert batch(archive, "-o", tmp_path / "out").exit_code == 0
    done = batch(archive, "-o", tmp_path / "out", "--recursive", "--resume", "--json")
    assert done.stderr.splitlines()[-1] == "2 restored (1 of them earlier), 0 with nothing to do, 0 failed."
    assert {Path(row["source"]).name: row["earlier"] for row in json.loads(done.stdout)["files"]} == {
        "a.flac": True,
        "b.wav": False,
    }


def test_unreadable_recordings_are_reported_and_not_skipped(archive: Path, tmp_path: Path) -> None:
    (archive / "memo.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(300))
    (archive / "folder.wav").mkdir()
    (archive / "circle.wav").symlink_to("circle.wav")
    (archive / "gone.wav").symlink_to("nowhere.wav")
    (archive / "notes.txt").touch()
    done = batch(archive, "-o", tmp_path / "out", "--json")
    rows = {Path(row["source"]).name: row for row in json.loads(done.stdout)["files"]}
    assert done.exit_code == 1 and set(rows) == {"a.flac", "memo.m4a"}
    reason = rows["memo.m4a"]["reason"]
    assert rows["memo.m4a"]["status"] == "failed" and ("cannot be read" in reason or "media extra" in reason)
    assert done.stderr.count("memo.m4a") == 1


def test_impossible_options_are_refused_in_a_sentence(archive: Path, tmp_path: Path) -> None:
    for wish in (("--networks", "somewhere"), ("--watch", "--dry-run"), ("--watch", "--scheduler", "tcp://h:1")):
        refused = batch(archive, "-o", tmp_path / "out", *wish)
        assert refused.exit_code == 2 and "Traceback" not in refused.output
    for output in (archive, tmp_path):
        refused = batch(archive, "-o", output)
        assert refused.exit_code == 2 and "count as results" in refused.stderr
