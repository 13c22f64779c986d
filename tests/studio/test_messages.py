"""Messages in the banner: readable as a whole, outside the pictures, and there as long as they are of use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from aidd_studio.damage.damage import Damage
from aidd_studio.studio.widgets.banner import Banner, Tone
from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.hands import answer, answers

LONG = "The recording is too short for this engine: it needs ten seconds around a gap, and there are only two of them. "


def place(widget: QWidget, window: MainWindow) -> QRect:
    return QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())


def is_whole(label: QLabel) -> bool:
    """Whether every word of a label has room."""
    needed = QFontMetrics(label.font()).boundingRect(
        QRect(0, 0, label.width(), 10_000), int(label.alignment()) | 0x1000, label.text()
    )
    return needed.width() <= label.width() and needed.height() <= label.height()


def message_label(banner: Banner) -> QLabel:
    return max(banner.findChildren(QLabel), key=lambda label: len(label.text()))


@pytest.mark.parametrize("width", [900, 1280, 1920])
def test_a_question_is_readable_as_a_whole_however_often_it_is_asked(
    qtbot: QtBot, opened: MainWindow, width: int
) -> None:
    opened.resize(width, 700)
    opened.document.session.add_gaps([Damage(8000, 8160)])
    for _ in range(3):
        opened.actions_by_id["close"].trigger()
        qtbot.waitUntil(lambda: message_label(opened.banner).height() > 0)
        assert "not saved" in opened.banner.message
        assert is_whole(message_label(opened.banner))
        assert [button.text() for button in answers(opened.banner)] == ["Save", "Discard", "Cancel"]
        opened.workspace.notify("Something else has happened meanwhile.", "info")


@pytest.mark.parametrize("count", [1, 3, 6])
def test_a_long_message_is_not_cut_off(qtbot: QtBot, opened: MainWindow, count: int) -> None:
    opened.resize(900, 600)
    opened.workspace.notify(LONG * count, "error")
    qtbot.waitUntil(lambda: is_whole(message_label(opened.banner)), timeout=5000)


@pytest.mark.parametrize("tone", ["info", "done", "warning", "error"])
def test_messages_lie_above_the_pictures(qtbot: QtBot, opened: MainWindow, tone: Tone) -> None:
    opened.workspace.notify(LONG, tone)
    qtbot.waitUntil(lambda: opened.banner.height() > 20 and opened.banner.isVisible())
    qtbot.waitUntil(
        lambda: (
            not any(
                place(opened.banner, opened).intersects(place(view, opened))
                for view in (*opened.editor.views, opened.editor.overview)
            )
        ),
        timeout=5000,
    )


def test_a_question_that_saving_has_answered_goes(
    qtbot: QtBot, opened: MainWindow, idle: Callable[[], None], tmp_path: Path
) -> None:
    opened.document.session.add_gaps([Damage(8000, 8160)])
    opened.actions_by_id["close"].trigger()
    assert "not saved" in opened.banner.message
    opened.document.project = tmp_path / "take.aidd"
    opened.actions_by_id["save"].trigger()
    idle()
    assert "not saved" not in opened.banner.message


def test_a_question_that_undoing_has_answered_goes(opened: MainWindow) -> None:
    opened.document.session.add_gaps([Damage(8000, 8160)])
    opened.actions_by_id["close"].trigger()
    opened.actions_by_id["undo"].trigger()
    assert opened.banner.message == ""


def test_an_answered_question_goes(opened: MainWindow) -> None:
    opened.document.session.add_gaps([Damage(8000, 8160)])
    opened.actions_by_id["close"].trigger()
    answer(opened, "Cancel")
    assert opened.banner.message == ""
    assert opened.document is not None
