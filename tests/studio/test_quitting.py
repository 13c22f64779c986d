"""Quitting asks once about everything that would be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from aidd_studio.damage.damage import Damage
from aidd_studio.restoration.session.project import load_project
from aidd_studio.studio.window.app import FocusKeys
from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.hands import answer, answers


@pytest.fixture
def at_work(qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], tmp_path: Path) -> Iterator[MainWindow]:
    """The window with an unsaved gap and a batch that is held while it works."""
    folder = tmp_path / "takes"
    folder.mkdir()
    for index in range(3):
        sound = 0.1 * np.random.default_rng(index).standard_normal(8000)
        sound[4000:4160] = 0
        soundfile.write(folder / f"take{index}.wav", sound, 8000)
    opened.actions_by_id["batch"].trigger()
    batch = opened.batch.window
    batch.settings.engine.setCurrentIndex(batch.settings.engine.findData("autoregressive"))
    batch.settings.jobs.setValue(1)
    batch.add([folder])
    qtbot.waitUntil(lambda: not batch.is_adding, timeout=60_000)
    batch.actions_by_id["run"].trigger()
    batch.actions_by_id["hold"].setChecked(True)
    opened.document.session.add_gaps([Damage(8000, 8160)])
    yield opened
    idle()


def test_a_running_batch_and_unsaved_edits_are_one_question(qtbot: QtBot, at_work: MainWindow) -> None:
    window = at_work
    window.close()
    assert window.isVisible()
    assert "take.wav is not saved" in window.banner.message
    assert "batch is still at work" in window.banner.message
    answer(window, "Cancel")
    assert window.isVisible()
    assert window.batch.is_working
    window.close()
    answer(window, "Discard and quit")
    assert not window.isVisible()
    assert window.batch.window is None


def test_the_work_can_be_saved_while_the_batch_is_stopped(qtbot: QtBot, at_work: MainWindow, tmp_path: Path) -> None:
    window = at_work
    window.document.project = tmp_path / "take.aidd"
    window.close()
    answer(window, "Save and quit")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    project = load_project(tmp_path / "take.aidd")
    assert [entry.gap for entry in project.session(window.document.clip).state.entries] == [Damage(8000, 8160)]


def test_a_batch_alone_is_asked_about_alone(at_work: MainWindow) -> None:
    window = at_work
    window.document.mark_saved()
    window.close()
    assert window.isVisible()
    assert "not saved" not in window.banner.message
    answer(window, "Stop it and quit")
    assert not window.isVisible()


def test_unsaved_edits_alone_are_asked_about_alone(opened: MainWindow, idle: Callable[[], None]) -> None:
    opened.document.session.add_gaps([Damage(8000, 8160)])
    opened.close()
    assert opened.isVisible()
    assert "batch" not in opened.banner.message
    answer(opened, "Discard")
    assert not opened.isVisible()


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_a_question_can_be_answered_from_the_keyboard_alone(
    qtbot: QtBot, qapp: QApplication, opened: MainWindow, key: Qt.Key
) -> None:
    keys = FocusKeys(opened)  # as the program has them
    qapp.installEventFilter(keys)
    opened.activateWindow()
    qtbot.waitUntil(opened.isActiveWindow)
    opened.document.session.add_gaps([Damage(8000, 8160)])
    opened.editor.waveform.setFocus()
    opened.actions_by_id["close"].trigger()
    save = answers(opened.banner)[0]
    assert opened.focusWidget() is save
    qtbot.keyClick(save, Qt.Key.Key_Escape)
    assert opened.banner.message == ""
    assert opened.document is not None
    assert opened.focusWidget() is opened.editor.waveform
    opened.actions_by_id["close"].trigger()
    qtbot.keyClick(opened.focusWidget(), Qt.Key.Key_Tab)
    assert opened.focusWidget() is answers(opened.banner)[1]
    qtbot.keyClick(opened.focusWidget(), key)
    qapp.removeEventFilter(keys)
    assert opened.document is None
