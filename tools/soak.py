"""Work the window for a long time like a tireless person and print what its memory does.

.venv/bin/python tools/soak.py [MINUTES] [LENGTH]

Opens a recording of LENGTH minutes (60 by default) again and again, pans, zooms, detects, fills, cancels, accepts and
takes everything back. Prints one Markdown row for each round; exits with 1 when memory grew by more than a tenth
between the first and the last third of the time.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["AIDD_STUDIO_STATE"] = os.environ["AIDD_STUDIO_CACHE"] = tempfile.mkdtemp(prefix="aidd-soak-")

import numpy as np
import psutil
import soundfile
from PySide6.QtCore import QCoreApplication, QEvent

from aidd_studio.audio.playback import ClockOutput
from aidd_studio.studio.commands.open_file import demo_recording
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.window.app import StudioApplication
from aidd_studio.studio.window.main_window import MainWindow

GROWTH = 1.1
"""How much larger the memory may be at the end than near the beginning, when caches have filled."""


class Soak:
    """One window and the hand that works it."""

    def __init__(self, app: StudioApplication, path: Path) -> None:
        self.app, self.path = app, path
        theme.apply(app, "dark")
        self.window = MainWindow(Preferences(engine="autoregressive", candidates=1), ClockOutput)
        self.window.resize(1280, 800)
        self.window.show()
        self.random = np.random.default_rng(1)
        self.process = psutil.Process()
        self.fills = self.cancelled = self.undone = 0

    def round(self) -> None:
        """Open, look around, fill, cancel, accept, undo, close."""
        window = self.window
        window.open_path(self.path)
        self.until(lambda: window.document is not None and not window.workspace.work.jobs)
        document = window.document
        assert document is not None
        self.look_around()
        frames = document.clip.frames
        starts = sorted(int(start) for start in self.random.integers(0, frames - 4000, 6))
        for start in starts:
            window.editor.marked.emit(start, start + 1000, None)
        window.actions_by_id["select_all"].trigger()
        window.actions_by_id["fill"].trigger()
        self.settle(0.05)
        window.actions_by_id["cancel"].trigger()
        self.idle()
        self.cancelled += 1
        window.actions_by_id["select_all"].trigger()
        window.actions_by_id["fill"].trigger()
        self.idle()
        self.fills += len(document.entries)
        window.actions_by_id["accept_best"].trigger()
        self.look_around()
        while document.session.can_undo:
            window.actions_by_id["undo"].trigger()
            self.undone += 1
        self.idle()
        document.mark_saved()
        window.actions_by_id["close"].trigger()
        self.idle()

    def look_around(self) -> None:
        """Zoom in somewhere, pan a little, and see everything again."""
        axis = self.window.axis
        for _ in range(6):
            axis.zoom(float(self.random.uniform(1.5, 4.0)), float(self.random.uniform(0, axis.width)))
            self.settle(0.02)
        for _ in range(10):
            axis.scroll(float(self.random.uniform(-200, 200)))
            self.settle(0.02)
        axis.show_all()
        self.idle()

    def megabytes(self) -> float:
        return float(self.process.memory_info().rss) / 2**20

    def idle(self) -> None:
        self.until(lambda: self.window.workspace.is_idle)

    def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self.settle(0.01)

    def settle(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            # A running event loop does this itself; processEvents alone would keep what was thrown away.
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            time.sleep(0.002)


def long_recording(folder: Path, minutes: float) -> Path:
    """The demo recording, repeated until it is long enough."""
    demo = demo_recording()
    assert demo is not None, "the demo recording is not installed"
    sound, rate = soundfile.read(demo, dtype="int16", always_2d=True)
    path = folder / "long.wav"
    left = round(minutes * 60 * rate)
    with soundfile.SoundFile(path, "w", rate, sound.shape[1], "PCM_16") as file:
        while left > 0:
            file.write(sound[:left])
            left -= len(sound)
    return path


def main(minutes: float, length: float) -> int:
    """Soak for so many minutes; 1 when memory grew."""
    app = StudioApplication(["soak"])
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(app, long_recording(Path(folder), length))
        began = time.monotonic()
        seen: list[tuple[float, float]] = []
        print("| minutes | rounds | fills | undone | memory |\n| --- | --- | --- | --- | --- |", flush=True)
        while time.monotonic() - began < 60 * minutes:
            soak.round()
            seen.append((time.monotonic() - began, soak.megabytes()))
            at, memory = seen[-1]
            print(f"| {at / 60:.1f} | {len(seen)} | {soak.fills} | {soak.undone} | {memory:.0f} MB |", flush=True)
        soak.window.close()
    shutil.rmtree(os.environ["AIDD_STUDIO_CACHE"])
    third = max(1, len(seen) // 3)
    early = float(np.median([memory for _, memory in seen[third : 2 * third]] or [seen[0][1]]))
    late = float(np.median([memory for _, memory in seen[-third:]]))
    print(f"Memory: {early:.0f} MB in the second third, {late:.0f} MB in the last, {late / early - 1:+.1%}.")
    return 0 if late < GROWTH * early else 1


if __name__ == "__main__":
    arguments = [float(argument) for argument in sys.argv[1:3]]
    raise SystemExit(main(*(arguments + [10.0, 60.0][len(arguments) :])))
