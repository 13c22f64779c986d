"""Many files through the batch window: found, restored, held, stopped, tried again; the window never asks modally."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPointF, Qt, QThread, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from aidd_studio.studio.batch.window import BatchWindow
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.hands import answers

RATE = 8000
WAIT = 60000


def record(path: Path, seed: int, *, holes: int = 1, seconds: float = 1.0) -> None:
    rng = np.random.default_rng(seed)
    frames = round(seconds * RATE)
    sound = 0.3 * np.sin(2 * np.pi * rng.uniform(200, 900) * np.arange(frames) / RATE)
    sound += 0.005 * rng.standard_normal(frames)
    for hole in range(holes):
        start = round((hole + 0.4) * frames / max(1, holes))
        sound[start : start + 160] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, RATE, subtype="PCM_16")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    record(folder / "side1" / "take1.wav", 1)
    record(folder / "side2" / "take2.flac", 2, holes=2)
    record(folder / "whole.wav", 3, holes=0)
    (folder / "broken.wav").write_bytes(b"RIFFnothing")
    (folder / "notes.txt").write_text("not a recording")
    return folder


@pytest.fixture
def batch(qtbot: QtBot, qapp: QApplication) -> Iterator[BatchWindow]:
    theme.apply(qapp, "dark")
    made = BatchWindow(Preferences(engine="autoregressive"))
    made.settings.jobs.setValue(1)
    made.show()
    yield made
    made.shut()
    threads = [thread.objectName() for thread in made.findChildren(QThread) if thread.isRunning()]
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert threads == []


@pytest.fixture
def settled(qtbot: QtBot, batch: BatchWindow) -> Callable[[], None]:
    def wait() -> None:
        qtbot.waitUntil(lambda: not batch.is_adding and not batch.run.is_busy, timeout=WAIT)

    return wait


def states(batch: BatchWindow) -> dict[str, str]:
    return {row.path.name: row.state for row in batch.table.rows}


def gaps(batch: BatchWindow) -> dict[str, int | None]:
    return {row.path.name: None if row.gaps is None else len(row.gaps) for row in batch.table.rows}


def press(batch: BatchWindow, id: str) -> None:
    assert batch.actions_by_id[id].isEnabled(), id
    batch.actions_by_id[id].trigger()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes")
def test_files_of_any_name_are_restored_and_shown_on_one_line_each(
    batch: BatchWindow, settled: Callable[[], None], tmp_path: Path
) -> None:
    folder, output = tmp_path / "odd", tmp_path / "out"
    record(folder / "plain.wav", 1)
    names = [b"plain.wav", b"line\nbreak.wav", b"\xff\xfe.wav", b"<b>%s.wav"]
    for name in names[1:]:
        (folder / os.fsdecode(name)).write_bytes((folder / "plain.wav").read_bytes())
    (tmp_path / "circle.wav").symlink_to("circle.wav")
    (folder / "memo.m4a").write_bytes(bytes(300))
    batch.add([folder, tmp_path / "circle.wav"])
    settled()
    batch.settings.output.setText(str(output))
    press(batch, "run")
    settled()
    failed = {row.path.name: row.remark for row in batch.table.rows if row.state == "failed"}
    assert set(failed) == {"circle.wav", "memo.m4a"} and "Cannot be read" in failed["memo.m4a"]
    restored = {os.fsencode(path.name) for path in output.glob("[!.]*.wav")}
    assert restored == {name.replace(b".wav", b"_restored.wav") for name in names}
    assert not [row.name for row in batch.table.rows if "\n" in row.name + row.remark]


def results(folder: Path) -> set[str]:
    """Every file of a folder that is neither the journal nor the report, hidden ones too."""
    known = (".aidd-batch.jsonl", "batch-report.html", "batch-report.json")
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name not in known}


def test_files_are_added_looked_through_restored_and_the_failed_one_is_retried(
    batch: BatchWindow, settled: Callable[[], None], archive: Path, tmp_path: Path
) -> None:
    batch.add([archive])
    settled()
    assert set(states(batch)) == {"take1.wav", "take2.flac", "whole.wav", "broken.wav"}
    output = tmp_path / "archive_restored"
    assert batch.settings.output.text() == str(output)

    press(batch, "find_gaps")
    settled()
    assert gaps(batch) == {"take1.wav": 1, "take2.flac": 2, "whole.wav": 0, "broken.wav": None}
    assert states(batch)["broken.wav"] == "failed"
    assert "3 gaps in 2 files" in batch.banner.message
    assert not output.exists(), "looking writes nothing"

    press(batch, "run")
    settled()
    wanted = {"take1.wav": "restored", "take2.flac": "restored", "whole.wav": "nothing to do", "broken.wav": "failed"}
    assert states(batch) == wanted
    assert results(output) == {"side1/take1_restored.wav", "side2/take2_restored.flac"}
    broken = next(row for row in batch.table.rows if row.path.name == "broken.wav")
    assert broken.remark.startswith("Cannot be read"), "the reason, without the path that the row shows already"
    before, _ = soundfile.read(archive / "side1" / "take1.wav", dtype="int16")
    after, _ = soundfile.read(output / "side1" / "take1_restored.wav", dtype="int16")
    changed = np.flatnonzero(before != after)
    assert len(changed) > 100 and changed[0] > 3200 - 50 and changed[-1] < 3360 + 50
    assert "take2_restored.flac" in batch.run.report.read_text()

    record(archive / "broken.wav", 4)
    written = (output / "side1" / "take1_restored.wav").stat().st_mtime_ns
    press(batch, "retry")
    settled()
    assert states(batch)["broken.wav"] == "restored"
    assert "broken_restored.wav" in results(output)
    assert (output / "side1" / "take1_restored.wav").stat().st_mtime_ns == written
    assert "4 files  ·  3 restored  ·  1 nothing to do" in batch.totals.counts.text()
    assert not batch.actions_by_id["retry"].isEnabled()


def test_cancel_leaves_nothing_half_written_and_run_goes_on_from_there(
    qtbot: QtBot, batch: BatchWindow, settled: Callable[[], None], tmp_path: Path
) -> None:
    folder, output = tmp_path / "takes", tmp_path / "out"
    for index in range(4):
        record(folder / f"take{index}.wav", index, holes=4, seconds=2.0)
    batch.settings.output.setText(str(output))
    batch.add([folder])
    settled()
    press(batch, "run")
    qtbot.waitUntil(lambda: "restored" in states(batch).values(), timeout=WAIT)
    press(batch, "cancel")
    settled()
    finished = {name for name, state in states(batch).items() if state == "restored"}
    assert {state for name, state in states(batch).items() if name not in finished} <= {"waiting"}
    assert results(output) >= {f"{Path(name).stem}_restored.wav" for name in finished}
    assert all(soundfile.info(output / name).frames == 2 * RATE for name in results(output)), "whole or not there"
    written = {name: (output / name).stat().st_mtime_ns for name in results(output)}
    press(batch, "run")
    settled()
    assert set(states(batch).values()) == {"restored"}
    assert results(output) == {f"take{index}_restored.wav" for index in range(4)}
    assert all((output / name).stat().st_mtime_ns == time for name, time in written.items()), "nothing is done twice"


def becomes_another(qtbot: QtBot, value: Callable[[], int], timeout: int) -> bool:
    """Whether a value changes within so many milliseconds."""
    before = value()
    try:
        qtbot.waitUntil(lambda: value() != before, timeout=timeout)
    except qtbot.TimeoutError:
        return False
    return True


def test_pause_begins_no_further_file_until_resumed(
    qtbot: QtBot, batch: BatchWindow, settled: Callable[[], None], tmp_path: Path
) -> None:
    folder = tmp_path / "takes"
    for index in range(3):
        record(folder / f"take{index}.wav", index)
    batch.add([folder])
    settled()
    press(batch, "run")
    batch.actions_by_id["hold"].setChecked(True)

    def finished() -> int:
        return list(states(batch).values()).count("restored")

    qtbot.waitUntil(lambda: not any(row.is_in_work for row in batch.table.rows), timeout=WAIT)
    while becomes_another(qtbot, finished, 1500):  # what was begun is finished
        qtbot.waitUntil(lambda: not any(row.is_in_work for row in batch.table.rows), timeout=WAIT)
    assert finished() < 3 and batch.run.is_working
    assert "Paused" in batch.totals.time_left.text()
    assert batch.actions_by_id["hold"].iconText() == "Resume"
    assert not becomes_another(qtbot, finished, 300)
    batch.actions_by_id["hold"].setChecked(False)
    settled()
    assert set(states(batch).values()) == {"restored"}


def test_closing_at_work_asks_inline_and_the_work_can_go_on_unseen(
    qtbot: QtBot, batch: BatchWindow, settled: Callable[[], None], tmp_path: Path
) -> None:
    record(tmp_path / "takes" / "take.wav", 1)
    batch.add([tmp_path / "takes"])
    settled()
    press(batch, "run")
    batch.close()
    assert batch.isVisible()
    assert "1 file is not finished" in batch.banner.message
    with qtbot.waitSignal(batch.ended_unseen, timeout=WAIT) as told:
        answers(batch.banner)[0].click()
        assert not batch.isVisible()
    assert "1 file restored" in told.args[0]
    assert states(batch) == {"take.wav": "restored"}
    settled()


def test_results_can_be_flac_whatever_the_sources_are(
    batch: BatchWindow, settled: Callable[[], None], archive: Path, tmp_path: Path
) -> None:
    batch.settings.container.setCurrentIndex(batch.settings.container.findData("flac"))
    batch.settings.output.setText(str(tmp_path / "out"))
    batch.add([archive / "side1", archive / "side2"])
    settled()
    press(batch, "run")
    settled()
    assert results(tmp_path / "out") == {"take1_restored.flac", "take2_restored.flac"}
    assert soundfile.info(tmp_path / "out" / "take1_restored.flac").format == "FLAC"


def test_what_cannot_be_run_is_reported_and_nothing_begins(
    batch: BatchWindow, settled: Callable[[], None], archive: Path, tmp_path: Path
) -> None:
    batch.add([archive])
    settled()
    batch.settings.pattern.setText("same.wav")
    press(batch, "run")
    assert "would both become" in batch.banner.message
    assert not batch.run.is_working
    batch.settings.pattern.setText("{stem}{suffix}")
    (tmp_path / "file").write_text("in the way")
    batch.settings.output.setText(str(tmp_path / "file"))
    press(batch, "run")
    settled()
    assert "choose another folder" in batch.banner.message
    assert set(states(batch).values()) == {"waiting"}


def test_files_are_dropped_taken_off_the_list_and_opened_in_the_editor(
    qtbot: QtBot, window: MainWindow, damaged: Path, tmp_path: Path
) -> None:
    window.actions_by_id["batch"].trigger()
    batch = window.batch.window
    assert batch is not None and batch.isVisible()
    record(tmp_path / "other.wav", 1)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(damaged)), QUrl.fromLocalFile(str(tmp_path / "other.wav"))])
    buttons, modifiers = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    batch.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, mime, buttons, modifiers))
    qtbot.waitUntil(lambda: len(batch.table.rows) == 2 and not batch.is_adding, timeout=WAIT)
    batch.view.selectRow(0)
    press(batch, "remove")
    assert list(states(batch)) == ["take.wav"]
    batch.view.doubleClicked.emit(batch.view.model().index(0, 0))
    qtbot.waitUntil(lambda: window.document is not None, timeout=WAIT)
    assert window.document.path == damaged
    qtbot.waitUntil(lambda: window.workspace.is_idle, timeout=WAIT)
