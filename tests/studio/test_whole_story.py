"""The whole story in the real window: open, detect, fill, listen, accept, undo, redo, save, export, recover."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from aidd_studio.audio.playback import ClockOutput
from aidd_studio.restoration.session.export import ExportChoice
from aidd_studio.restoration.session.project import load_project, save_project
from aidd_studio.studio.commands.autosave import journal_folder
from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.conftest import FakeClock
from tests.studio.hands import answer


def press(qtbot: QtBot, window: MainWindow, id: str) -> None:
    action = window.actions_by_id[id]
    assert action.isEnabled(), id
    action.trigger()


def detect_and_fill(qtbot: QtBot, window: MainWindow, idle: Callable[[], None]) -> None:
    press(qtbot, window, "detect")
    idle()
    press(qtbot, window, "select_all")
    press(qtbot, window, "fill")
    idle()


def test_a_recording_is_detected_filled_accepted_and_exported_with_all_other_samples_untouched(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], damaged: Path, tmp_path: Path
) -> None:
    window = opened
    press(qtbot, window, "detect")
    idle()
    found = [entry.gap for entry in window.document.entries]
    assert [(gap.start, gap.end) for gap in found] == [(8000, 8160), (20000, 20320)]
    press(qtbot, window, "select_all")
    press(qtbot, window, "fill")
    idle()
    assert all(entry.candidates for entry in window.document.entries)
    press(qtbot, window, "accept_best")
    idle()
    assert [entry.state for entry in window.document.entries] == ["accepted", "accepted"]
    target = tmp_path / "restored.wav"
    window.commands.exporting.export_as(ExportChoice(target, report=True))
    idle()
    before, _ = soundfile.read(damaged, dtype="int16")
    after, _ = soundfile.read(target, dtype="int16")
    changed = np.flatnonzero((before != after).any(axis=1))
    edge = round(0.006 * 16000) + 1
    inside = ((changed >= 8000 - edge) & (changed < 8160 + edge)) | (
        (changed >= 20000 - edge) & (changed < 20320 + edge)
    )
    assert len(changed) > 400
    assert inside.all()
    assert np.abs(after[20000:20320]).max() > 3000
    assert (tmp_path / "restored.html").is_file()


def test_undo_and_redo_restore_fills_and_selection(qtbot: QtBot, opened: MainWindow, idle: Callable[[], None]) -> None:
    window = opened
    detect_and_fill(qtbot, window, idle)
    document = window.document
    document.select((document.entries[0].id,))
    press(qtbot, window, "accept")
    idle()
    assert document.entries[0].state == "accepted"
    assert document.current is document.entries[1], "accepting goes to the next gap"
    press(qtbot, window, "undo")
    assert document.entries[0].state == "candidates"
    assert document.selected == (document.entries[0].id,)
    press(qtbot, window, "redo")
    assert document.entries[0].state == "accepted"
    steps = window.history.list
    steps.setCurrentIndex(steps.model().index(0, 0))
    assert not document.entries
    steps.setCurrentIndex(steps.model().index(len(document.session.steps) - 1, 0))
    assert document.entries[0].state == "accepted"


def test_candidates_are_switched_while_they_sound_without_a_click(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], clock: FakeClock, outputs: list[ClockOutput]
) -> None:
    window = opened
    detect_and_fill(qtbot, window, idle)
    document = window.document
    document.select((document.entries[1].id,))
    press(qtbot, window, "original")
    press(qtbot, window, "audition_1")
    assert window.commands.playback.is_playing
    for _ in range(8):
        clock.now += 0.1
        window.commands.playback.poll()
        press(qtbot, window, "original")
    clock.now += 0.1
    window.commands.playback.poll()
    heard = np.concatenate(outputs[-1].heard)
    assert len(heard) == pytest.approx(0.9 * 16000, abs=2)
    assert np.abs(heard).max() > 0.2
    # The steepest tone moves by less than 0.06 a sample; a break would jump by much more.
    steps = np.abs(np.diff(heard, axis=0)).max(axis=1)
    for edge in (8000, 8160, 20000, 20320):  # where the original itself is broken off
        steps[max(0, edge - 4000 - 2) : edge - 4000 + 2] = 0.0
    assert steps.max() < 0.08
    press(qtbot, window, "play")
    clock.now += 0.2
    window.commands.playback.poll()
    assert not window.commands.playback.is_playing


def test_loop_plays_the_gap_again_and_again(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], clock: FakeClock
) -> None:
    window = opened
    detect_and_fill(qtbot, window, idle)
    window.transport.set_roll(0.1)
    document = window.document
    document.select((document.entries[0].id,))
    press(qtbot, window, "loop")
    press(qtbot, window, "play")
    positions = []
    for _ in range(20):
        clock.now += 0.05
        window.commands.playback.poll()
        assert window.axis.playhead is not None
        positions.append(window.axis.playhead)
    assert min(positions) >= 8000 - 1600
    assert max(positions) <= 8160 + 1600
    assert sum(later < earlier for earlier, later in itertools.pairwise(positions)) >= 3
    press(qtbot, window, "play")
    clock.now += 0.2
    window.commands.playback.poll()


def test_undoing_an_older_step_keeps_candidates_that_came_later(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None]
) -> None:
    window = opened
    press(qtbot, window, "detect")
    idle()
    document = window.document
    document.select((document.entries[0].id,))
    press(qtbot, window, "fill")
    idle()
    press(qtbot, window, "accept")
    idle()
    assert document.current is document.entries[1]
    press(qtbot, window, "fill")
    idle()
    press(qtbot, window, "undo")
    assert [entry.state for entry in document.entries] == ["candidates", "candidates"]


def test_a_saved_project_reopens_exactly(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], tmp_path: Path
) -> None:
    window = opened
    detect_and_fill(qtbot, window, idle)
    press(qtbot, window, "accept_best")
    idle()
    before = window.document.session.restored().samples
    project = tmp_path / "take.aidd"
    window.commands.project.save_to(project)
    idle()
    assert not window.document.is_modified
    press(qtbot, window, "close")
    assert not window.workspace.documents
    window.open_path(project)
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    assert np.array_equal(window.document.session.restored().samples, before)
    assert window.document.project == project
    idle()


def test_what_another_program_saved_into_the_project_is_not_replaced_unasked(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], tmp_path: Path
) -> None:
    window = opened
    press(qtbot, window, "detect")
    idle()
    project = tmp_path / "take.aidd"
    window.commands.project.save_to(project)
    idle()
    other = load_project(project).session(window.document.clip)
    other.remove_gaps([other.state.entries[0].id])
    save_project(other, project)
    theirs = project.read_bytes()
    window.document.session.remove_gaps([window.document.entries[1].id])
    press(qtbot, window, "save")
    idle()
    assert "another program" in window.banner.message
    assert project.read_bytes() == theirs
    assert window.document.is_modified
    answer(window, "Replace")
    idle()
    assert not window.document.is_modified
    reopened = load_project(project).session(window.document.clip)
    assert [entry.gap for entry in reopened.state.entries] == [entry.gap for entry in window.document.entries]
    window.document.session.undo()
    press(qtbot, window, "save")
    idle()
    assert not window.document.is_modified, "what was saved here is known"


def test_work_that_is_not_saved_is_not_thrown_away_without_asking(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None]
) -> None:
    window = opened
    detect_and_fill(qtbot, window, idle)
    press(qtbot, window, "close")
    assert window.document is not None
    assert "not saved" in window.banner.message
    answer(window, "Discard")
    assert window.document is None


def test_after_a_crash_the_accepted_fills_are_offered_and_recovered(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], window: MainWindow, tmp_path: Path
) -> None:
    detect_and_fill(qtbot, window, idle)
    press(qtbot, window, "accept_best")
    idle()
    wanted = window.document.session.restored().samples
    (kept,) = journal_folder().glob("*/")
    crashed = shutil.copytree(kept, tmp_path / "crashed")  # what a crash at this moment would leave
    press(qtbot, window, "close")
    answer(window, "Discard")
    idle()
    shutil.copytree(crashed, journal_folder() / kept.name)
    window.recovery.offer()
    assert "2 accepted fills" in window.banner.message
    answer(window, "Recover")
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    assert np.array_equal(window.document.session.restored().samples, wanted)
    assert window.document.is_modified
    idle()


def test_keys_reach_their_actions(qtbot: QtBot, opened: MainWindow, idle: Callable[[], None]) -> None:
    window = opened
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window.editor.waveform, Qt.Key.Key_D)
    idle()
    assert len(window.document.entries) == 2
    qtbot.keyClick(window.editor.waveform, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert window.document.current is window.document.entries[1]
    qtbot.keyClick(window.editor.waveform, Qt.Key.Key_Delete)
    assert len(window.document.entries) == 1
    qtbot.keyClick(window.editor.waveform, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(window.document.entries) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.wav", b""),
        ("text.wav", b"not a recording\n" * 40),
        ("cut.flac", b"fLaC\0\0"),
        ("broken.aidd", b"PK\3\4"),
    ],
)
def test_bad_input_is_reported_in_the_banner_and_the_window_lives(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], tmp_path: Path, name: str, content: bytes
) -> None:
    path: Path = tmp_path / name
    path.write_bytes(content)
    opened.open_path(path)
    idle()
    assert name in opened.banner.message
    assert opened.document is not None, "what was open stays open"
    opened.open_path(tmp_path / "missing.wav")
    idle()
    assert "does not exist" in opened.banner.message


def test_filling_does_not_hold_up_the_window_and_can_be_cancelled(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None]
) -> None:
    import time

    from PySide6.QtCore import QTimer

    window = opened
    press(qtbot, window, "detect")
    idle()
    window.document.select([entry.id for entry in window.document.entries])
    turns: list[float] = []
    last = time.thread_time()  # the window's own share: other programs on the machine do not count

    def beat() -> None:
        nonlocal last
        now = time.thread_time()
        turns.append(now - last)
        last = now

    timer = QTimer()
    timer.setInterval(2)
    timer.timeout.connect(beat)
    timer.start()
    press(qtbot, window, "fill")
    idle()
    timer.stop()
    assert max(turns) < 0.1
    assert sorted(turns)[int(0.98 * len(turns))] < 0.05
    press(qtbot, window, "select_all")
    press(qtbot, window, "fill")
    press(qtbot, window, "cancel")
    idle()
    assert window.document.filling == {}


def test_a_journal_that_is_being_written_while_its_recording_is_closed_does_not_stay(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], window: MainWindow
) -> None:
    detect_and_fill(qtbot, window, idle)
    press(qtbot, window, "accept_best")
    idle()
    window.document.mark_saved()
    window.commands.autosave.write()
    running = [job for job in window.workspace.journal.jobs if job.title == "Journal"][-1]
    qtbot.waitUntil(lambda: running.started is not None or running not in window.workspace.journal.jobs, timeout=30_000)
    press(qtbot, window, "close")
    idle()
    assert not any(journal_folder().glob("*/journal.jsonl"))
