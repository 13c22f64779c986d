"""What touches the disk runs beside the window, not in its thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from aidd_studio import paths
from aidd_studio.damage.damage import Damage
from aidd_studio.damage.labels import read_labels, write_labels
from aidd_studio.progress import Progress
from aidd_studio.studio.dialogs.preferences_dialog import PreferencesDialog
from aidd_studio.studio.model.jobs import JobQueue
from aidd_studio.studio.window.main_window import MainWindow


def threads_of(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> set[threading.Thread]:
    """The threads in which a queue's jobs are done from now on."""
    threads: set[threading.Thread] = set()
    submit = queue.submit

    def listening(title: str, work: Callable[[Progress], Any], **rest: Any) -> Any:
        def listened(progress: Progress) -> Any:
            threads.add(threading.current_thread())
            return work(progress)

        return submit(title, listened, **rest)

    monkeypatch.setattr(queue, "submit", listening)
    return threads


def test_labels_are_read_in_the_background_and_added_when_they_are_there(
    opened: MainWindow, idle: Callable[[], None], tmp_path: Path
) -> None:
    path = tmp_path / "labels.txt"
    write_labels(path, [Damage(8000, 8160), Damage(20000, 20320)], opened.document.rate)
    opened.commands.exporting.import_labels_from(path)
    assert opened.document.entries == ()
    idle()
    assert [(entry.gap.start, entry.gap.end) for entry in opened.document.entries] == [(8000, 8160), (20000, 20320)]
    assert "2 of 2 gaps" in opened.banner.message


def test_labels_that_cannot_be_read_are_reported_in_the_banner(
    opened: MainWindow, idle: Callable[[], None], tmp_path: Path
) -> None:
    path = tmp_path / "labels.json"
    path.write_text("{nonsense")
    opened.commands.exporting.import_labels_from(path)
    idle()
    assert "labels.json" in opened.banner.message
    assert opened.document.entries == ()


def test_the_cache_is_measured_and_cleared_in_the_background(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = paths.user_cache() / "pictures" / "old.bin"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(bytes(3 * 2**20))
    dialog = PreferencesDialog(opened.workspace)
    qtbot.addWidget(dialog)
    idle()
    assert int(dialog.cache_used.text().split()[0]) >= 3
    threads = threads_of(opened.workspace.drawing, monkeypatch)
    next(button for button in dialog.findChildren(QPushButton) if button.text() == "Clear").click()
    idle()
    assert not kept.exists()
    assert threading.main_thread() not in threads
    assert len(threads) == 1
    assert dialog.cache_used.text() == "0 MB used"


def test_preferences_may_be_closed_while_the_cache_is_measured(opened: MainWindow, idle: Callable[[], None]) -> None:
    opened.actions_by_id["preferences"].trigger()
    for dialog in opened.findChildren(PreferencesDialog):
        dialog.close()
    idle()
    assert opened.document is not None


def test_labels_are_written_in_the_background_and_refusals_are_reported(
    opened: MainWindow, idle: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.document.session.add_gaps([Damage(8000, 8160)])
    path = tmp_path / "labels.csv"
    threads = threads_of(opened.workspace.work, monkeypatch)
    opened.commands.exporting.export_labels_to(path)
    idle()
    assert len(threads) == 1
    assert threading.main_thread() not in threads
    assert [(gap.start, gap.end) for gap in read_labels(path, opened.document.rate)] == [(8000, 8160)]
    assert "labels.csv" in opened.banner.message
    opened.document.session.add_gaps([Damage(20000, 20320)])
    opened.commands.exporting.export_labels_to(path)
    idle()
    assert len(read_labels(path, opened.document.rate)) == 1, "nothing is overwritten unasked"
    opened.commands.exporting.export_labels_to(path, overwrite=True)
    idle()
    assert len(read_labels(path, opened.document.rate)) == 2
