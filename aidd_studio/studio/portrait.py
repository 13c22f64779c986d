"""A picture of the window once it has come to rest: how the installed program is tested without a person."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from aidd_studio.studio.model.workspace import Workspace

VARIABLE = "AIDD_STUDIO_SCREENSHOT"
"""Names the PNG to write; the program then ends by itself."""

LOOK_EVERY = 250
"""Milliseconds; the window is at rest when nothing was worked on at three looks in a row."""


def take_if_asked(window: QWidget, workspace: Workspace, opening: bool) -> None:
    """Draw the window into the file that the environment names, when `opening` a file has ended, and close it."""
    target = os.environ.get(VARIABLE)
    if not target:
        return
    quiet = 0
    timer = QTimer(window)

    def look() -> None:
        nonlocal quiet
        busy = workspace.work.jobs or workspace.drawing.jobs or (opening and not workspace.documents)
        quiet = 0 if busy else quiet + 1
        if quiet == 3:
            timer.stop()
            window.grab().save(str(Path(target)), "PNG")
            window.close()

    timer.timeout.connect(look)
    timer.start(LOOK_EVERY)
