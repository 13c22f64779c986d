"""A real main window in a process of its own, for test_event_loop.py: fills with the neural engine and tells what it
has loaded for that.

python neural_window.py RECORDING
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from aidd_studio.audio.playback import ClockOutput
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.window.app import StudioApplication
from aidd_studio.studio.window.main_window import MainWindow
from tests import waiting

PATIENCE = 240
"""Seconds after which a step has failed."""


def main(recording: Path) -> None:
    app = StudioApplication(["aidd-studio"])
    window = MainWindow(Preferences(engine="aidd", candidates=1), ClockOutput)
    window.show()

    def until(condition: Callable[[], bool]) -> None:
        waiting.until(condition, PATIENCE, app.processEvents)

    window.open_path(recording)
    until(lambda: window.document is not None and not window.workspace.work.jobs)
    window.actions_by_id["add_gap"].trigger()
    window.fill_settings.steps.setValue(2)
    window.actions_by_id["fill"].trigger()
    until(lambda: window.workspace.is_idle)
    assert window.document is not None
    print([candidate.engine for entry in window.document.entries for candidate in entry.candidates])
    print("torch" in sys.modules)
    window.document.mark_saved()
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
