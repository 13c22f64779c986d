"""The menu of the files that were opened last."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from aidd_studio.studio.model.preferences import recent_files
from aidd_studio.studio.widgets.one_line import one_line


class RecentMenu(QMenu):
    """Lists the files when it is opened."""

    chosen = Signal(Path)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Open &recent", parent)
        self.aboutToShow.connect(self._list)

    def _list(self) -> None:
        self.clear()
        for path in recent_files():
            action = self.addAction(one_line(path.name).replace("&", "&&"))
            action.setToolTip(str(path))
            action.triggered.connect(lambda _checked=False, path=path: self.chosen.emit(path))
        if self.isEmpty():
            self.addAction("Nothing yet").setEnabled(False)
