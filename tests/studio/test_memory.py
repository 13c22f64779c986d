"""A closed recording is let go of at once: an hour of sound must not wait for the garbage collector."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from aidd_studio.progress import Progress
from aidd_studio.studio.window.main_window import MainWindow


def test_a_closed_recording_is_gone_without_the_garbage_collector(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], damaged: Path
) -> None:
    window = opened
    for action in ("detect", "select_all", "fill", "accept_best", "zoom_gap", "undo"):
        window.actions_by_id[action].trigger()
        idle()
    window.commands.autosave.write()
    idle()
    window.garbage.close()
    gc.collect()
    session = weakref.ref(window.document.session)
    gc.disable()
    try:
        window.document.mark_saved()
        window.actions_by_id["close"].trigger()
        idle()

        def is_gone() -> bool:
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            return session() is None

        qtbot.waitUntil(is_gone, timeout=10_000)
    finally:
        gc.enable()


def test_cycles_are_collected_by_the_windows_thread_alone(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None]
) -> None:
    threads = []

    def collecting(phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            threads.append(threading.current_thread())

    def work(progress: Progress) -> None:
        for _ in range(20_000):
            cycle: list[object] = []
            cycle.append(cycle)

    gc.callbacks.append(collecting)
    try:
        opened.workspace.work.submit("Making cycles", work)
        idle()
        qtbot.waitUntil(lambda: bool(threads), timeout=10_000)
    finally:
        gc.callbacks.remove(collecting)
    assert set(threads) == {threading.main_thread()}
