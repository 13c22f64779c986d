"""The window and its dialogs on a screen of 960 by 540, as a laptop at 200 % has."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from aidd_studio.studio.dialogs.dialog import Dialog
from aidd_studio.studio.window.main_window import MainWindow
from tests.studio.hands import other_window

SMALL = (944, 492)


def test_the_window_fits_and_hides_what_is_shown_elsewhere_too(opened: MainWindow, qtbot: QtBot) -> None:
    transport = opened.transport
    opened.resize(*SMALL)
    qtbot.waitUntil(lambda: not transport.length.isVisible())
    assert (opened.width(), opened.height()) == SMALL
    edge = transport.mapTo(opened, transport.rect().bottomRight())
    assert opened.rect().contains(edge)
    assert transport.switch.isVisible()
    assert transport.jobs.isVisible()
    opened.resize(1500, 800)
    qtbot.waitUntil(lambda: transport.length.isVisible() and transport.meter.isVisible())


@pytest.mark.parametrize("action", ["preferences", "models", "shortcuts", "about", "export", "batch"])
def test_every_other_window_fits_the_screen_with_its_buttons(
    opened: MainWindow, qapp: QApplication, qtbot: QtBot, action: str
) -> None:
    shown = other_window(opened, qapp, qtbot, action)
    if isinstance(shown, Dialog):
        room = shown.screen().availableSize()
        assert shown.width() <= room.width()
        assert shown.height() <= room.height()
        shown.resize(400, 300)
        button = shown.buttons.itemAt(shown.buttons.count() - 1).widget()
        # The content scrolls, the buttons stay.
        qtbot.waitUntil(lambda: shown.rect().contains(button.geometry()))
        shown.reject()
    else:
        shown.resize(*SMALL)
        qtbot.waitUntil(lambda: (shown.width(), shown.height()) == SMALL)
        shown.close()
