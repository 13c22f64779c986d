"""Garbage: Python's cycle collector, run by the window's thread alone.

Left to itself it runs on whichever thread allocates, also on a worker's, and takes widgets and pictures apart there,
which Qt answers with a crash.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

EVERY = 1000
"""Milliseconds between two looks at how much may be garbage."""


LONGEST = 10.0
"""Seconds after which a look is put off no more."""


class Garbage(QObject):
    """Collects what the thresholds of `gc` say, on the thread it was made on, until it is closed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._looked = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def spare(self) -> None:
        """Look no more through what there is now, as it stays: that alone held up a frame for 50 ms."""
        gc.freeze()

    def put_off(self) -> None:
        """Not while a hand is moving the pictures: a look takes half a frame. Only for so long, though."""
        if time.monotonic() - self._looked < LONGEST:
            self._timer.start()

    def collect(self) -> None:
        """Look through the oldest generation that is due, and all younger ones with it."""
        self._looked = time.monotonic()
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
