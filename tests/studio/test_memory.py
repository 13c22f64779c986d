"""A closed recording is let go of at once: an hour of sound must not wait for the garbage collector."""

from __future__ import annotations

import gc
import weakref

from PySide6.QtCore import QCoreApplication, QEvent


def test_a_closed_recording_is_gone_without_the_garbage_collector(qtbot, opened, idle, damaged):
    window = opened
    for action in ("detect", "select_all", "fill", "accept_best", "zoom_gap", "undo"):
        window.actions_by_id[action].trigger()
        idle()
    qtbot.wait(500)  # the journal is written
    idle()
    gc.collect()
    session = weakref.ref(window.document.session)
    gc.disable()
    try:
        window.document.mark_saved()
        window.actions_by_id["close"].trigger()
        idle()
        qtbot.wait(50)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert session() is None
    finally:
        gc.enable()
