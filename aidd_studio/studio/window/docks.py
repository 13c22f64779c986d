"""Docks: the lists and settings around the pictures, which can be moved and put away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QWidget

if TYPE_CHECKING:
    from aidd_studio.studio.window.main_window import MainWindow

_FEATURES = QDockWidget.DockWidgetFeature
MOVABLE = _FEATURES.DockWidgetMovable | _FEATURES.DockWidgetFloatable
OPTIONAL = MOVABLE | _FEATURES.DockWidgetClosable


class Docks:
    """Gaps and candidates are always there; fill settings and history when they are asked for."""

    def __init__(self, window: MainWindow) -> None:
        right, left = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.LeftDockWidgetArea
        self.gaps = _dock(window, "Gaps", window.gap_list, right, MOVABLE)
        self.candidates = _dock(window, "Candidates", window.candidate_list, right, MOVABLE)
        self.settings = _dock(window, "Fill settings", window.fill_settings, right, OPTIONAL)
        self.history = _dock(window, "History", window.history, left, OPTIONAL)
        self._window = window
        self.are_laid_out = False  # by the person, in an earlier session
        window.resizeDocks([self.gaps], [360], Qt.Orientation.Horizontal)
        for dock, id in ((self.settings, "fill_settings"), (self.history, "history")):
            dock.hide()
            action = window.actions_by_id[id]
            dock.visibilityChanged.connect(
                lambda _visible, dock=dock, action=action: action.setChecked(not dock.isHidden())
            )

    def show_lists(self, on: bool) -> None:
        """Show the lists while there is a recording."""
        self.gaps.setVisible(on)
        self.candidates.setVisible(on)
        if on and not self.are_laid_out:
            self.are_laid_out = True
            QTimer.singleShot(0, self._window, self._share_height)

    def _share_height(self) -> None:
        self._window.resizeDocks([self.gaps, self.candidates], [300, 340], Qt.Orientation.Vertical)


def _dock(
    window: MainWindow, title: str, widget: QWidget, area: Qt.DockWidgetArea, features: QDockWidget.DockWidgetFeature
) -> QDockWidget:
    dock = QDockWidget(title, window)
    dock.setObjectName(f"dock-{title.lower().replace(' ', '-')}")
    dock.setWidget(widget)
    dock.setFeatures(features)
    window.addDockWidget(area, dock)
    return dock
