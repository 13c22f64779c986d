"""A real main window in a process of its own, for test_kill.py: tells that it has accepted and stands still until it is
killed, or recovers and tells.

python killed_window.py work RECORDING | python killed_window.py recover
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from aidd_studio.audio.playback import ClockOutput
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.window.app import StudioApplication
from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.hands import answer
from tests.waiting import until

PATIENCE = 240
"""Seconds after which a step has failed."""


class Person:
    """Presses keys and waits for what they do."""

    def __init__(self) -> None:
        self.app = StudioApplication(["aidd-studio"])
        self.window = MainWindow(Preferences(engine="autoregressive", candidates=1), ClockOutput)
        self.window.show()

    def work(self, recording: Path) -> None:
        window = self.window
        window.open_path(recording)
        self.until(lambda: window.document is not None)
        for action in ("detect", "select_all", "fill"):
            window.actions_by_id[action].trigger()
            self.idle()
        window.actions_by_id["accept_best"].trigger()
        self.until(lambda: all(entry.state == "accepted" for entry in window.document.entries))
        self.tell()
        threading.Event().wait(PATIENCE)  # until it is killed; nothing that is still to come comes

    def recover(self) -> None:
        window = self.window
        window.recovery.offer()
        assert window.banner.message, "nothing is offered"
        print(window.banner.message, flush=True)
        answer(window, "Recover")
        self.until(lambda: window.document is not None)
        self.idle()
        self.tell()
        window.document.mark_saved()
        window.close()

    def tell(self) -> None:
        samples = self.window.document.session.restored().samples
        print(hashlib.sha256(samples.tobytes()).hexdigest(), flush=True)

    def idle(self) -> None:
        self.until(lambda: self.window.workspace.is_idle)

    def until(self, condition: Callable[[], bool]) -> None:
        until(condition, PATIENCE, self.app.processEvents)


if __name__ == "__main__":
    if sys.argv[1] == "work":
        Person().work(Path(sys.argv[2]))
    else:
        Person().recover()
