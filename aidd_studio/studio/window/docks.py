"""Docks: the lists and settings around the pictures, which can be moved and put away."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from aidd_studio.studio.model.preferences import settings_file
from aidd_studio.studio.panels.candidate_list import CandidateList
from aidd_studio.studio.panels.fill_settings import FillSettings
from aidd_studio.studio.panels.gap_list import GapList
from aidd_studio.studio.panels.history_list import HistoryList

_FEATURES = QDockWidget.DockWidgetFeature
MOVABLE = _FEATURES.DockWidgetMovable | _FEATURES.DockWidgetFloatable
OPTIONAL = MOVABLE | _FEATURES.DockWidgetClosable

LAYOUT_VERSION = 1

LIST_WIDTHS = ((1600, 460), (1200, 396), (0, 344))
"""From which width of the window on the lists are how wide, until a person drags their border."""

TALL = 950
"""Pixels of the window's height from which the fill settings have room below the lists from the start."""


class Docks(QObject):
    """Gaps and candidates are always there; fill settings and history when they are asked for."""

    changed = Signal()  # one that is optional was shown or put away

    def __init__(
        self,
        holder: QMainWindow,
        gaps: GapList,
        candidates: CandidateList,
        settings: FillSettings,
        history: HistoryList,
    ) -> None:
        super().__init__(holder)
        right, left = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.LeftDockWidgetArea
        self._holder = holder
        self.gaps = self._dock("Gaps", gaps, right, MOVABLE)
        self.candidates = self._dock("Candidates", candidates, right, MOVABLE)
        self.settings = self._dock("Fill settings", settings, right, OPTIONAL)
        self.history = self._dock("History", history, left, OPTIONAL)
        self.are_laid_out = False  # by the person, in an earlier session
        holder.resizeDocks([self.gaps], [360], Qt.Orientation.Horizontal)
        for dock in (self.settings, self.history):
            dock.hide()
            dock.visibilityChanged.connect(self._visibility_changed)

    def show_lists(self, on: bool) -> None:
        """Show the lists while there is a recording."""
        self.gaps.setVisible(on)
        self.candidates.setVisible(on)
        if on and not self.are_laid_out:
            self.are_laid_out = True
            QTimer.singleShot(0, self, self._share_height)

    def toggle_settings(self) -> None:
        """Show the fill settings or put them away."""
        self.settings.setVisible(self.settings.isHidden())

    def restore_layout(self) -> None:
        """Bring window and docks to where they were in an earlier session."""
        store = settings_file()
        geometry, state = store.value("window/geometry"), store.value("window/state")
        if isinstance(geometry, QByteArray):
            self._holder.restoreGeometry(geometry)
        if isinstance(state, QByteArray):
            self.are_laid_out = self._holder.restoreState(state, LAYOUT_VERSION)

    def save_layout(self) -> None:
        """Keep where window and docks are; the docks only while they are shown."""
        store = settings_file()
        store.setValue("window/geometry", self._holder.saveGeometry())
        if not self.gaps.isHidden():
            store.setValue("window/state", self._holder.saveState(LAYOUT_VERSION))
        store.sync()

    def _visibility_changed(self, _visible: bool) -> None:
        self.changed.emit()

    def _share_height(self) -> None:
        width, height = self._holder.width(), self._holder.height()
        self._holder.resizeDocks([self.gaps, self.candidates], [300, 340], Qt.Orientation.Vertical)
        wide = next(wanted for least, wanted in LIST_WIDTHS if width >= least)
        self._holder.resizeDocks([self.gaps], [wide], Qt.Orientation.Horizontal)
        if height >= TALL:
            self.settings.show()

    def _dock(
        self, title: str, widget: QWidget, area: Qt.DockWidgetArea, features: QDockWidget.DockWidgetFeature
    ) -> QDockWidget:
        dock = QDockWidget(title, self._holder)
        dock.setObjectName(f"dock-{title.lower().replace(' ', '-')}")
        dock.setWidget(widget)
        dock.setFeatures(features)
        self._holder.addDockWidget(area, dock)
        return dock
