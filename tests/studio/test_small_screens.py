"""The window and its dialogs on a screen of 960 by 540, as a laptop at 200 % has."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QDialog

from aidd_studio.studio.window.main_window import MainWindow

SMALL = (944, 492)


def test_the_window_fits_and_gives_up_what_is_told_elsewhere_too(opened: MainWindow, qtbot) -> None:
    opened.resize(*SMALL)
    qtbot.wait(50)
    assert (opened.width(), opened.height()) == SMALL
    transport = opened.transport
    edge = transport.mapTo(opened, transport.rect().bottomRight())
    assert opened.rect().contains(edge)
    assert not transport.length.isVisible()
    assert transport.switch.isVisible()
    assert transport.jobs.isVisible()
    opened.resize(1500, 800)
    qtbot.wait(50)
    assert transport.length.isVisible()
    assert transport.meter.isVisible()


@pytest.mark.parametrize("action", ["preferences", "models", "shortcuts", "about", "export", "batch"])
def test_every_other_window_fits_the_screen_with_its_buttons(opened: MainWindow, qapp, qtbot, action: str) -> None:
    before = set(qapp.topLevelWidgets())
    opened.actions_by_id[action].trigger()
    qtbot.wait(50)
    (shown,) = {made for made in qapp.topLevelWidgets() if made.isWindow() and made.isVisible()} - before
    if isinstance(shown, QDialog):
        room = shown.screen().availableSize()
        assert shown.width() <= room.width()
        assert shown.height() <= room.height()
        shown.resize(400, 300)
        qtbot.wait(20)
        button = shown.buttons.itemAt(shown.buttons.count() - 1).widget()
        assert shown.rect().contains(button.geometry()), "the content scrolls, the buttons stay"
        shown.reject()
    else:
        shown.resize(*SMALL)
        qtbot.wait(20)
        assert (shown.width(), shown.height()) == SMALL
        shown.close()
