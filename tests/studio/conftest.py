"""The real window, offscreen; a test fails when a thread or timer outlives it or Qt complains."""

from __future__ import annotations

import os

from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("PySide6")

from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from aidd_studio.audio.playback import ClockOutput
from aidd_studio.studio.model.preferences import Preferences
from aidd_studio.studio.widgets import theme
from aidd_studio.studio.window.main_window import MainWindow

RATE = 16000

HARMLESS = (
    "propagateSizeHints",
    "does not support raise()",
    "This plugin supports grabbing the mouse only for popup windows",
    "This plugin does not support grabbing the keyboard",
)


class FakeClock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["aidd-studio"]


@pytest.fixture(autouse=True)
def no_complaints() -> Iterator[None]:
    """Fail on warnings of Qt."""
    complaints: list[str] = []

    def handler(kind: QtMsgType, _context: object, message: str) -> None:
        if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg) and not any(part in message for part in HARMLESS):
            complaints.append(message)

    previous = qInstallMessageHandler(handler)
    yield
    qInstallMessageHandler(previous)
    assert complaints == []


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outputs() -> list[ClockOutput]:
    """The outputs that the window has made."""
    return []


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, clock: FakeClock, outputs: list[ClockOutput]) -> Iterator[MainWindow]:
    theme.apply(qapp, "dark")

    def make_output() -> ClockOutput:
        outputs.append(ClockOutput(None, clock, keep=True))
        return outputs[-1]

    made = MainWindow(Preferences(engine="autoregressive", candidates=1), make_output)
    made.resize(1280, 800)
    made.show()
    yield made
    if made.document is not None:
        made.document.mark_saved()
    made.close()
    threads = [thread.objectName() for thread in made.findChildren(QThread) if thread.isRunning()]
    timers = [timer.interval() for timer in made.findChildren(QTimer) if timer.isActive() and timer.interval() < 1000]
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    assert threads == []
    assert timers == []


@pytest.fixture
def idle(qtbot: QtBot, window: MainWindow) -> Callable[[], None]:
    """Wait until nothing is being worked on."""

    def wait() -> None:
        qtbot.waitUntil(lambda: window.workspace.is_idle, timeout=120_000)

    return wait


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Two seconds of tones in stereo with two holes."""
    path = tmp_path / "take.wav"
    time = np.arange(2 * RATE) / RATE
    left = 0.3 * np.sin(2 * np.pi * 220 * time) + 0.1 * np.sin(2 * np.pi * 660 * time + 1)
    right = 0.3 * np.sin(2 * np.pi * 330 * time) + 0.1 * np.sin(2 * np.pi * 550 * time + 2)
    noise = np.random.default_rng(7).normal(0, 0.003, (2 * RATE, 2))  # no recording repeats itself exactly
    samples = np.stack([left, right], axis=1) + noise
    samples[8000:8160] = 0.0
    samples[20000:20320] = 0.0
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, damaged: Path, idle: Callable[[], None]) -> MainWindow:
    """The window with the damaged recording in it."""
    window.open_path(damaged)
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    idle()
    return window
