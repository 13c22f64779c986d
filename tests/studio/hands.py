"""What a person does with the window: presses what is there."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from aidd_studio.studio.widgets.banner import Banner
from aidd_studio.studio.window.main_window import MainWindow


def answers(banner: Banner) -> list[QPushButton]:
    """The answers that a banner offers, from left to right."""
    offered = [button for button in banner.findChildren(QPushButton) if button.isVisibleTo(banner)]
    return sorted(offered, key=lambda button: button.x())


def answer(window: MainWindow, label: str) -> None:
    """Press the answer of that name in the window's banner."""
    next(button for button in answers(window.banner) if button.text() == label).click()


def other_window(window: MainWindow, app: QApplication, qtbot: QtBot, action: str) -> QWidget:
    """The dialog or window that an action opens."""
    before = set(app.topLevelWidgets())

    def new() -> list[QWidget]:
        return [made for made in app.topLevelWidgets() if made.isWindow() and made.isVisible() and made not in before]

    window.actions_by_id[action].trigger()
    qtbot.waitUntil(lambda: len(new()) == 1)
    return new()[0]
