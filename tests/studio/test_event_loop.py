"""The window's own loop goes on turning while work is done; how fast it turns is measured in the benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from aidd_studio.studio.window.main_window import MainWindow

WAIT = 60000


class Turns:
    """Counts how often the loop came round while a condition held."""

    def __init__(self, while_: Callable[[], bool]) -> None:
        self.count = 0
        self._while = while_
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._turn)
        self._timer.start()

    def _turn(self) -> None:
        self.count += self._while()

    def stop(self) -> int:
        self._timer.stop()
        return self.count


def test_the_loop_turns_during_a_fill(qtbot: QtBot, opened: MainWindow, idle: Callable[[], None]) -> None:
    window = opened
    window.actions_by_id["detect"].trigger()
    idle()
    window.actions_by_id["select_all"].trigger()
    window.actions_by_id["fill"].trigger()
    assert window.workspace.work.jobs, "asking for a fill comes back before the fill is there"
    turns = Turns(lambda: bool(window.document.filling))
    idle()
    assert turns.stop() >= 1, "two short gaps take little more than a turn"
    assert all(entry.candidates for entry in window.document.entries)


def test_a_neural_fill_loads_nothing_into_the_windows_process(damaged: Path) -> None:
    """Loading torch holds Python's lock for a tenth of a second at a time, in which no window answers."""
    script = Path(__file__).parent / "neural_window.py"
    surroundings = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(script.parents[2])}
    command = [sys.executable, str(script), str(damaged)]
    told = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=300)
    assert told.stdout.splitlines() == ["['aidd']", "False"], told.stderr


def test_the_loop_turns_during_a_batch(qtbot: QtBot, window: MainWindow, damaged: Path) -> None:
    window.actions_by_id["batch"].trigger()
    batch = window.batch.window
    batch.settings.jobs.setValue(1)
    batch.add([damaged])
    qtbot.waitUntil(lambda: not batch.is_adding, timeout=WAIT)
    batch.actions_by_id["run"].trigger()
    assert batch.run.is_working
    turns = Turns(lambda: batch.run.is_working)
    qtbot.waitUntil(lambda: not batch.run.is_busy, timeout=WAIT)
    assert turns.stop() >= 3
    assert [row.state for row in batch.table.rows] == ["restored"]
