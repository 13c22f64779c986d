"""What the machine works on is named in full beside the time that is left, or visibly cut short."""

from __future__ import annotations

import time

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from aidd_studio.studio.listening.transport import ElidedLabel, JobStrip
from aidd_studio.studio.model.jobs import Job

NARROWEST = 200


def picture(label: QLabel, text: str) -> QImage:
    label.setText(text)
    return label.grab().toImage()


@pytest.mark.parametrize("title", ["Detecting dropouts", "Reading concert.wav", "Filling the gap"])
def test_a_title_is_whole_in_the_narrowest_strip_beside_the_time_left(qtbot: QtBot, title: str) -> None:
    strip = JobStrip()
    qtbot.addWidget(strip)
    strip.resize(NARROWEST, 56)
    job = Job(1, title, lambda _progress: None)
    job.started, job.fraction = time.monotonic() - 60.0, 0.1
    strip.show_jobs([job])
    with qtbot.waitExposed(strip):
        strip.show()
    label = next(label for label in strip.findChildren(QLabel) if label.text() == title)
    assert label.fontMetrics().horizontalAdvance(title) <= label.width()
    assert any(label.text().endswith("left") and label.isVisible() for label in strip.findChildren(QLabel))


@pytest.mark.parametrize("width", [80, 140, 200])
def test_a_text_without_room_ends_in_an_ellipsis(qtbot: QtBot, width: int) -> None:
    text = "Reading a recording with a very long name.wav"
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.resize(width, 24)
    shown = picture(label, text)
    fitting = [text[:count] + "…" for count in range(len(text))]
    fitting = [short for short in fitting if label.fontMetrics().horizontalAdvance(short) <= width]
    assert any(picture(label, short) == shown for short in fitting)
