"""What a person does with the window: presses what is there."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from aidd_studio.studio.widgets.banner import Banner


def answers(banner: Banner) -> list[QPushButton]:
    """The answers that a banner offers, from left to right."""
    offered = [button for button in banner.findChildren(QPushButton) if button.isVisibleTo(banner)]
    return sorted(offered, key=lambda button: button.x())


def answer(window, label: str) -> None:
    """Press the answer of that name in the window's banner."""
    next(button for button in answers(window.banner) if button.text() == label).click()
