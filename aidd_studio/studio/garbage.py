"""Garbage: Python's cycle collector, run by the window's thread alone.

Left to itself it runs on whichever thread allocates, also on a worker's, and takes widgets and pictures apart there,
which Qt answers with a crash.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY = 1000
"""Milliseconds between two looks at how much may be garbage."""


class Garbage(QObject):
    """Collects what the thresholds of `gc` say, on the thread it was made on, until it is closed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def spare(self) -> None:
        """Look no more through what there is now, as it stays: that alone held up a frame for 50 ms."""
        gc.freeze()

    def collect(self) -> None:
        """Look through the oldest generation that is due, and all younger ones with it."""
        due = [
            age
            for age, (count, most) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
            if count > most
        ]
        if due:
            gc.collect(due[-1])

    def close(self) -> None:
        """Leave the collector as it was."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()
